"""The canvas: the image of the region in hand with all that lies on it, and where the camera stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image

from napari_ralis.layers.annotation_layer import AnnotationLayer
from napari_ralis.layers.ghosts import Ghosts
from napari_ralis.layers.marks import Marks
from napari_ralis.layers.region_frame import RegionFrame
from napari_ralis.layers.stack import TAG, find, place, redraw
from src_model.data.annotation import Labels
from src_model.data.class_schema import ClassSchema
from src_model.data.images import Pixels
from src_model.data.region import Region, Size

if TYPE_CHECKING:
    from napari.components import ViewerModel

_CONTEXT = 3.0
"""Times the region that the canvas shows, unless the person zooms."""
_PAINTING = ("frame", "ghosts", "annotation", "marks", "preview")


class Canvas:
    """Layers for one region at a time; each comes back if it was deleted."""

    def __init__(
        self, viewer: ViewerModel, size: Callable[[], Size], bind: Callable[[Any], None] = lambda layer: None
    ) -> None:
        """``size`` gives height and width of the canvas on the screen; ``bind`` is called with an annotation layer."""
        self._viewer = viewer
        self._size = size
        self.annotation = AnnotationLayer(viewer, bind)
        self.marks = Marks(viewer)
        self._frame, self._ghosts = RegionFrame(viewer), Ghosts(viewer)
        self._image: str | None = None
        self._given_zoom: float | None = None
        self._chosen_zoom: float | None = None
        self._before: tuple[Any, float] | None = None

    def show(self, region: Region, pixels: Pixels, patch: Labels, around: Labels, schema: ClassSchema) -> None:
        """Take a region up.

        Parameters
        ----------
        pixels:
            (H, W, 3) of its image.
        patch:
            (h, w) what the region holds already.
        around:
            (H, W) labels of its neighbours, VOID elsewhere.
        """
        self.set_painting(True)
        self.show_image(region.image, pixels)
        size = pixels.shape[0], pixels.shape[1]
        self._frame.show(region, size)
        self._ghosts.show(region, around, schema)
        self.annotation.show(region, patch, schema)
        self.look_at(region)

    def restore(self, region: Region, pixels: Pixels, around: Labels, schema: ClassSchema) -> None:
        """Put layers back that are not there any more; parameters are those of `show`."""
        self.show_image(region.image, pixels)
        self._frame.show(region, (pixels.shape[0], pixels.shape[1]))
        self._ghosts.show(region, around, schema)
        self.annotation.restore()

    def show_image(self, image: str, pixels: Pixels) -> None:
        """Show an image below everything."""
        layer = find(self._viewer, "image")
        if layer is None:
            # An array of its own: the next image is written into it.
            layer = Image(pixels.copy(), rgb=True, name="Image", metadata={TAG: "image"})
            place(self._viewer, layer)
        elif self._image != image:
            redraw(layer, pixels, (0, 0))
        self._image = image

    def set_painting(self, on: bool) -> None:
        """Show what belongs to painting, or hide it while something else is looked at."""
        for role in _PAINTING:
            if (layer := find(self._viewer, role)) is not None and layer.visible != on:
                layer.visible = on

    def look_at(self, region: Region) -> None:
        """Put the region into the middle, with its surroundings, as near as the person wants it."""
        camera = self._viewer.scene.camera
        if self._given_zoom is not None and not np.isclose(camera.zoom, self._given_zoom):
            # Who has zoomed since keeps that.
            self._chosen_zoom = camera.zoom
        self._given_zoom = self._chosen_zoom or self._zoom_of(region)
        camera.center = (0.0, *self._kept_inside(region, self._given_zoom))
        camera.zoom = self._given_zoom

    def _kept_inside(self, region: Region, zoom: float) -> tuple[float, float]:
        """Where to look so that the region is seen and no more beside the image than must be."""
        middle = region.row + region.height / 2, region.column + region.width / 2
        if (layer := find(self._viewer, "image")) is None:
            return middle
        (height, width), (tall, wide) = layer.data.shape[:2], self._size()
        return _clamped(middle[0], tall / zoom, height), _clamped(middle[1], wide / zoom, width)

    def look_at_all(self) -> None:
        """Show the whole image until `look_back`."""
        camera = self._viewer.scene.camera
        if self._before is not None:
            return
        self._before = camera.center, camera.zoom
        self.look_at_whole()

    def look_at_whole(self) -> None:
        """Show the whole image; the next region is shown as near as before."""
        if (layer := find(self._viewer, "image")) is None:
            return
        camera, (height, width), (tall, wide) = self._viewer.scene.camera, layer.data.shape[:2], self._size()
        if self._given_zoom is not None and not np.isclose(camera.zoom, self._given_zoom):
            self._chosen_zoom = camera.zoom
        camera.center = (0.0, height / 2, width / 2)
        camera.zoom = self._given_zoom = 0.97 * min(tall / height, wide / width)

    def look_back(self) -> None:
        """Show again what was shown before `look_at_all`."""
        if self._before is not None:
            self._viewer.scene.camera.center, self._viewer.scene.camera.zoom = self._before
            self._given_zoom, self._before = self._before[1], None

    def clear(self) -> None:
        """Remove all layers of the canvas."""
        self.annotation.clear()
        self.marks.clear()
        self._frame.clear()
        self._ghosts.clear()
        if (layer := find(self._viewer, "image")) is not None:
            self._viewer.layers.remove(layer)
        self._image = self._given_zoom = self._chosen_zoom = self._before = None

    def _zoom_of(self, region: Region) -> float:
        tall, wide = self._size()
        return min(tall / (_CONTEXT * region.height), wide / (_CONTEXT * region.width))


def _clamped(middle: float, seen: float, length: int) -> float:
    """The middle of a view of this many pixels that does not reach beyond an image of this length."""
    if seen >= length:
        return length / 2
    return min(max(middle, seen / 2), length - seen / 2)
