"""Report sections: everything the page says about lines that may be compared, and about trained policies."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from src_model.config import DataConfig
from src_model.data.dataset import Dataset
from src_model.exceptions import RalisError
from src_model.report.figures.budget_axis import budget_scale, told
from src_model.report.figures.class_figures import class_shares, confusion_figure, rare_class_iou
from src_model.report.figures.curve_drawing import Strokes
from src_model.report.figures.drawing import Drawing
from src_model.report.figures.learning_figures import policy_curves, training_curves, training_losses
from src_model.report.figures.line_figures import area_differences, budget_curves, curve_differences, region_positions
from src_model.report.figures.mosaic import mosaic, step_regions
from src_model.report.headline import headline
from src_model.report.results.comparison import LineResult, Missing, span
from src_model.report.results.confusions import mean_confusion
from src_model.report.results.lines import UPPER_LINES, Family, Line, Lines
from src_model.report.results.policy_tables import Trainings
from src_model.report.results.run_tables import Run
from src_model.report.results.statistics import Estimate
from src_model.report.tables import (
    Table,
    class_table,
    points_table,
    policy_table,
    result_caption,
    result_table,
    seconds_table,
)

_TILES = 10

OpenDataset = Callable[[DataConfig], Dataset]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Strip:
    """Regions that a line asked in one query, its newest or its first: a JPEG, or why there is none."""

    label: str
    name: str
    seed: int
    step: int
    newest: bool
    jpeg: bytes | Missing

    @property
    def source(self) -> str:
        """Data address for an image element."""
        return f"data:image/jpeg;base64,{base64.b64encode(self.jpeg).decode()}" if isinstance(self.jpeg, bytes) else ""


@dataclass(frozen=True, slots=True)
class ConfusionPanel:
    """The confusion of one line, mean over ``runs`` of its runs."""

    label: str
    runs: int
    drawing: Drawing


@dataclass(frozen=True, slots=True)
class Section:
    """Everything the page says about lines that may be compared.

    Attributes
    ----------
    anchor:
        Its place in the page.
    budget:
        The largest one in words.
    legend:
        Class names with their colours, as written in a style sheet; empty if the images cannot be opened.
    """

    anchor: str
    family: Family
    budget: str
    headline: tuple[str, ...]
    caption: str
    results: Table
    points: Table
    classes: Table
    seconds: Table
    curves: Drawing
    curve_differences: Drawing | None
    area_differences: Drawing | None
    shares: Drawing | None
    rare: Drawing | None
    confusions: tuple[ConfusionPanel, ...]
    training: Drawing | None
    losses: Drawing | None
    positions: Drawing | None
    strips: tuple[Strip, ...]
    legend: tuple[tuple[str, str], ...]

    @property
    def drawings(self) -> tuple[Drawing, ...]:
        """All figures of the section."""
        every = (self.curves, self.curve_differences, self.area_differences, self.shares, self.rare, self.training)
        several = (*every, self.losses, self.positions, *(panel.drawing for panel in self.confusions))
        return tuple(one for one in several if one is not None)


@dataclass(frozen=True, slots=True)
class PolicySection:
    """What the page says about trainings of query networks."""

    table: Table
    curves: Drawing


def line_section(
    number: int,
    lines: Lines,
    results: Iterable[LineResult],
    pens: Strokes,
    full_supervision: float | None,
    datasets: OpenDataset,
) -> Section:
    """Draw and tabulate one family of lines; ``number`` counts them and ends the names of the figures.

    Raises
    ------
    RalisError
        If a table is damaged. Images that are gone are told instead of shown.
    """
    own = [result for result in results if result.line in lines]
    everyone = [run for runs in lines.values() for run in runs]
    scale, whole = budget_scale(everyone), span(everyone)
    end = whole[1] if whole else 0.0
    return Section(
        anchor=f"family-{number}",
        family=next(iter(lines)).family,
        budget=told(scale, end),
        headline=headline(lines, own, scale),
        caption=result_caption(lines),
        results=result_table(own, scale),
        points=points_table(lines),
        classes=class_table(lines),
        seconds=seconds_table(lines),
        curves=budget_curves(f"curves-{number}", lines, pens, full_supervision),
        curve_differences=curve_differences(f"curve-differences-{number}", lines, pens),
        area_differences=area_differences(f"area-differences-{number}", own, pens),
        shares=class_shares(f"class-shares-{number}", lines, pens),
        rare=rare_class_iou(f"rare-classes-{number}", lines, pens, end),
        confusions=_confusions(number, lines, own, end),
        training=training_curves(f"training-{number}", lines, pens),
        losses=training_losses(f"training-loss-{number}", lines, pens),
        positions=region_positions(f"region-positions-{number}", lines),
        strips=tuple(
            strip
            for position, (line, runs) in enumerate(lines.items(), 1)
            for strip in _strips(f"{number}-{position}", line, runs, datasets)
        ),
        legend=_legend(everyone[0], datasets),
    )


def policy_section(trainings: Trainings) -> PolicySection | None:
    """Curves and table of policy trainings; None if there is none with a finished step."""
    curves = policy_curves("policies", trainings)
    return None if curves is None else PolicySection(policy_table(trainings), curves)


def _confusions(number: int, lines: Lines, results: Sequence[LineResult], budget: float) -> tuple[ConfusionPanel, ...]:
    """Of each line that recorded one, the best line first."""
    areas = {result.line: result.area.mean for result in results if isinstance(result.area, Estimate)}
    panels = []
    for position, line in enumerate(
        sorted(lines, key=lambda one: (one.acquisition in UPPER_LINES, -areas.get(one, 0)))
    ):
        confusion = mean_confusion(lines[line], budget)
        if confusion is not None:
            drawn = confusion_figure(f"confusion-{number}-{position + 1}", confusion)
            panels.append(ConfusionPanel(line.label, confusion.runs, drawn))
    return tuple(panels)


def _strips(place: str, line: Line, runs: Sequence[Run], datasets: OpenDataset) -> list[Strip]:
    """Newest and first query of the first run that has a table of what it asked."""
    run = next((run for run in runs if run.asked), runs[0])
    if not run.asked:
        return [Strip(line.label, "", run.seed, 0, True, Missing("the run has no table of the regions it asked"))]
    newest = run.asked[-1].step
    strips = [
        Strip(line.label, f"asked-{place}-{step}", run.seed, step, step == newest, _mosaic(run, step, datasets))
        for step in dict.fromkeys((newest, run.asked[0].step))
    ]
    shown = [strip for strip in strips if isinstance(strip.jpeg, bytes)]
    return shown or strips[:1]


def _mosaic(run: Run, step: int, datasets: OpenDataset) -> bytes | Missing:
    try:
        return mosaic(datasets(run.config.data), step_regions(run, step)[:_TILES])
    except RalisError as exc:
        logger.info("No mosaic of %s: %s", run.folder, exc)
        return Missing(f"the images of this run cannot be shown: {exc}")


def _legend(run: Run, datasets: OpenDataset) -> tuple[tuple[str, str], ...]:
    try:
        schema = datasets(run.config.data).schema
    except RalisError:
        return ()
    return tuple((one.name, "#" + bytes(one.colour).hex()) for one in schema.classes)
