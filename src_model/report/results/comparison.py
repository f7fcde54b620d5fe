"""Comparison: what each line reached, and how far it lies from random and from the upper line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from src_model.exceptions import ConfigurationError
from src_model.report.results.lines import RANDOM, UPPER_LINES, Line, Lines, families, members, random_line
from src_model.report.results.run_tables import Run
from src_model.report.results.statistics import (
    POINTS,
    Curve,
    Estimate,
    PairedDifference,
    area_under_curve,
    holm,
    labels_to_reach,
    mean_interval,
    paired_difference,
    rarest_classes,
    share_of_way,
)

RARE_CLASSES = 5
TARGETS = (0.90, 0.95)
"""Shares of full supervision whose price in labels is reported."""

Span = tuple[float, float]
"""First and last budget, in regions, over which lines are compared."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A number that there is not, and why."""

    reason: str


_UNTESTED = Missing("one pair of runs gives no test")


@dataclass(frozen=True, slots=True)
class LineResult:
    """What one line reached over the span of its family: points of IoU, budgets in regions.

    Attributes
    ----------
    final, trained:
        Mean IoU at the largest budget: of the last step, and after a training from the start weights.
    area, rare_area:
        Area under the curve of the mean IoU, and of the mean over the rarest classes.
    against_random:
        Paired difference of ``area`` to the random line; its ``p_value`` is not corrected.
    corrected_p:
        The same after Holm's correction over all lines that are compared.
    labels_to_reach:
        Regions needed for each of `TARGETS`; empty if full supervision is not known.
    way:
        Where the area lies between random (0) and the best upper line (1).
    areas:
        Area by seed, of the runs that came to the largest budget.
    """

    line: Line
    seeds: tuple[int, ...]
    final: Estimate | Missing
    trained: Estimate | Missing
    area: Estimate | Missing
    rare_area: Estimate | Missing
    against_random: PairedDifference | Missing
    corrected_p: float | Missing
    labels_to_reach: tuple[Estimate | Missing, ...]
    way: float | Missing
    areas: Mapping[int, float] = field(default_factory=dict)


def compare(lines: Lines, full_supervision: float | None = None) -> tuple[LineResult, ...]:
    """What each line reached, compared within its family.

    Parameters
    ----------
    lines:
        From `group_runs`.
    full_supervision:
        Mean IoU in 0..1 of the segmenter trained on all labels.

    Raises
    ------
    ConfigurationError
        If ``full_supervision`` is not within 0..1.
    """
    if full_supervision is not None and not 0 < full_supervision <= 1:
        raise ConfigurationError(
            f"Full supervision is {full_supervision}, but must lie in 0..1: write 0.515 for 51.5 points."
        )
    results: list[LineResult] = []
    for family in families(lines):
        results.extend(_compare_family(members(lines, family), full_supervision))
    return _corrected(results)


def span(runs: Iterable[Run]) -> Span | None:
    """From the first labelled budget that all have passed to the largest that any has reached; None if unmeasured."""
    readings = (run.steps.curve("mean_iou")[0] for run in runs)
    budgets = [axis[axis > 0] for axis in readings if axis.size and axis[-1] > 0]
    return (max(float(axis[0]) for axis in budgets), max(float(axis[-1]) for axis in budgets)) if budgets else None


def class_counts(runs: Iterable[Run], column: str) -> dict[str, float]:
    """A field of `ClassPixels` by class, mean over the runs that recorded it; empty if none did."""
    recorded = [run.class_pixels for run in runs if run.class_pixels]
    names = dict.fromkeys(name for own in recorded for name in own)
    counts = {name: [float(getattr(own[name], column)) for own in recorded if name in own] for name in names}
    return {name: sum(values) / len(values) for name, values in counts.items()}


def class_support(runs: Iterable[Run]) -> dict[str, float]:
    """How much there is of each class to ask for: pixels of the pool if they were recorded, else shares of the labels.

    The labels of random lines stand for the data if there are any. Empty if the tables say neither.
    """
    everyone = list(runs)
    counted = class_counts(everyone, "pool_pixels")
    if counted:
        return counted
    totals: dict[str, float] = {}
    for run in [run for run in everyone if run.config.acquisition.name == RANDOM] or everyone:
        for name in run.steps.names("share_"):
            values = run.steps.measured(f"share_{name}")
            totals[name] = totals.get(name, 0.0) + (float(values[-1]) if values.size else 0.0)
    return totals


def rare_classes(runs: Iterable[Run], count: int = RARE_CLASSES) -> tuple[str, ...]:
    """The rarest classes that have an IoU; empty if the tables do not tell how frequent classes are."""
    everyone = list(runs)
    scored = {name for run in everyone for name in run.steps.names("iou_") if run.steps.measured(f"iou_{name}").size}
    return rarest_classes({name: support for name, support in class_support(everyone).items() if name in scored}, count)


@dataclass(frozen=True, eq=False)
class _Field:
    """What the lines of one family are compared on."""

    lines: Lines
    span: Span
    rare: tuple[str, ...]
    full_supervision: float | None

    def areas(self, line: Line) -> dict[int, float]:
        return {run.seed: area for run in self.lines[line] if (area := self.area(run)) is not None}

    def area(self, run: Run, classes: tuple[str, ...] = ()) -> float | None:
        columns = [f"iou_{name}" for name in classes] or ["mean_iou"]
        return area_under_curve(*run.steps.curve(*columns), *self.span)


def _compare_family(lines: Lines, full_supervision: float | None) -> list[LineResult]:
    everyone = [run for runs in lines.values() for run in runs]
    whole = span(everyone)
    if whole is None:
        return [_unmeasured(line, runs) for line, runs in lines.items()]
    compared = _Field(lines, whole, rare_classes(everyone), full_supervision)
    return [_line_result(line, compared) for line in lines]


def _line_result(line: Line, of: _Field) -> LineResult:
    runs, end = of.lines[line], of.span[1]
    unfinished = f"no run of this line has reached {end:.0f} regions"
    unranked = "the tables do not say how frequent classes are"
    return LineResult(
        line,
        _seeds(runs),
        final=_estimate((_points(run.steps.at(end, "mean_iou")) for run in runs), unfinished),
        trained=_estimate(
            (_points(run.finals.at(end, "mean_iou")) for run in runs), "no final training at the largest budget"
        ),
        area=_estimate((of.area(run) for run in runs), unfinished),
        rare_area=_estimate((of.area(run, of.rare) for run in runs), unfinished) if of.rare else Missing(unranked),
        against_random=_against_random(line, of),
        corrected_p=_UNTESTED,
        labels_to_reach=_labels_to_reach(line, of),
        way=_way(line, of),
        areas=of.areas(line),
    )


def _unmeasured(line: Line, runs: tuple[Run, ...]) -> LineResult:
    no = Missing("the mean IoU has not been measured after a label yet")
    return LineResult(line, _seeds(runs), no, no, no, no, no, _UNTESTED, (), no)


def _against_random(line: Line, of: _Field) -> PairedDifference | Missing:
    if line.acquisition == RANDOM:
        return Missing("the line that others are compared with")
    random = random_line(line, of.lines)
    if random is None:
        return Missing("there is no random line on the same data and budget, or several")
    difference = paired_difference(of.areas(line), of.areas(random))
    return difference or Missing("no seed in common with random that both have finished")


def _labels_to_reach(line: Line, of: _Field) -> tuple[Estimate | Missing, ...]:
    if of.full_supervision is None:
        return ()
    finished = [run.steps.curve("mean_iou") for run in of.lines[line] if of.area(run) is not None]
    return tuple(_regions_needed(finished, share * of.full_supervision) for share in TARGETS)


def _regions_needed(curves: Sequence[Curve], target: float) -> Estimate | Missing:
    reached = [regions for curve in curves if (regions := labels_to_reach(*curve, target)) is not None]
    if not curves or len(reached) < len(curves):
        return Missing(f"reached by {len(reached)} of {len(curves)} finished runs")
    return mean_interval(reached)


def _way(line: Line, of: _Field) -> float | Missing:
    if line.acquisition in (RANDOM, *UPPER_LINES):
        return Missing("this line is an end of the way")
    random = random_line(line, of.lines)
    uppers = [
        other for other in of.lines if other.acquisition in UPPER_LINES and random_line(other, of.lines) == random
    ]
    if random is None or not uppers:
        return Missing("there is no random or no upper line on the same data and budget")
    own, lower = of.areas(line), of.areas(random)
    highest: PairedDifference | None = None
    for upper in (of.areas(other) for other in uppers):
        above = paired_difference(upper, {seed: lower[seed] for seed in own.keys() & lower.keys()})
        if above is not None and (highest is None or above.difference.mean > highest.difference.mean):
            highest = above
    if highest is None or highest.difference.mean <= (highest.difference.half_width or 0):
        return Missing("no upper line lies above random by more than its interval")
    gained = sum(own[seed] - lower[seed] for seed in highest.seeds) / len(highest.seeds)
    way = share_of_way(gained, 0, highest.difference.mean)
    return Missing("the upper line does not lie above random") if way is None else way


def _corrected(results: list[LineResult]) -> tuple[LineResult, ...]:
    p_values = {
        result.line: p
        for result in results
        if isinstance(result.against_random, PairedDifference) and (p := result.against_random.p_value) is not None
    }
    corrected = dict(zip(p_values, holm(list(p_values.values())), strict=True))
    return tuple(replace(result, corrected_p=corrected.get(result.line, _untested(result))) for result in results)


def _untested(result: LineResult) -> Missing:
    difference = result.against_random
    return difference if isinstance(difference, Missing) else _UNTESTED


def _seeds(runs: Iterable[Run]) -> tuple[int, ...]:
    return tuple(run.seed for run in runs)


def _estimate(values: Iterable[float | None], reason: str) -> Estimate | Missing:
    there = [value for value in values if value is not None]
    return mean_interval(there) if there else Missing(reason)


def _points(fraction: float | None) -> float | None:
    return None if fraction is None else fraction * POINTS
