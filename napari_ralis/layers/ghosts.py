"""Ghosts: outlines of what was labelled round a region, so that the next label joins on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Labels

from napari_ralis.layers.layer_group import TAG, label_colours
from napari_ralis.layers.stack import find, place, redraw
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
    """One layer as large as the image; it is empty but for the margin round the region in hand."""

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer

    def show(self, region: Region, labels: LabelMap, schema: ClassSchema) -> None:
        """Show the outlines of an image's (H, W) labels round this region."""
        outlines, origin = surroundings(region, labels)
        values = np.full(labels.shape, VOID, dtype=np.uint8)
        values[origin[0] : origin[0] + outlines.shape[0], origin[1] : origin[1] + outlines.shape[1]] = outlines
        layer = find(self._viewer, "ghosts")
        if layer is None:
            layer = Labels(values, name="Neighbours", opacity=0.9, metadata={TAG: "ghosts"})
            place(self._viewer, layer)
        if layer.metadata.get("schema") != schema:
            layer.colormap = label_colours(schema)
            layer.metadata["schema"] = schema
        redraw(layer, values, (0, 0))
        layer.editable = False

    def clear(self) -> None:
        """Remove the outlines."""
        if (layer := find(self._viewer, "ghosts")) is not None:
            self._viewer.layers.remove(layer)


def surroundings(region: Region, labels: LabelMap) -> tuple[LabelMap, tuple[int, int]]:
    """Outlines round a region, and the row and column at which they begin.

    (h + 64, w + 64) labels, less where the image ends: the class where it meets another, VOID everywhere else. Where
    labels merely end, there is no outline.
    """
    top, left = max(region.row - MARGIN, 0), max(region.column - MARGIN, 0)
    bottom, right = region.row + region.height + MARGIN, region.column + region.width + MARGIN
    around = for_training(labels[top:bottom, left:right])
    outlines = np.where(_meeting(around), around, np.uint8(VOID))
    inner = (
        slice(region.row - top, region.row - top + region.height),
        slice(region.column - left, region.column - left + region.width),
    )
    outlines[inner] = VOID
    return outlines, (top, left)


def _meeting(labels: LabelMap) -> Mask:
    """(h, w): pixels beside one of another class."""
    meeting = np.zeros(labels.shape, dtype=np.bool_)
    known = labels != VOID
    for one, other in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        differ = (labels[one] != labels[other]) & known[one] & known[other]
        meeting[one] |= differ
        meeting[other] |= differ
    return meeting
