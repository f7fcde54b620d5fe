"""Figures: what the report draws of a set of lines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from src_model.report.figures.budget_axis import budget_scale, draw_budget_axis
from src_model.report.figures.curve_drawing import (
    Strokes,
    draw_curves,
    fit_heights,
    labelled_curve,
    panel_grid,
    rows_of_panels,
)
from src_model.report.figures.drawing import INK, WIDTH, Drawing, Stroke, drawing, style
from src_model.report.results.comparison import LineResult
from src_model.report.results.lines import Line, Lines, random_line
from src_model.report.results.run_tables import AskedRegion
from src_model.report.results.statistics import (
    POINTS,
    Curve,
    Estimate,
    PairedDifference,
    Values,
    difference_curve,
)

_HEAT_COLUMNS = 3


def budget_curves(name: str, lines: Lines, pens: Strokes, full_supervision: float | None) -> Drawing:
    """Mean IoU against labelled regions: mean and interval a line, thin lines for the seeds.

    Trainings from the start weights stand in a panel of their own, for the lines of which every run has some.
    """
    stepwise = {line: [labelled_curve(run.steps) for run in runs] for line, runs in lines.items()}
    finals = {
        line: [labelled_curve(run.finals) for run in runs]
        for line, runs in lines.items()
        if all(len(run.finals) for run in runs)
    }
    scale = budget_scale(run for runs in lines.values() for run in runs)
    with style():
        figure = Figure(figsize=(WIDTH, 5.6), layout="constrained")
        panels = figure.subplots(1, 2 if finals else 1, sharex=True, sharey=True, squeeze=False)[0]
        for line, curves in stepwise.items():
            draw_curves(panels[0], curves, pens[line.label], line.label)
        for line, curves in finals.items():
            draw_curves(panels[1], curves, pens[line.label], "")
        fit_heights(panels[0], [*stepwise.values(), *finals.values()])
        for panel, title in zip(panels, ("after each step", "after a training from the start weights"), strict=False):
            draw_budget_axis(panel, scale)
            panel.set_title(title if finals else "", fontsize=10)
            panel.grid()
            if full_supervision is not None:
                _draw_full_supervision(panel, full_supervision * POINTS)
        panels[0].set_ylabel("mean IoU, points")
        figure.legend(loc="outside lower center", ncols=3)
        return drawing(name, figure)


def curve_differences(name: str, lines: Lines, pens: Strokes) -> Drawing | None:
    """Mean IoU minus that of random on the same seed, against the budget, a panel a line; None without a pair."""
    pairs = {line: curves for line in lines if (curves := _difference_curves(line, lines))}
    if not pairs:
        return None
    scale = budget_scale(run for runs in lines.values() for run in runs)
    with style():
        height = 2.7 * rows_of_panels(len(pairs)) + 0.6
        figure = Figure(figsize=(WIDTH, height if len(pairs) > 1 else 4.6), layout="constrained")
        grid = panel_grid(figure, len(pairs))
        for (panel, _, _), (line, curves) in zip(grid, pairs.items(), strict=True):
            panel.axhline(0, color=INK, linewidth=1.2, dashes=(4, 2))
            draw_curves(panel, curves, pens[line.label], line.label)
            panel.set_title(line.label, fontsize=10, color=pens[line.label].colour)
            panel.grid()
        fit_heights(grid[0][0], [*pairs.values(), [(np.zeros(1), np.zeros(1))]])
        for panel, first, last in grid:
            draw_budget_axis(panel, scale, below=last, above=first)
        figure.supylabel("mean IoU minus random, points", fontsize=10)
        return drawing(name, figure)


def area_differences(name: str, results: Sequence[LineResult], pens: Strokes) -> Drawing | None:
    """Paired differences of the area to random with their intervals; None if there is none."""
    compared = [(result.line.label, result.against_random) for result in results]
    shown = [(label, paired.difference) for label, paired in compared if isinstance(paired, PairedDifference)]
    if not shown:
        return None
    with style():
        figure = Figure(figsize=(WIDTH, 0.9 + 0.34 * len(shown)), layout="constrained")
        axes = figure.subplots()
        axes.axvline(0, color=INK, linewidth=1.5, dashes=(4, 2))
        for position, (label, difference) in enumerate(shown):
            _draw_interval(axes, position, difference, pens[label])
        axes.set_yticks(range(len(shown)), [label for label, _ in shown])
        axes.set_ylim(len(shown) - 0.5, -0.5)
        axes.set_xlabel("area minus random, points")
        axes.grid(axis="x")
        return drawing(name, figure)


def region_positions(name: str, lines: Lines) -> Drawing | None:
    """Where in the image each line asked, in percent of its regions, all on one scale; None if nothing was asked."""
    asked = {line: [one for run in runs for one in run.asked] for line, runs in lines.items()}
    shares = {line.label: position_shares(regions) for line, regions in asked.items() if regions}
    if not shares:
        return None
    rows = -(-len(shares) // _HEAT_COLUMNS)
    width, height = (max(edges[axis][-1] for edges in shares.values()) for axis in (0, 1))
    most = max(float(values.max()) for _, _, values in shares.values())
    with style():
        panel_height = (WIDTH - 1.1) / _HEAT_COLUMNS * height / width + 0.3
        figure = Figure(figsize=(WIDTH, rows * panel_height + 0.2), layout="constrained")
        panels = figure.subplots(rows, _HEAT_COLUMNS, squeeze=False).ravel()
        for panel, (label, (across, down, values)) in zip(panels, shares.items(), strict=False):
            mesh = panel.pcolormesh(across, down, values, cmap="viridis", vmin=0, vmax=most)
            panel.set_title(label, fontsize=10)
            panel.set_aspect("equal")
            panel.invert_yaxis()
        for panel in panels[len(shares) :]:
            panel.set_axis_off()
        figure.colorbar(mesh, ax=list(panels[: len(shares)]), label="% of the regions asked", aspect=30)
        return drawing(name, figure)


def position_shares(asked: Sequence[AskedRegion]) -> tuple[Values, Values, Values]:
    """Column edges, row edges and (rows, columns) percent of the regions that lie there."""
    corners = np.array([(one.region.row, one.region.column) for one in asked], dtype=np.float64)
    sizes = np.array([one.region.shape for one in asked], dtype=np.float64)
    ends = (corners + sizes).max(axis=0)
    down, across = (np.append(np.unique(corners[:, axis]), ends[axis]) for axis in (0, 1))
    counts, _, _ = np.histogram2d(corners[:, 0], corners[:, 1], bins=(down, across))
    return across, down, counts * 100 / len(asked)


def _difference_curves(line: Line, lines: Lines) -> list[Curve]:
    random = random_line(line, lines)
    if random is None or random == line:
        return []
    theirs = {run.seed: labelled_curve(run.steps) for run in lines[random]}
    return [difference_curve(labelled_curve(run.steps), theirs[run.seed]) for run in lines[line] if run.seed in theirs]


def _draw_full_supervision(axes: Axes, height: float) -> None:
    axes.axhline(height, color=INK, linewidth=1)
    axes.annotate(
        "full supervision", (1, height), (-3, 2), ("axes fraction", "data"), "offset points", ha="right", va="bottom"
    )
    low, high = axes.get_ylim()
    axes.set_ylim(low, max(high, height + 0.08 * (height - low)))


def _draw_interval(axes: Axes, position: int, estimate: Estimate, pen: Stroke) -> None:
    axes.errorbar(
        estimate.mean,
        position,
        xerr=estimate.half_width,
        color=pen.colour,
        marker=pen.marker,
        capsize=3,
        linewidth=2,
    )
