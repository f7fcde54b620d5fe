"""Borders: where a region's labels and its neighbours' disagree, and through which side an object leaves it."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from src_model.data.annotation import Labels
from src_model.data.region import Region, RegionGrid
from src_model.labelling.painting import Mask, Point

SEAM = 4
"""Pixels in a row that must differ. An outline that crosses a border, even slantwise, differs in fewer."""

_ANYWHERE = np.ones((3, 3), dtype=np.bool_)


class Side(StrEnum):
    """A side of a region."""

    TOP = "top"
    BOTTOM = "bottom"
    LEFT = "left"
    RIGHT = "right"


def seams(region: Region, patch: Labels, around: Labels, num_classes: int) -> Mask:
    """(h, w): pixels at the border of a region whose neighbour across it has another class, several in a row.

    Parameters
    ----------
    patch:
        (h, w) labels of the region; only classes are compared: who is unsure contradicts nobody.
    around:
        (H, W) labels of its image, VOID where nothing is labelled.
    num_classes:
        C: higher values are no class.
    """
    marked = np.zeros(patch.shape, dtype=np.bool_)
    for side in Side:
        outside = _outside(region, around, side)
        if outside is not None:
            own = patch[_EDGES[side]]
            differ = (own != outside) & (own < num_classes) & (outside < num_classes)
            marked[_EDGES[side]] |= _long_runs(differ, SEAM)
    return marked


def leaving_sides(patch: Labels, index: int, point: Point) -> tuple[Side, ...]:
    """The sides of a region in the order in which an object is likely to go on beyond them.

    First those that the object under the point touches, the longest contact first; then those that any object of the
    class touches; then the rest, the nearest first.

    Parameters
    ----------
    patch:
        (h, w) as painted.
    index:
        The class in question: that of the object under the point, or else the one in the brush.
    point:
        Row and column in the patch; it may lie outside.
    """
    under, of_class = _object_at(patch, point, index), patch == index
    distances = _distances(patch, point)
    order = sorted(Side, key=lambda side: (-_contact(under, side), -_contact(of_class, side), distances[side]))
    return tuple(order)


def class_at(patch: Labels, point: Point, num_classes: int) -> int | None:
    """The class that is painted at a point; None off the patch and where there is none."""
    place = _pixel(patch, point)
    if place is None or patch[place] >= num_classes:
        return None
    return int(patch[place])


def adjoining(region: Region, grid: RegionGrid, side: Side, patch: Labels, index: int) -> Region | None:
    """The region beyond a side, where the class touches it or else in its middle; None where the image ends."""
    touches = np.nonzero(patch[_EDGES[side]] == index)[0]
    middle = int(np.median(touches)) if touches.size else len(patch[_EDGES[side]]) // 2
    row, column = {
        Side.TOP: (region.row - 1, region.column + middle),
        Side.BOTTOM: (region.row + region.height, region.column + middle),
        Side.LEFT: (region.row + middle, region.column - 1),
        Side.RIGHT: (region.row + middle, region.column + region.width),
    }[side]
    if not (0 <= row < grid.image_size[0] and 0 <= column < grid.image_size[1]):
        return None
    return grid.regions(region.image)[grid.index_at(row, column)]


_EDGES: dict[Side, tuple[int | slice, int | slice]] = {
    Side.TOP: np.s_[0, :],
    Side.BOTTOM: np.s_[-1, :],
    Side.LEFT: np.s_[:, 0],
    Side.RIGHT: np.s_[:, -1],
}


def _outside(region: Region, around: Labels, side: Side) -> Labels | None:
    rows, columns = region.window
    if side is Side.TOP:
        return around[rows.start - 1, columns] if rows.start else None
    if side is Side.BOTTOM:
        return around[rows.stop, columns] if rows.stop < around.shape[0] else None
    if side is Side.LEFT:
        return around[rows, columns.start - 1] if columns.start else None
    return around[rows, columns.stop] if columns.stop < around.shape[1] else None


def _long_runs(flags: npt.NDArray[np.bool_], least: int) -> npt.NDArray[np.bool_]:
    """(n,): the flags that stand at least so many in a row."""
    steps = np.diff(np.concatenate([[0], flags.astype(np.int8), [0]]))
    starts, ends = np.nonzero(steps == 1)[0], np.nonzero(steps == -1)[0]
    long = ends - starts >= least
    kept = np.zeros(len(flags) + 1, dtype=np.int64)
    kept[starts[long]] += 1
    kept[ends[long]] -= 1
    return np.cumsum(kept)[:-1] > 0


def _object_at(patch: Labels, point: Point, index: int) -> Mask:
    """(h, w): the connected pixels of this class under a point; none where there is another."""
    place = _pixel(patch, point)
    if place is None or patch[place] != index:
        return np.zeros(patch.shape, dtype=np.bool_)
    pieces, _ = ndimage.label(patch == index, _ANYWHERE)
    return np.asarray(pieces == pieces[place])


def _pixel(patch: Labels, point: Point) -> tuple[int, int] | None:
    row, column = round(point[0]), round(point[1])
    inside = 0 <= row < patch.shape[0] and 0 <= column < patch.shape[1]
    return (row, column) if inside else None


def _contact(mask: Mask, side: Side) -> int:
    return int(np.count_nonzero(mask[_EDGES[side]]))


def _distances(patch: Labels, point: Point) -> dict[Side, float]:
    row, column = point
    height, width = patch.shape
    return {Side.TOP: row, Side.BOTTOM: height - 1 - row, Side.LEFT: column, Side.RIGHT: width - 1 - column}
