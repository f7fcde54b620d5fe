"""Colour planes: all red, then all green, all blue; arithmetic on planes takes a fraction of its time on pixels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from src_model.data.streets.polygons import Floats, Tint


def coloured(kinds: npt.NDArray[np.uint8], tints: Mapping[int, Tint | Floats]) -> Floats:
    """(3, h, w) float32 planes with the tint of each kind, (h, w)."""
    table = np.zeros((3, max(tints) + 1), dtype=np.float32)
    for kind, tint in tints.items():
        table[:, kind] = tint
    where = kinds.astype(np.intp)
    return np.stack([tone.take(where) for tone in table])


def tone(tint: Tint | Floats) -> Floats:
    """(3, 1, 1) float32: one colour for whole planes."""
    return np.asarray(tint, dtype=np.float32).reshape(3, 1, 1)


def mix(
    planes: Floats, where: npt.NDArray[np.bool_], keep: float | Floats, share: float | Floats = 0.0,
    tint: Tint | Floats = (0.0, 0.0, 0.0),
) -> None:  # fmt: skip
    """Change the (M,) pixels of a (h, w) mask in place: colour · keep + share · tint.

    Parameters
    ----------
    planes:
        (3, h, w) float32, C-contiguous.
    where:
        (h, w) pixels to change.
    keep, share:
        One number, or (M,).
    tint:
        Red, green and blue.
    """
    at = np.flatnonzero(where)
    for plane, value in zip(planes.reshape(3, -1), np.asarray(tint, dtype=np.float32), strict=True):
        plane[at] = plane[at] * keep + share * value


def as_bytes(planes: Floats) -> npt.NDArray[np.uint8]:
    """The planes, cut to what a byte holds."""
    return np.clip(planes, 0, 255).astype(np.uint8)
