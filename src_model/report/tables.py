"""Report tables: results as rows of text in which every gap has its reason."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_lowercase

import numpy as np

from src_model.report.figures.budget_axis import BudgetScale, megapixels, percent
from src_model.report.results.comparison import (
    RARE_CLASSES,
    TARGETS,
    LineResult,
    Missing,
    class_counts,
    class_support,
    rare_classes,
    span,
)
from src_model.report.results.lines import Lines, settings_of
from src_model.report.results.policy_tables import Trainings
from src_model.report.results.run_tables import Run
from src_model.report.results.statistics import POINTS, Curve, Estimate, PairedDifference, mean_curve, mean_interval

_GAP = "–"
_ONE_RUN = "one run: no interval"


@dataclass(frozen=True, slots=True)
class Entry:
    """A cell before its notes have letters."""

    text: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """Text of a cell and the letter of its note, if it has one."""

    text: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table ready to be shown.

    Attributes
    ----------
    header, rows:
        The first column names the row.
    notes:
        Letter and text.
    left_out:
        A sentence for each column that would hold nothing but gaps.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[tuple[str, str], ...] = ()
    left_out: tuple[str, ...] = ()

    def markdown(self) -> str:
        """As GitHub-flavoured markdown, notes below."""
        lines = [self.header, ("---",) + ("---:",) * (len(self.header) - 1)]
        lines += [tuple(f"{cell.text}{_raised(cell.mark)}".replace("|", "\\|") for cell in row) for row in self.rows]
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        notes = [f"{_raised(mark)} {text}." for mark, text in self.notes] + list(self.left_out)
        return table + ("\n\n" + "\\\n".join(notes) if notes else "")


def result_table(results: Sequence[LineResult], scale: BudgetScale | None = None) -> Table:
    """What each line reached; points of IoU, budgets in regions and, with a scale, percent of the pixels."""
    rare = f"rare-{RARE_CLASSES} area"
    columns: dict[str, list[Entry]] = {
        "line": [Entry(result.line.label) for result in results],
        "seeds": [_seeds(result) for result in results],
        "final mean IoU": [_estimate(result.final) for result in results],
        "after final training": [_estimate(result.trained) for result in results],
        "area": [_estimate(result.area, 2) for result in results],
        "area minus random": [_difference(result.against_random) for result in results],
        "p (Holm)": [_p_value(result.corrected_p) for result in results],
        rare: [_estimate(result.rare_area, 2) for result in results],
    }
    for share, needed in zip(TARGETS, zip(*(result.labels_to_reach for result in results), strict=True), strict=False):
        columns[f"regions to {share * 100:.0f} % of full supervision"] = [_regions(one, scale) for one in needed]
    columns["way to the upper line"] = [
        Entry(_GAP, result.way.reason) if isinstance(result.way, Missing) else Entry(f"{number(result.way * 100, 0)} %")
        for result in results
    ]
    return _table(columns)


def result_caption(lines: Lines) -> str:
    """What the numbers of the result table of one family are."""
    runs = [run for one in lines.values() for run in one]
    whole = span(runs)
    reach = f"from {whole[0]:.0f} to {whole[1]:.0f} labelled regions" if whole else "over no budget yet"
    rare = rare_classes(runs)
    rarest = f" The rarest classes are {', '.join(rare)}." if rare else ""
    return (
        f"Mean IoU in points. Area: mean height of its curve {reach}, on a linear axis. ±: half width of the 95 % t "
        "interval over seeds. Differences are taken seed by seed; p: paired t-test of the area, corrected after Holm "
        f"over all lines that are compared here.{rarest}"
    )


def points_table(lines: Lines) -> Table:
    """Mean IoU at every budget, with the pixels it stands for."""
    everyone = [run for runs in lines.values() for run in runs]
    fractions, pixels = (_by_budget(everyone, column) for column in ("labelled_fraction", "labelled_pixels"))
    budgets = sorted({float(budget) for run in everyone for budget in run.steps.curve("mean_iou")[0]})
    missing = Missing("not read at this budget in every run of the line")
    columns = {
        "labelled regions": [Entry(f"{budget:.0f}") for budget in budgets],
        "pixels": [
            Entry(megapixels(pixels[budget])) if budget in pixels else Entry(_GAP, "not in the tables")
            for budget in budgets
        ],
        "of the training pixels": [
            Entry(percent(fractions[budget])) if budget in fractions else Entry(_GAP, "not in the tables")
            for budget in budgets
        ],
    }
    for line, runs in lines.items():
        shared, estimates = mean_curve([run.steps.curve("mean_iou") for run in runs])
        at = dict(zip(shared.tolist(), estimates, strict=True))
        columns[line.label] = [_estimate(_in_points(at[budget]) if budget in at else missing) for budget in budgets]
    return _table(columns)


def class_table(lines: Lines) -> Table:
    """IoU of each class at the largest budget with its support in the scored images; frequent classes first."""
    everyone = [run for runs in lines.values() for run in runs]
    whole = span(everyone)
    support = class_support(everyone)
    total = sum(support.values())
    classes = list(dict.fromkeys(name for run in everyone for name in run.steps.names("iou_")))
    classes.sort(key=lambda name: -support.get(name, 0.0))
    columns = {
        "class": [Entry(name) for name in classes],
        "share of the pool": [
            Entry(percent(support[name] / total))
            if total and name in support
            else Entry(_GAP, "the tables do not tell")
            for name in classes
        ],
        "support, pixels": _counted(everyone, classes, "scored_pixels"),
        "support, images": _counted(everyone, classes, "scored_images"),
    }
    for line, runs in lines.items():
        columns[line.label] = [_class_iou(runs, name, whole[1] if whole else 0.0) for name in classes]
    return _table(columns)


def policy_table(trainings: Trainings) -> Table:
    """What policy trainings came to; points, means over seeds."""
    columns: dict[str, list[Entry]] = {"training": [Entry(label) for label in trainings]}
    columns["seeds"] = [Entry(str(len(own))) for own in trainings.values()]
    columns["finished episodes"] = [
        Entry(_range(len(one.finished_episodes) for one in own)) for own in trainings.values()
    ]
    columns["environment steps"] = [Entry(_range(one.environment_steps for one in own)) for own in trainings.values()]
    for title, place in (("return of the first episode", 0), ("return of the last", -1)):
        columns[title] = [_ended([one.returns() for one in own], place) for own in trainings.values()]
    finals = [
        [(places, values * POINTS) for places, values in (one.final_iou() for one in own)] for own in trainings.values()
    ]
    columns["final mean IoU, reward set"] = [_ended(curves, -1) for curves in finals]
    return _table(columns)


def seconds_table(lines: Lines) -> Table:
    """Mean seconds of each phase of a step, over all steps and runs of a line."""
    names = dict.fromkeys(name for runs in lines.values() for run in runs for name in run.steps.columns)
    phases = [name for name in names if name.endswith("_seconds")]
    columns = {"line": [Entry(line.label) for line in lines]}
    for phase in phases:
        columns[phase.removesuffix("_seconds").replace("_", " ")] = [
            _mean_seconds(runs, phase) for runs in lines.values()
        ]
    columns["whole run"] = [_whole_seconds(runs, phases) for runs in lines.values()]
    return _table(columns)


def settings_table(lines: Lines) -> Table:
    """Settings in which lines differ, a line each."""
    settings = [settings_of(runs[0].config) for runs in lines.values()]
    columns = {"line": [Entry(line.label) for line in lines]}
    for name in _differing(settings):
        columns[name] = [_setting(own[name]) if name in own else Entry(_GAP, "of no effect here") for own in settings]
    return _table(columns)


def shared_settings(lines: Lines) -> dict[str, str]:
    """Settings that all lines have in common, by dotted name; what only dqn uses is told by its lines."""
    settings = [settings_of(runs[0].config) for runs in lines.values()]
    differing = set(_differing(settings))
    return {name: _setting(value).text for own in settings for name, value in own.items() if name not in differing}


def _table(columns: Mapping[str, Sequence[Entry]]) -> Table:
    kept = {
        name: entries for name, entries in columns.items() if not entries or any(one.text != _GAP for one in entries)
    }
    reasons = dict.fromkeys(one.reason for row in zip(*kept.values(), strict=True) for one in row if one.reason)
    marks = {reason: _letters(position) for position, reason in enumerate(reasons)}
    rows = zip(*kept.values(), strict=True)
    return Table(
        header=tuple(kept),
        rows=tuple(tuple(Cell(one.text, marks.get(one.reason, "")) for one in row) for row in rows),
        notes=tuple((mark, reason) for reason, mark in marks.items()),
        left_out=_left_out({name: entries for name, entries in columns.items() if name not in kept}),
    )


def _left_out(columns: Mapping[str, Sequence[Entry]]) -> tuple[str, ...]:
    names_of: dict[str, list[str]] = {}
    for name, entries in columns.items():
        reasons = "; ".join(dict.fromkeys(entry.reason for entry in entries))
        names_of.setdefault(reasons, []).append(f"“{name}”")
    return tuple(f"Without {', '.join(names)}: {reasons}." for reasons, names in names_of.items())


def _letters(position: int) -> str:
    before, letter = divmod(position, len(ascii_lowercase))
    return (_letters(before - 1) if before else "") + ascii_lowercase[letter]


def _raised(mark: str) -> str:
    return f"<sup>{mark}</sup>" if mark else ""


def number(value: float, decimals: int, sign: str = "") -> str:
    """A number with a true minus, and no sign before zero."""
    text = f"{value:{sign}.{decimals}f}"
    if float(text) == 0:
        text = text.lstrip("+-")
    return text.replace("-", "−")


def p_text(value: float) -> str:
    """``p = 0.012``, or ``p < 0.001``."""
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def _estimate(value: Estimate | Missing, decimals: int = 1, sign: str = "") -> Entry:
    if isinstance(value, Missing):
        return Entry(_GAP, value.reason)
    if value.half_width is None:
        return Entry(number(value.mean, decimals, sign), _ONE_RUN)
    return Entry(f"{number(value.mean, decimals, sign)} ± {number(value.half_width, decimals)}")


def _range(values: Iterable[int]) -> str:
    every = list(values)
    return str(every[0]) if min(every) == max(every) else f"{min(every)}–{max(every)}"


def _ended(curves: Sequence[Curve], place: int) -> Entry:
    values = [float(values[place]) for _, values in curves if values.size]
    return _estimate(mean_interval(values) if values else Missing("no episode is finished"))


def _regions(value: Estimate | Missing, scale: BudgetScale | None) -> Entry:
    entry = _estimate(value, 0)
    if isinstance(value, Missing) or scale is None:
        return entry
    return Entry(f"{entry.text} ({percent(value.mean * scale.fraction)})", entry.reason)


def _difference(value: PairedDifference | Missing) -> Entry:
    return Entry(_GAP, value.reason) if isinstance(value, Missing) else _estimate(value.difference, 2, "+")


def _p_value(value: float | Missing) -> Entry:
    if isinstance(value, Missing):
        return Entry(_GAP, value.reason)
    return Entry(p_text(value).removeprefix("p ").removeprefix("= "))


def _seeds(result: LineResult) -> Entry:
    finished = result.area.count if isinstance(result.area, Estimate) else 0
    if finished == len(result.seeds):
        return Entry(str(finished))
    return Entry(
        f"{finished} of {len(result.seeds)}",
        "the others have not come as far as the largest budget, or have no reading there",
    )


def _in_points(estimate: Estimate) -> Estimate:
    half_width = None if estimate.half_width is None else estimate.half_width * POINTS
    return Estimate(estimate.mean * POINTS, half_width, estimate.count)


def _by_budget(runs: Sequence[Run], column: str) -> dict[float, float]:
    return {
        budget: value
        for run in runs
        for budget, value in zip(*map(np.ndarray.tolist, run.steps.curve(column)), strict=True)
    }


def _counted(runs: Sequence[Run], classes: Sequence[str], column: str) -> list[Entry]:
    counts = class_counts(runs, column)
    missing = Entry(_GAP, "not recorded by these runs")
    return [Entry(f"{counts[name]:,.0f}") if name in counts else missing for name in classes]


def _class_iou(runs: Sequence[Run], name: str, budget: float) -> Entry:
    values = [value for run in runs if (value := run.steps.at(budget, f"iou_{name}")) is not None]
    missing = Missing("not measured at the largest budget, or no pixel of the class in the scored images")
    return _estimate(_in_points(mean_interval(values)) if values else missing)


def _mean_seconds(runs: Sequence[Run], phase: str) -> Entry:
    values = np.concatenate([run.steps.measured(phase) for run in runs])
    if not values.size:
        return Entry(_GAP, "not measured")
    return Entry(f"{values.mean():.3g}" if values.mean() >= 0.001 else "< 0.001")


def _whole_seconds(runs: Sequence[Run], phases: Collection[str]) -> Entry:
    sums = [sum(float(run.steps.measured(phase).sum()) for phase in phases) for run in runs]
    return Entry(f"{np.mean(sums):.0f}") if phases else Entry(_GAP, "not measured")


def _differing(settings: Sequence[Mapping[str, object]]) -> list[str]:
    names = dict.fromkeys(name for own in settings for name in own)
    return [name for name in names if len({str(own[name]) for own in settings if name in own}) > 1]


def _setting(value: object) -> Entry:
    return Entry("not set" if value is None else str(value))
