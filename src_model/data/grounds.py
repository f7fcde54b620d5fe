"""Grounds: what a rule knew of the regions it chose, kept with the query for people to read. It decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any

from src_model.data.region import Region


@dataclass(frozen=True, slots=True)
class Ground:
    """Why one region was chosen, in numbers; None where the rule did not look at its candidates.

    Attributes
    ----------
    rank:
        1: no candidate of the step had a higher score.
    entropy:
        Mean over its pixels in nats.
    margin:
        Mean p₂/p₁ (BvSB), 1 where undecided.
    doubt:
        Place of its margin among the candidates, 0: the surest … 1: the least sure.
    rarity:
        Part of the labels so far that are of other classes than those expected here, 0 … 1; 1 before the first label.
    shares:
        C parts of the region expected to be of each class; none where nobody looked.
    """

    rank: int
    entropy: float | None = None
    margin: float | None = None
    doubt: float | None = None
    rarity: float | None = None
    shares: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Grounds:
    """Why the regions of one query were chosen.

    Attributes
    ----------
    rule:
        Name of the acquisition.
    candidates:
        N of the step, out of which the ranks are.
    regions:
        K, in the order of the query.
    state_value:
        V(s), for a query network that has one.
    labelled:
        C classes in regions' worth of labels when it was chosen.
    others:
        What other rules would have asked out of the same candidates, by name.
    """

    rule: str
    candidates: int
    regions: tuple[Ground, ...]
    state_value: float | None = None
    labelled: tuple[float, ...] = ()
    others: tuple[tuple[str, tuple[Region, ...]], ...] = ()

    @property
    def at_random(self) -> bool:
        """Whether chance alone chose."""
        return self.rule == "random"


def grounds_to_json(grounds: Grounds) -> dict[str, Any]:
    """Plain numbers, texts, lists and dictionaries."""
    return {
        "rule": grounds.rule,
        "candidates": grounds.candidates,
        "regions": [list(astuple(own)) for own in grounds.regions],
        "state_value": grounds.state_value,
        "labelled": list(grounds.labelled),
        "others": {name: [list(astuple(region)) for region in asked] for name, asked in grounds.others},
    }


def _ground(rank: int, *numbers: Any) -> Ground:
    entropy, margin, doubt, rarity, shares = numbers
    return Ground(rank, entropy, margin, doubt, rarity, tuple(shares))


def grounds_from_json(body: Mapping[str, Any]) -> Grounds:
    """Reverse of `grounds_to_json`.

    Raises
    ------
    KeyError, TypeError, ValueError
        If it is damaged.
    """
    return Grounds(
        rule=str(body["rule"]),
        candidates=int(body["candidates"]),
        regions=tuple(_ground(*own) for own in body["regions"]),
        state_value=body["state_value"],
        labelled=tuple(body["labelled"]),
        others=tuple((name, tuple(Region(*region) for region in asked)) for name, asked in body["others"].items()),
    )
