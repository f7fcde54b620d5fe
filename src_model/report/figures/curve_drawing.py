"""Curve drawing: the mean of a line over its seeds, its interval and the seeds themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from src_model.report.figures.drawing import Dashes, Stroke
from src_model.report.results.run_tables import MetricsTable
from src_model.report.results.statistics import POINTS, Curve, Values, mean_curve

Strokes = Mapping[str, Stroke]
"""By line label, from `drawing.strokes`."""

SEEDS_SHOWN = 10
"""Seeds a line that are drawn one by one."""

_MARKERS_SHOWN = 8


def labelled_curve(table: MetricsTable, column: str = "mean_iou", unit: float = POINTS) -> Curve:
    """A column times ``unit``, from the first label on: the start weights would stretch the axis."""
    budgets, values = table.curve(column)
    return budgets[budgets > 0], values[budgets > 0] * unit


def draw_curves(
    axes: Axes, curves: Sequence[Curve], pen: Stroke, label: str, seeds: bool = True, dashes: Dashes | None = None
) -> None:
    """Mean with its 95 % band over the budgets that all curves share; ``seeds``: and each of them as a thin line."""
    if seeds and 1 < len(curves) <= SEEDS_SHOWN:
        for budgets, values in curves:
            axes.plot(budgets, values, color=pen.colour, linewidth=0.6, alpha=0.35)
    budgets, means, half_widths = band(curves)
    if np.any(half_widths):
        axes.fill_between(budgets, means - half_widths, means + half_widths, color=pen.colour, alpha=0.09, linewidth=0)
    axes.plot(
        budgets,
        means,
        color=pen.colour,
        linestyle=pen.dashes if dashes is None else dashes,
        linewidth=1.8,
        marker=pen.marker,
        markersize=4.5,
        markevery=-(-len(budgets) // _MARKERS_SHOWN) or 1,
        label=label,
    )


def panel_grid(figure: Figure, count: int) -> list[tuple[Axes, bool, bool]]:
    """Panels with common axes, two or three in a row, and whether each lies in the first row and has none below it."""
    columns = _panel_columns(count)
    panels = figure.subplots(-(-count // columns), columns, sharex=True, sharey=True, squeeze=False).ravel()
    for panel in panels[count:]:
        panel.set_axis_off()
    for position, panel in enumerate(panels[:count]):
        panel.tick_params(labelbottom=position + columns >= count)
    return [(panel, place < columns, place + columns >= count) for place, panel in enumerate(panels[:count])]


def rows_of_panels(count: int) -> int:
    """How many rows `panel_grid` takes."""
    return -(-count // _panel_columns(count))


def band(curves: Sequence[Curve]) -> tuple[Values, Values, Values]:
    """Budgets, means and half widths of the 95 % interval, 0 where one run has none."""
    budgets, estimates = mean_curve(curves)
    means = np.array([estimate.mean for estimate in estimates])
    return budgets, means, np.array([estimate.half_width or 0.0 for estimate in estimates])


def fit_heights(axes: Axes, lines: Iterable[Sequence[Curve]]) -> None:
    """Fit the axis to the seeds, or to the bands of many; the band of two or three would press everything flat."""
    heights: list[Values] = [np.empty(0)]
    for curves in lines:
        if len(curves) <= SEEDS_SHOWN:
            heights += [values for _, values in curves]
        else:
            _, means, half_widths = band(curves)
            heights += [means - half_widths, means + half_widths]
    seen = np.concatenate(heights)
    if seen.size:
        margin = 0.06 * max(float(np.ptp(seen)), 1.0)
        axes.set_ylim(seen.min() - margin, seen.max() + margin)


def _panel_columns(count: int) -> int:
    return 2 if count == 4 else min(count, 3)
