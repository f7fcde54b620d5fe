"""Labelled cells: the rows that the fast segmenter's head learns from, kept from one fit to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from src_model.data.annotation import Annotation
from src_model.data.images import LabelSource
from src_model.data.labelled_set import LabelledSet
from src_model.data.region import Region, Size
from src_model.segmentation.cell_labels import cells_under, class_pixels
from src_model.segmentation.frozen_features import FrozenFeatures
from src_model.segmentation.projection import Projection

_Stamp = Annotation | bytes
"""What the labels of a region were when its rows were made."""

_Kept = tuple[_Stamp, torch.Tensor, torch.Tensor]
"""With the features and the pixels of the rows."""


@dataclass(frozen=True, slots=True, eq=False)
class CellRows:
    """Cells with at least one labelled pixel, region after region.

    Attributes
    ----------
    features:
        (n, D) float32.
    pixels:
        (n, C) float32, labelled pixels of each class: the soft labels. A cell that two regions share makes two rows.
    regions:
        (n,) int64, position of the region each row belongs to.
    """

    features: torch.Tensor
    pixels: torch.Tensor
    regions: torch.Tensor


class LabelledCells:
    """Makes and remembers the rows of labelled regions; a fit decodes nothing but what is new or corrected.

    Rows of the last call are kept, 4·(C+D) bytes a cell.

    Parameters
    ----------
    features:
        Of the images.
    cell:
        Pixels a cell, height and width.
    num_classes:
        C.
    """

    def __init__(self, features: FrozenFeatures, cell: Size, num_classes: int) -> None:
        self._features = features
        self._cell = cell
        self._num_classes = num_classes
        self._projection: Projection | None = None
        self._kept: dict[Region, _Kept] = {}

    def rows(self, regions: Sequence[Region], labels: LabelSource) -> CellRows:
        """The rows of at least one region, as it is labelled now."""
        projection = self._features.projection
        if projection is not self._projection:
            self._projection, self._kept = projection, {}
        current: dict[Region, _Kept] = {}
        for region in regions:
            stamp = _stamp(region, labels)
            kept = self._kept.get(region)
            current[region] = kept if kept is not None and kept[0] == stamp else self._made(region, stamp, labels)
        self._kept = current
        features = [kept[1] for kept in current.values()]
        lengths = torch.tensor([len(part) for part in features])
        return CellRows(
            features=torch.cat(features),
            pixels=torch.cat([kept[2] for kept in current.values()]),
            regions=torch.repeat_interleave(torch.arange(len(features)), lengths),
        )

    def _made(self, region: Region, stamp: _Stamp, labels: LabelSource) -> tuple[_Stamp, torch.Tensor, torch.Tensor]:
        patch = stamp.labels if isinstance(stamp, Annotation) else labels.labels(region.image)[region.window]
        counts = torch.from_numpy(class_pixels(patch, self._cell, self._num_classes, (region.row, region.column)))
        labelled = counts.any(dim=1)
        features = self._features.of_cells(region.image, *cells_under(region, self._cell))
        return stamp, features[labelled.to(features.device)], counts[labelled].to(features.device, torch.float32)


def _stamp(region: Region, labels: LabelSource) -> _Stamp:
    """The annotation where there is one, since it is replaced by a correction; otherwise the labels themselves."""
    if isinstance(labels, LabelledSet):
        return labels.annotation(region)
    return labels.labels(region.image)[region.window].tobytes()
