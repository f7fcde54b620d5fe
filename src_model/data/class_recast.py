"""Class recast: another class list for the same labels, by merging classes and leaving some out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from src_model.data.annotation import VOID, Labels
from src_model.data.class_schema import ClassSchema, SemanticClass
from src_model.exceptions import ConfigurationError

_CHANCE_TO_LEAVE_OUT = 0.25
"""Of every class too many, that it becomes VOID and is not merged with another."""
_MOST_LEFT_OUT = 0.3
"""Of all labelled pixels; who labels a data set does not ignore most of it."""

_Group = tuple[int, ...]


@dataclass(frozen=True)
class ClassRecast:
    """A class list and how the old classes go into it.

    Attributes
    ----------
    schema:
        The new classes; old ones that have no pixels or were left out are its ignored entries.
    groups:
        For each new class, the indices of the old classes it holds.
    """

    schema: ClassSchema
    groups: tuple[_Group, ...]

    def labels(self, labels: Labels) -> Labels:
        """(h, w) old class indices to new ones; VOID stays VOID, and so become classes that were left out."""
        lookup = np.full(256, VOID, dtype=np.uint8)
        for index, group in enumerate(self.groups):
            lookup[list(group)] = index
        recast: Labels = lookup[labels]
        return recast


def draw_recast(
    schema: ClassSchema, pixels: npt.NDArray[np.integer], fewest: int, rng: np.random.Generator
) -> ClassRecast:
    """A class list drawn at random, in random order, of classes that have pixels.

    How many there will be is drawn first, evenly between ``fewest`` and as many as there are. As long as there are
    more, one is left out or two are merged, which may have been merged before.

    Parameters
    ----------
    schema:
        Old classes.
    pixels:
        (C,) labelled pixels of each old class.
    fewest:
        Least number of new classes, if there are so many with pixels.
    rng:
        Draws everything.

    Raises
    ------
    ConfigurationError
        If no class has pixels.
    """
    groups: list[_Group] = [(int(index),) for index in np.flatnonzero(pixels)]
    if not groups:
        raise ConfigurationError("None of these images has a labelled pixel. Take images with labels.")
    wanted = int(rng.integers(min(fewest, len(groups)), len(groups) + 1))
    spare = _MOST_LEFT_OUT * float(np.sum(pixels))
    while len(groups) > wanted:
        first, second = (int(place) for place in rng.choice(len(groups), 2, replace=False))
        leave_out = rng.random() < _CHANCE_TO_LEAVE_OUT
        held = float(np.sum(pixels[list(groups[first])]))
        if leave_out and held <= spare:
            spare -= held
            groups.pop(first)
        else:
            groups[second] = (*groups[second], *groups[first])
            groups.pop(first)
    ordered = tuple(tuple(sorted(groups[place])) for place in rng.permutation(len(groups)))
    return ClassRecast(_schema_of(schema, ordered), ordered)


def _schema_of(schema: ClassSchema, groups: tuple[_Group, ...]) -> ClassSchema:
    """A merged class bears the names of all its members and the id and colour of the first."""
    classes = [
        SemanticClass(
            schema.classes[group[0]].id,
            " + ".join(schema.names[index] for index in group),
            schema.classes[group[0]].colour,
        )
        for group in groups
    ]
    held = {index for group in groups for index in group}
    ignored = [entry for index, entry in enumerate(schema.classes) if index not in held]
    return ClassSchema(f"{schema.name} recast", tuple(classes), tuple(ignored))
