"""The showcase: many small pictures on the canvas, and which spot of which image lies under the mouse."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Points

from napari_ralis.layers.stack import TAG, find
from src_model.data.class_schema import Colour
from src_model.data.images import Pixels
from src_model.data.region import Region, Size
from src_model.labelling.examples import Spot

if TYPE_CHECKING:
    from napari.components import ViewerModel

_GAP = 6
_STILL = 4.0
"""Pixels of the screen that a click may wander; beyond it the view was dragged."""
_DOT = 13.0
_EMPTY = 60
_OTHERS = ("image", "prediction", "uncertainty", "outcomes", "region iou")


@dataclass(frozen=True, slots=True)
class ShowcaseLayout:
    """Where the tiles of a page lie: row by row, all of one shape, so large that the page fills the canvas.

    Attributes
    ----------
    columns:
        Tiles in a row.
    shape:
        Height and width of a tile in pixels.
    """

    columns: int
    shape: Size

    @classmethod
    def fitting(cls, count: int, aspect: float, canvas: Size) -> ShowcaseLayout:
        """The largest tiles of which ``count`` fit into a canvas of (height, width).

        Parameters
        ----------
        aspect:
            Width of a tile over its height.
        """
        shapes = [(_tile(count, columns, aspect, canvas), columns) for columns in range(1, count + 1)]
        shape, columns = max(shapes, key=lambda own: (own[0][0], -own[1]))
        return cls(columns, shape)

    def corner(self, index: int) -> Size:
        """Row and column of the upper left pixel of a tile."""
        down, across = divmod(index, self.columns)
        return down * (self.shape[0] + _GAP), across * (self.shape[1] + _GAP)

    def size(self, count: int) -> Size:
        """Height and width of a page with this many tiles."""
        rows = -(-max(1, count) // self.columns)
        return rows * (self.shape[0] + _GAP) - _GAP, self.columns * (self.shape[1] + _GAP) - _GAP

    def spot_at(self, row: float, column: float, windows: Sequence[Region]) -> Spot | None:
        """What of an image lies at this place of the page; None between tiles."""
        down, across = math.floor(row / (self.shape[0] + _GAP)), math.floor(column / (self.shape[1] + _GAP))
        index = down * self.columns + across
        if not (0 <= across < self.columns and 0 <= index < len(windows)):
            return None
        top, left = self.corner(index)
        inside = (row - top) / self.shape[0], (column - left) / self.shape[1]
        if not (0 <= inside[0] < 1 and 0 <= inside[1] < 1):
            return None
        window = windows[index]
        return Spot(
            window.image, window.row + int(inside[0] * window.height), window.column + int(inside[1] * window.width)
        )

    def place_of(self, spot: Spot, windows: Sequence[Region]) -> tuple[tuple[float, float], ...]:
        """Rows and columns of the page at which a spot is seen; a window that does not hold it shows it not."""
        return tuple(
            (
                self.corner(index)[0] + (spot.row + 0.5 - window.row) / window.height * self.shape[0],
                self.corner(index)[1] + (spot.column + 0.5 - window.column) / window.width * self.shape[1],
            )
            for index, window in enumerate(windows)
            if window.image == spot.image
            and 0 <= spot.row - window.row < window.height
            and 0 <= spot.column - window.column < window.width
        )


@dataclass(frozen=True, slots=True)
class Dot:
    """A mark on the page: where, what is written beside it and in which colour. Names would hide the pictures."""

    row: float
    column: float
    text: str
    colour: Colour


class Showcase:
    """Two layers, a picture and its dots; both go when the showcase is closed, and the camera returns."""

    def __init__(self, viewer: ViewerModel, bind: Callable[[Any], None], click: Callable[[float, float], None]) -> None:
        """``bind`` puts keys on the picture; ``click`` hears row and column of the page."""
        self._viewer, self._bind, self._click = viewer, bind, click
        self._before: tuple[Any, float] | None = None
        self._hidden: list[Any] = []
        self._size: Size = (0, 0)

    def show(self, layout: ShowcaseLayout, tiles: Sequence[Pixels | None], canvas: Size) -> None:
        """Show a page; a tile that is not there yet is grey."""
        page = np.full((*layout.size(len(tiles)), 3), _EMPTY, dtype=np.uint8)
        for index, tile in enumerate(tiles):
            if tile is not None:
                top, left = layout.corner(index)
                page[top : top + layout.shape[0], left : left + layout.shape[1]] = tile
        layer = find(self._viewer, "showcase")
        if layer is None:
            layer = self._open(page)
        else:
            layer.data = page
        if page.shape[:2] != self._size:
            self._size = page.shape[0], page.shape[1]
            self._look(canvas)

    def show_dots(self, dots: Sequence[Dot]) -> None:
        """Mark these places, and no others."""
        if (layer := find(self._viewer, "shown")) is None:
            return
        layer.data = np.array([(dot.row, dot.column) for dot in dots]).reshape(-1, 2)
        layer.features = {"text": [dot.text for dot in dots]}
        if dots:
            layer.face_color = np.array([(*dot.colour, 255) for dot in dots]) / 255
            layer.border_color = "white"
            layer.size = _DOT
        layer.selected_data = set()

    def clear(self) -> None:
        """Take the showcase down and show again what it hid."""
        for role in ("shown", "showcase"):
            if (layer := find(self._viewer, role)) is not None:
                self._viewer.layers.remove(layer)
        for layer in self._hidden:
            layer.visible = True
        if self._before is not None:
            self._viewer.scene.camera.center, self._viewer.scene.camera.zoom = self._before
        if (layer := find(self._viewer, "annotation")) is not None:
            self._viewer.layers.selection.active = layer
        self._hidden, self._before, self._size = [], None, (0, 0)

    def _open(self, page: Pixels) -> Any:
        camera = self._viewer.scene.camera
        if self._before is None and find(self._viewer, "image") is not None:
            self._before = camera.center, camera.zoom
        self._hidden += [own for role in _OTHERS if (own := find(self._viewer, role)) is not None and own.visible]
        for own in self._hidden:
            own.visible = False
        layer = Image(page, rgb=True, name="One of each", metadata={TAG: "showcase"})
        text = {"string": "{text}", "color": "white", "size": 8, "anchor": "upper_left", "translation": (0, 8)}
        dots = Points(
            np.zeros((0, 2)), features={"text": np.array([], dtype=object)}, text=text, name="Shown",
            metadata={TAG: "shown"}, size=_DOT,
        )  # fmt: skip
        self._viewer.add_layer(layer)
        self._viewer.add_layer(dots)
        dots.editable = False
        layer.mouse_drag_callbacks.append(self._on_press)
        self._bind(layer)
        self._viewer.layers.selection.active = layer
        return layer

    def _look(self, canvas: Size) -> None:
        (height, width), camera = self._size, self._viewer.scene.camera
        camera.center = (0.0, height / 2, width / 2)
        camera.zoom = min(canvas[0] / height, canvas[1] / width)

    def _on_press(self, layer: Any, event: Any) -> Iterator[None]:
        if event.button != 1:
            return
        start = np.array(event.pos)
        row, column = layer.world_to_data(event.position)[-2:]
        yield
        while event.type == "mouse_move":
            if np.abs(np.array(event.pos) - start).max() > _STILL:
                return
            yield
        self._click(float(row), float(column))


def _tile(count: int, columns: int, aspect: float, canvas: Size) -> Size:
    rows = -(-count // columns)
    height = (canvas[0] - (rows - 1) * _GAP) / rows
    width = (canvas[1] - (columns - 1) * _GAP) / columns
    tall = max(1.0, min(height, width / aspect))
    return math.floor(tall), max(1, math.floor(tall * aspect))
