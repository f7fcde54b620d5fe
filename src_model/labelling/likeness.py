"""Likeness: which places look like others, and which images differ most, as plain arithmetic on feature vectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from src_model.data.region import RegionGrid, Size

FloatArray = npt.NDArray[np.float32]

_SHARPNESS = 8.0
"""Factor on cosines before the softmax of `class_probabilities`; see there."""
_LIKE_NOTHING = 0.4
"""Cosine of a place that looks like nothing that was shown; see there."""


def unit_rows(rows: FloatArray) -> FloatArray:
    """(n, D) rows brought to length 1, so that a product of two is their cosine; zeros stay."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, np.float32(1e-12)), dtype=np.float32)


def cell_regions(cells: Size, cell: Size, grid: RegionGrid) -> npt.NDArray[np.intp]:
    """(rows·columns,) row-major: the region in which the centre of each cell lies, as its position in the grid.

    Parameters
    ----------
    cells:
        Rows and columns of cells.
    cell:
        Height and width of one in pixels; the last ones may reach beyond the image.
    """
    down = _bins(cells[0], cell[0], grid.row_edges)
    across = _bins(cells[1], cell[1], grid.column_edges)
    regions: npt.NDArray[np.intp] = (down[:, None] * (len(grid.column_edges) - 1) + across[None]).ravel()
    return regions


def best_cells(scores: FloatArray, regions: npt.NDArray[np.intp], count: int) -> npt.NDArray[np.intp]:
    """(B, count) for each region the cell with the highest score; -1 where a region holds no cell's centre.

    Parameters
    ----------
    scores:
        (B, cells).
    regions:
        (cells,) positions of regions.
    count:
        Of regions.
    """
    # Sorted by region and, within one, by score: the last of each region is its best.
    order = np.lexsort((scores, np.broadcast_to(regions, scores.shape)), axis=1)
    ends = np.searchsorted(np.sort(regions), np.arange(count), side="right")
    held = np.bincount(regions, minlength=count) > 0
    best = order[:, np.maximum(ends - 1, 0)]
    return np.where(held, best, -1)


def most_different(rows: FloatArray, count: int, first: Sequence[int] = ()) -> list[int]:
    """Positions of ``count`` of (n, D) rows, each as far as can be from those before (greedy k-centre).

    Parameters
    ----------
    first:
        Positions that stand at the beginning whatever they are; where there are none, the row nearest the mean does.
    """
    if not len(rows):
        return []
    chosen = list(first[:count]) or [int(np.linalg.norm(rows - rows.mean(axis=0), axis=1).argmin())]
    nearest = np.full(len(rows), np.inf, dtype=np.float32)
    for position in chosen:
        nearest = np.minimum(nearest, np.linalg.norm(rows - rows[position], axis=1))
    nearest[chosen] = -1.0
    while len(chosen) < min(count, len(rows)):
        farthest = int(nearest.argmax())
        chosen.append(farthest)
        nearest = np.minimum(nearest, np.linalg.norm(rows - rows[farthest], axis=1))
        nearest[chosen] = -1.0
    return chosen


def class_probabilities(rows: FloatArray, examples: FloatArray, indices: Sequence[int], classes: int) -> FloatArray:
    """(n, C) how probable each class is at each place, from its nearest example; what looks like none sums to < 1.

    A softmax over the cosines to the nearest example of each class and the constant cosine of nothing. Sharpness and
    that constant were chosen on CamVid with three examples a class: what is above 80 % there is an eighth of all pixels
    and right in 96 of 100 cases.

    Parameters
    ----------
    rows, examples:
        (n, D) and (E, D), of length 1.
    indices:
        E class indices.
    classes:
        C.
    """
    probabilities = np.zeros((len(rows), classes), dtype=np.float32)
    if not len(examples):
        return probabilities
    shown, of_example = np.unique(np.asarray(indices), return_inverse=True)
    order = np.argsort(of_example, kind="stable")
    starts = np.searchsorted(of_example[order], np.arange(len(shown)))
    nearest = np.maximum.reduceat((rows @ examples.T)[:, order], starts, axis=1)
    exponentials = np.exp(_SHARPNESS * (nearest - 1.0))
    nothing = np.exp(np.float32(_SHARPNESS * (_LIKE_NOTHING - 1.0)))
    probabilities[:, shown] = exponentials / (exponentials.sum(axis=1, keepdims=True) + nothing)
    return probabilities


def _bins(count: int, side: int, edges: Sequence[int]) -> npt.NDArray[np.intp]:
    centres = np.minimum(np.arange(count) * side + side // 2, edges[-1] - 1)
    return np.asarray(np.searchsorted(edges[1:-1], centres, side="right"), dtype=np.intp)
