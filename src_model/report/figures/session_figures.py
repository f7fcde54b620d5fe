"""Session figures: what check regions say of a person's models, against labels and minutes and class by class."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from src_model.report.figures.drawing import INK, PALETTE, WIDTH, Drawing, drawing, style
from src_model.report.results.sessions import Session, Step

_POINTS = 100
_BAR = 0.27
"""Inches a class."""


def session_curves(name: str, sessions: Mapping[str, Session], by_minutes: bool) -> Drawing | None:
    """Mean IoU with its interval against labelled regions and, where somebody painted, minutes; None: nothing read."""
    if not any(session.measured for session in sessions.values()):
        return None
    with style():
        figure = Figure(figsize=(WIDTH, 3.9), layout="constrained")
        panels = figure.subplots(1, 2 if by_minutes else 1, sharey=True, squeeze=False)[0]
        for place, (label, session) in enumerate(sessions.items()):
            _draw_curve(panels[0], session, "regions", place, label)
            if by_minutes:
                _draw_curve(panels[1], session, "minutes", place, "")
        for panel, title in zip(panels, ("regions labelled to learn from", "minutes of labelling"), strict=False):
            panel.set_xlabel(title)
            panel.grid()
        panels[0].set_ylabel("mean IoU on check regions, points")
        if len(sessions) > 1:
            figure.legend(loc="outside lower center", ncols=3)
        return drawing(name, figure)


def class_bars(name: str, session: Session) -> Drawing | None:
    """IoU of each class at the last reading, with its interval and how much was measured; None: nothing read."""
    if not session.measured:
        return None
    last = session.measured[-1]
    with style():
        figure = Figure(figsize=(WIDTH, 1.0 + _BAR * len(session.classes)), layout="constrained")
        axes = figure.subplots()
        for place, class_name in enumerate(session.classes):
            _draw_class(axes, last, place, class_name)
        axes.set_yticks(range(len(session.classes)), session.classes)
        axes.set_ylim(len(session.classes) - 0.4, -0.6)
        axes.set_xlim(0, _POINTS)
        axes.set_xlabel("IoU on check regions, points")
        axes.grid(axis="x")
        return drawing(name, figure)


def _draw_curve(axes: Axes, session: Session, axis: str, place: int, label: str) -> None:
    steps = session.measured
    if not steps:
        return
    across = [float(getattr(step, axis)) for step in steps]
    colour = PALETTE[place]
    low, middle, high = (
        [_POINTS * (step.number(column) or 0.0) for step in steps]
        for column in ("mean_iou_low", "mean_iou", "mean_iou_high")
    )
    axes.fill_between(across, low, high, color=colour, alpha=0.18, linewidth=0)
    axes.plot(across, middle, color=colour, marker="os"[place], markersize=4, label=label)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    counts = [step.classes_measured for step in steps]
    if len(set(counts)) > 1:  # On one set of check regions the means are over the same classes.
        for x, y, count in zip(across, middle, counts, strict=True):
            axes.annotate(str(count), (x, y), (0, 6), textcoords="offset points", ha="center", fontsize=8.5, color=INK)


def _draw_class(axes: Axes, step: Step, place: int, name: str) -> None:
    value, low, high = (step.number(column + name) for column in ("iou_", "low_", "high_"))
    support = round(step.number(f"support_{name}") or 0)
    holds = f"{support} check region" + ("" if support == 1 else "s")
    if value is None or low is None or high is None:
        axes.text(1, place, f"not measurable: {holds}", va="center", color=INK, alpha=0.6, fontsize=9)
        return
    axes.barh(place, _POINTS * value, height=0.62, color=PALETTE[0], alpha=0.75)
    axes.plot([_POINTS * low, _POINTS * high], [place, place], color=INK, linewidth=1.4)
    axes.text(_POINTS * high + 1, place, holds, va="center", fontsize=8.5, color=INK, alpha=0.75)
