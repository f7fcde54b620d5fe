"""Doubts: pixels that are one of two classes, and the painter cannot tell which. They wait for a colleague."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from src_model.data.region import Size
from src_model.exceptions import AnnotationError

Mask = npt.NDArray[np.bool_]
"""(h, w): which pixels of a patch."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Pixels that are one of two classes, A or B. To training and to every export they have no label.

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

    def to_json(self) -> dict[str, Any]:
        """Plain values for the project's log; `from_json` gives an equal object."""
        return {
            "classes": [self.first, self.second],
            "shape": list(self.shape),
            "bits": base64.b64encode(self.bits).decode("ascii"),
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Doubt:
        """What `to_json` wrote.

        Raises
        ------
        AnnotationError
            If the values are not those of a doubt, or its pixels are damaged.
        """
        try:
            (first, second), (height, width) = body["classes"], body["shape"]
            bits = base64.b64decode(body["bits"], validate=True)
            doubt = cls(int(first), int(second), bits, (int(height), int(width)))
            # Unpacked once here, so that damage shows when the log is read and not when the region is opened.
            doubt.mask.any()
        except (KeyError, TypeError, ValueError, zlib.error) as exc:
            raise AnnotationError(
                f"This does not say which pixels somebody was unsure of: {exc!r}. Write it with to_json."
            ) from exc
        return doubt
