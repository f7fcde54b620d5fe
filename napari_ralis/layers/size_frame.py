"""The size frame: a region of the chosen size that follows the cursor, to be held against what is to be labelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Shapes

from napari_ralis.layers.stack import TAG, find
from src_model.data.region import Size

if TYPE_CHECKING:
    from napari.components import ViewerModel

_EDGE = "#ff4fd8"
"""Not the yellow of the regions."""
_THICKNESS = 250
"""Lines are this part of the image's longer side."""


class SizeFrame:
    """One layer with one rectangle; it lies in the middle of the image until the cursor comes."""

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._size: Size | None = None
        self._at: tuple[float, float] | None = None

    @property
    def shown(self) -> bool:
        """Whether it follows the cursor."""
        return self._size is not None

    def show(self, size: Size) -> None:
        """Frame (height, width) pixels under the cursor."""
        if self._size is None:
            self._viewer.mouse_move_callbacks.append(self._follow)
        self._size = size
        self._draw()

    def clear(self) -> None:
        """Remove the frame."""
        if self._size is not None:
            self._viewer.mouse_move_callbacks.remove(self._follow)
        self._size = self._at = None
        if (layer := find(self._viewer, "size")) is not None:
            self._viewer.layers.remove(layer)

    def _follow(self, _viewer: Any, event: Any) -> None:
        self._at = float(event.position[-2]), float(event.position[-1])
        layer = find(self._viewer, "size")
        if layer is None:
            self._draw()
        else:
            layer.translate = self._corner()

    def _draw(self) -> None:
        image = find(self._viewer, "image")
        if self._size is None or image is None:
            return
        # A layer that was made for another size is not stretched: its line would become thicker.
        if (old := find(self._viewer, "size")) is not None:
            self._viewer.layers.remove(old)
        height, width = self._size
        layer = Shapes(
            np.array([[(0, 0), (0, width), (height, width), (height, 0)]], dtype=np.float64),
            shape_type="rectangle",
            name=f"Region of {height}×{width}",
            face_color="transparent",
            edge_color=_EDGE,
            edge_width=max(1.0, max(image.data.shape[:2]) / _THICKNESS),
            opacity=1.0,
            metadata={TAG: "size"},
        )
        layer.editable = False
        active = self._viewer.layers.selection.active
        self._viewer.layers.append(layer)
        layer.translate = self._corner()
        self._viewer.layers.selection.active = active

    def _corner(self) -> tuple[float, float]:
        """Upper left corner, so that the cursor is in the middle and the frame in the image, as far as it fits."""
        image = find(self._viewer, "image")
        if self._size is None or image is None:
            return 0.0, 0.0
        sides = image.data.shape[:2]
        middle = self._at or (sides[0] / 2, sides[1] / 2)
        row, column = (
            min(max(at - length / 2, 0.0), max(side - length, 0.0))
            for at, length, side in zip(middle, self._size, sides, strict=True)
        )
        # Pixel borders lie half a pixel before pixel centres.
        return row - 0.5, column - 0.5
