"""Headline: which acquisition leads, by how much, and what these runs cannot say; in whole sentences."""

from __future__ import annotations

from collections.abc import Sequence

from src_model.report.figures.budget_axis import BudgetScale, told
from src_model.report.results.comparison import LineResult, span
from src_model.report.results.lines import RANDOM, UPPER_LINES, Lines
from src_model.report.results.statistics import Estimate, PairedDifference, paired_difference
from src_model.report.tables import number, p_text


def headline(lines: Lines, results: Sequence[LineResult], scale: BudgetScale | None) -> tuple[str, ...]:
    """Sentences on the lines of one family: the leader, its lead over random and over the second, the limits.

    Upper lines know the true labels and cannot lead.
    """
    whole = span(run for runs in lines.values() for run in runs)
    ranked = sorted(
        ((result, result.area) for result in results if isinstance(result.area, Estimate) and _may_lead(result)),
        key=lambda pair: -pair[1].mean,
    )
    if whole is None or not ranked:
        return (
            "No run has been read at the largest budget yet, so nothing can be said about which acquisition leads.",
        )
    (leader, area), *others = ranked
    name = leader.line.label
    reach = f"At {told(scale, whole[1])}"
    if whole[0] < whole[1]:
        reach = f"Averaged over the budgets from {whole[0]:.0f} to {told(scale, whole[1])}"
    height = _height(leader, area, reach)
    if not others:
        return (f"{name} stands alone: whether its choices help, nothing here can say.", height)
    sentences = [_verdict(leader), height]
    second = others[0][0]
    if second.line.acquisition != RANDOM or leader.line.acquisition == RANDOM:
        sentences.append(_against_second(leader, second))
    if len(ranked) > 2:
        sentences.append(
            f"It was picked as the best of {len(ranked)} after the runs, which flatters it a little: new seeds decide."
        )
    return tuple(sentences)


def _verdict(leader: LineResult) -> str:
    name, paired = leader.line.label, leader.against_random
    if leader.line.acquisition == RANDOM:
        return f"{name} leads: no other acquisition has a higher curve."
    if not isinstance(paired, PairedDifference):
        return f"{name} has the highest curve; how far above random is not known: {paired.reason}."
    difference = paired.difference
    if difference.half_width is None:
        gain = f"{_distance(difference)} random on one shared seed"
        return f"{name} has the highest curve, {gain}: that cannot tell a gain from chance."
    if _reaches_zero(difference):
        more = f"{difference.count} seeds do not show that to be more than chance"
        return f"{name} has the highest curve, {_distance(difference)} random: {more}."
    return f"{name} leads: its curve lies {_distance(difference)} random."


def _height(leader: LineResult, area: Estimate, reach: str) -> str:
    said = f"{reach}, its mean IoU is {_interval(area)}"
    paired = leader.against_random
    if not isinstance(paired, PairedDifference) or not isinstance(leader.corrected_p, float):
        return f"{said}."
    return f"{said}. Against random, {p_text(leader.corrected_p)} (paired t-test over seeds, corrected after Holm)."


def _against_second(leader: LineResult, second: LineResult) -> str:
    paired = paired_difference(leader.areas, second.areas)
    other = second.line.label
    if paired is None:
        return f"{other} comes second, on other seeds: the two cannot be compared."
    difference = paired.difference
    if difference.half_width is None:
        return f"{other} comes second, {number(difference.mean, 2)} points behind on one seed: that says nothing."
    behind = f"{other} comes second, {number(difference.mean, 2)} ± {number(difference.half_width, 2)} points behind"
    if _reaches_zero(difference):
        return f"{behind}: which of the two is better these runs cannot say."
    return f"{behind} on the same seeds."


def _may_lead(result: LineResult) -> bool:
    return result.line.acquisition not in UPPER_LINES


def _reaches_zero(difference: Estimate) -> bool:
    return abs(difference.mean) <= (difference.half_width or 0.0)


def _interval(estimate: Estimate) -> str:
    spread = "" if estimate.half_width is None else f" ± {number(estimate.half_width, 1)}"
    seeds = "one seed, no interval" if estimate.count == 1 else f"{estimate.count} seeds"
    return f"{number(estimate.mean, 1)}{spread} points ({seeds})"


def _distance(difference: Estimate) -> str:
    spread = "" if difference.half_width is None else f" ± {number(difference.half_width, 2)}"
    return f"{number(abs(difference.mean), 2)}{spread} points {'above' if difference.mean >= 0 else 'below'}"
