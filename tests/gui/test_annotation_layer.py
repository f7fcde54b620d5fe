"""The annotation layer in a real viewer, worked with real mouse events."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QLineEdit

from napari_ralis.keybindings import Keyboard, Verb
from napari_ralis.layers.annotation_layer import AnnotationLayer
from napari_ralis.layers.layer_group import TAG
from napari_ralis.layers.stack import find
from napari_ralis.panels.canvas_focus import CanvasFocus
from src_model.data.annotation import IGNORED, VOID
from src_model.data.class_schema import ClassSchema, SemanticClass
from src_model.data.region import Region
from src_model.labelling.superpixels import Superpixels
from src_model.labelling.tools import Tool

SCHEMA = ClassSchema(
    "four",
    tuple(
        SemanticClass(number, name, (60 * number, 200 - 40 * number, 90))
        for number, name in enumerate(("road", "sky", "car", "pole"))
    ),
)
REGION = Region("img", 30, 40, 24, 32)
QUARTERS = Superpixels(
    (np.arange(24)[:, None] // 12 * 2 + np.arange(32) // 16).astype(np.int32), np.zeros((24, 32), np.bool_)
)


class Paper:
    """An annotation layer over an image of 90×120, and a look at what is painted."""

    def __init__(self, viewer: Any) -> None:
        self.viewer = viewer
        viewer.add_image(np.zeros((90, 120, 3), dtype=np.uint8), rgb=True)
        self.annotation = AnnotationLayer(viewer)
        self.show()

    def show(self, region: Region = REGION, patch: np.ndarray | None = None) -> None:
        self.annotation.show(region, np.full(region.shape, VOID, np.uint8) if patch is None else patch, SCHEMA)

    @property
    def layer(self) -> Any:
        return find(self.viewer, "annotation")

    def painted(self, value: int) -> list[tuple[int, int]]:
        return [tuple(place) for place in np.argwhere(self.annotation.patch == value).tolist()]


class Desk(Paper):
    """The same in a window, with a mouse that goes to pixels of the region."""

    def __init__(self, viewer: Any, qtbot: QtBot) -> None:
        self.qtbot = qtbot
        self.canvas = viewer.window._qt_viewer.canvas.native
        super().__init__(viewer)

    def show(self, region: Region = REGION, patch: np.ndarray | None = None) -> None:
        super().show(region, patch)
        self.qtbot.wait(20)

    def at(self, row: float, column: float) -> QPoint:
        """Where a pixel of the region in hand lies on the canvas."""
        region, camera = self.annotation.region, self.viewer.scene.camera
        assert region is not None
        across = (region.column + column - camera.center[-1]) * camera.zoom + self.canvas.width() / 2
        down = (region.row + row - camera.center[-2]) * camera.zoom + self.canvas.height() / 2
        return QPoint(round(across), round(down))

    def click(self, row: float, column: float) -> None:
        self.move(row, column)
        QTest.mouseClick(self.canvas, Qt.MouseButton.LeftButton, pos=self.at(row, column))

    def move(self, row: float, column: float) -> None:
        QTest.mouseMove(self.canvas, self.at(row, column))
        self.qtbot.wait(1)

    def press(self, row: float, column: float) -> None:
        self.move(row, column)
        QTest.mousePress(self.canvas, Qt.MouseButton.LeftButton, pos=self.at(row, column))

    def release(self, row: float, column: float) -> None:
        QTest.mouseRelease(self.canvas, Qt.MouseButton.LeftButton, pos=self.at(row, column))

    def drag(self, *points: tuple[float, float]) -> None:
        self.press(*points[0])
        for point in points[1:]:
            self.move(*point)
        self.release(*points[-1])


@pytest.fixture
def paper() -> Paper:
    return Paper(ViewerModel())


@pytest.fixture
def desk(make_napari_viewer: Callable[..., Any], qtbot: QtBot) -> Desk:
    viewer = make_napari_viewer(show=True)
    qtbot.waitExposed(viewer.window._qt_window)
    return Desk(viewer, qtbot)


def test_a_stroke_paints_the_class_in_the_brush_and_is_undone_and_redone_as_one(desk: Desk) -> None:
    desk.annotation.set_class(2)
    desk.annotation.set_brush_size(3)
    desk.drag((5, 5), (5, 10), (5, 15))
    patch = desk.annotation.patch
    assert (patch[4:7, 5:16] == 2).all()
    assert (patch[9:] == VOID).all()
    desk.annotation.undo()
    assert desk.annotation.progress.unpainted == 24 * 32
    desk.annotation.redo()
    assert (desk.annotation.patch == patch).all()


def test_the_status_bar_names_the_class_or_that_there_is_none(paper: Paper) -> None:
    patch = np.full(REGION.shape, VOID, np.uint8)
    patch[:12] = 2
    paper.show(patch=patch)
    said = [paper.layer.get_status((row, 45), world=True)["value"] for row in (32, 50)]
    assert "class: car" in said[0]
    assert "class: unpainted" in said[1]


def test_class_zero_is_painted_like_any_other(desk: Desk) -> None:
    desk.annotation.set_class(0)
    desk.click(5, 5)
    assert desk.annotation.patch[5, 5] == 0


def test_a_stroke_that_starts_outside_the_region_is_clipped(desk: Desk) -> None:
    desk.annotation.set_class(1)
    desk.annotation.set_brush_size(1)
    desk.drag((6, -8), (6, 3), (-5, 3))
    painted = desk.painted(1)
    assert (6, 0) in painted
    assert (0, 3) in painted
    assert desk.annotation.patch.shape == REGION.shape


def test_the_eraser_leaves_unpainted_and_not_class_zero(desk: Desk) -> None:
    desk.show(patch=np.full(REGION.shape, 3, np.uint8))
    desk.annotation.set_tool(Tool.ERASER)
    desk.click(5, 5)
    assert desk.annotation.patch[5, 5] == VOID
    assert (desk.annotation.patch == 0).sum() == 0


def test_nothing_of_the_region_before_can_be_undone(desk: Desk) -> None:
    desk.click(5, 5)
    following = Region("img", 54, 40, 24, 32)
    desk.show(following, np.full(following.shape, 1, np.uint8))
    desk.annotation.undo()
    desk.annotation.redo()
    assert (desk.annotation.patch == 1).all()
    assert tuple(desk.layer.translate) == (54, 40)


def test_regions_of_other_shapes_at_the_border_fit_too(paper: Paper) -> None:
    corner = Region("img", 78, 112, 12, 8)
    paper.show(corner)
    paper.annotation.fill_rest()
    assert paper.annotation.patch.shape == (12, 8)
    assert paper.annotation.progress.unpainted == 0
    paper.show(REGION)
    assert paper.annotation.progress.pixels == 24 * 32


def test_the_patch_that_was_given_and_the_one_that_is_taken_are_copies(paper: Paper) -> None:
    given = np.full(REGION.shape, VOID, np.uint8)
    paper.show(patch=given)
    taken = paper.annotation.patch
    paper.annotation.fill_rest()
    assert (given == VOID).all()
    assert (taken == VOID).all()


def test_filling_the_rest_leaves_what_is_painted_and_is_one_step(desk: Desk) -> None:
    desk.annotation.set_class(1)
    desk.click(5, 5)
    desk.annotation.set_class(0)
    desk.annotation.fill_rest()
    assert set(np.unique(desk.annotation.patch)) == {0, 1}
    desk.annotation.undo()
    assert set(np.unique(desk.annotation.patch)) == {1, VOID}


def test_a_straight_line_is_two_clicks_and_its_preview_follows_the_mouse(desk: Desk) -> None:
    desk.annotation.set_class(3)
    desk.annotation.set_brush_size(3)
    desk.annotation.set_tool(Tool.LINE)
    desk.click(2, 8)
    assert desk.annotation.progress.unpainted == 24 * 32
    desk.move(21, 8)
    preview = find(desk.viewer, "preview").data
    assert preview[3:20, 7].all()
    assert preview[3:20, 9].all()
    assert not preview[:, 11:].any()
    desk.click(21, 8)
    assert (desk.annotation.patch[2:22, 7:10] == 3).all()
    assert len(desk.painted(3)) <= 22 * 3, "with two round ends"
    desk.annotation.undo()
    assert desk.annotation.progress.unpainted == 24 * 32


def test_two_quick_clicks_are_a_line_and_do_not_zoom(desk: Desk) -> None:
    desk.annotation.set_tool(Tool.LINE)
    zoom = desk.viewer.scene.camera.zoom
    desk.click(5, 5)
    QTest.mouseDClick(desk.canvas, Qt.MouseButton.LeftButton, pos=desk.at(5, 15))
    desk.qtbot.wait(10)
    assert desk.annotation.patch[5, 10] == 0
    assert desk.viewer.scene.camera.zoom == zoom


def test_an_open_line_is_left_by_escape_or_ended_by_enter_before_enter_accepts(desk: Desk) -> None:
    desk.annotation.set_tool(Tool.LINE)
    desk.click(5, 5)
    desk.annotation.cancel()
    assert not desk.annotation.complete()
    desk.click(5, 5)
    assert desk.annotation.complete()
    assert not desk.annotation.complete()
    assert desk.annotation.progress.unpainted == 24 * 32


def test_enter_completes_an_open_polygon_before_it_accepts(desk: Desk) -> None:
    desk.annotation.set_tool(Tool.POLYGON)
    desk.annotation.set_class(2)
    for corner in ((2, 2), (2, 12), (12, 12), (12, 2)):
        desk.click(*corner)
    desk.move(12, 2)
    assert desk.annotation.complete()
    assert (desk.annotation.patch[3:12, 3:12] == 2).all()
    assert not desk.annotation.complete()
    desk.annotation.undo()
    assert desk.annotation.progress.unpainted == 24 * 32


def test_an_open_polygon_does_not_reach_the_next_region(desk: Desk) -> None:
    desk.annotation.set_tool(Tool.POLYGON)
    for corner in ((2, 2), (2, 12), (12, 12)):
        desk.click(*corner)
    desk.show(Region("img", 54, 40, 24, 32))
    assert not desk.annotation.complete()
    assert desk.annotation.tool is Tool.POLYGON
    assert str(desk.layer.mode) == "polygon"


def test_the_superpixel_under_the_cursor_is_outlined_and_painted_by_a_click(desk: Desk) -> None:
    desk.annotation.set_superpixels(QUARTERS)
    desk.annotation.set_tool(Tool.SUPERPIXEL)
    desk.annotation.set_class(1)
    desk.move(3, 3)
    shown = find(desk.viewer, "preview").data
    outline, veil = set(np.unique(shown[11, :16])), set(np.unique(shown[1:11, 1:15]))
    assert len(outline) == 2, "dotted in two colours"
    assert set(np.unique(shown[:12, 0])) == outline
    assert len(veil) == 1
    assert not veil & (outline | {0})
    assert not shown[12:].any()
    assert not shown[:, 16:].any()
    desk.click(3, 3)
    assert (desk.annotation.patch[:12, :16] == 1).all()
    assert desk.annotation.progress.share == 0.75
    desk.annotation.undo()
    assert desk.annotation.progress.share == 1


def test_superpixels_that_are_dragged_over_are_one_step_of_undo(desk: Desk) -> None:
    desk.annotation.set_superpixels(QUARTERS)
    desk.annotation.set_tool(Tool.SUPERPIXEL)
    desk.drag((3, 3), (3, 20), (18, 20))
    assert desk.annotation.progress.share == 0.25
    desk.annotation.undo()
    assert desk.annotation.progress.share == 1


def test_a_class_key_paints_the_superpixel_under_the_cursor(desk: Desk) -> None:
    desk.annotation.set_superpixels(QUARTERS)
    desk.annotation.set_tool(Tool.SUPERPIXEL)
    desk.move(18, 20)
    desk.annotation.press_class(3)
    assert (desk.annotation.patch[12:, 16:] == 3).all()
    assert len(desk.painted(3)) == 12 * 16
    assert desk.annotation.selected_class == 3


def test_superpixels_of_another_region_size_come_too_late_and_are_dropped(desk: Desk) -> None:
    desk.show(Region("img", 78, 112, 12, 8))
    desk.annotation.set_superpixels(QUARTERS)
    desk.annotation.set_tool(Tool.SUPERPIXEL)
    desk.click(3, 3)
    assert desk.annotation.progress.share == 1


@pytest.mark.parametrize("by_key", [True, False], ids=["key", "tool"])
def test_the_picker_takes_the_class_under_the_cursor_and_nothing_where_there_is_none(desk: Desk, by_key: bool) -> None:
    patch = np.full(REGION.shape, VOID, np.uint8)
    patch[:12] = 2
    desk.show(patch=patch)
    desk.annotation.set_class(3)
    if not by_key:
        desk.annotation.set_tool(Tool.PICKER)

    def pick(row: float, column: float) -> int:
        desk.click(row, column) if not by_key else desk.move(row, column)
        if by_key:
            desk.annotation.pick_under_cursor()
        return desk.annotation.selected_class

    assert pick(-10, 5) == 3, "off the region"
    assert pick(18, 5) == 3, "on unpainted pixels"
    assert pick(5, 5) == 2
    assert desk.layer.selected_label == 2
    assert (desk.annotation.patch == patch).all()


def test_naparis_own_picker_takes_nothing_where_there_is_none_either(desk: Desk) -> None:
    desk.annotation.set_class(3)
    desk.layer.mode = "pick"
    assert desk.annotation.tool is Tool.PICKER
    desk.click(-10, 5)
    assert desk.annotation.selected_class == 3
    assert desk.layer.selected_label == 3


def test_a_label_that_is_no_class_cannot_be_taken_up_in_naparis_controls(paper: Paper) -> None:
    paper.layer.selected_label = 3
    assert paper.annotation.selected_class == 3
    paper.layer.selected_label = 77
    assert paper.annotation.selected_class == 3
    assert paper.layer.selected_label == 3
    paper.layer.selected_label = IGNORED
    assert paper.annotation.selected_class == IGNORED


@pytest.mark.parametrize("tool", [Tool.BRUSH, Tool.LINE, Tool.SUPERPIXEL, Tool.POLYGON])
def test_holding_space_moves_the_view_and_gives_the_tool_back(desk: Desk, tool: Tool) -> None:
    desk.annotation.set_tool(tool)
    QTest.keyPress(desk.canvas, Qt.Key.Key_Space)
    assert desk.annotation.tool is Tool.MOVE
    assert desk.layer.mouse_pan
    QTest.keyRelease(desk.canvas, Qt.Key.Key_Space)
    assert desk.annotation.tool is tool
    assert not desk.layer.mouse_pan


def test_protected_classes_are_put_back_during_the_stroke_and_in_undo_and_redo(desk: Desk) -> None:
    patch = np.full(REGION.shape, VOID, np.uint8)
    patch[:, 10:20] = 2
    desk.show(patch=patch)
    desk.annotation.protect(frozenset({2}), others=False)
    desk.annotation.set_class(1)
    reasons: list[str] = []
    desk.annotation.refused.connect(reasons.append)
    desk.press(8, 3)
    desk.move(8, 15)
    desk.move(8, 28)
    assert (desk.annotation.patch[:, 10:16] == 2).all(), "while the mouse is down"
    desk.release(8, 28)
    after = desk.annotation.patch
    assert (after[:, 10:20] == 2).all()
    assert after[8, 4] == after[8, 27] == 1
    desk.annotation.undo()
    assert (desk.annotation.patch == patch).all()
    desk.annotation.redo()
    assert (desk.annotation.patch == after).all()
    desk.click(15, 15)
    assert len(reasons) == 1
    assert "palette" in reasons[0]


def test_the_polygon_and_our_own_tools_spare_protected_classes_too(desk: Desk) -> None:
    patch = np.full(REGION.shape, VOID, np.uint8)
    patch[:, 10:20] = 2
    desk.show(patch=patch)
    desk.annotation.set_superpixels(QUARTERS)
    desk.annotation.set_class(1)
    desk.annotation.protect(frozenset(), others=True)
    desk.annotation.set_tool(Tool.POLYGON)
    for corner in ((2, 2), (2, 28), (12, 28), (12, 2)):
        desk.click(*corner)
    desk.annotation.complete()
    desk.annotation.set_tool(Tool.SUPERPIXEL)
    desk.click(18, 18)
    desk.annotation.set_tool(Tool.LINE)
    desk.click(20, 2)
    desk.click(20, 30)
    assert (desk.annotation.patch[:, 10:20] == 2).all()
    assert (desk.annotation.patch[20, :10] == 1).all()
    for _ in range(3):
        desk.annotation.undo()
    assert (desk.annotation.patch == patch).all()


def test_a_polygon_that_a_double_click_completes_spares_protected_classes_in_the_same_step(desk: Desk) -> None:
    patch = np.full(REGION.shape, VOID, np.uint8)
    patch[:, 10:20] = 2
    desk.show(patch=patch)
    desk.annotation.protect(frozenset({2}), others=False)
    desk.annotation.set_tool(Tool.POLYGON)
    changes: list[int] = []
    desk.annotation.painted.connect(lambda: changes.append(desk.annotation.progress.unpainted))
    for corner in ((2, 2), (2, 28), (12, 28), (12, 2)):
        desk.click(*corner)
    QTest.mouseDClick(desk.canvas, Qt.MouseButton.LeftButton, pos=desk.at(12, 2))
    after = desk.annotation.patch
    assert (after[:, 10:20] == 2).all()
    assert (after[4:11, 4:10] == 0).all()
    assert changes == [int((after == VOID).sum())]
    desk.annotation.undo()
    assert (desk.annotation.patch == patch).all()
    desk.annotation.redo()
    assert (desk.annotation.patch == after).all()


def test_the_class_in_the_brush_is_not_protected_from_its_own_eraser(desk: Desk) -> None:
    patch = np.full(REGION.shape, 2, np.uint8)
    patch[:, 16:] = 1
    desk.show(patch=patch)
    desk.annotation.set_class(2)
    desk.annotation.protect(frozenset(), others=True)
    desk.annotation.set_tool(Tool.ERASER)
    desk.drag((8, 3), (8, 28))
    assert desk.annotation.patch[8, 5] == VOID
    assert (desk.annotation.patch[:, 16:] == 1).all()


def test_a_layer_that_was_deleted_comes_back_with_what_was_painted_and_works(desk: Desk) -> None:
    desk.annotation.set_class(2)
    desk.click(5, 5)
    desk.viewer.layers.remove(desk.layer)
    desk.annotation.fill_rest()
    assert (desk.annotation.patch == 2).all()
    desk.annotation.set_class(1)
    desk.click(5, 5)
    assert desk.annotation.patch[5, 5] == 1


def test_unpainted_pixels_are_hatched_on_request_and_the_hatching_follows(paper: Paper) -> None:
    paper.annotation.show_unpainted(True)
    hatched = (find(paper.viewer, "preview").data > 0).mean()
    assert 0.1 < hatched < 0.3
    paper.annotation.fill_rest()
    assert not find(paper.viewer, "preview").data.any()
    paper.annotation.undo()
    paper.annotation.show_unpainted(False)
    assert not find(paper.viewer, "preview").data.any()


def test_what_was_painted_is_told(desk: Desk, qtbot: QtBot) -> None:
    changes: list[float] = []
    desk.annotation.painted.connect(lambda: changes.append(desk.annotation.progress.share))
    desk.click(5, 5)
    desk.annotation.fill_rest()
    desk.annotation.undo()
    assert len(changes) == 3
    assert changes[1] == 0
    assert changes[0] == changes[2]


def test_enter_means_nothing_in_the_middle_of_a_stroke(desk: Desk) -> None:
    desk.press(5, 5)
    assert desk.annotation.complete()
    desk.release(5, 5)
    assert not desk.annotation.complete()


def test_two_hundred_regions_leave_one_layer_and_no_patch_behind(paper: Paper) -> None:
    class Patch(np.ndarray):
        """An array that can be referred to weakly."""

    left: list[weakref.ref[Patch]] = []
    layers, callbacks = len(paper.viewer.layers), 0
    for number in range(200):
        patch = np.full(REGION.shape, number % 4, np.uint8).view(Patch)
        left.append(weakref.ref(patch))
        paper.annotation.show(Region("img", number % 60, number % 80, 24, 32), patch, SCHEMA)
        paper.annotation.set_superpixels(Superpixels(QUARTERS.ids.copy(), QUARTERS.borders))
        paper.annotation.set_tool((Tool.SUPERPIXEL, Tool.BRUSH, Tool.POLYGON)[number % 3])
        paper.annotation.fill_rest()
        if number == 20:
            layers = len(paper.viewer.layers)
            callbacks = _callbacks(paper.layer)
    del patch
    gc.collect()
    assert len(paper.viewer.layers) == layers
    assert _callbacks(paper.layer) == callbacks
    assert sum(reference() is not None for reference in left) == 0


def _callbacks(layer: Any) -> int:
    mouse = len(layer.mouse_drag_callbacks) + len(layer.mouse_move_callbacks)
    return mouse + sum(len(emitter.callbacks) for emitter in layer.events.emitters.values())


def test_the_keyboard_comes_back_to_the_canvas_and_it_is_told_when_it_is_elsewhere(desk: Desk) -> None:
    window = desk.viewer.window._qt_window
    box = QLineEdit()
    desk.viewer.window.add_dock_widget(box, area="right")
    focus = CanvasFocus(box)
    told: list[bool] = []
    focus.keys_changed.connect(told.append)
    with desk.qtbot.waitActive(window):
        window.activateWindow()
    focus.give_back()
    desk.qtbot.waitUntil(lambda: focus.on)
    box.setFocus()
    desk.qtbot.waitUntil(lambda: not focus.on)
    focus.give_back()
    desk.qtbot.waitUntil(lambda: told[-3:] == [True, False, True])


def test_keys_of_the_table_work_on_the_canvas(desk: Desk) -> None:
    keyboard = Keyboard(
        {Verb.FILL_REST: desk.annotation.fill_rest, Verb.UNDO: desk.annotation.undo}, desk.annotation.press_class
    )
    keyboard.set_classes({"1": 0, "3": 2, "C P": 3})
    keyboard.bind(desk.layer)
    QTest.keyClick(desk.canvas, "3")
    QTest.keyClick(desk.canvas, "f")
    assert (desk.annotation.patch == 2).all()
    QTest.keyClick(desk.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert desk.annotation.progress.share == 1
    QTest.keyClick(desk.canvas, "c")
    QTest.keyClick(desk.canvas, "p")
    assert desk.annotation.selected_class == 3


def test_layers_of_others_stay_and_ours_go(paper: Paper) -> None:
    paper.annotation.clear()
    assert [layer.metadata.get(TAG) for layer in paper.viewer.layers] == [None]
    assert paper.annotation.region is None
    paper.annotation.fill_rest()
    paper.annotation.set_tool(Tool.LINE)
    paper.annotation.undo()
    assert len(paper.viewer.layers) == 1, "with no region in hand nothing comes back"
