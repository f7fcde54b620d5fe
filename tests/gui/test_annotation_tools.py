"""Lines, polygons, superpixels and the picker on the annotation layer, worked with real mouse events."""

from __future__ import annotations

import numpy as np
import pytest
from annotation_desk import QUARTERS, REGION, Desk, Paper
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_ralis.layers.stack import find
from src_model.data.annotation import IGNORED, VOID
from src_model.data.region import Region
from src_model.labelling.tools import Tool


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
