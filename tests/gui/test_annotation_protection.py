"""Protected classes: no stroke, tool, undo or redo paints over them."""

from __future__ import annotations

import numpy as np
from annotation_desk import QUARTERS, REGION, Desk
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from src_model.data.annotation import VOID
from src_model.labelling.tools import Tool


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
