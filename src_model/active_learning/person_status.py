"""How a person's run stands, and what it asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from src_model.data.region import Region
from src_model.labelling.check_regions import checks_due


@dataclass(frozen=True, slots=True)
class Asked:
    """A region to label; a blind one gets no draft."""

    region: Region
    blind: bool


@dataclass(frozen=True, slots=True)
class RunStatus:
    """How a run stands.

    Attributes
    ----------
    labelled_regions, labelled_pixels:
        To learn from.
    check_regions:
        Labelled to measure with.
    unseen:
        Labels that no fit has learned from: how old the model is.
    waiting:
        Regions proposed and not answered.
    may_fit:
        Whether there is anything to learn.
    fit_is_due:
        Whether a query has all its answers.
    should_propose:
        Whether fewer regions wait than should, and more may be asked.
    should_embed:
        Whether there are images to embed that somebody waits for, or to draw check regions by.
    """

    labelled_regions: int
    labelled_pixels: int
    check_regions: int
    unseen: int
    waiting: int
    may_fit: bool
    fit_is_due: bool
    should_propose: bool
    should_embed: bool


def in_turn(
    proposed: Sequence[Region],
    checks: Sequence[Region],
    answered: int,
    checked: int,
    count: int,
    *,
    checks_first: bool,
    more_to_come: bool,
) -> tuple[Asked, ...]:
    """The next regions to label, at most ``count``.

    Check regions come among the others in their turn, and where nothing else is left; but the first region of all is
    one to learn from, even if it has to be waited for.

    Parameters
    ----------
    proposed, checks:
        Regions to learn from and to measure with, soonest first.
    answered, checked:
        How many have been labelled in all, and of those check regions.
    checks_first:
        Whether no other region is asked before these check regions.
    more_to_come:
        Whether regions to learn from may still be proposed.
    """
    asked: list[Asked] = []
    others, blind_ones = list(proposed), list(checks)
    while len(asked) < count and (others or blind_ones):
        due = checks_first or checks_due(answered + 1) > checked
        if not others and not due and more_to_come and checks_due(answered + 1) == 0:
            break
        blind = bool(blind_ones) and (not others or due)
        asked.append(Asked((blind_ones if blind else others).pop(0), blind))
        answered, checked = answered + 1, checked + blind
    return tuple(asked)
