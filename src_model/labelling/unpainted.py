"""Unpainted: the three kinds of pixels without a class, told apart beside the patch and exported alike.

While a region is being painted they are values of its patch: VOID, IGNORED and UNSURE.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from src_model.data.annotation import IGNORED, VOID, Labels
from src_model.data.region import Size
from src_model.exceptions import AnnotationError
from src_model.labelling.painting import Mask

UNSURE = 253
"""One of two classes, and the painter cannot tell which. Never stored in an annotation: a `Doubt` says it beside it."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Pixels that are one of two classes, A or B.

    Attributes
    ----------
    first, second:
        Permanent ids of the two classes.
    bits:
        The pixels, packed and compressed; `mask` unpacks them.
    shape:
        Height and width of the region.
    """

    first: int
    second: int
    bits: bytes
    shape: Size

    @classmethod
    def about(cls, first: int, second: int, mask: Mask) -> Doubt:
        """These (h, w) pixels are ``first`` or ``second``.

        Raises
        ------
        AnnotationError
            If both are the same class.
        """
        if first == second:
            raise AnnotationError("A pixel cannot be unsure between a class and itself. Choose two classes.")
        return cls(first, second, zlib.compress(np.packbits(mask).tobytes()), (mask.shape[0], mask.shape[1]))

    @property
    def mask(self) -> Mask:
        """(h, w): which pixels."""
        packed = np.frombuffer(zlib.decompress(self.bits), dtype=np.uint8)
        pixels = self.shape[0] * self.shape[1]
        return np.unpackbits(packed, count=pixels).astype(np.bool_).reshape(self.shape)


@dataclass(frozen=True, slots=True)
class Unpainted:
    """Why pixels of a region have no class.

    Attributes
    ----------
    not_looked_at:
        Pixels nobody has decided about: they may be asked again.
    ignored:
        Pixels left out by decision: never asked again.
    doubts:
        Pixels that wait for a colleague, each with the two classes in question.
    """

    not_looked_at: int
    ignored: int
    doubts: tuple[Doubt, ...] = ()

    @property
    def unsure(self) -> int:
        """Pixels that wait for a colleague."""
        return sum(int(np.count_nonzero(doubt.mask)) for doubt in self.doubts)

    def to_json(self) -> dict[str, Any]:
        """Plain values for the project's log; `from_json` gives an equal object."""
        return {
            "not_looked_at": self.not_looked_at,
            "ignored": self.ignored,
            "doubts": [
                {
                    "classes": [doubt.first, doubt.second],
                    "shape": list(doubt.shape),
                    "bits": base64.b64encode(doubt.bits).decode("ascii"),
                }
                for doubt in self.doubts
            ],
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Unpainted:
        """What `to_json` wrote.

        Raises
        ------
        AnnotationError
            If the values are not those of unpainted pixels.
        """
        try:
            return cls(
                int(body["not_looked_at"]),
                int(body["ignored"]),
                tuple(_doubt_from_json(doubt) for doubt in body["doubts"]),
            )
        except (KeyError, TypeError, ValueError, zlib.error) as exc:
            raise AnnotationError(
                f"This does not say which pixels are unpainted: {exc!r}. Write it with to_json."
            ) from exc


def told_apart(
    patch: Labels, pairs: npt.NDArray[np.uint8], classes: Sequence[tuple[int, int]]
) -> tuple[Labels, Unpainted]:
    """Labels to store, and beside them why some pixels have none.

    Parameters
    ----------
    patch:
        (h, w) as painted: class indices, VOID, IGNORED and UNSURE.
    pairs:
        (h, w): for UNSURE pixels the position in ``classes``; of no meaning elsewhere.
    classes:
        Pairs of permanent class ids.

    Returns
    -------
    labels:
        (h, w) class indices, IGNORED and VOID, as an annotation takes them. All three kinds are VOID to training.
    unpainted:
        The three kinds apart.
    """
    unsure = patch == UNSURE
    doubts = tuple(
        Doubt.about(first, second, unsure & (pairs == position))
        for position, (first, second) in enumerate(classes)
        if (unsure & (pairs == position)).any()
    )
    counts = np.bincount(patch.ravel(), minlength=256)
    return np.where(unsure, np.uint8(VOID), patch), Unpainted(int(counts[VOID]), int(counts[IGNORED]), doubts)


def _doubt_from_json(body: Mapping[str, Any]) -> Doubt:
    (first, second), (height, width) = body["classes"], body["shape"]
    bits = base64.b64decode(body["bits"], validate=True)
    doubt = Doubt(int(first), int(second), bits, (int(height), int(width)))
    # Unpacked once here, so that damage shows when the log is read and not when the region is opened.
    doubt.mask.any()
    return doubt
