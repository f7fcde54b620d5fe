"""The preview: what a click would paint, and, on request, what is still unpainted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap

from napari_ralis.layers.stack import TAG, find, place, redraw
from src_model.data.region import Size
from src_model.labelling.painting import Mask

if TYPE_CHECKING:
    from napari.components import ViewerModel

_NOTHING, _LIGHT, _DARK, _HATCH, _VEIL = 0, 1, 2, 3, 4
_COLOURS = {_LIGHT: (1.0, 1.0, 1.0, 0.95), _DARK: (0.0, 0.0, 0.0, 0.75), _HATCH: (1.0, 0.25, 0.85, 0.8)}
_COLOURS[_VEIL] = (1.0, 1.0, 1.0, 0.25)
_HATCH_STEP = 8


class Preview:
    """One small layer over the region; it cannot be painted on.

    The outline is white and dotted with black, so that it shows on every class and every picture.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._origin, self._shape = (0, 0), (1, 1)
        self._outlined: Mask | None = None
        self._hatched: Mask | None = None

    def move(self, origin: tuple[int, int], shape: Size) -> None:
        """Lie over another region, with nothing to show."""
        shown = self._outlined is not None or self._hatched is not None
        self._origin, self._shape = origin, shape
        self._outlined = self._hatched = None
        # Made with the first region: a layer that is made at a hover stops the canvas for a quarter of a second.
        self._layer()
        # Moving a layer takes napari long; one that shows nothing is moved when it has something to show.
        if shown:
            self._draw()

    def outline(self, mask: Mask | None) -> None:
        """Outline these (h, w) pixels, or none."""
        if mask is None and self._outlined is None:
            return
        self._outlined = mask
        self._draw()

    def hatch(self, mask: Mask | None) -> None:
        """Hatch these (h, w) pixels, or none."""
        if mask is None and self._hatched is None:
            return
        self._hatched = mask
        self._draw()

    def clear(self) -> None:
        """Remove the layer."""
        if (layer := find(self._viewer, "preview")) is not None:
            self._viewer.layers.remove(layer)

    def _draw(self) -> None:
        values = np.zeros(self._shape, dtype=np.uint8)
        if self._hatched is not None:
            rows, columns = np.ogrid[: self._shape[0], : self._shape[1]]
            values[self._hatched & ((rows + columns) % _HATCH_STEP == 0)] = _HATCH
        if self._outlined is not None:
            values[self._outlined] = _VEIL
            rows, columns = np.nonzero(inner_outline(self._outlined))
            values[rows, columns] = np.where((rows + columns) // 2 % 2, _LIGHT, _DARK)
        redraw(self._layer(), values, self._origin)

    def _layer(self) -> Any:
        layer = find(self._viewer, "preview")
        if layer is None:
            empty = np.zeros(self._shape, dtype=np.uint8)
            layer = Labels(empty, name="Preview", opacity=1.0, translate=self._origin, metadata={TAG: "preview"})
            layer.colormap = _colours()
            layer.editable = False
            place(self._viewer, layer)
        return layer


def inner_outline(mask: Mask) -> Mask:
    """(h, w): pixels of a mask that touch what is not in it, or the border of the patch."""
    padded = np.pad(mask, 1)
    inside = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return mask & ~inside


def _colours() -> DirectLabelColormap:
    colours: dict[int | None, npt.NDArray[np.float64]] = {value: np.array(colour) for value, colour in _COLOURS.items()}
    transparent = np.zeros(4)
    return DirectLabelColormap(
        color_dict={**colours, _NOTHING: transparent, None: transparent}, background_value=_NOTHING
    )
