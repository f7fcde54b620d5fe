"""Report: one self-contained page about a set of runs, with its figures and a summary beside it."""

from __future__ import annotations

import base64
import logging
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from src_model.atomic_file import replacing
from src_model.config import DataConfig
from src_model.data.images import ImageSource
from src_model.data.readers import open_dataset
from src_model.exceptions import ProjectError, RalisError
from src_model.simulation.comparison import LineResult, Missing, compare, span
from src_model.simulation.drawing import Drawing, strokes
from src_model.simulation.figures import (
    Strokes,
    area_differences,
    budget_curves,
    class_shares,
    curve_differences,
    region_positions,
)
from src_model.simulation.lines import RANDOM, Family, Line, Lines, families, group_runs, members
from src_model.simulation.mosaic import first_regions
from src_model.simulation.report_tables import (
    Table,
    class_table,
    points_table,
    result_caption,
    result_table,
    seconds_table,
    settings_table,
    shared_settings,
)
from src_model.simulation.run_tables import Run, read_runs
from src_model.simulation.summary import summary_csv

PAGE = "report.html"
SUMMARY = "summary.csv"
FIGURES = "figures"

_FEW_SEEDS = 5
_TILES = 12

OpenImages = Callable[[DataConfig], ImageSource]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Strip:
    """First regions a line asked: a JPEG, or why there is none."""

    label: str
    name: str
    seed: int
    jpeg: bytes | Missing

    @property
    def source(self) -> str:
        """Data address for an image element."""
        return f"data:image/jpeg;base64,{base64.b64encode(self.jpeg).decode()}" if isinstance(self.jpeg, bytes) else ""


@dataclass(frozen=True, slots=True)
class Section:
    """Everything the page says about lines that may be compared."""

    family: Family
    caption: str
    results: Table
    points: Table
    classes: Table
    seconds: Table
    curves: Drawing
    curve_differences: Drawing | None
    area_differences: Drawing | None
    shares: Drawing | None
    positions: Drawing | None
    strips: tuple[Strip, ...]

    @property
    def drawings(self) -> tuple[Drawing, ...]:
        """All figures of the section."""
        every = (self.curves, self.curve_differences, self.area_differences, self.shares, self.positions)
        return tuple(one for one in every if one is not None)


def write_report(folders: Sequence[Path], out: Path, full_supervision: float | None = None) -> Path:
    """Write ``report.html``, ``summary.csv`` and ``figures/`` into ``out`` and return the page.

    Parameters
    ----------
    folders:
        Run folders, or folders that hold run folders. They are read without a lock, while the runs go on if need be.
    out:
        Folder; made if it is missing, earlier reports in it are replaced.
    full_supervision:
        Mean IoU in 0..1 of the segmenter trained on all labels: an upper line, and the labels needed to come near it.

    Raises
    ------
    RalisError
        If a folder is no run or has no finished step, a table is damaged, two runs are the same in line and seed, or
        ``out`` cannot be written. Nothing is written before everything has been read and drawn.
    """
    found = read_runs(folders)
    lines = group_runs(found.runs)
    results = compare(lines, full_supervision)
    pens = strokes(lines)
    # runs of one study share their images: each data set is opened once
    images = cache(open_dataset)
    sections = [
        _section(number, members(lines, family), results, pens, full_supervision, images)
        for number, family in enumerate(families(lines), 1)
    ]
    page = (
        _environment()
        .get_template("report.html.j2")
        .render(
            sections=sections,
            overview=_overview(lines),
            cautions=[*_cautions(lines), *found.left_out],
            settings=settings_table(lines),
            shared=shared_settings(lines),
            command=_command(folders, out, full_supervision),
        )
    )
    _write(out, page, summary_csv(lines, results), sections)
    return out / PAGE


def _section(
    number: int,
    lines: Lines,
    results: Iterable[LineResult],
    pens: Strokes,
    full_supervision: float | None,
    images: OpenImages,
) -> Section:
    own = [result for result in results if result.line in lines]
    return Section(
        family=next(iter(lines)).family,
        caption=result_caption(lines),
        results=result_table(own),
        points=points_table(lines),
        classes=class_table(lines),
        seconds=seconds_table(lines),
        curves=budget_curves(f"curves-{number}", lines, pens, full_supervision),
        curve_differences=curve_differences(f"curve-differences-{number}", lines, pens),
        area_differences=area_differences(f"area-differences-{number}", own, pens),
        shares=class_shares(f"class-shares-{number}", lines, pens),
        positions=region_positions(f"region-positions-{number}", lines),
        strips=tuple(
            _strip(f"first-regions-{number}-{position}", line, runs, images)
            for position, (line, runs) in enumerate(lines.items(), 1)
        ),
    )


def _strip(name: str, line: Line, runs: Sequence[Run], images: OpenImages) -> Strip:
    run = next((run for run in runs if run.asked), runs[0])
    return Strip(line.label, name, run.seed, _first_regions(run, images))


def _first_regions(run: Run, images: OpenImages) -> bytes | Missing:
    if not run.asked:
        return Missing("the run has no table of the regions it asked")
    try:
        return first_regions(images(run.config.data), run, _TILES)
    except RalisError as exc:
        logger.info("No first regions of %s: %s", run.folder, exc)
        return Missing(f"the images of this run cannot be shown: {exc}")


def _overview(lines: Lines) -> Mapping[str, str]:
    runs = [run for one in lines.values() for run in one]
    seeds = sorted({run.seed for run in runs})
    return {
        "lines": str(len(lines)),
        "runs": str(len(runs)),
        "seeds": ", ".join(map(str, seeds)),
        "data": ", ".join(dict.fromkeys(f"{run.config.data.reader}, split {run.config.data.split}" for run in runs)),
        "regions": f"{max(run.budget for run in runs):.0f}",
    }


def _cautions(lines: Lines) -> list[str]:
    """What a reader has to know before believing a number."""
    cautions: list[str] = []
    runs = [run for one in lines.values() for run in one]
    fewest = min(len(one) for one in lines.values())
    if fewest == 1:
        cautions.append(
            "A line with one seed has no interval and allows no test: its difference to another line says nothing."
        )
    elif fewest < _FEW_SEEDS:
        cautions.append(f"Some line has only {fewest} seeds: intervals are wide, and small differences may be chance.")
    early = sum(run.budget < run.config.acquisition.budget for run in runs)
    if early:
        cautions.append(
            f"{early} of {len(runs)} runs hold fewer regions than their budget: they go on, were stopped, or the pool "
            "was smaller than that."
        )
    for family in families(lines):
        own = members(lines, family)
        whole = span(run for one in own.values() for run in one)
        late = [run for one in own.values() for run in one if whole is not None and run.budget < whole[1]]
        if whole is not None and late:
            cautions.append(
                f"{family.title}: {len(late)} of {sum(map(len, own.values()))} runs have not come to {whole[1]:.0f} "
                "regions and count neither for the final mean IoU nor for the area."
            )
        if not any(line.acquisition == RANDOM for line in own):
            cautions.append(f"{family.title}: there is no random line, so nothing is compared with it.")
    if any(run.config.data.split == "ralis-val-reward" for run in runs):
        cautions.append("In the split ralis-val-reward the scored images gave the reward: these are not test results.")
    if any(run.config.data.reader == "camvid" and run.config.data.split.startswith("ralis") for run in runs):
        cautions.append(
            "The published splits of CamVid interleave its sequences: scored images look like labelled ones."
        )
    return cautions


def _command(folders: Sequence[Path], out: Path, full_supervision: float | None) -> str:
    command = ["napari-ralis", "report", *map(str, folders), "--out", str(out)]
    return shlex.join(command + (["--full-supervision", str(full_supervision)] if full_supervision is not None else []))


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("src_model.simulation", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["inline"] = lambda drawing: Markup(drawing.inline)
    environment.filters["breakable"] = lambda name: escape(name).replace("_", Markup("_<wbr>"))
    return environment


def _write(out: Path, page: str, summary: str, sections: Iterable[Section]) -> None:
    files: dict[Path, bytes] = {}
    for section in sections:
        for drawing in section.drawings:
            files[out / FIGURES / f"{drawing.name}.svg"] = drawing.svg.encode()
            files[out / FIGURES / f"{drawing.name}.png"] = drawing.png
        for strip in section.strips:
            if isinstance(strip.jpeg, bytes):
                files[out / FIGURES / f"{strip.name}.jpg"] = strip.jpeg
    files |= {out / SUMMARY: summary.encode(), out / PAGE: page.encode(errors="replace")}
    try:
        (out / FIGURES).mkdir(parents=True, exist_ok=True)
        for path, content in files.items():
            with replacing(path) as partial:
                partial.write_bytes(content)
    except OSError as exc:
        raise ProjectError(f"Cannot write the report into {out}: {exc}. Choose another folder with --out.") from exc
