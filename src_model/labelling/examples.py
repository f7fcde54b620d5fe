"""Examples: places where a person has shown what a class looks like, before or beside any label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from src_model.data.class_schema import ClassSchema
from src_model.data.region import Region, RegionGrid


@dataclass(frozen=True, slots=True)
class Spot:
    """One pixel of an image: rows before columns."""

    image: str
    row: int
    column: int


@dataclass(frozen=True, slots=True)
class Example:
    """A class index was shown at this spot."""

    spot: Spot
    index: int


@dataclass(frozen=True, slots=True)
class Examples:
    """Everything that was shown, in the order of showing.

    Attributes
    ----------
    shown:
        The examples.
    finished:
        Whether the person has gone on to label: from then on their regions come first.
    """

    shown: tuple[Example, ...] = ()
    finished: bool = False

    @property
    def counts(self) -> dict[int, int]:
        """How often each class index was shown."""
        return dict(Counter(own.index for own in self.shown))

    def spots_of(self, index: int) -> tuple[Spot, ...]:
        """Where this class was shown."""
        return tuple(own.spot for own in self.shown if own.index == index)

    def regions(self, grid: Callable[[str], RegionGrid]) -> tuple[Region, ...]:
        """The region of each spot, each once; classes take turns, so that after a few regions each has been seen."""
        turns: Counter[int] = Counter()
        placed: list[tuple[int, Region]] = []
        for example in self.shown:
            placed.append((turns[example.index], region_at(example.spot, grid(example.spot.image))))
            turns[example.index] += 1
        return tuple(dict.fromkeys(region for _, region in sorted(placed, key=lambda own: own[0])))

    def to_json(self, schema: ClassSchema) -> dict[str, Any]:
        """Plain values, with the permanent ids of classes."""
        shown = [
            [own.spot.image, own.spot.row, own.spot.column, schema.classes[own.index].id]
            for own in self.shown
            if own.index < schema.num_classes
        ]
        return {"shown": shown, "finished": self.finished}

    @classmethod
    def from_json(cls, body: Mapping[str, Any], schema: ClassSchema) -> Examples:
        """Reverse of `to_json`; examples of classes that are gone are left out."""
        indices = {entry.id: index for index, entry in enumerate(schema.classes)}
        shown = tuple(
            Example(Spot(str(image), int(row), int(column)), indices[id])
            for image, row, column, id in body["shown"]
            if id in indices
        )
        return cls(shown, bool(body["finished"]))


def region_at(spot: Spot, grid: RegionGrid) -> Region:
    """The region that a spot lies in."""
    return grid.regions(spot.image)[grid.index_at(spot.row, spot.column)]


def spread_over_sequences(images: Sequence[str], sequence: Callable[[str], str]) -> tuple[str, ...]:
    """The images in an order whose beginning shows every sequence, and of each first what lies far apart."""
    members: dict[str, list[str]] = {}
    for image in images:
        members.setdefault(sequence(image), []).append(image)
    ranked = [
        (turn, name, own[place])
        for name, own in sorted(members.items())
        for turn, place in enumerate(_halving(len(own)))
    ]
    return tuple(image for _, _, image in sorted(ranked))


def _halving(count: int) -> list[int]:
    """0 … count-1 so that each beginning is spread: the middle, then the middles of what is left."""
    order: list[int] = []
    spans = [(0, count)]
    while spans:
        middles = [(start + stop) // 2 for start, stop in spans]
        order += middles
        halves = [
            part
            for (start, stop), middle in zip(spans, middles, strict=True)
            for part in ((start, middle), (middle + 1, stop))
        ]
        spans = [(start, stop) for start, stop in halves if start < stop]
    return order
