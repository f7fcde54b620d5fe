"""Learning figures: how the segmenter fits its labels, and how a query network learns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from src_model.report.figures.budget_axis import budget_scale, draw_budget_axis
from src_model.report.figures.curve_drawing import (
    Strokes,
    draw_curves,
    fit_heights,
    labelled_curve,
    panel_grid,
    rows_of_panels,
)
from src_model.report.figures.drawing import INK, PALETTE, WIDTH, Dashes, Drawing, Stroke, drawing, style
from src_model.report.results.lines import Line, Lines
from src_model.report.results.policy_tables import PolicyTraining, Trainings
from src_model.report.results.statistics import Curve

TRAINING_IOU = "train_mean_iou"
"""Column of the IoU on a sample of the labels; older runs have none."""

REWARD_SET_LOSS = "reward_set_loss"
"""Column of the loss on D_R; older runs have none."""

_SHORT_DASHES: Dashes = (0, (2, 1.5))
_UNBROKEN: Dashes = (0, ())
_SMOOTHED = 9
"""Steps a running mean of rewards is taken over."""


def training_curves(name: str, lines: Lines, pens: Strokes) -> Drawing | None:
    """Mean IoU on the labels trained on and on the scored images, a panel a line; None if no run recorded the first."""
    shown = {
        line: [[labelled_curve(run.steps, column) for run in runs] for column in (TRAINING_IOU, "mean_iou")]
        for line, runs in lines.items()
        if all(run.steps.measured(TRAINING_IOU).size for run in runs)
    }
    if not shown:
        return None
    with style():
        figure, panels = _draw_pairs(shown, lines, pens)
        fit_heights(panels[0], [curves for own in shown.values() for curves in own])
        figure.supylabel("mean IoU, points", fontsize=10)
        _name_dashes(figure, panels[0], "scored images")
        return drawing(name, figure)


def training_losses(name: str, lines: Lines, pens: Strokes) -> Drawing | None:
    """Loss of each fit and, where it was recorded, on the reward set, a panel a line; None if no run has the first."""
    shown = {
        line: [[labelled_curve(run.steps, column, 1.0) for run in runs] for column in ("train_loss", REWARD_SET_LOSS)]
        for line, runs in lines.items()
        if all(run.steps.measured("train_loss").size for run in runs)
    }
    if not shown:
        return None
    recorded = any(budgets.size for _, on_reward_set in shown.values() for budgets, _ in on_reward_set)
    with style():
        figure, panels = _draw_pairs(shown, lines, pens)
        fit_heights(panels[0], [curves for own in shown.values() for curves in own])
        panels[0].set_ylim(bottom=0)
        figure.supylabel("loss (cross-entropy), nats", fontsize=10)
        _name_dashes(figure, panels[0], "reward set" if recorded else "")
        return drawing(name, figure)


def policy_curves(name: str, trainings: Trainings) -> Drawing | None:
    """Return, final IoU, Q, TD loss and ε by episode and the reward by step; None without a finished step."""
    if not trainings:
        return None
    pens = [Stroke(PALETTE[position % len(PALETTE)], (0, ()), "o") for position in range(len(trainings))]
    with style():
        figure = Figure(figsize=(WIDTH, 6.4), layout="constrained")
        panels = figure.subplots(2, 3).ravel()
        for panel, (title, unit, curve_of) in zip(panels, _POLICY_PANELS, strict=True):
            drawn = [[curve for one in own if (curve := curve_of(one))[0].size] for own in trainings.values()]
            for curves, pen in zip(drawn, pens, strict=True):
                if curves:
                    draw_curves(panel, curves, pen, "")
            fit_heights(panel, [curves for curves in drawn if curves])
            panel.set_title(title, fontsize=10)
            panel.set_ylabel(unit)
            panel.set_xlabel("environment step" if panel is panels[-1] else "episode")
            panel.xaxis.set_major_locator(MaxNLocator(5, integer=True))
            panel.grid()
        panels[4].set_ylim(0, 1)
        handles = [Line2D([], [], color=pen.colour, marker=pen.marker, linewidth=1.8) for pen in pens]
        figure.legend(handles, list(trainings), loc="outside lower center", ncols=2)
        return drawing(name, figure)


def running_mean(curve: Curve, over: int = _SMOOTHED) -> Curve:
    """Each reading as the mean of itself and those up to ``over // 2`` places on either side that there are."""
    places, values = curve
    if not values.size:
        return curve
    counts = np.convolve(np.ones(values.size), np.ones(over), mode="full")
    sums = np.convolve(values, np.ones(over), mode="full")
    middle = slice(over // 2, over // 2 + values.size)
    return places, sums[middle] / counts[middle]


def _in_points(curve: Curve) -> Curve:
    return curve[0], curve[1] * 100


_POLICY_PANELS: Sequence[tuple[str, str, Callable[[PolicyTraining], Curve]]] = (
    ("return of an episode", "sum of rewards, points", PolicyTraining.returns),
    ("mean IoU at its end, reward set", "points", lambda one: _in_points(one.final_iou())),
    ("mean Q of the regions asked", "points", PolicyTraining.mean_values),
    ("TD error", "mean Huber loss", PolicyTraining.losses),
    ("exploration", "mean ε", PolicyTraining.exploration),
    (f"reward of a step, mean over {_SMOOTHED}", "points", lambda one: running_mean(one.rewards())),
)


def _draw_pairs(
    shown: Mapping[Line, Sequence[Sequence[Curve]]], lines: Lines, pens: Strokes
) -> tuple[Figure, Sequence[Axes]]:
    """A panel a line: first what was read on the labels trained on, dashed, then what was read elsewhere, if it was."""
    scale = budget_scale(run for line in shown for run in lines[line])
    figure = Figure(figsize=(WIDTH, 2.7 * rows_of_panels(len(shown)) + 0.9), layout="constrained")
    grid = panel_grid(figure, len(shown))
    for (panel, _, _), (line, pair) in zip(grid, shown.items(), strict=True):
        pen = pens[line.label]
        for curves, dashes in zip(pair, (_SHORT_DASHES, _UNBROKEN), strict=False):
            draw_curves(panel, curves, pen, "", seeds=False, dashes=dashes)
        panel.set_title(line.label, fontsize=10, color=pen.colour)
        panel.grid()
    for panel, first, last in grid:
        draw_budget_axis(panel, scale, below=last, above=first)
    return figure, [panel for panel, _, _ in grid]


def _name_dashes(figure: Figure, panel: Axes, elsewhere: str) -> None:
    """Say below the figure which line is which; ``elsewhere`` is what the unbroken one was read on, if there is one."""
    named = ((_UNBROKEN, elsewhere), (_SHORT_DASHES, "labels trained on"))
    handles = [
        panel.plot([], [], color=INK, linestyle=dashes, linewidth=1.8, label=label)[0]
        for dashes, label in named
        if label
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
