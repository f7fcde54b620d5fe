"""The annotation layer: the patch of the region in hand, painted with napari's tools and with ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels
from psygnal import Signal

from napari_ralis.layers.paint_colours import paint_colours
from napari_ralis.layers.pointer import CLICKED, Pointer
from napari_ralis.layers.preview import Preview
from napari_ralis.layers.stack import TAG, find, place, redraw
from napari_ralis.layers.step_count import StepCount
from src_model.data.annotation import IGNORED, VOID
from src_model.data.annotation import Labels as LabelMap
from src_model.data.class_schema import ClassSchema
from src_model.data.region import Region
from src_model.labelling.painting import Mask, Point, Progress, assign, fill_rest, held_by, progress
from src_model.labelling.superpixels import Superpixels
from src_model.labelling.tools import Tool

if TYPE_CHECKING:
    from napari.components import ViewerModel

_MODES = {
    Tool.BRUSH: "paint",
    Tool.ERASER: "erase",
    Tool.BUCKET: "fill",
    Tool.POLYGON: "polygon",
    Tool.PICKER: "pick",
    Tool.LINE: "pick",
    Tool.SUPERPIXEL: "pick",
    Tool.MOVE: "pan_zoom",
}
"""napari's mode for each tool. Ours take the place of its picker: in that mode the view stays where it is, also on a
double click, and nothing is painted."""

_TOOLS = {mode: tool for tool, mode in _MODES.items() if tool not in CLICKED} | {"pick": Tool.PICKER}

_BRUSH_SIZE = 9
_WHY = "Protected classes stay as they are. Release them in the palette to paint over them."


class AnnotationLayer:
    """One Labels layer as large as the region, so that nothing outside can be painted, flooded or undone.

    The layer is kept from region to region: a new one costs half a second, most of it spent by napari on collecting
    garbage when the old one goes. Its history is emptied each time. One that was deleted comes back as it was.
    """

    painted = Signal()
    """The patch has changed: a stroke has ended, something was filled, undone or redone."""
    class_chosen = Signal(int)
    """Another class is in the brush."""
    tool_chosen = Signal(object)
    """Another `Tool` is in the hand, perhaps from napari's own controls."""
    refused = Signal(str)
    """Why pixels were put back; said once until the protection changes."""

    def __init__(self, viewer: ViewerModel, bind: Callable[[Any], None] = lambda layer: None) -> None:
        """``bind`` is called with each layer that is made: keys are bound there."""
        self._viewer = viewer
        self._bind = bind
        self._preview = Preview(viewer)
        self._pointer = Pointer(self, self._preview)
        self._schema: ClassSchema | None = None
        self._region: Region | None = None
        self._before: LabelMap = np.zeros((1, 1), dtype=np.uint8)
        self._step: list[Any] = []
        self._class, self._tool, self._tool_before_moving = 0, Tool.BRUSH, Tool.BRUSH
        self._brush_size = _BRUSH_SIZE
        self._locked: frozenset[int] = frozenset()
        self._others_protected = self._has_said_why = False
        self._setting_mode = self._shows_unpainted = False
        self._unsure: dict[int, str] = {}
        self._steps = StepCount()

    def show(self, region: Region, patch: LabelMap, schema: ClassSchema) -> None:
        """Take up another region with what is known of it, an (h, w) patch; there is nothing to undo."""
        self._region, self._schema = region, schema
        self._before = patch.copy()
        self._steps.begin()
        self._pointer.take_region(region.shape)
        layer = self._layer()
        self._empty_history(layer)
        if layer.metadata.get("schema") != schema:
            _dress(layer, schema, self._unsure)
        redraw(layer, patch, (region.row, region.column))
        self._preview.move((region.row, region.column), region.shape)
        if self._class != IGNORED and self._class not in self._unsure:
            self.set_class(min(self._class, schema.num_classes - 1))
        self._set_mode(layer)
        self._mark_unpainted()
        self._viewer.layers.selection.active = layer

    def restore(self) -> None:
        """Bring the layer back if it was deleted, and let keys go to it."""
        if self._region is not None:
            self._viewer.layers.selection.active = self._layer()

    def clear(self) -> None:
        """Remove the layer and its preview."""
        self._region = None
        self._preview.clear()
        if (layer := find(self._viewer, "annotation")) is not None:
            self._viewer.layers.remove(layer)

    @property
    def region(self) -> Region | None:
        """The region in hand."""
        return self._region

    @property
    def patch(self) -> LabelMap:
        """(h, w) uint8 as painted: classes, VOID, IGNORED and values of unsure pairs; yours to keep."""
        return np.array(self._layer().data, copy=True)

    @property
    def progress(self) -> Progress:
        """How much is painted."""
        return progress(self._layer().data)

    @property
    def strokes(self) -> int:
        """Strokes and fills by hand that stand, since the region was shown."""
        return self._steps.by_hand

    @property
    def tool(self) -> Tool:
        """The tool in the hand."""
        return self._tool

    @property
    def selected_class(self) -> int:
        """Index of the class in the brush, or IGNORED, or the value of an unsure pair."""
        return self._class

    def set_tool(self, tool: Tool) -> None:
        """Take up this tool."""
        self._take_up(tool)
        if self._region is not None:
            self._set_mode(self._layer())

    def set_class(self, index: int) -> None:
        """Paint with this class from now on; IGNORED and values of unsure pairs are taken too."""
        changed, self._class = index != self._class, index
        if self._region is not None:
            self._layer().selected_label = index
        if changed:
            self.class_chosen.emit(index)

    def set_brush_size(self, size: int) -> None:
        """Width of the brush and of straight lines, in pixels."""
        self._brush_size = self._pointer.width = max(1, size)
        if self._region is not None:
            self._layer().brush_size = self._brush_size

    def set_superpixels(self, superpixels: Superpixels | None) -> None:
        """The superpixels of the region in hand, once they are cut."""
        self._pointer.take_superpixels(superpixels)

    def protect(self, locked: frozenset[int], others: bool) -> None:
        """Keep these classes from being painted over; with ``others``, every class but the one in the brush too."""
        self._locked, self._others_protected, self._has_said_why = locked, others, False

    def show_unpainted(self, shown: bool) -> None:
        """Hatch what is unpainted, or no longer."""
        self._shows_unpainted = shown
        self._mark_unpainted()

    def set_unsure(self, names: Mapping[int, str]) -> None:
        """Values that stand for a pair of classes between which somebody is unsure, and how people read them."""
        if names != self._unsure:
            self._unsure = dict(names)
            if self._region is not None and self._schema is not None:
                _dress(self._layer(), self._schema, self._unsure)

    def press_class(self, index: int) -> None:
        """What a class's key does: take it into the brush; with superpixels, paint the one under the cursor too."""
        self.set_class(index)
        if self._tool is Tool.SUPERPIXEL and self._region is not None:
            self._pointer.paint_superpixel(self._cursor())

    def pick_under_cursor(self) -> None:
        """Take the class under the cursor into the brush; where there is none, nothing happens."""
        if self._region is not None:
            self.pick(self._cursor())

    def fill_rest(self) -> None:
        """Paint everything that is unpainted with the class in the brush; one step of undo."""
        if self._region is not None:
            self._write(fill_rest(self._layer().data, self._class))

    def replace(self, patch: LabelMap) -> None:
        """Lay another (h, w) patch into the region, a draft for example; one step of undo."""
        if self._region is not None and (self._layer().data != patch).any():
            self._write(patch)
            self._steps.forgive()

    def undo(self) -> None:
        """Take the last stroke back."""
        self._travel("undo")

    def redo(self) -> None:
        """Paint the stroke again that was taken back."""
        self._travel("redo")

    def complete(self) -> bool:
        """What Enter does first: end an open polygon, leave an open line.

        True if there was something to end, or the mouse is down in the middle of a stroke: then Enter means no more.
        """
        if self._region is None:
            return False
        layer = self._layer()
        if _polygon(layer).points:
            _polygon(layer).add_polygon_to_labels(layer)
            self.settle()
            return True
        if self._pointer.line_open:
            self._pointer.leave_line()
            return True
        return self._pointer.stroking

    def cancel(self) -> None:
        """What Escape does: leave an open polygon or line."""
        if self._region is not None:
            _polygon(self._layer()).points = []
            self._pointer.leave_line()

    def paint(self, mask: Mask) -> None:
        """Paint these (h, w) pixels with the class in the brush."""
        patch, protected = self._layer().data, self._protected()
        if (held_by(patch, protected) & mask & (patch != self._class)).any():
            self._say_why()
        self._write(assign(patch, mask, self._class, protected))

    def pick(self, point: Point) -> None:
        """Take the class at this point into the brush, if there is one."""
        patch = self._layer().data
        row, column = round(point[0]), round(point[1])
        inside = 0 <= row < patch.shape[0] and 0 <= column < patch.shape[1]
        if inside and patch[row, column] != VOID:
            self.set_class(int(patch[row, column]))

    def put_back(self) -> None:
        """Restore protected pixels while a stroke goes on, so that they do not seem to be painted."""
        taken = self._taken()
        if taken.any():
            where = np.nonzero(taken)
            self._layer().data_setitem(where, self._before[where])
            self._say_why()

    def settle(self) -> None:
        """What was painted is painted: put back what is protected, as part of the last step of the history."""
        layer, taken = self._layer(), self._taken()
        if taken.any():
            where = np.nonzero(taken)
            # The list in the history itself: with this entry, undo and redo put back too.
            self._step.append((where, layer.data[where], self._before[where]))
            layer.data[where] = self._before[where]
            layer.refresh(extent=False)
            self._say_why()
        if (layer.data != self._before).any():
            self._steps.add()
            self._after_change()

    def _on_step(self, event: Any) -> None:
        """A step was added to napari's history: a stroke after it was painted, all else just before."""
        self._step = event.value
        self.settle()

    def _on_mode(self, event: Any) -> None:
        layer = self._layer()
        mode = str(layer.mode)
        if mode == "pick":
            # The mode's own way with the mouse, which stands last, takes class 0 wherever there is no class.
            layer.mouse_drag_callbacks.pop()
        self._pointer.come_last(layer)
        if not self._setting_mode:
            # Holding space moves the view: napari leaves the mode for that and comes back to it.
            returns = self._tool is Tool.MOVE and _MODES[self._tool_before_moving] == mode
            self._take_up(self._tool_before_moving if returns else _TOOLS.get(mode, Tool.MOVE))

    def _on_selected(self, event: Any) -> None:
        """Another value was chosen in napari's own controls: take it if it can be painted."""
        index = int(self._layer().selected_label)
        if index == self._class or index == VOID or self._schema is None:
            return
        if index < self._schema.num_classes or index == IGNORED or index in self._unsure:
            self.set_class(index)
        else:
            self._layer().selected_label = self._class

    def _on_brush_size(self, event: Any) -> None:
        self._brush_size = self._pointer.width = int(self._layer().brush_size)

    def _take_up(self, tool: Tool) -> None:
        if tool is self._tool:
            return
        if tool is Tool.MOVE:
            self._tool_before_moving = self._tool
        self._tool = tool
        self._pointer.take_up(tool)
        self.tool_chosen.emit(tool)

    def _travel(self, way: str) -> None:
        if self._region is not None and not self._pointer.stroking:
            getattr(self._layer(), way)()
            if (self._layer().data != self._before).any():
                self._steps.travel(way)
            self._after_change()

    def _write(self, patch: LabelMap) -> None:
        """Make the layer's values these, as one step of its history."""
        layer = self._layer()
        where = np.nonzero(layer.data != patch)
        if where[0].size:
            layer.data_setitem(where, patch[where])
            self.settle()

    def _taken(self) -> Mask:
        """(h, w): protected pixels that are not what they were before the stroke."""
        changed: Mask = self._layer().data != self._before
        return held_by(self._before, self._protected()) & changed

    def _protected(self) -> frozenset[int]:
        if not self._others_protected or self._schema is None:
            return self._locked
        return self._locked | frozenset(range(self._schema.num_classes)) - {self._class}

    def _say_why(self) -> None:
        if not self._has_said_why:
            self._has_said_why = True
            self.refused.emit(_WHY)

    def _after_change(self) -> None:
        self._before = self._layer().data.copy()
        self._mark_unpainted()
        self.painted.emit()

    def _mark_unpainted(self) -> None:
        if self._region is not None:
            self._preview.hatch(self._layer().data == VOID if self._shows_unpainted else None)

    def _cursor(self) -> Point:
        row, column = self._layer().world_to_data(self._viewer.cursor.position)
        return float(row), float(column)

    def _empty_history(self, layer: Any) -> None:
        self.cancel()
        # The public way, to make the layer uneditable for a moment, takes all tools up again: 10 ms before each region.
        layer._reset_history()

    def _set_mode(self, layer: Any) -> None:
        self._setting_mode = True
        layer.mode = _MODES[self._tool]
        self._setting_mode = False

    def _layer(self) -> Any:
        layer = find(self._viewer, "annotation")
        return self._made() if layer is None else layer

    def _made(self) -> Any:
        layer = Labels(self._before.copy(), name="Labels", opacity=0.6, metadata={TAG: "annotation"})
        if self._region is not None:
            layer.translate = self._region.row, self._region.column
        if self._schema is not None:
            _dress(layer, self._schema, self._unsure)
        layer.brush_size, layer.selected_label = self._brush_size, self._class
        self._pointer.width = self._brush_size
        layer.events.paint.connect(self._on_step)
        layer.events.mode.connect(self._on_mode)
        layer.events.selected_label.connect(self._on_selected)
        layer.events.brush_size.connect(self._on_brush_size)
        self._bind(layer)
        place(self._viewer, layer)
        self._pointer.attach(layer)
        self._set_mode(layer)
        return layer


def _dress(layer: Any, schema: ClassSchema, unsure: Mapping[int, str]) -> None:
    if layer.metadata.get("schema") != schema:
        layer.colormap = paint_colours(schema)
    # What napari's status bar says of the pixel under the cursor.
    names = dict(enumerate(schema.names)) | {value: f"unsure: {name}" for value, name in unsure.items()}
    names |= {IGNORED: "ignored", VOID: "unpainted"}
    layer.features = {"index": np.array(list(names)), "class": list(names.values())}
    layer.metadata["schema"] = schema


def _polygon(layer: Any) -> Any:
    # Nothing public tells whether a polygon is open.
    return layer._overlays["polygon"]
