"""The layer group: the shown image, its masks and its regions as layers of one viewer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from napari.layers import Image, Labels, Layer, Shapes
from napari.utils.colormaps import DirectLabelColormap

from napari_ralis.layers.stack import TAG, find, place, redraw
from napari_ralis.preferences import mask_opacity
from src_model.data.annotation import VOID
from src_model.data.annotation import Labels as LabelMap
from src_model.data.class_schema import ClassSchema
from src_model.data.images import Pixels
from src_model.data.region import Region, RegionGrid, Size

if TYPE_CHECKING:
    from napari.components import ViewerModel

_EDGE = "#ffd21f"
_MOST_OUTLINED = 1_000
"""Regions whose outlines are drawn: more of them hide the image, and take seconds."""


class LayerGroup:
    """Three layers that are found again by their tag; one that was deleted comes back with the next image."""

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._drawn: tuple[Size, Size] | None = None

    def show(self, pixels: Pixels, labels: LabelMap, schema: ClassSchema, region: Size) -> None:
        """Show an (h, w, 3) image with its (h, w) masks and the grid of its regions."""
        grid = RegionGrid((pixels.shape[0], pixels.shape[1]), region)
        fits = self._drawn is not None and self._drawn[0] == grid.image_size and self._find("image") is not None
        self._show_image(pixels)
        self._show_masks(labels, schema)
        self._show_regions(grid)
        if not fits:
            self._viewer.reset_view()

    def cut(self, region: Size) -> None:
        """Draw the regions of the shown image anew, in another size."""
        if (layer := self._find("image")) is not None:
            self._show_regions(RegionGrid(layer.data.shape[:2], region))

    def clear(self) -> None:
        """Remove the group's layers, and no others."""
        # Together: napari collects garbage once for all of them.
        with self._viewer.layers.batched_update():
            for layer in [layer for layer in self._viewer.layers if TAG in layer.metadata]:
                self._viewer.layers.remove(layer)
        self._drawn = None

    def _show_image(self, pixels: Pixels) -> None:
        if (layer := self._find("image")) is None:
            self._add(Image(pixels, rgb=True, name="Image", metadata={TAG: "image"}))
        else:
            redraw(layer, pixels, (0, 0))

    def _show_masks(self, labels: LabelMap, schema: ClassSchema) -> None:
        if (layer := self._find("masks")) is None:
            layer = Labels(labels, name="Masks", opacity=mask_opacity(), metadata={TAG: "masks"})
            self._add(layer)
        else:
            redraw(layer, labels, (0, 0))
        # Each time: new data make a layer editable again.
        layer.editable = False
        if layer.metadata.get("schema") != schema:
            layer.colormap = label_colours(schema)
            layer.features = class_features(schema)
            layer.metadata["schema"] = schema

    def _show_regions(self, grid: RegionGrid) -> None:
        layer = self._find("regions")
        if layer is not None and self._drawn == (grid.image_size, grid.region_size):
            return
        if layer is not None:
            self._viewer.layers.remove(layer)
        layer = Shapes(
            outlines(grid.regions("") if len(grid) <= _MOST_OUTLINED else ()),
            shape_type="rectangle",
            name="Regions",
            face_color="transparent",
            edge_color=_EDGE,
            edge_width=max(1.0, max(grid.image_size) / 600),
            opacity=0.8,
            metadata={TAG: "regions"},
        )
        layer.editable = False
        self._add(layer)
        self._drawn = grid.image_size, grid.region_size

    def _find(self, role: str) -> Any:
        return find(self._viewer, role)

    def _add(self, layer: Layer) -> None:
        place(self._viewer, layer)
        self._viewer.layers.selection.active = self._find("masks") or layer


def label_colours(schema: ClassSchema) -> DirectLabelColormap:
    """The schema's colours; every other value, VOID among them, is transparent.

    VOID has to be the background value: napari's own background is 0, which is a class here.
    """
    opaque = np.column_stack([schema.colours / 255, np.ones(schema.num_classes)])
    colours: dict[int | None, npt.NDArray[np.float64]] = dict(enumerate(opaque))
    transparent = np.zeros(4)
    return DirectLabelColormap(color_dict={**colours, VOID: transparent, None: transparent}, background_value=VOID)


def class_features(schema: ClassSchema) -> dict[str, Sequence[object]]:
    """Columns of a Labels layer's features, from which napari tells the class under the cursor."""
    return {"index": range(schema.num_classes), "class": schema.names}


def outlines(regions: Sequence[Region]) -> npt.NDArray[np.float64]:
    """Corners of N regions as (N, 4, 2) rows and columns, along pixel borders (napari counts from pixel centres)."""
    boxes = np.array([[region.row, region.column, region.height, region.width] for region in regions], dtype=np.float64)
    boxes = boxes.reshape(-1, 4)
    top, left = boxes[:, 0] - 0.5, boxes[:, 1] - 0.5
    bottom, right = top + boxes[:, 2], left + boxes[:, 3]
    corners = [(top, left), (top, right), (bottom, right), (bottom, left)]
    return np.stack([np.stack(corner, axis=-1) for corner in corners], axis=1)
