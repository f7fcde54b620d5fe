"""Measurement: what check regions say of a model, how far that can be trusted, and whether two models differ.

Each check region counts with the inverse of its probability, so that the reading speaks for everything held out and not
for what happened to be drawn. Intervals come from a Bayesian bootstrap (Rubin 1981) over images: regions of one image
resemble each other, so that an image is what was observed once. Its weights are exponential and never zero, so that a
rare class is in every replicate. Where check regions lie in fewer than ten images the unit is the region, and the
interval speaks for these images alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from src_model.labelling.intervals import (
    POINTS,
    TWO_SIDED,
    Interval,
    effective_number,
    freedom_of_sum,
    inflation,
    iou_intervals,
    level_for_all,
    logit_intervals,
    quantile,
    ratio,
)

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

LEAST_SUPPORT = 5
"""Units (images, or regions of few images) that must hold a class; below it nothing is said of it."""
REPLICATES = 1000

_FEWEST_IMAGES = 10
"""From so many images on they are what is drawn again."""
_SEED = 20_220_606


@dataclass(frozen=True, slots=True, eq=False)
class CheckReading:
    """What a model said on R check regions.

    Attributes
    ----------
    counts:
        (R, C, C) pixels; rows are labels, columns predictions.
    probabilities:
        (R,) of `CheckRegion`, 0 < p ≤ 1.
    images:
        R image ids.

    Raises
    ------
    ValueError
        If they do not belong together.
    """

    counts: IntArray
    probabilities: FloatArray
    images: tuple[str, ...]

    def __post_init__(self) -> None:
        shape = self.counts.shape
        if len(shape) != 3 or shape[1] != shape[2] or not shape[0] == len(self.probabilities) == len(self.images):
            raise ValueError(f"counts {shape}, {len(self.probabilities)} probabilities, {len(self.images)} images")
        if not ((self.probabilities > 0) & (self.probabilities <= 1)).all():
            raise ValueError("Probabilities lie above 0 and up to 1.")


@dataclass(frozen=True, slots=True, eq=False)
class Measurement:
    """What is known of a model.

    Attributes
    ----------
    confusion:
        (C, C) float64, estimated pixels of everything held out; rows are labels.
    regions:
        R check regions.
    support:
        (C,) int64, how many of them hold each class.
    iou:
        C intervals; None where the class is not measurable.
    mean:
        Mean IoU over the measurable classes (weighted, if weights were given); None without any.
    """

    confusion: FloatArray
    regions: int
    support: IntArray
    iou: tuple[Interval | None, ...]
    mean: Interval | None

    @property
    def measured(self) -> int:
        """Classes that are measurable."""
        return sum(interval is not None for interval in self.iou)

    @property
    def shares(self) -> FloatArray:
        """(C, C) what the pixels of each label were predicted as, rows summing to 1; zeros where there are none."""
        labelled = self.confusion.sum(axis=1, keepdims=True)
        return ratio(self.confusion, labelled)


@dataclass(frozen=True, slots=True, eq=False)
class Milestone:
    """A point of the learning curve: what was measured after so much work.

    Attributes
    ----------
    regions, minutes:
        Labelled so far, and how long it took.
    measurement:
        Of the model that had learnt from them.
    """

    regions: int
    minutes: float
    measurement: Measurement


class Verdict(StrEnum):
    """What a comparison may say."""

    BETTER = "better"
    WORSE = "worse"
    NO_CHANGE = "no change measurable"
    NOT_MEASURABLE = "not measurable"


@dataclass(frozen=True, slots=True)
class Change:
    """The second model against the first, on identical check regions.

    Attributes
    ----------
    regions:
        R.
    iou:
        C intervals of the gain, all of them right together 95 times in 100; None where not measurable.
    mean:
        Interval of the gain in mean IoU.
    """

    regions: int
    iou: tuple[Interval | None, ...]
    mean: Interval | None

    @property
    def verdict(self) -> Verdict:
        """Of the mean."""
        return _verdict(self.mean)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """C, one a class: of nineteen classes that stay as they are one is called changed in one of twenty cases."""
        return tuple(_verdict(interval) for interval in self.iou)


def measure(reading: CheckReading, class_weights: Sequence[float] | FloatArray | None = None) -> Measurement:
    """Weighted confusion, and IoU a class and in the mean with 95 % intervals.

    The same reading gives the same numbers: the replicates are seeded. 300 regions and 19 classes take some 10 ms.

    Parameters
    ----------
    reading:
        Of any number of regions, 0 included.
    class_weights:
        (C,) non-negative weights of the mean, of any scale; None: all the same.
    """
    units = _Units.of(reading)
    hits, unions = units.totals(reading)
    replicates = ratio(*units.resampled(hits, unions))
    iou = ratio(hits.sum(axis=0), unions.sum(axis=0))
    effective = effective_number(unions)
    measurable = units.measurable
    spread = replicates.std(axis=0) * inflation(effective)
    intervals = iou_intervals(iou, spread, effective)
    weights = _normalised(class_weights, measurable)
    mean = None
    if weights.any():
        deviations = (replicates - replicates.mean(axis=0)) * inflation(effective)
        mean_spread = (deviations @ weights).std(keepdims=True)
        freedom = freedom_of_sum(weights * spread, effective)
        (mean,) = logit_intervals(np.array([weights @ iou]), mean_spread, np.array([freedom]))
    return Measurement(
        confusion=np.einsum("r,rij->ij", units.weights, reading.counts),
        regions=len(reading.images),
        support=(reading.counts.sum(axis=2) > 0).sum(axis=0).astype(np.int64),
        iou=tuple(own if seen else None for own, seen in zip(intervals, measurable.tolist(), strict=True)),
        mean=mean,
    )


def compare(
    before: CheckReading, after: CheckReading, class_weights: Sequence[float] | FloatArray | None = None
) -> Change:
    """Gain from one model to another, region by region, so that what both find hard cancels out.

    Raises
    ------
    ValueError
        If the two were not read on identical check regions: then nothing can be said.
    """
    same = before.images == after.images and np.array_equal(before.probabilities, after.probabilities)
    if not same or not np.array_equal(before.counts.sum(axis=2), after.counts.sum(axis=2)):
        raise ValueError("Two models are compared on identical check regions. Read the earlier one on the new regions.")
    units = _Units.of(after)
    (hits, unions), (old_hits, old_unions) = units.totals(after), units.totals(before)
    gains = ratio(*units.resampled(hits, unions)) - ratio(*units.resampled(old_hits, old_unions))
    gain = ratio(hits.sum(axis=0), unions.sum(axis=0)) - ratio(old_hits.sum(axis=0), old_unions.sum(axis=0))
    effective = np.minimum(effective_number(unions), effective_number(old_unions))
    deviations = (gains - gains.mean(axis=0)) * inflation(effective)
    spread = deviations.std(axis=0)
    reach = quantile(effective - 1, level_for_all(deviations, spread, units.measurable)) * spread
    weights = _normalised(class_weights, units.measurable)
    mean = None
    if weights.any():
        value = float(weights @ gain)
        width = float((deviations @ weights).std() * quantile(freedom_of_sum(weights * spread, effective), TWO_SIDED))
        mean = Interval(value, value - width, value + width)
    iou = tuple(
        Interval(value, value - width, value + width) if seen else None
        for value, width, seen in zip(gain.tolist(), reach.tolist(), units.measurable.tolist(), strict=True)
    )
    return Change(len(after.images), iou, mean)


def class_text(name: str, measurement: Measurement, index: int) -> str:
    """``IoU bicycle 41 ± 6 (23 regions)``, or what is missing; names layers and rows."""
    support, interval = int(measurement.support[index]), measurement.iou[index]
    if interval is None:
        return f"IoU {name}: {_counted(support, 'check region')}, not measurable"
    return f"IoU {name} {interval.text} ({_counted(support, 'region')})"


def mean_text(measurement: Measurement) -> str:
    """``mIoU 48 ± 4 (96 check regions, 9 of 11 classes)``."""
    regions, classes = _counted(measurement.regions, "check region"), len(measurement.iou)
    if measurement.mean is None:
        return f"mIoU not measurable yet ({regions})"
    of_all = "" if measurement.measured == classes else f", {measurement.measured} of {classes} classes"
    return f"mIoU {measurement.mean.text} ({regions}{of_all})"


def difference_text(value: float, half_width: float) -> str:
    """``mIoU −1.3 ± 2.7``, of shares of 1, with a true minus."""
    return f"mIoU {POINTS * value:+.1f} ± {POINTS * half_width:.1f}".replace("-", "−")


def gain_text(change: Change, names: Sequence[str]) -> str:
    """What the last query brought, in one sentence."""
    regions = _counted(change.regions, "check region")
    if change.mean is None:
        return f"The last query: not measurable yet with {regions}."
    parts = [difference_text(change.mean.value, change.mean.half_width)]
    for verdict in (Verdict.BETTER, Verdict.WORSE):
        found = [name for name, own in zip(names, change.verdicts, strict=True) if own is verdict]
        if found:
            parts.append(f"{', '.join(found)} {verdict}")
    return f"The last query: {change.verdict} ({'; '.join(parts)}; {regions})."


@dataclass(frozen=True, slots=True, eq=False)
class _Units:
    """What is drawn again: U images, or R regions where they lie in few images.

    Attributes
    ----------
    of_region:
        (R,) unit of each region.
    count:
        U.
    weights:
        (R,) 1/p.
    measurable:
        (C,) bool, enough units hold the class.
    """

    of_region: npt.NDArray[np.intp]
    count: int
    weights: FloatArray
    measurable: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, reading: CheckReading) -> _Units:
        names, of_region = np.unique(np.array(reading.images, dtype=np.str_), return_inverse=True)
        if len(names) < _FEWEST_IMAGES:
            of_region = np.arange(len(reading.images))
        count = int(of_region.max(initial=-1)) + 1
        holds = np.zeros((count, reading.counts.shape[1]), dtype=bool)
        np.logical_or.at(holds, of_region, reading.counts.sum(axis=2) > 0)
        return cls(of_region, count, 1.0 / reading.probabilities, holds.sum(axis=0) >= LEAST_SUPPORT)

    def totals(self, reading: CheckReading) -> tuple[FloatArray, FloatArray]:
        """(U, C) weighted hits and unions of each unit."""
        hits = np.diagonal(reading.counts, axis1=1, axis2=2)
        unions = reading.counts.sum(axis=2) + reading.counts.sum(axis=1) - hits
        member = np.zeros((self.count, len(self.of_region)))
        member[self.of_region, np.arange(len(self.of_region))] = self.weights
        return member @ hits, member @ unions

    def resampled(self, *totals: FloatArray) -> tuple[FloatArray, ...]:
        """Each (U, C) as (replicates, C) sums; the same units weigh the same in every call."""
        draws = np.random.default_rng(_SEED).standard_exponential((REPLICATES, self.count))
        return tuple(draws @ own for own in totals)


def _normalised(weights: Sequence[float] | FloatArray | None, measurable: npt.NDArray[np.bool_]) -> FloatArray:
    given = np.ones(len(measurable)) if weights is None else np.asarray(weights, dtype=np.float64)
    kept = np.where(measurable, given, 0.0)
    normalised: FloatArray = kept / max(kept.sum(), np.finfo(np.float64).tiny)
    return normalised


def _verdict(interval: Interval | None) -> Verdict:
    if interval is None:
        return Verdict.NOT_MEASURABLE
    if interval.low > 0:
        return Verdict.BETTER
    return Verdict.WORSE if interval.high < 0 else Verdict.NO_CHANGE


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
