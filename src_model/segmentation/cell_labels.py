"""Cell labels: how many pixels of each class a cell of the fast segmenter holds."""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import torch

from src_model.data.annotation import Labels
from src_model.data.dataset import Dataset
from src_model.data.held_images import HeldImages
from src_model.data.images import LabelSource
from src_model.data.region import Region, Size


def cell_grid(size: Size, cell: Size) -> Size:
    """Rows and columns of cells of an image of this size; cells at the far borders may be cut off."""
    return -(-size[0] // cell[0]), -(-size[1] // cell[1])


def cells_under(region: Region, cell: Size) -> tuple[slice, slice]:
    """Rows and columns of the cells that share a pixel with this region."""
    rows = slice(region.row // cell[0], -(-(region.row + region.height) // cell[0]))
    columns = slice(region.column // cell[1], -(-(region.column + region.width) // cell[1]))
    return rows, columns


def class_pixels(
    labels: Labels, cell: Size, num_classes: int, corner: tuple[int, int] = (0, 0)
) -> npt.NDArray[np.int64]:
    """Pixels of each class in each cell under a label patch, by one bincount.

    Parameters
    ----------
    labels:
        (h, w) uint8; values from ``num_classes`` on (VOID, IGNORED) are not counted.
    cell:
        Pixels a cell, height and width.
    num_classes:
        C.
    corner:
        Row and column of the patch in its image; cells are those of the image, not of the patch.

    Returns
    -------
    (cells, C) int64 counts, cells row-major; a border cell counts what the patch holds of it.
    """
    rows = (np.arange(labels.shape[0]) + corner[0] % cell[0]) // cell[0]
    columns = (np.arange(labels.shape[1]) + corner[1] % cell[1]) // cell[1]
    cells = rows[:, None] * (columns[-1] + 1) + columns
    total = int(cells[-1, -1]) + 1
    # Slot C collects what is not counted, which is cheaper than selecting the rest.
    pairs = cells * (num_classes + 1) + np.minimum(labels, num_classes)
    counts = np.bincount(pairs.ravel(), minlength=total * (num_classes + 1))
    return counts.reshape(total, num_classes + 1)[:, :num_classes]


class CellLabelMemory:
    """Class pixels of whole images; those of a `Dataset` or of `HeldImages`, which never change, are counted once.

    Remembered counts take (cells · C) bytes an image with cells of up to 255 pixels: 19 kB for CamVid in 10×10 cells.

    Parameters
    ----------
    cell:
        Pixels a cell, height and width.
    num_classes:
        C.
    """

    def __init__(self, cell: Size, num_classes: int) -> None:
        self._cell = cell
        self._num_classes = num_classes
        area = cell[0] * cell[1]
        self._dtype = np.uint8 if area < 2**8 else np.int16 if area < 2**15 else np.int64
        self._counted: WeakKeyDictionary[Dataset | HeldImages, dict[str, torch.Tensor]] = WeakKeyDictionary()

    def class_pixels(self, images: Sequence[str], labels: LabelSource) -> torch.Tensor:
        """(cells of all images in order, C) counts, of the smallest type that holds a cell."""
        if not isinstance(labels, Dataset | HeldImages):
            return torch.cat([self._count(labels.labels(image)) for image in images])
        known = self._counted.setdefault(labels, {})
        known.update((image, self._count(labels.labels(image))) for image in images if image not in known)
        return torch.cat([known[image] for image in images])

    def _count(self, labels: Labels) -> torch.Tensor:
        return torch.from_numpy(class_pixels(labels, self._cell, self._num_classes).astype(self._dtype))
