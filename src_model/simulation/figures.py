"""Figures: what the report draws of a set of lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from src_model.simulation.comparison import LineResult
from src_model.simulation.drawing import INK, Drawing, Stroke, drawing, style
from src_model.simulation.lines import Line, Lines, random_line
from src_model.simulation.run_tables import AskedRegion, MetricsTable, Run
from src_model.simulation.statistics import (
    POINTS,
    Curve,
    Estimate,
    PairedDifference,
    Values,
    difference_curve,
    mean_curve,
)

_WIDTH = 9.2
_SEEDS_SHOWN = 10
_MARKERS_SHOWN = 8
_LEAST_SHARE = 1e-4
_HEAT_COLUMNS = 3

Strokes = Mapping[str, Stroke]
"""By line label, from `drawing.strokes`."""


def budget_curves(name: str, lines: Lines, pens: Strokes, full_supervision: float | None) -> Drawing:
    """Mean IoU against labelled regions: mean and interval a line, thin lines for the seeds.

    Trainings from the start weights stand in a panel of their own, for the lines of which every run has some.
    """
    stepwise = {line: [_labelled(run.steps) for run in runs] for line, runs in lines.items()}
    finals = {
        line: [_labelled(run.finals) for run in runs]
        for line, runs in lines.items()
        if all(len(run.finals) for run in runs)
    }
    with style():
        figure = Figure(figsize=(_WIDTH, 5.4), layout="constrained")
        panels = figure.subplots(1, 2 if finals else 1, sharex=True, sharey=True, squeeze=False)[0]
        for line, curves in stepwise.items():
            _draw_curves(panels[0], curves, pens[line.label], line.label)
        for line, curves in finals.items():
            _draw_curves(panels[1], curves, pens[line.label], "")
        _fit_heights(panels[0], [*stepwise.values(), *finals.values()])
        for panel, title in zip(panels, ("after each step", "after a training from the start weights"), strict=False):
            panel.set_xlabel("labelled regions")
            panel.set_title(title if finals else "", fontsize=10)
            panel.grid()
            if full_supervision is not None:
                _draw_full_supervision(panel, full_supervision * POINTS)
        panels[0].set_ylabel("mean IoU, points")
        figure.legend(loc="outside lower center", ncols=3)
        return drawing(name, figure)


def curve_differences(name: str, lines: Lines, pens: Strokes) -> Drawing | None:
    """Mean IoU minus that of random on the same seed, against labelled regions; None without a pair."""
    pairs = {line: curves for line in lines if (curves := _difference_curves(line, lines))}
    if not pairs:
        return None
    with style():
        figure = Figure(figsize=(_WIDTH, 4.4), layout="constrained")
        axes = figure.subplots()
        axes.axhline(0, color=INK, linewidth=1.5, dashes=(4, 2), label="random")
        for line, curves in pairs.items():
            _draw_curves(axes, curves, pens[line.label], line.label, seeds=False)
        _fit_heights(axes, [*pairs.values(), [(np.zeros(1), np.zeros(1))]])
        axes.set(xlabel="labelled regions", ylabel="mean IoU minus random, points")
        axes.grid()
        figure.legend(loc="outside lower center", ncols=3)
        return drawing(name, figure)


def area_differences(name: str, results: Sequence[LineResult], pens: Strokes) -> Drawing | None:
    """Paired differences of the area to random with their intervals; None if there is none."""
    compared = [(result.line.label, result.against_random) for result in results]
    shown = [(label, paired.difference) for label, paired in compared if isinstance(paired, PairedDifference)]
    if not shown:
        return None
    with style():
        figure = Figure(figsize=(_WIDTH, 0.9 + 0.34 * len(shown)), layout="constrained")
        axes = figure.subplots()
        axes.axvline(0, color=INK, linewidth=1.5, dashes=(4, 2))
        for position, (label, difference) in enumerate(shown):
            _draw_interval(axes, position, difference, pens[label])
        axes.set_yticks(range(len(shown)), [label for label, _ in shown])
        axes.set_ylim(len(shown) - 0.5, -0.5)
        axes.set_xlabel("area minus random, points")
        axes.grid(axis="x")
        return drawing(name, figure)


def class_shares(name: str, lines: Lines, pens: Strokes) -> Drawing | None:
    """Share of each class among the labels at the end, frequent classes first; None if the tables do not tell."""
    classes = tuple(
        dict.fromkeys(name for runs in lines.values() for run in runs for name in run.steps.names("share_"))
    )
    shares = {line: last_shares(runs, classes) for line, runs in lines.items()}
    if not any(np.any(values) for values in shares.values()):
        return None
    order = np.argsort(-np.mean(list(shares.values()), axis=0), kind="stable")
    rows = np.arange(len(classes))
    with style():
        figure = Figure(figsize=(_WIDTH, 1.4 + 0.34 * len(classes)), layout="constrained")
        axes = figure.subplots()
        for place, (line, values) in enumerate(shares.items()):
            pen = pens[line.label]
            offset = 0.7 * ((place + 0.5) / len(shares) - 0.5)
            percent = np.maximum(values[order], _LEAST_SHARE) * 100
            axes.plot(percent, rows + offset, pen.marker, color=pen.colour, markersize=5.5, label=line.label)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g} %")
        axes.set_yticks(rows, [classes[index] for index in order])
        axes.set_ylim(len(classes) - 0.5, -0.5)
        axes.set_xlabel("share of the labels")
        axes.grid(axis="x")
        for border in rows[:-1] + 0.5:
            axes.axhline(border, color=INK, linewidth=0.5, alpha=0.2)
        figure.legend(loc="outside lower center", ncols=3)
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
        panel_height = (_WIDTH - 1.1) / _HEAT_COLUMNS * height / width + 0.3
        figure = Figure(figsize=(_WIDTH, rows * panel_height + 0.2), layout="constrained")
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


def last_shares(runs: Sequence[Run], classes: Sequence[str]) -> Values:
    """(C,) mean over runs of the class shares at the last step, brought to sum 1 (pixels without a class left out)."""
    last = [[run.steps.measured(f"share_{name}")[-1:] for name in classes] for run in runs]
    shares = np.array([[values[0] if values.size else 0.0 for values in row] for row in last])
    sums = shares.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(shares, sums, out=np.zeros_like(shares), where=sums > 0).mean(axis=0))


def position_shares(asked: Sequence[AskedRegion]) -> tuple[Values, Values, Values]:
    """Column edges, row edges and (rows, columns) percent of the regions that lie there."""
    corners = np.array([(one.region.row, one.region.column) for one in asked], dtype=np.float64)
    sizes = np.array([one.region.shape for one in asked], dtype=np.float64)
    ends = (corners + sizes).max(axis=0)
    down, across = (np.append(np.unique(corners[:, axis]), ends[axis]) for axis in (0, 1))
    counts, _, _ = np.histogram2d(corners[:, 0], corners[:, 1], bins=(down, across))
    return across, down, counts * 100 / len(asked)


def _labelled(table: MetricsTable) -> Curve:
    """Mean IoU in points, from the first label on: the start weights would stretch the axis."""
    budgets, values = table.curve("mean_iou")
    return budgets[budgets > 0], values[budgets > 0] * POINTS


def _difference_curves(line: Line, lines: Lines) -> list[Curve]:
    random = random_line(line, lines)
    if random is None or random == line:
        return []
    theirs = {run.seed: _labelled(run.steps) for run in lines[random]}
    return [difference_curve(_labelled(run.steps), theirs[run.seed]) for run in lines[line] if run.seed in theirs]


def _draw_curves(axes: Axes, curves: Sequence[Curve], pen: Stroke, label: str, seeds: bool = True) -> None:
    if seeds and 1 < len(curves) <= _SEEDS_SHOWN:
        for budgets, values in curves:
            axes.plot(budgets, values, color=pen.colour, linewidth=0.6, alpha=0.35)
    budgets, means, half_widths = _band(curves)
    if np.any(half_widths):
        axes.fill_between(budgets, means - half_widths, means + half_widths, color=pen.colour, alpha=0.12, linewidth=0)
    axes.plot(
        budgets,
        means,
        color=pen.colour,
        linestyle=pen.dashes,
        linewidth=1.8,
        marker=pen.marker,
        markersize=4.5,
        markevery=-(-len(budgets) // _MARKERS_SHOWN) or 1,
        label=label,
    )


def _band(curves: Sequence[Curve]) -> tuple[Values, Values, Values]:
    budgets, estimates = mean_curve(curves)
    means = np.array([estimate.mean for estimate in estimates])
    return budgets, means, np.array([estimate.half_width or 0.0 for estimate in estimates])


def _fit_heights(axes: Axes, lines: Iterable[Sequence[Curve]]) -> None:
    """Fit the axis to the seeds, or to the bands of many; the band of two or three would press everything flat."""
    heights: list[Values] = [np.empty(0)]
    for curves in lines:
        if len(curves) <= _SEEDS_SHOWN:
            heights += [values for _, values in curves]
        else:
            _, means, half_widths = _band(curves)
            heights += [means - half_widths, means + half_widths]
    seen = np.concatenate(heights)
    if seen.size:
        margin = 0.06 * max(float(np.ptp(seen)), 1.0)
        axes.set_ylim(seen.min() - margin, seen.max() + margin)


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
