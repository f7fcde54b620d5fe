"""The class list: classes as a person makes them up before a project begins, and what is wrong with them."""

from __future__ import annotations

import colorsys
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from src_model.data.class_schema import LARGEST_ID, MOST_CLASSES, ClassSchema, Colour, SemanticClass
from src_model.data.readers.camvid import CAMVID
from src_model.data.readers.cityscapes import CITYSCAPES
from src_model.data.streets.classes import DRONE_CLASSES
from src_model.exceptions import DataError

MOST_STARRED = 3
"""Classes that must be good: with more of them none would come first."""
PRESETS: Mapping[str, ClassSchema] = MappingProxyType(
    {"Cityscapes": CITYSCAPES, "CamVid": CAMVID, "UAVid": DRONE_CLASSES}
)
"""Schemas to begin with, by the name that people know."""
_GOLDEN = 0.618034
_KEY = re.compile(r"[0-9]|[CXZ] [A-Z]")


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class as it is made up.

    Attributes
    ----------
    id:
        Permanent: a renamed class keeps it.
    name, colour:
        As shown to people.
    key:
        Digit, or C, X or Z and a second letter; "": one is found.
    definition:
        What belongs to it, in one line.
    starred:
        Whether it must be good.
    """

    id: int
    name: str
    colour: Colour
    key: str = ""
    definition: str = ""
    starred: bool = False


@dataclass(frozen=True, slots=True)
class ClassFault:
    """What is wrong: in which row, or in none of them, and in words that end in what to do."""

    row: int | None
    text: str


def rows_of(schema: ClassSchema) -> tuple[ClassRow, ...]:
    """The classes of a schema."""
    return tuple(ClassRow(entry.id, entry.name, entry.colour) for entry in schema.classes)


def with_new_row(rows: Sequence[ClassRow]) -> tuple[ClassRow, ...]:
    """The same and one more without a name, with an id that none has and a colour unlike those before it."""
    id = max((row.id for row in rows), default=-1) + 1
    if id > LARGEST_ID:
        taken = {row.id for row in rows}
        id = next(free for free in range(LARGEST_ID + 1) if free not in taken)
    red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(_GOLDEN * len(rows) % 1.0, 0.75, 0.85))
    return (*rows, ClassRow(id, "", (red, green, blue)))


def spelt_key(text: str) -> str:
    """A key as it is kept: ``c p`` and ``CP`` are ``C P``."""
    strokes = "".join(text.split()).upper()
    return " ".join(strokes) if len(strokes) == 2 else strokes


def class_faults(rows: Sequence[ClassRow]) -> tuple[ClassFault, ...]:
    """Everything that keeps a project from beginning with these classes."""
    faults: list[ClassFault] = []
    if not rows:
        faults.append(ClassFault(None, "There are no classes. Add one, or choose a preset."))
    if len(rows) > MOST_CLASSES:
        faults.append(ClassFault(None, f"There are {len(rows)} classes. Remove some: {MOST_CLASSES} is the most."))
    starred = sum(row.starred for row in rows)
    if starred > MOST_STARRED:
        faults.append(ClassFault(None, f"{starred} classes have a star. Leave it to {MOST_STARRED} at most."))
    names = Counter(map(_plain, (row.name for row in rows)))
    keys = Counter(row.key for row in rows if row.key)
    for index, row in enumerate(rows):
        if (text := _fault(row, names, keys)) is not None:
            faults.append(ClassFault(index, text))
    return tuple(faults)


def schema_of(name: str, rows: Sequence[ClassRow]) -> ClassSchema:
    """The schema of rows without faults.

    Raises
    ------
    DataError
        With the first fault.
    """
    for fault in class_faults(rows):
        raise DataError(fault.text)
    return ClassSchema(name, tuple(SemanticClass(row.id, " ".join(row.name.split()), row.colour) for row in rows))


def _fault(row: ClassRow, names: Mapping[str, int], keys: Mapping[str, int]) -> str | None:
    if not row.name.strip():
        return "A class has no name. Type one, or remove it."
    if names[_plain(row.name)] > 1:
        return f"Two classes are called “{row.name.strip()}”. Rename one of them."
    if row.key and not _KEY.fullmatch(row.key):
        return f"“{row.key}” is no key for {row.name}. Give a digit, or C, X or Z and a second letter."
    if row.key and keys[row.key] > 1:
        return f"Two classes have the key {row.key}. Give one of them another."
    return None


def _plain(name: str) -> str:
    """As class schemas compare names."""
    return re.sub(r"[\s_-]+", " ", name).strip().casefold()
