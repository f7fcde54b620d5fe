"""The pointer: what the mouse does with the tools that napari has not, and what a click of them would paint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from napari_ralis.layers.preview import Preview
from src_model.data.region import Size
from src_model.labelling.painting import Mask, Point, thick_line
from src_model.labelling.superpixels import Superpixels
from src_model.labelling.tools import Tool

CLICKED = frozenset({Tool.PICKER, Tool.LINE, Tool.SUPERPIXEL})
"""Tools whose clicks are handled here; the others are napari's."""


class Paper(Protocol):
    """What is painted on."""

    def paint(self, mask: Mask) -> None:
        """Paint these (h, w) pixels with the class in the brush."""

    def pick(self, point: Point) -> None:
        """Take the class at this point into the brush, if there is one."""

    def put_back(self) -> None:
        """Restore what the stroke under way has painted over and must not."""

    def settle(self) -> None:
        """Take note that something was painted."""


class Pointer:
    """Callbacks of one layer's mouse, with a line begun and the superpixels of the region in hand."""

    def __init__(self, paper: Paper, preview: Preview) -> None:
        self._paper = paper
        self._preview = preview
        self._shape: Size = (1, 1)
        self._superpixels: Superpixels | None = None
        self._line_start: Point | None = None
        self._last: Point = (-1.0, -1.0)
        self.tool, self.width = Tool.BRUSH, 1
        self.stroking = False
        """Whether the mouse is down in the middle of a stroke."""

    @property
    def line_open(self) -> bool:
        """Whether a line has a beginning and no end."""
        return self._line_start is not None

    def take_region(self, shape: Size) -> None:
        """Go to a region of this size whose superpixels are not known yet."""
        self._shape, self._superpixels, self._line_start = shape, None, None

    def take_superpixels(self, superpixels: Superpixels | None) -> None:
        """Superpixels of the region in hand; those of a region of another size came too late and are dropped."""
        fits = superpixels is not None and superpixels.shape == self._shape
        self._superpixels = superpixels if fits else None
        self.hover(self._last)

    def take_up(self, tool: Tool) -> None:
        """Take up another tool; a line begun is left."""
        self.tool, self._line_start = tool, None
        self.hover(self._last)

    def leave_line(self) -> None:
        """Forget where a line began."""
        self._line_start = None
        self.hover(self._last)

    def attach(self, layer: Any) -> None:
        """Follow the mouse over this layer, after napari."""
        layer.mouse_drag_callbacks.append(self._on_press)
        layer.mouse_double_click_callbacks.append(self._on_double_press)
        layer.mouse_move_callbacks.append(self._on_move)

    def come_last(self, layer: Any) -> None:
        """Let napari's tool, which has just been taken up, have each event first."""
        if self._on_press in layer.mouse_drag_callbacks:
            layer.mouse_drag_callbacks.remove(self._on_press)
            layer.mouse_drag_callbacks.append(self._on_press)

    def hover(self, point: Point) -> None:
        """Outline what a click at this point would paint."""
        self._last = point
        outlined: Mask | None = None
        if self.tool is Tool.SUPERPIXEL:
            outlined = self._superpixel_at(point)
        elif self._line_start is not None:
            outlined = self._line_from(self._line_start, point)
        self._preview.outline(outlined)

    def paint_superpixel(self, point: Point) -> None:
        """Paint the superpixel at this point, if there is one."""
        if (mask := self._superpixel_at(point)) is not None:
            self._paper.paint(mask)
        self.hover(point)

    def _on_press(self, layer: Any, event: Any) -> Iterator[None]:
        """One press, what is dragged, and the release; at each step napari's own tool comes before this."""
        if event.button != 1:
            return
        self.stroking = True
        try:
            if self.tool is Tool.SUPERPIXEL:
                yield from self._sweep(layer, event)
            elif self.tool in CLICKED:
                self._click(_point(layer, event))
                yield
            else:
                self._paper.put_back()
                yield
                while event.type == "mouse_move":
                    self._paper.put_back()
                    yield
        finally:
            self.stroking = False

    def _on_double_press(self, layer: Any, event: Any) -> None:
        # Of two quick clicks the second comes as this alone.
        if event.button == 1 and self.tool in CLICKED:
            self._click(_point(layer, event))
        else:
            # It has completed a polygon, which is in the history since before it was painted.
            self._paper.settle()

    def _on_move(self, layer: Any, event: Any) -> None:
        self.hover(_point(layer, event))

    def _sweep(self, layer: Any, event: Any) -> Iterator[None]:
        """Every superpixel that is dragged over, as one step of undo."""
        with layer.block_history():
            self.paint_superpixel(_point(layer, event))
            yield
            while event.type == "mouse_move":
                self.paint_superpixel(_point(layer, event))
                yield

    def _click(self, point: Point) -> None:
        if self.tool is Tool.PICKER:
            self._paper.pick(point)
        elif self.tool is Tool.SUPERPIXEL:
            self.paint_superpixel(point)
        elif self._line_start is None:
            self._line_start = point
        else:
            mask, self._line_start = self._line_from(self._line_start, point), None
            self._paper.paint(mask)
        self.hover(point)

    def _superpixel_at(self, point: Point) -> Mask | None:
        if self._superpixels is None or (index := self._superpixels.at(point)) is None:
            return None
        return self._superpixels.mask(index)

    def _line_from(self, start: Point, end: Point) -> Mask:
        return thick_line(self._shape, start, end, self.width)


def _point(layer: Any, event: Any) -> Point:
    row, column = layer.world_to_data(event.position)
    return float(row), float(column)
