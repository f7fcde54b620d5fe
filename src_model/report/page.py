"""Report: one self-contained page about a set of runs, with its figures and a summary beside it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from src_model.atomic_file import replacing
from src_model.data.readers import open_dataset
from src_model.exceptions import ProjectError
from src_model.report.figures.budget_axis import budget_scale, megapixels, percent, told
from src_model.report.figures.curve_drawing import Strokes
from src_model.report.figures.drawing import INK, Drawing, strokes
from src_model.report.results.comparison import compare, span
from src_model.report.results.lines import RANDOM, Lines, families, group_runs, members
from src_model.report.results.policy_tables import Trainings, read_trainings
from src_model.report.results.run_tables import read_runs
from src_model.report.sections import PolicySection, Section, line_section, policy_section
from src_model.report.summary import summary_csv
from src_model.report.tables import settings_table, shared_settings

PAGE = "report.html"
SUMMARY = "summary.csv"
FIGURES = "figures"

_FEW_SEEDS = 5
_OURS = r"(?:[a-z]+(?:-[a-z]+)*(?:-\d+)+|policies)\.(?:svg|png|jpg)"
"""Names of the figures of a report."""


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
    trainings = read_trainings(found.trainings)
    results = compare(lines, full_supervision)
    pens = strokes(lines)
    # runs of one study share their images: each data set is opened once
    datasets = cache(open_dataset)
    sections = [
        line_section(number, members(lines, family), results, pens, full_supervision, datasets)
        for number, family in enumerate(families(lines), 1)
    ]
    policies = policy_section(trainings)
    page = (
        _environment(pens)
        .get_template("page.html.j2")
        .render(
            sections=sections,
            policies=policies,
            overview=_overview(lines, trainings),
            cautions=[*_cautions(lines), *found.left_out],
            settings=settings_table(lines) if lines else None,
            shared=shared_settings(lines) if lines else {},
            command=_command(folders, out, full_supervision),
        )
    )
    _write(out, page, summary_csv(lines, results) if lines else None, sections, policies)
    return out / PAGE


def _overview(lines: Lines, trainings: Trainings) -> Mapping[str, str]:
    """Facts at the head of the page, by what they are."""
    runs = [run for one in lines.values() for run in one]
    policies = sum(map(len, trainings.values()))
    facts = {
        "runs": f"{len(runs)} in {len(lines)} {'line' if len(lines) == 1 else 'lines'}" if runs else "",
        "seeds": ", ".join(map(str, sorted({run.seed for run in runs}))),
        "data": ", ".join(dict.fromkeys(f"{run.config.data.reader}, split {run.config.data.split}" for run in runs)),
        "policy trainings": str(policies) if policies else "",
    }
    scale = budget_scale(runs)
    if runs:
        facts["budget"] = told(scale, max(run.budget for run in runs))
    if scale is not None:
        facts["a region"] = f"{megapixels(scale.pixels)}, {percent(scale.fraction)} of the training pixels"
    return {name: fact for name, fact in facts.items() if fact}


def _cautions(lines: Lines) -> list[str]:
    """What a reader has to know before believing a number."""
    cautions: list[str] = []
    runs = [run for one in lines.values() for run in one]
    if not runs:
        return []
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


def _environment(pens: Strokes) -> Environment:
    environment = Environment(
        loader=PackageLoader("src_model.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["inline"] = lambda drawing: Markup(drawing.inline)
    environment.filters["breakable"] = lambda name: escape(name).replace("_", Markup("_<wbr>"))
    environment.filters["dot"] = lambda label: _dot(pens, label)
    return environment


def _dot(pens: Strokes, label: str) -> Markup:
    """A dot in the colour of the line before its name, nothing before other words."""
    if label not in pens:
        return Markup()
    colour = "currentColor" if pens[label].colour == INK else pens[label].colour
    return Markup('<i class="dot" style="background:{}"></i>').format(colour)


def _write(
    out: Path, page: str, summary: str | None, sections: Iterable[Section], policies: PolicySection | None
) -> None:
    files: dict[Path, bytes] = {}
    for section in sections:
        for drawing in section.drawings:
            files |= _figure_files(out, drawing)
        for strip in section.strips:
            if isinstance(strip.jpeg, bytes):
                files[out / FIGURES / f"{strip.name}.jpg"] = strip.jpeg
    if policies is not None:
        files |= _figure_files(out, policies.curves)
    if summary is not None:
        files[out / SUMMARY] = summary.encode()
    files[out / PAGE] = page.encode(errors="replace")
    try:
        (out / FIGURES).mkdir(parents=True, exist_ok=True)
        _remove_stale(out / FIGURES, files)
        for path, content in files.items():
            with replacing(path) as partial:
                partial.write_bytes(content)
    except OSError as exc:
        raise ProjectError(f"Cannot write the report into {out}: {exc}. Choose another folder with --out.") from exc


def _figure_files(out: Path, drawing: Drawing) -> dict[Path, bytes]:
    place = out / FIGURES / drawing.name
    return {place.with_suffix(".svg"): drawing.svg.encode(), place.with_suffix(".png"): drawing.png}


def _remove_stale(folder: Path, fresh: Mapping[Path, bytes]) -> None:
    """Take away figures of an earlier report that this one does not have; what others put there stays."""
    for path in folder.iterdir():
        if path not in fresh and re.fullmatch(_OURS, path.name):
            path.unlink()
