"""Class figures: what there is of each class, what was labelled, which class is taken for which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from src_model.report.figures.budget_axis import megapixels, percent
from src_model.report.figures.curve_drawing import Strokes
from src_model.report.figures.drawing import INK, RARE, WIDTH, Drawing, drawing, style
from src_model.report.results.comparison import class_counts, class_support, rare_classes
from src_model.report.results.confusions import Confusion
from src_model.report.results.lines import Lines
from src_model.report.results.run_tables import Run
from src_model.report.results.statistics import POINTS, Estimate, Values, mean_interval

RAREST = 6
"""Classes that the seed paper looks at one by one."""

_LEAST_SHARE = 1e-4
_HEAT = (0x2F, 0x7F, 0xD1)
_DARK_CELL = 0.55
"""A cell with a larger share has white text."""


def class_shares(name: str, lines: Lines, pens: Strokes) -> Drawing | None:
    """Share of each class in the pool (bars) and among the labels at the end (marks), on a logarithmic axis.

    Frequent classes first, the rarest in a colour of their own. None if the tables tell neither.
    """
    everyone = [run for runs in lines.values() for run in runs]
    pool = class_counts(everyone, "pool_pixels")
    classes = tuple(pool) or tuple(dict.fromkeys(name for run in everyone for name in run.steps.names("share_")))
    labelled = {line: last_shares(runs, classes) for line, runs in lines.items()}
    data = np.array([pool.get(one, 0.0) for one in classes])
    if not data.any() and not any(np.any(values) for values in labelled.values()):
        return None
    shares = data / data.sum() if data.any() else np.zeros(len(classes))
    order = np.argsort(-(shares if data.any() else np.mean(list(labelled.values()), axis=0)), kind="stable")
    with style():
        figure = Figure(figsize=(WIDTH, 1.9 + 0.36 * len(classes)), layout="constrained")
        axes = figure.subplots()
        axes.set_xscale("log")
        if data.any():
            _draw_pool(axes, shares[order])
        for place, (line, values) in enumerate(labelled.items()):
            pen = pens[line.label]
            offset = 0.7 * ((place + 0.5) / len(labelled) - 0.5)
            percent = np.maximum(values[order], _LEAST_SHARE) * 100
            rows = np.arange(len(classes)) + offset
            axes.plot(percent, rows, pen.marker, color=pen.colour, markersize=5.5, label=line.label)
        _name_rows(axes, [classes[index] for index in order], set(rare_classes(everyone, RAREST)))
        _log_percent(axes, float(data.sum()))
        figure.legend(loc="outside lower center", ncols=3)
        return drawing(name, figure)


def rare_class_iou(name: str, lines: Lines, pens: Strokes, budget: float) -> Drawing | None:
    """IoU of the six rarest classes at one budget, with intervals over seeds; None if nothing says which they are."""
    everyone = [run for runs in lines.values() for run in runs]
    rare = rare_classes(everyone, RAREST)
    readings = {line: {one: _class_iou(runs, one, budget) for one in rare} for line, runs in lines.items()}
    highest = max((found.mean for own in readings.values() for found in own.values() if found), default=None)
    if highest is None:
        return None
    with style():
        height = 1.3 + len(rare) * max(0.42, 0.13 * len(lines))
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        axes = figure.subplots()
        for place, (line, own) in enumerate(readings.items()):
            pen = pens[line.label]
            offset = 0.72 * ((place + 0.5) / len(readings) - 0.5)
            shown = [(row + offset, found) for row, found in enumerate(own.values()) if found]
            axes.errorbar(
                [found.mean for _, found in shown],
                [row for row, _ in shown],
                xerr=[found.half_width or 0.0 for _, found in shown],
                fmt=pen.marker,
                color=pen.colour,
                markersize=5.5,
                elinewidth=1,
                capsize=2,
                label=line.label,
            )
        # intervals of two or three seeds would press everything flat
        axes.set_xlim(-0.02 * highest, max(highest * 1.25, 1.0))
        _name_rows(axes, _with_shares(rare, class_support(everyone)), set())
        axes.set_xlabel("IoU, points")
        axes.grid(axis="x")
        figure.legend(loc="outside lower center", ncols=3)
        return drawing(name, figure)


def confusion_figure(name: str, confusion: Confusion) -> Drawing:
    """Row-normalised confusion in percent: rows are labels, columns predictions; no number under half a percent."""
    count = len(confusion.classes)
    cell = min(0.62, 7.6 / count)
    with style():
        figure = Figure(figsize=(WIDTH, cell * count * 0.8 + 1.7), layout="constrained")
        axes = figure.subplots()
        for row, column in np.ndindex(confusion.shares.shape):
            share = float(confusion.shares[row, column])
            if share >= 0.005:
                axes.text(
                    column,
                    row,
                    f"{share * 100:.0f}",
                    ha="center",
                    va="center",
                    fontsize=8 if count > 12 else 9.5,
                    color="white" if share > _DARK_CELL else INK,
                )
        # transparent where there is nothing, so that the page's own colour shows
        colours = np.zeros((count, count, 4))
        colours[..., :3] = np.array(_HEAT) / 255
        colours[..., 3] = np.clip(confusion.shares, 0, 1)
        edges = np.arange(count + 1) - 0.5
        axes.pcolormesh(edges, edges, colours, edgecolors=(0.5, 0.5, 0.5, 0.25), linewidth=0.4)
        axes.set_xticks(
            range(count), confusion.classes, rotation=40 if count <= 12 else 52, ha="left", rotation_mode="anchor"
        )
        axes.set_yticks(range(count), confusion.classes)
        axes.tick_params(length=0, labeltop=True, labelbottom=False)
        axes.set_ylim(count - 0.5, -0.5)
        axes.set(xlabel="predicted as, % of the label's pixels", ylabel="label")
        axes.xaxis.set_label_position("top")
        axes.spines[:].set_visible(False)
        return drawing(name, figure)


def last_shares(runs: Sequence[Run], classes: Sequence[str]) -> Values:
    """(C,) mean over runs of the class shares at the last step, brought to sum 1 (pixels without a class left out)."""
    last = [[run.steps.measured(f"share_{name}")[-1:] for name in classes] for run in runs]
    shares = np.array([[values[0] if values.size else 0.0 for values in row] for row in last])
    sums = shares.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(shares, sums, out=np.zeros_like(shares), where=sums > 0).mean(axis=0))


def _draw_pool(axes: Axes, shares: Values) -> None:
    percent = np.maximum(shares, _LEAST_SHARE) * 100
    left = _LEAST_SHARE * 50
    axes.barh(np.arange(len(shares)), percent - left, left=left, height=0.78, color=INK, alpha=0.14, label="the pool")


def _name_rows(axes: Axes, names: Sequence[str], rare: set[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    for text, own in zip(axes.get_yticklabels(), names, strict=True):
        if own in rare:
            text.set(color=RARE, fontweight="bold")
    axes.set_ylim(len(names) - 0.5, -0.5)
    for border in np.arange(len(names) - 1) + 0.5:
        axes.axhline(border, color=INK, linewidth=0.5, alpha=0.2)


def _log_percent(axes: Axes, pixels: float) -> None:
    """Percent below; above, if known, the pixels of the pool they stand for."""
    axes.set_xlim(left=_LEAST_SHARE * 50, right=100)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g} %")
    axes.set_xlabel(
        "share of the pixels (bars: in the pool; marks: among the labels)" if pixels else "share of the labels"
    )
    axes.grid(axis="x")
    if pixels:
        above = axes.secondary_xaxis(
            "top",
            functions=(lambda share: np.multiply(share, pixels / 100), lambda count: np.divide(count, pixels / 100)),
        )
        above.spines["top"].set_visible(False)
        above.xaxis.set_major_locator(LogLocator())
        above.xaxis.set_minor_locator(NullLocator())
        above.xaxis.set_major_formatter(lambda value, _: megapixels(value))
        above.tick_params(labelsize=9)
        above.set_xlabel("pixels in the pool", fontsize=9)


def _with_shares(names: Sequence[str], support: Mapping[str, float]) -> list[str]:
    total = sum(support.values())
    return [f"{name}\n{percent(support.get(name, 0.0) / total)}" for name in names] if total else list(names)


def _class_iou(runs: Sequence[Run], name: str, budget: float) -> Estimate | None:
    values = [value * POINTS for run in runs if (value := run.steps.at(budget, f"iou_{name}")) is not None]
    return mean_interval(values) if values else None
