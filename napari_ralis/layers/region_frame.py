"""The region frame: a region stands out of surroundings that are a little darker and can still be made out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap

from napari_ralis.layers.stack import TAG, find, place, redraw
from src_model.data.region import Region, Size

if TYPE_CHECKING:
    from napari.components import ViewerModel

_CLEAR, _DIM, _FRAME = 0, 1, 2
_DIMMING = 0.28
"""Darker than this, a lamp post at the border cannot be told from the wall behind it."""
_YELLOW = (1.0, 0.82, 0.12, 1.0)


class RegionFrame:
    """One layer as large as the image; it is moved to the next region by writing two rectangles."""

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer

    def show(self, region: Region, image_size: Size) -> None:
        """Frame this region of an image of (height, width) and dim the rest."""
        layer = find(self._viewer, "frame")
        if layer is None:
            layer = Labels(np.zeros((1, 1), dtype=np.uint8), name="Frame", opacity=1.0, metadata={TAG: "frame"})
            layer.colormap = _colours()
            place(self._viewer, layer)
        redraw(layer, framed(region, image_size), (0, 0))
        # Each time: new data make a layer editable again.
        layer.editable = False

    def clear(self) -> None:
        """Remove the frame."""
        if (layer := find(self._viewer, "frame")) is not None:
            self._viewer.layers.remove(layer)


def framed(region: Region, image_size: Size) -> npt.NDArray[np.uint8]:
    """(H, W): dim everywhere, clear in the region, and a line of one pixel round it, outside."""
    values = np.full(image_size, _DIM, dtype=np.uint8)
    rows, columns = region.window
    values[max(rows.start - 1, 0) : rows.stop + 1, max(columns.start - 1, 0) : columns.stop + 1] = _FRAME
    values[region.window] = _CLEAR
    return values


def _colours() -> DirectLabelColormap:
    transparent = np.zeros(4)
    colours: dict[int | None, npt.NDArray[np.float64]] = {
        _CLEAR: transparent,
        _DIM: np.array([0.0, 0.0, 0.0, _DIMMING]),
        _FRAME: np.array(_YELLOW),
        None: transparent,
    }
    return DirectLabelColormap(color_dict=colours, background_value=_CLEAR)
