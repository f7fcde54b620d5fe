"""Unpainted: the three kinds of pixels without a class, told apart and exported alike.

In an annotation *not looked at* is VOID, *ignored by decision* is IGNORED, *unsure* is VOID with a `Doubt` beside it.
While a region is being painted all of them are values of its patch: VOID, IGNORED, and from UNSURE downwards a value a
pair of classes, so that strokes, undo and redo carry the pair along.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from src_model.data.annotation import IGNORED, VOID, Annotation, Labels
from src_model.data.class_schema import ClassSchema
from src_model.data.doubt import Doubt
from src_model.exceptions import AnnotationError

UNSURE = 253
"""The first pair of classes between which somebody is unsure; further pairs take the values below. Never stored in an
annotation: a `Doubt` says it beside it."""

Pair = tuple[int, int]
"""Permanent ids of two classes, the smaller one first."""


@dataclass(frozen=True, slots=True)
class Unpainted:
    """Why pixels of a region have no class.

    Attributes
    ----------
    not_looked_at:
        Pixels nobody has decided about: they may be asked again.
    ignored:
        Pixels left out by decision: never asked again.
    unsure:
        Pixels that wait for a colleague.
    """

    not_looked_at: int
    ignored: int
    unsure: int


def unpainted(annotation: Annotation) -> Unpainted:
    """The three kinds of an annotation, counted apart."""
    counts = np.bincount(annotation.labels.ravel(), minlength=256)
    unsure = sum(int(np.count_nonzero(doubt.mask)) for doubt in annotation.doubts)
    return Unpainted(int(counts[VOID]) - unsure, int(counts[IGNORED]), unsure)


class UnsurePairs:
    """Which value of a patch stands for which pair of classes. Pairs are added and never move.

    Parameters
    ----------
    schema:
        The classes; values above its last index and up to UNSURE are for pairs.
    pairs:
        Those that patches painted earlier speak of, in their order.
    """

    def __init__(self, schema: ClassSchema, pairs: Iterable[Pair] = ()) -> None:
        self._schema = schema
        self._pairs: list[Pair] = []
        for first, second in pairs:
            self._add(first, second)

    @property
    def all(self) -> tuple[Pair, ...]:
        """Every pair, in the order of their values, from UNSURE downwards."""
        return tuple(self._pairs)

    def value(self, first: int, second: int) -> int:
        """What stands for these two class ids in a patch; a pair that is new gets the next value.

        Raises
        ------
        AnnotationError
            If both are the same class, or there are more pairs than values.
        """
        if first == second:
            raise AnnotationError("A pixel cannot be unsure between a class and itself. Choose two classes.")
        pair = min(first, second), max(first, second)
        if pair not in self._pairs:
            self._add(*pair)
        return UNSURE - self._pairs.index(pair)

    def name(self, value: int) -> str:
        """A pair as people read it."""
        names = {entry.id: entry.name for entry in (*self._schema.classes, *self._schema.ignored)}
        first, second = self._pairs[UNSURE - value]
        return f"{names.get(first, f'class {first}')} or {names.get(second, f'class {second}')}"

    @property
    def names(self) -> dict[int, str]:
        """Every pair as people read it, by value."""
        return {UNSURE - place: self.name(UNSURE - place) for place in range(len(self._pairs))}

    def told_apart(self, patch: Labels) -> tuple[Labels, tuple[Doubt, ...]]:
        """Labels to store, and beside them what somebody was unsure of.

        Parameters
        ----------
        patch:
            (h, w) as painted.

        Returns
        -------
        labels:
            (h, w) class indices, IGNORED and VOID, as an annotation takes them.
        doubts:
            One a pair that was painted.
        """
        unsure = (patch >= self._schema.num_classes) & (patch <= UNSURE)
        doubts = tuple(
            Doubt.about(*pair, patch == UNSURE - place)
            for place, pair in enumerate(self._pairs)
            if (patch == UNSURE - place).any()
        )
        return np.where(unsure, np.uint8(VOID), patch), doubts

    def painted(self, annotation: Annotation) -> Labels:
        """(h, w) what was painted: labels, with the value of its pair wherever somebody was unsure."""
        patch = annotation.labels
        for doubt in annotation.doubts:
            patch[doubt.mask & (patch == VOID)] = self.value(doubt.first, doubt.second)
        return patch

    def _add(self, first: int, second: int) -> None:
        if UNSURE - len(self._pairs) < self._schema.num_classes:
            raise AnnotationError(
                f"There are {len(self._pairs)} pairs of unsure classes already, and no more fit beside "
                f"{self._schema.num_classes} classes. Use one of them, or leave the pixels unpainted."
            )
        self._pairs.append((first, second))
