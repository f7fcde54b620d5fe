"""The keyboard on the canvas: the table of keys, and how it comes back from elsewhere."""

from __future__ import annotations

from annotation_desk import Desk
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QLineEdit

from napari_ralis.keybindings import Keyboard, Verb
from napari_ralis.panels.canvas_focus import CanvasFocus


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
