"""Intervals: from the spread of bootstrap replicates to a range that holds the truth 95 times in 100."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit, ndtr, stdtrit

FloatArray = npt.NDArray[np.float64]

POINTS = 100.0
"""Points of IoU a unit of IoU."""

_CONFIDENCE = 0.95
TWO_SIDED = 0.5 + _CONFIDENCE / 2
"""One-sided level of a single interval's ends."""
_LEAST_FREEDOM = 1.0


@dataclass(frozen=True, slots=True)
class Interval:
    """A value and the interval that holds the truth 95 times in 100; an IoU in 0 … 1, or a difference of two."""

    value: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half of the interval's length; the interval need not lie evenly round the value."""
        return (self.high - self.low) / 2

    @property
    def text(self) -> str:
        """In points: ``41 ± 6``, or ``1 (0–12)`` where one side is more than twice as long as the other."""
        below, above = self.value - self.low, self.high - self.value
        low, high = round(POINTS * self.low), round(POINTS * self.high)
        if max(below, above) > 2 * min(below, above) and high - low > 4:
            return f"{POINTS * self.value:.0f} ({low}–{high})"
        return f"{POINTS * self.value:.0f} ± {POINTS * self.half_width:.0f}"


def ratio(parts: FloatArray, wholes: FloatArray) -> FloatArray:
    """Parts of wholes, shapes broadcast; 0 where the whole is 0."""
    shape = np.broadcast_shapes(parts.shape, wholes.shape)
    quotient: FloatArray = np.divide(parts, wholes, out=np.zeros(shape), where=wholes > 0)
    return quotient


def effective_number(unions: FloatArray) -> FloatArray:
    """(C,) units that would say as much if all weighed the same (Kish)."""
    return np.maximum(1.0, ratio(unions.sum(axis=0) ** 2, (unions**2).sum(axis=0)))


def inflation(effective: FloatArray) -> FloatArray:
    """What a spread taken from n exponential weights lacks: their mean is known, the truth is not."""
    return np.sqrt((effective + 1) / np.maximum(effective - 1, _LEAST_FREEDOM))


def freedom_of_sum(parts: FloatArray, effective: FloatArray) -> float:
    """Degrees of freedom of a sum of spreads (Welch and Satterthwaite)."""
    squares = parts**2
    of_parts = (squares**2 / np.maximum(effective - 1, _LEAST_FREEDOM)).sum()
    return float(squares.sum() ** 2 / of_parts) if of_parts > 0 else _LEAST_FREEDOM


def iou_intervals(iou: FloatArray, spread: FloatArray, effective: FloatArray) -> list[Interval]:
    """On log odds; where nothing or everything was hit there is no spread, and n trials that ended alike bound it."""
    intervals = logit_intervals(iou, spread, effective - 1)
    room = 1.0 - ((1.0 - _CONFIDENCE) / 2) ** (1.0 / effective)
    for index in np.flatnonzero((iou <= 0) | (iou >= 1)).tolist():
        reach, value = float(room[index]), float(iou[index])
        intervals[index] = Interval(value, max(0.0, value - reach), min(1.0, value + reach))
    return intervals


def logit_intervals(values: FloatArray, spread: FloatArray, freedom: FloatArray) -> list[Interval]:
    """Student's t on the scale of log odds, which knows that an IoU ends at 0 and at 1."""
    inside = np.clip(values, 1e-9, 1 - 1e-9)
    reach = np.clip(quantile(freedom, TWO_SIDED) * spread / (inside * (1 - inside)), 0.0, 50.0)
    low, high = expit(logit(inside) - reach), expit(logit(inside) + reach)
    return [
        Interval(value, min(below, value), max(above, value))
        for value, below, above in zip(values.tolist(), low.tolist(), high.tolist(), strict=True)
    ]


def quantile(freedom: FloatArray | float, level: float) -> FloatArray:
    """Student's t at a one-sided level; ``freedom`` is taken as 1 at the least."""
    reach: FloatArray = stdtrit(np.maximum(freedom, _LEAST_FREEDOM), level)
    return reach


def level_for_all(deviations: FloatArray, spread: FloatArray, measurable: npt.NDArray[np.bool_]) -> float:
    """One-sided level at which the intervals of all measurable classes hold together, from the same replicates."""
    moving = measurable & (spread > 0)
    if not moving.any():
        return TWO_SIDED
    furthest = np.abs(deviations[:, moving] / spread[moving]).max(axis=1)
    return max(TWO_SIDED, float(ndtr(np.quantile(furthest, _CONFIDENCE))))
