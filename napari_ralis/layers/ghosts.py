"""Ghosts: outlines of what was labelled round a region, so that the next label joins on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.layers import Labels

from napari_ralis.layers.layer_group import TAG, label_colours
from napari_ralis.layers.stack import find, place, redraw
from src_model.data.annotation import IGNORED, VOID
from src_model.data.annotation import Labels as LabelMap
from src_model.data.class_schema import ClassSchema
from src_model.data.region import Region

if TYPE_CHECKING:
    from napari.components import ViewerModel

MARGIN = 32
"""Pixels round the region within which neighbours show."""


class Ghosts:
    """One small layer, moved from region to region."""

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer

    def show(self, region: Region, labels: LabelMap, schema: ClassSchema) -> None:
        """Show the outlines of an image's (H, W) labels round this region."""
        values, origin = surroundings(region, labels)
        layer = find(self._viewer, "ghosts")
        if layer is None:
            layer = Labels(values, name="Neighbours", opacity=0.9, translate=origin, metadata={TAG: "ghosts"})
            layer.contour = 1
            place(self._viewer, layer)
        if layer.metadata.get("schema") != schema:
            layer.colormap = label_colours(schema)
            layer.metadata["schema"] = schema
        redraw(layer, values, origin)
        layer.editable = False

    def clear(self) -> None:
        """Remove the outlines."""
        if (layer := find(self._viewer, "ghosts")) is not None:
            self._viewer.layers.remove(layer)


def surroundings(region: Region, labels: LabelMap) -> tuple[LabelMap, tuple[int, int]]:
    """What lies round a region, VOID inside it, and the row and column at which it begins.

    (h + 64, w + 64) labels, less where the image ends.
    """
    top, left = max(region.row - MARGIN, 0), max(region.column - MARGIN, 0)
    bottom, right = region.row + region.height + MARGIN, region.column + region.width + MARGIN
    around = labels[top:bottom, left:right].copy()
    around[around == IGNORED] = VOID
    inner = (
        slice(region.row - top, region.row - top + region.height),
        slice(region.column - left, region.column - left + region.width),
    )
    around[inner] = VOID
    return around, (top, left)
