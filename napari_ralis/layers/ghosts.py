"""Ghosts: outlines of what was labelled round a region, so that the next label joins on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Labels

from napari_ralis.layers.layer_group import label_colours
from napari_ralis.layers.stack import TAG, find, place, redraw
from src_model.data.annotation import VOID, for_training
from src_model.data.annotation import Labels as LabelMap
from src_model.data.class_schema import ClassSchema
from src_model.data.region import Region
from src_model.labelling.painting import Mask

if TYPE_CHECKING:
    from napari.components import ViewerModel

MARGIN = 32
"""Pixels round the region within which neighbours show."""


class Ghosts:
    """One layer a margin larger than the region in hand; one as large as the image takes a third of each drawing."""

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer

    def show(self, region: Region, labels: LabelMap, schema: ClassSchema) -> None:
        """Show the outlines of an image's (H, W) labels round this region."""
        outlines = surroundings(region, labels)
        layer = find(self._viewer, "ghosts")
        if layer is None:
            layer = Labels(outlines, name="Neighbours", opacity=0.9, metadata={TAG: "ghosts"})
            place(self._viewer, layer)
        if layer.metadata.get("schema") != schema:
            layer.colormap = label_colours(schema)
            layer.metadata["schema"] = schema
        redraw(layer, outlines, (region.row - MARGIN, region.column - MARGIN))
        layer.editable = False

    def clear(self) -> None:
        """Remove the outlines."""
        if (layer := find(self._viewer, "ghosts")) is not None:
            self._viewer.layers.remove(layer)


def surroundings(region: Region, labels: LabelMap) -> LabelMap:
    """Outlines round a region: (h + 64, w + 64) labels, the class where it meets another, VOID everywhere else.

    Where labels merely end, and beyond the image, there is no outline.
    """
    top, left = max(region.row - MARGIN, 0), max(region.column - MARGIN, 0)
    bottom, right = region.row + region.height + MARGIN, region.column + region.width + MARGIN
    around = for_training(labels[top:bottom, left:right])
    outlines = np.full((region.height + 2 * MARGIN, region.width + 2 * MARGIN), VOID, dtype=np.uint8)
    row, column = top - (region.row - MARGIN), left - (region.column - MARGIN)
    inside = np.s_[row : row + around.shape[0], column : column + around.shape[1]]
    outlines[inside] = np.where(_meeting(around), around, np.uint8(VOID))
    outlines[MARGIN:-MARGIN, MARGIN:-MARGIN] = VOID
    return outlines


def _meeting(labels: LabelMap) -> Mask:
    """(h, w): pixels beside one of another class."""
    meeting = np.zeros(labels.shape, dtype=np.bool_)
    known = labels != VOID
    for one, other in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        differ = (labels[one] != labels[other]) & known[one] & known[other]
        meeting[one] |= differ
        meeting[other] |= differ
    return meeting
