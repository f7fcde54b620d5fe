"""Statistics: what a set of paired runs says, and how far it can be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit

POINTS = 100.0
"""Points of IoU a unit of IoU: tables hold 0..1, people read 0..100."""

Values = npt.NDArray[np.float64]

Curve = tuple[Values, Values]
"""(n,) budgets, strictly rising, and (n,) readings."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over seeds with its 95 % interval.

    Attributes
    ----------
    mean:
        Of the values.
    half_width:
        The interval is ``mean ± half_width``; None for a single value, which says nothing about its spread.
    count:
        Number of values.
    """

    mean: float
    half_width: float | None
    count: int


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """Two lines compared on the seeds that both have run.

    Attributes
    ----------
    difference:
        First minus second.
    p_value:
        Two-sided paired t-test, not corrected; None where one pair cannot give one.
    seeds:
        The seeds that were compared.
    """

    difference: Estimate
    p_value: float | None
    seeds: tuple[int, ...]


def mean_interval(values: Sequence[float] | Values, confidence: float = 0.95) -> Estimate:
    """Mean and Student's t interval of independent values.

    Raises
    ------
    ValueError
        If there are no values.
    """
    sample = np.asarray(values, dtype=np.float64)
    if sample.size == 0:
        raise ValueError("A mean needs at least one value.")
    mean = float(sample.mean())
    if sample.size == 1:
        return Estimate(mean, None, 1)
    quantile = float(stdtrit(sample.size - 1, 0.5 + confidence / 2))
    return Estimate(mean, quantile * _standard_error(sample), int(sample.size))


def paired_difference(first: Mapping[int, float], second: Mapping[int, float]) -> PairedDifference | None:
    """Difference ``first - second`` over the seeds (keys) both have; None where they share none."""
    seeds = tuple(sorted(first.keys() & second.keys()))
    if not seeds:
        return None
    differences = np.array([first[seed] - second[seed] for seed in seeds])
    return PairedDifference(mean_interval(differences), _p_value(differences), seeds)


def mean_curve(curves: Sequence[Curve]) -> tuple[Values, tuple[Estimate, ...]]:
    """Mean and interval at every budget at which all curves have a reading; no curve is read between its readings."""
    shared = _shared_budgets(curves)
    heights = np.array([values[np.searchsorted(budgets, shared)] for budgets, values in curves])
    return shared, tuple(mean_interval(column) for column in heights.T)


def difference_curve(first: Curve, second: Curve) -> Curve:
    """``first - second`` at the budgets at which both have a reading."""
    shared = _shared_budgets((first, second))
    ours, theirs = (values[np.searchsorted(budgets, shared)] for budgets, values in (first, second))
    return shared, ours - theirs


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """p-values corrected for the number of tests in the family, in the order given (Holm 1979, step-down)."""
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    raised = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(raised, 1.0)
    return tuple(corrected.tolist())


def area_under_curve(budgets: Values, values: Values, start: float, end: float) -> float | None:
    """Mean height, in points, of a curve of IoU in 0..1 between two budgets on a linear axis (trapezoid rule).

    The area divided by ``end - start``; between two readings, and at a ``start`` or ``end`` that lies between them, the
    curve is a straight line. If ``start == end`` it is the height there.

    Parameters
    ----------
    budgets, values:
        (n,) readings, budgets strictly rising.
    start, end:
        Ends of the span, in the unit of ``budgets``.

    Returns
    -------
    None where the curve does not reach over the whole span: nothing is extrapolated.
    """
    if budgets.size == 0 or start < budgets[0] or end > budgets[-1]:
        return None
    if start == end:
        return float(np.interp(start, budgets, values)) * POINTS
    inside = budgets[(budgets > start) & (budgets < end)]
    axis = np.concatenate(([start], inside, [end]))
    heights = np.interp(axis, budgets, values)
    trapezoids = np.diff(axis) * (heights[1:] + heights[:-1]) / 2
    return float(trapezoids.sum() / (end - start)) * POINTS


def rarest_classes(support: Mapping[str, float], count: int) -> tuple[str, ...]:
    """The ``count`` classes with the fewest pixels, rarest first; ties by name."""
    return tuple(sorted(support, key=lambda name: (support[name], name))[:count])


def labels_to_reach(budgets: Values, values: Values, target: float) -> float | None:
    """Budget at which a curve first comes up to ``target``, on the straight line between two readings.

    Returns
    -------
    The first budget itself if the curve starts there or above; None where it never gets there.
    """
    reached = np.flatnonzero(values >= target)
    if reached.size == 0:
        return None
    position = int(reached[0])
    if position == 0:
        return float(budgets[0])
    before, after = values[position - 1], values[position]
    share = (target - before) / (after - before)
    return float(budgets[position - 1] + share * (budgets[position] - budgets[position - 1]))


def share_of_way(value: float, lower: float, upper: float) -> float | None:
    """Where ``value`` lies between a lower line (0) and an upper one (1); None where upper is not above lower."""
    if upper <= lower:
        return None
    return (value - lower) / (upper - lower)


def _shared_budgets(curves: Sequence[Curve]) -> Values:
    shared = curves[0][0]
    for budgets, _ in curves[1:]:
        shared = np.intersect1d(shared, budgets)
    return shared


def _standard_error(sample: Values) -> float:
    return float(sample.std(ddof=1) / np.sqrt(sample.size))


def _p_value(differences: Values) -> float | None:
    if differences.size < 2:
        return None
    error = _standard_error(differences)
    mean = float(differences.mean())
    if error == 0:
        return 1.0 if mean == 0 else 0.0
    return float(2 * stdtr(differences.size - 1, -abs(mean) / error))
