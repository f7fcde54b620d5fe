"""Crops: what is known of each labelled region, and which of them the wall shows. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from src_model.data.region import Region

_Choice = TypeVar("_Choice", bound=StrEnum)


class Showing(StrEnum):
    """What the wall is looked through for; the value is what people read."""

    EVERYTHING = "everything"
    UNSURE = "unsure, waiting for a colleague"
    SEAMS = "seams that disagree"
    NOT_LOOKED_AT = "pixels left unpainted"
    IGNORED = "pixels ignored by decision"
    DIFFERS = "the model disagrees, most first"


class Since(StrEnum):
    """When a region was labelled last."""

    EVER = "at any time"
    WEEK = "in the last 7 days"
    DAY = "in the last 24 hours"
    SITTING = "in this sitting"


class Whose(StrEnum):
    """Who wanted the region labelled."""

    ANYBODY = "whoever chose"
    PROPOSED = "proposed"
    OWN_CHOICE = "chosen by hand"


@dataclass(frozen=True, slots=True)
class Crop:
    """One labelled region.

    Attributes
    ----------
    classes:
        Indices of the classes in it.
    times:
        When it was labelled, the first time first; empty where that is not known.
    own_choice:
        Whether nobody proposed it.
    doubts:
        What somebody was unsure of: pairs as people read them.
    seam, not_looked_at, ignored:
        Pixels, as in `Looks`; None while nobody has counted.
    differs:
        Share of its labelled pixels of which the model says something else; None while that is not known, and always
        for check regions: who corrects those towards the model measures nothing.
    person:
        Who labelled it last; "" if that is not known.
    """

    region: Region
    classes: frozenset[int]
    times: tuple[datetime, ...] = ()
    own_choice: bool = False
    doubts: tuple[str, ...] = ()
    seam: int | None = None
    not_looked_at: int | None = None
    ignored: int | None = None
    differs: float | None = None
    person: str = ""


@dataclass(frozen=True, slots=True)
class CropFilter:
    """Which crops the wall shows.

    Attributes
    ----------
    index:
        Of the class that they hold; None for any.
    person:
        Who labelled them last, "" for those of whom that is not known; None for anybody.
    """

    index: int | None = None
    showing: Showing = Showing.EVERYTHING
    since: Since = Since.EVER
    whose: Whose = Whose.ANYBODY
    person: str | None = None

    def next_showing(self) -> CropFilter:
        """The same, looked through for the next thing."""
        return replace(self, showing=_next(Showing, self.showing))

    def next_since(self) -> CropFilter:
        """The same over another time."""
        return replace(self, since=_next(Since, self.since))

    def next_whose(self) -> CropFilter:
        """The same of somebody else."""
        return replace(self, whose=_next(Whose, self.whose))

    def next_person(self, people: Sequence[str]) -> CropFilter:
        """The same of the next of these people, and after the last one of all of them."""
        turn = [None, *people]
        place = turn.index(self.person) if self.person in turn else 0
        return replace(self, person=turn[(place + 1) % len(turn)])


def people_of(crops: Iterable[Crop]) -> tuple[str, ...]:
    """Who labelled these, in the order of the alphabet; "" last."""
    return tuple(sorted({crop.person for crop in crops}, key=lambda name: (not name, name.casefold(), name)))


def named(person: str) -> str:
    """As people read it."""
    return person or "unknown"


def chosen(crops: Iterable[Crop], wanted: CropFilter, now: datetime, began: datetime) -> tuple[Crop, ...]:
    """The crops that a filter lets through, the newest first; with `Showing.DIFFERS`, the most doubtful first.

    Parameters
    ----------
    now, began:
        The time, and that of the beginning of the sitting.
    """
    earliest = {
        Since.EVER: None,
        Since.WEEK: now - timedelta(days=7),
        Since.DAY: now - timedelta(days=1),
        Since.SITTING: began,
    }[wanted.since]
    kept = [crop for crop in crops if _passes(crop, wanted, earliest)]
    if wanted.showing is Showing.DIFFERS:
        return tuple(sorted(kept, key=lambda crop: -(crop.differs or 0.0)))
    return tuple(sorted(kept, key=_newest_first))


def describe(crop: Crop, names: tuple[str, ...]) -> str:
    """One line about a crop."""
    parts = [f"{crop.region.image}, row {crop.region.row}, column {crop.region.column}"]
    parts.append(", ".join(names[index] for index in sorted(crop.classes)) or "no class")
    if crop.times:
        when = ", ".join(f"{time.astimezone():%d %b %H:%M}" for time in crop.times[-3:])
        parts.append(f"labelled {when}" if len(crop.times) == 1 else f"labelled {len(crop.times)} times: {when}")
    parts += [f"by {crop.person}"] if crop.person else []
    parts += ["chosen by hand"] if crop.own_choice else []
    parts += [f"unsure: {pair}" for pair in crop.doubts]
    parts += [f"seam of {crop.seam} pixels"] if crop.seam else []
    parts += [f"{crop.not_looked_at:,} pixels unpainted"] if crop.not_looked_at else []
    parts += [f"{crop.ignored:,} ignored"] if crop.ignored else []
    parts += [f"the model differs on {100 * crop.differs:.0f} %"] if crop.differs is not None else []
    return " · ".join(parts)


def _passes(crop: Crop, wanted: CropFilter, earliest: datetime | None) -> bool:
    if wanted.index is not None and wanted.index not in crop.classes:
        return False
    if earliest is not None and (not crop.times or crop.times[-1] < earliest):
        return False
    if wanted.person is not None and crop.person != wanted.person:
        return False
    if wanted.whose is not Whose.ANYBODY and crop.own_choice is not (wanted.whose is Whose.OWN_CHOICE):
        return False
    return {
        Showing.EVERYTHING: True,
        Showing.UNSURE: bool(crop.doubts),
        Showing.SEAMS: bool(crop.seam),
        Showing.NOT_LOOKED_AT: bool(crop.not_looked_at),
        Showing.IGNORED: bool(crop.ignored),
        Showing.DIFFERS: bool(crop.differs),
    }[wanted.showing]


def _newest_first(crop: Crop) -> tuple[float, Region]:
    last = crop.times[-1] if crop.times else datetime.fromtimestamp(0, UTC)
    return -last.timestamp(), crop.region


def _next(choices: type[_Choice], current: _Choice) -> _Choice:
    values = list(choices)
    return values[(values.index(current) + 1) % len(values)]
