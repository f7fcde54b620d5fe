"""Painting: what strokes, lines and fills make of a region's patch. Pure functions; undo belongs to the view."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from src_model.data.annotation import VOID, Labels
from src_model.data.region import Size

Mask = npt.NDArray[np.bool_]
"""(h, w): which pixels of a patch."""

Point = tuple[float, float]
"""Row and column in pixels of the patch, counted from the centre of its first pixel; it may lie outside."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of a patch is painted.

    Attributes
    ----------
    unpainted, pixels:
        Pixels that are VOID, and all of them.
    """

    unpainted: int
    pixels: int

    @property
    def share(self) -> float:
        """Unpainted share, 0 … 1."""
        return self.unpainted / self.pixels


def progress(patch: Labels) -> Progress:
    """How much of an (h, w) patch is painted; what was ignored by decision or is unsure counts as painted."""
    return Progress(int(np.count_nonzero(patch == VOID)), patch.size)


def fill_rest(patch: Labels, index: int) -> Labels:
    """The patch with this class wherever nothing was painted."""
    return np.where(patch == VOID, np.uint8(index), patch)


def assign(patch: Labels, mask: Mask, index: int, protected: Collection[int] = ()) -> Labels:
    """The patch with this class under the mask, except where a protected class lies."""
    return np.where(mask & ~held_by(patch, protected), np.uint8(index), patch)


def held_by(patch: Labels, protected: Collection[int]) -> Mask:
    """(h, w): where one of these classes lies."""
    table = np.zeros(256, dtype=np.bool_)
    table[list(protected)] = True
    return table[patch]


def thick_line(shape: Size, start: Point, end: Point, width: float) -> Mask:
    """Pixels of a patch within half a width of the straight line between two points; its ends are round.

    Parameters
    ----------
    shape:
        Height and width of the patch; the line is cut off at its borders.
    start, end:
        Where the line begins and ends, in the patch or outside.
    width:
        In pixels; under one pixel is drawn as one.
    """
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    down, right = end[0] - start[0], end[1] - start[1]
    length = down**2 + right**2
    along: npt.NDArray[np.float64] | float = 0.0
    if length > 0:
        along = np.clip(((rows - start[0]) * down + (columns - start[1]) * right) / length, 0.0, 1.0)
    distance = (rows - start[0] - along * down) ** 2 + (columns - start[1] - along * right) ** 2
    return np.asarray(distance <= max(width / 2, _HALF_A_PIXEL) ** 2)


_HALF_A_PIXEL = np.sqrt(0.5)
"""Half a diagonal: below this a slanting line of one pixel would have holes."""
