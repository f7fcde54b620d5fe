"""The class table by mouse and keys: edited, starred, added, removed, and marked where it is wrong."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QColorDialog, QLineEdit

from napari_ralis.panels.class_table import COLOUR, DEFINITION, KEY, NAME, STAR, ClassTable
from src_model.data.class_schema import MOST_CLASSES
from src_model.labelling.class_list import ClassRow

ROWS = (ClassRow(0, "road", (128, 64, 128)), ClassRow(3, "sky", (70, 130, 180)))


@pytest.fixture
def table(qtbot: QtBot) -> ClassTable:
    table = ClassTable()
    qtbot.addWidget(table)
    table.resize(320, 300)
    table.show()
    qtbot.waitExposed(table)
    table.set_rows(ROWS, own=True)
    return table


def editor(table: ClassTable) -> QLineEdit:
    """The line that is open in a cell."""
    [line] = [each for each in table.table.findChildren(QLineEdit) if each.isVisible()]
    return line


def take(line: QLineEdit) -> None:
    """What was typed is taken by the event loop."""
    QTest.keyClick(line, Qt.Key.Key_Return)
    QApplication.processEvents()


def type_into(table: ClassTable, row: int, column: int, text: str) -> None:
    """A double click, and the text over what stands there."""
    index = table.model.index(row, column)
    at = table.table.visualRect(index).center()
    QTest.mouseClick(table.table.viewport(), Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseDClick(table.table.viewport(), Qt.MouseButton.LeftButton, pos=at)
    into = editor(table)
    QTest.keyClick(into, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(into, text)
    take(into)


def test_a_class_is_renamed_and_keeps_its_id(table: ClassTable, qtbot: QtBot) -> None:
    with qtbot.waitSignal(table.changed):
        type_into(table, 1, NAME, "clouds")
    assert table.rows[1].name == "clouds"
    assert table.rows[1].id == 3


def test_key_and_definition_are_typed(table: ClassTable) -> None:
    type_into(table, 0, KEY, "xr")
    type_into(table, 0, DEFINITION, "paved, for cars")
    assert table.rows[0].key == "X R"
    assert table.rows[0].definition == "paved, for cars"


def test_a_class_without_a_key_shows_the_one_it_will_get(table: ClassTable) -> None:
    type_into(table, 1, KEY, "1")
    shown = [table.model.data(table.model.index(row, KEY)) for row in range(2)]
    assert shown == ["2", "1"]
    assert table.rows[0].key == ""


def test_a_click_gives_a_star_and_takes_it_again(table: ClassTable) -> None:
    at = table.table.visualRect(table.model.index(1, STAR)).center()
    QTest.mouseClick(table.table.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert [row.starred for row in table.rows] == [False, True]
    QTest.mouseClick(table.table.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert [row.starred for row in table.rows] == [False, False]


def test_the_colour_is_chosen_in_a_dialog(table: ClassTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QColorDialog, "getColor", lambda *_: QColor(1, 2, 3))
    at = table.table.visualRect(table.model.index(0, COLOUR)).center()
    QTest.mouseClick(table.table.viewport(), Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseDClick(table.table.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert table.rows[0].colour == (1, 2, 3)


def test_a_class_is_added_and_named_at_once(table: ClassTable) -> None:
    QTest.mouseClick(table.add_button, Qt.MouseButton.LeftButton)
    assert table.faults
    line = editor(table)
    QTest.keyClicks(line, "crack")
    take(line)
    assert [row.name for row in table.rows] == ["road", "sky", "crack"]
    assert not table.faults


def test_the_selected_class_is_removed_and_without_classes_the_table_says_what_to_do(table: ClassTable) -> None:
    table.table.setCurrentIndex(table.model.index(0, NAME))
    QTest.mouseClick(table.remove_button, Qt.MouseButton.LeftButton)
    assert [row.name for row in table.rows] == ["sky"]
    QTest.mouseClick(table.remove_button, Qt.MouseButton.LeftButton)
    assert table.rows == ()
    assert table.fault.isVisible()
    assert "Add one" in table.fault.text()


def test_what_is_wrong_is_marked_in_its_row_and_said_below(table: ClassTable) -> None:
    type_into(table, 1, NAME, "Road")
    marks = [table.model.data(table.model.index(row, NAME), Qt.ItemDataRole.BackgroundRole) for row in range(2)]
    assert all(marks)
    assert "Rename one" in table.fault.text()
    type_into(table, 1, NAME, "sky")
    assert table.fault.isHidden()
    assert table.model.data(table.model.index(1, NAME), Qt.ItemDataRole.BackgroundRole) is None


def test_too_many_classes_are_refused(table: ClassTable) -> None:
    table.set_rows([ClassRow(number, f"c{number}", (1, 2, 3)) for number in range(MOST_CLASSES + 1)], own=True)
    assert "254" in table.fault.text()


def test_classes_of_masks_keep_names_and_colours_but_take_keys_and_stars(
    table: ClassTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    table.set_rows(ROWS, own=False)
    monkeypatch.setattr(QColorDialog, "getColor", lambda *_: pytest.fail("no colour is chosen"))
    at = table.table.visualRect(table.model.index(0, COLOUR)).center()
    QTest.mouseDClick(table.table.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert not table.add_button.isVisible()
    assert not table.model.flags(table.model.index(0, NAME)) & Qt.ItemFlag.ItemIsEditable
    type_into(table, 0, KEY, "5")
    assert table.rows[0].key == "5"


def test_a_preset_is_asked_for_by_a_person_alone(table: ClassTable, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(table.preset_requested):
        table.set_presets(("CamVid", "Empty"), "Empty")
    with qtbot.waitSignal(table.preset_requested) as request:
        table.preset.setFocus()
        QTest.keyClick(table.preset, Qt.Key.Key_Up)
    assert request.args == ["CamVid"]
    table.set_presets(("its own",), "its own")
    assert not table.preset.isEnabled()
