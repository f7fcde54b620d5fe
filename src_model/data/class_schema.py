"""Class schemas: which classes there are, what they are called and how the classes of two data sets correspond."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from src_model.exceptions import DataError

Colour = tuple[int, int, int]
"""Red, green and blue, 0 … 255 each."""

MOST_CLASSES = 253
"""Label maps are uint8, and 253, 254 and 255 have other meanings."""
LARGEST_ID = 65_535
"""Masks have at most 16 bits a pixel."""


@dataclass(frozen=True, slots=True)
class SemanticClass:
    """One class as the masks of a data set know it.

    Attributes
    ----------
    id:
        Value in the data set's masks. Permanent: it stays when the class is renamed or the order changes.
    name:
        As shown to people; schemas are mapped onto each other by it.
    colour:
        As shown to people, and what stands for the class in colour masks.
    """

    id: int
    name: str
    colour: Colour

    def __post_init__(self) -> None:
        if not 0 <= self.id <= LARGEST_ID:
            raise DataError(f"Class {self.name!r} has the id {self.id}. Give it an id from 0 to {LARGEST_ID}.")
        if not self.name.strip():
            raise DataError(f"The class with id {self.id} has no name. Give it one.")
        if not all(0 <= channel <= 255 for channel in self.colour):
            raise DataError(f"Class {self.name!r} has the colour {self.colour}. Give three numbers from 0 to 255.")


@dataclass(frozen=True)
class ClassSchema:
    """The classes of a data set: index 0 … C-1 is the position in ``classes``.

    Attributes
    ----------
    name:
        Of the schema, for messages and tables.
    classes:
        What is segmented, in the order of the network's outputs.
    ignored:
        Entries of the masks that are known and left out: they are read as VOID.

    Raises
    ------
    DataError
        If there is no class or too many, or an id or name occurs twice.
    """

    name: str
    classes: tuple[SemanticClass, ...]
    ignored: tuple[SemanticClass, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= len(self.classes) <= MOST_CLASSES:
            raise DataError(
                f"The class table {self.name} has {len(self.classes)} classes that are not ignored. "
                f"Give it 1 to {MOST_CLASSES}."
            )
        entries = (*self.classes, *self.ignored)
        _refuse_repeated(self.name, "id", (entry.id for entry in entries))
        _refuse_repeated(self.name, "name", (_plain(entry.name) for entry in entries))

    @property
    def num_classes(self) -> int:
        """C."""
        return len(self.classes)

    @property
    def names(self) -> tuple[str, ...]:
        """C names in index order."""
        return tuple(entry.name for entry in self.classes)

    @cached_property
    def ids(self) -> npt.NDArray[np.int64]:
        """(C,) permanent ids in index order."""
        return np.array([entry.id for entry in self.classes], dtype=np.int64)

    @cached_property
    def colours(self) -> npt.NDArray[np.uint8]:
        """(C, 3) uint8 RGB in index order."""
        return np.array([entry.colour for entry in self.classes], dtype=np.uint8)

    def index_of(self, name: str) -> int:
        """Index of the class with this name; case, blanks, ``-`` and ``_`` do not matter.

        Raises
        ------
        DataError
            If there is no such class.
        """
        try:
            return self._index_by_name[_plain(name)]
        except KeyError:
            raise DataError(
                f"There is no class {name!r} in {self.name}. Choose one of: {', '.join(self.names)}."
            ) from None

    def mapping_to(self, other: ClassSchema, aliases: Mapping[str, str] | None = None) -> npt.NDArray[np.int64]:
        """For each class of this schema, its index in ``other``; -1 where it has no counterpart.

        A class goes to the one that its alias names, otherwise to its namesake. Several classes may go to the same one
        (car, truck and bus of GTAV are all CamVid's car), none goes to two.

        Parameters
        ----------
        other:
            Where to.
        aliases:
            Name here → name in ``other``, for classes that are called differently.

        Returns
        -------
        (C,) int64

        Raises
        ------
        DataError
            If an alias speaks of a class that one of the two schemas does not have.
        """
        targets = {self.index_of(source): other.index_of(target) for source, target in (aliases or {}).items()}
        for index, name in enumerate(self.names):
            targets.setdefault(index, other._index_by_name.get(_plain(name), -1))
        return np.array([targets[index] for index in range(self.num_classes)], dtype=np.int64)

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file; `from_json` gives an equal schema."""
        return {
            "name": self.name,
            "classes": [_entry_to_json(entry) for entry in self.classes],
            "ignored": [_entry_to_json(entry) for entry in self.ignored],
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> ClassSchema:
        """The schema that `to_json` wrote.

        Raises
        ------
        DataError
            If the values are not those of a schema.
        """
        try:
            return cls(
                str(body["name"]),
                tuple(_entry_from_json(entry) for entry in body["classes"]),
                tuple(_entry_from_json(entry) for entry in body.get("ignored", ())),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as exc:
            raise DataError(
                f"This is not a class table: {exc!r}. Write it with to_json or open the data set again."
            ) from exc

    @cached_property
    def _index_by_name(self) -> dict[str, int]:
        return {_plain(name): index for index, name in enumerate(self.names)}


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name).strip().casefold()


def _refuse_repeated(schema: str, what: str, values: Iterable[Hashable]) -> None:
    repeated = [value for value, count in Counter(values).items() if count > 1]
    if repeated:
        raise DataError(
            f"The class table {schema} has the {what} {repeated[0]!r} twice. Give every class its own {what}."
        )


def _entry_to_json(entry: SemanticClass) -> dict[str, Any]:
    return {"id": entry.id, "name": entry.name, "colour": list(entry.colour)}


def _entry_from_json(body: Mapping[str, Any]) -> SemanticClass:
    red, green, blue = (int(channel) for channel in body["colour"])
    return SemanticClass(int(body["id"]), str(body["name"]), (red, green, blue))
