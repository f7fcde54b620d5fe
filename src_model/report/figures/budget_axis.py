"""The budget axis: one budget in regions, in pixels and in percent of the training pixels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator

from src_model.report.figures.drawing import INK
from src_model.report.results.run_tables import Run

MARKED = (0.005, 0.01, 0.02, 0.03, 0.05)
"""Shares of the training pixels at which the seed paper compares."""

_ALIKE = 0.01
_NARROW = 0.08
"""An axis up to this share of the pixels has its marks as ticks."""
_LEAST_GAP = 0.09
"""Between two ticks, as a share of the axis."""


@dataclass(frozen=True, slots=True)
class BudgetScale:
    """What a region stands for.

    Attributes
    ----------
    pixels:
        In a region, on average.
    fraction:
        Of the training pixels.
    """

    pixels: float
    fraction: float

    def told(self, regions: float) -> str:
        """``96 regions (0.691 Mpx, 1.09 % of the training pixels)``."""
        share = percent(regions * self.fraction)
        return f"{regions:.0f} regions ({megapixels(regions * self.pixels)}, {share} of the training pixels)"


def budget_scale(runs: Iterable[Run]) -> BudgetScale | None:
    """The scale that all of these runs share; None if the tables do not tell it, or runs differ by more than 1 %."""
    scales = [scale for run in runs if (scale := _scale_of(run)) is not None]
    alike = all(abs(own.fraction - scales[0].fraction) <= _ALIKE * scales[0].fraction for own in scales)
    return scales[0] if scales and alike else None


def told(scale: BudgetScale | None, regions: float) -> str:
    """A budget in words, in every unit that is known."""
    return f"{regions:.0f} regions" if scale is None else scale.told(regions)


def draw_budget_axis(axes: Axes, scale: BudgetScale | None, below: bool = True, above: bool = True) -> None:
    """Name the axis below in regions and, where the scale is known, the one above in percent; mark `MARKED`.

    Call it when the limits are as they will be. In a grid of panels only the outer ones are named.
    """
    axes.set_xlabel("labelled regions" if below else "")
    axes.xaxis.set_major_locator(MaxNLocator(8 if below and above else 5, integer=True))
    if scale is None:
        return
    left, right = axes.get_xlim()
    marks = [share for share in MARKED if left < share / scale.fraction <= right]
    for share in marks:
        axes.axvline(share / scale.fraction, color=INK, linewidth=0.9, linestyle=(0, (1, 2)), alpha=0.55, zorder=0.5)
    axes.set_xlim(left, right)
    if above:
        _draw_percent(axes, scale, marks)


def _draw_percent(axes: Axes, scale: BudgetScale, marks: Sequence[float]) -> None:
    percents = axes.secondary_xaxis(
        "top",
        functions=(
            lambda regions: np.multiply(regions, scale.fraction * 100),
            lambda share: np.divide(share, scale.fraction * 100),
        ),
    )
    percents.spines["top"].set_visible(False)
    percents.set_xlabel(f"% of training pixels (1 % = {megapixels(0.01 / scale.fraction * scale.pixels)})", fontsize=9)
    percents.tick_params(labelsize=9)
    percents.xaxis.set_major_locator(MaxNLocator(5))
    left, right = axes.get_xlim()
    if len(marks) > 1 and right * scale.fraction <= _NARROW:
        least = _LEAST_GAP * (right - left) * scale.fraction
        percents.xaxis.set_major_locator(FixedLocator([share * 100 for share in _spaced(marks, least)]))
        percents.xaxis.set_major_formatter(lambda value, _: f"{value:g}")


def megapixels(pixels: float) -> str:
    """Pixels as people read them: ``7,200 px``, ``0.691 Mpx``."""
    return (
        f"{pixels:,.0f} px"
        if pixels < 1e4
        else f"{pixels / 1e6:.3g} Mpx"
        if pixels < 1e9
        else f"{pixels / 1e9:.3g} Gpx"
    )


def percent(fraction: float) -> str:
    """A share of the training pixels to three digits: ``1.09 %``."""
    return f"{fraction * 100:.3g} %" if fraction < 0.1 else f"{fraction * 100:.1f} %"


def _scale_of(run: Run) -> BudgetScale | None:
    pixels, fractions = run.steps.curve("labelled_pixels"), run.steps.curve("labelled_fraction")
    if not pixels[0].size or not fractions[0].size or pixels[0][-1] <= 0 or fractions[0][-1] <= 0:
        return None
    return BudgetScale(float(pixels[1][-1] / pixels[0][-1]), float(fractions[1][-1] / fractions[0][-1]))


def _spaced(marks: Iterable[float], least: float) -> list[float]:
    """The largest first, smaller ones where there is room."""
    kept: list[float] = []
    for mark in sorted(marks, reverse=True):
        if not kept or kept[-1] - mark >= least:
            kept.append(mark)
    return kept[::-1]
