"""The wall of crops with thousands of regions: worked by keys, and only what is in sight is made."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import combinations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QWidget

from napari_ralis.crops import Crop, CropFilter, Showing, Since, Whose
from napari_ralis.panels.aids_bar import AidsBar
from napari_ralis.panels.class_card import EXAMPLES, CardEntry, ClassCard
from napari_ralis.panels.overview import Overview
from napari_ralis.panels.wall_panel import WallPanel
from src_model.data.class_schema import ClassSchema, SemanticClass
from src_model.data.region import Region

SCHEMA = ClassSchema("three", tuple(SemanticClass(id, name, (60 * id, 9, 9)) for id, name in enumerate("abc")))
MANY = tuple(
    Crop(Region(f"image {number // 50}", 0, 8 * (number % 50), 8, 8), frozenset({number % 3}), (datetime.now(UTC),))
    for number in range(2000)
)


@pytest.fixture
def wall(qtbot: QtBot) -> Iterator[WallPanel]:
    window = QWidget()
    panel = WallPanel(window)
    qtbot.addWidget(window)
    window.resize(800, 600)
    panel.resize(800, 600)
    panel.set_classes(SCHEMA, {0: "1", 1: "2", 2: "C P"})
    window.show()
    panel.show()
    qtbot.waitExposed(window)
    yield panel
    window.close()


def test_of_two_thousand_crops_only_those_in_sight_are_asked_for_and_no_widget_is_made(
    wall: WallPanel, qtbot: QtBot
) -> None:
    widgets = len(wall.findChildren(QWidget))
    asked: list[tuple[Region, ...]] = []
    wall.pictures_wanted.connect(asked.append)
    started = time.process_time()
    wall.set_crops(MANY, len(MANY))
    qtbot.waitUntil(lambda: len(asked) > 0)
    assert time.process_time() - started < 2.0
    assert 6 <= len(asked[-1]) < 60
    assert asked[-1][0] == MANY[0].region
    assert len(wall.findChildren(QWidget)) == widgets

    # The end of it is a key away, and its pictures are asked for then.
    QTest.keyClick(wall.list, Qt.Key.Key_End)
    qtbot.waitUntil(lambda: MANY[-1].region in asked[-1])
    assert len(asked[-1]) < 60
    assert wall.list.chosen == MANY[-1]


def test_what_has_a_picture_is_not_asked_for_again(wall: WallPanel, qtbot: QtBot) -> None:
    asked: list[tuple[Region, ...]] = []
    wall.pictures_wanted.connect(asked.append)
    wall.set_crops(MANY[:2], 2)
    qtbot.waitUntil(lambda: bool(asked) and set(asked[-1]) == {MANY[0].region, MANY[1].region})
    wall.set_picture(MANY[0].region, np.zeros((112, 56, 3), np.uint8))
    wall.list.viewport().update()
    qtbot.waitUntil(lambda: asked[-1] == (MANY[1].region,))


def test_keys_filter_walk_open_and_leave(wall: WallPanel) -> None:
    wall.set_crops(MANY, len(MANY))
    wanted: list[CropFilter] = []
    opened: list[Region] = []
    left: list[bool] = []
    wall.filter_changed.connect(wanted.append)
    wall.region_requested.connect(opened.append)
    wall.close_requested.connect(lambda: left.append(True))
    for key in "2ftscp":
        QTest.keyClick(wall.list, key)
    assert wanted == [
        CropFilter(1),
        CropFilter(1, Showing.UNSURE),
        CropFilter(1, Showing.UNSURE, Since.WEEK),
        CropFilter(1, Showing.UNSURE, Since.WEEK, Whose.PROPOSED),
        CropFilter(2, Showing.UNSURE, Since.WEEK, Whose.PROPOSED),
    ]
    assert wall.classes.currentText() == "c"
    assert wall.showing.currentText() == Showing.UNSURE
    QTest.keyClick(wall.list, Qt.Key.Key_Backspace)
    assert wanted[-1].index is None
    QTest.keyClick(wall.list, Qt.Key.Key_Right)
    QTest.keyClick(wall.list, Qt.Key.Key_Return)
    assert opened == [MANY[1].region]
    QTest.keyClick(wall.list, Qt.Key.Key_C)
    QTest.keyClick(wall.list, Qt.Key.Key_Escape)
    assert left == [True]


def test_the_chosen_crop_stays_chosen_while_others_come_and_go(wall: WallPanel) -> None:
    wall.set_crops(MANY[:9], 9)
    wall.list.choose(MANY[5].region)
    wall.set_crops((*MANY[20:30], MANY[5]), 30)
    assert wall.list.chosen == MANY[5]
    assert "image 0, row 0, column 40" in wall.details.text()
    assert wall.heading.text() == "Labelled regions: 11 of 30"
    wall.set_crops((), 30, "still looking at 4")
    assert wall.empty.isVisible()
    assert "still looking" in wall.heading.text()


def test_a_card_says_what_a_class_is_and_shows_as_many_examples_as_there_are(wall: WallPanel, qtbot: QtBot) -> None:
    card = ClassCard(wall)
    card.set_entry(CardEntry(7, "rider <b>", (255, 0, 0), "C R", "", 2))
    card.set_pictures([np.zeros((112, 56, 3), np.uint8)] * 2)
    card.show()
    assert card.name.text() == "<b>rider &lt;b&gt;</b>"
    assert card.facts.text() == "key C, then R · id 7 · #ff0000 · in 2 labelled regions"
    assert "no definition" in card.definition.text()
    assert [label.isVisible() for label in card.pictures] == [True, True] + [False] * (EXAMPLES - 2)
    with qtbot.waitSignal(card.wall_requested):
        QTest.mouseClick(card.all_button, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(card.close_requested):
        QTest.mouseClick(card, Qt.MouseButton.LeftButton)


def test_the_map_is_small_and_the_region_lies_where_it_does_in_the_image(wall: WallPanel) -> None:
    overview = Overview(wall)
    pixels = np.zeros((1024, 2048, 3), np.uint8)
    overview.set_place(pixels, Region("img", 512, 1024, 128, 128), ())
    assert (overview.width(), overview.height()) == (244, 124)
    place = overview.place_of(Region("img", 512, 1024, 128, 128))
    assert (place.left(), place.top(), place.width()) == pytest.approx((122, 62, 15))


def test_every_button_of_the_bar_names_its_key(qtbot: QtBot) -> None:
    bar = AidsBar()
    qtbot.addWidget(bar)
    assert [button.text() for button in bar.buttons.values()] == ["Wall W", "Card V", "Neighbour J", "Marks Y", "Map M"]
    assert bar.minimumSizeHint().width() <= 312
    with qtbot.waitSignal(bar.requested) as asked:
        QTest.mouseClick(next(iter(bar.buttons.values())), Qt.MouseButton.LeftButton)
    assert asked.args == [next(iter(bar.buttons))]


def test_the_filter_by_person_is_there_for_two_people_and_not_for_one(wall: WallPanel, qtbot: QtBot) -> None:
    wall.set_people(("anna",))
    assert wall.people.isHidden()
    QTest.keyClick(wall.list, Qt.Key.Key_P)
    assert wall.filter == CropFilter()
    wall.set_people(("anna", ""))
    assert not wall.people.isHidden()
    assert [wall.people.itemText(row) for row in range(3)] == ["anybody", "anna", "unknown"]
    with qtbot.waitSignal(wall.filter_changed):
        QTest.keyClick(wall.list, Qt.Key.Key_P)
    assert wall.filter == CropFilter(person="anna")
    assert wall.people.currentText() == "anna"
    QTest.keyClick(wall.list, Qt.Key.Key_P)
    assert wall.filter == CropFilter(person="")
    # With the mouse, too; other filters stay as they are.
    QTest.keyClick(wall.list, Qt.Key.Key_T)
    wall.people.setCurrentIndex(1)
    wall.people.activated.emit(1)
    assert wall.filter == CropFilter(person="anna", since=Since.WEEK)
    # Nothing is filtered by a name that nobody can choose any more.
    wall.set_people(("bert",))
    assert wall.filter.person is None


@pytest.mark.parametrize("width", [800, 480, 320])
def test_the_filters_are_whole_on_a_narrow_canvas(wall: WallPanel, qtbot: QtBot, width: int) -> None:
    wall.set_people(("anna", "bartholomew"))
    wall.resize(width, 600)
    qtbot.wait(20)
    shown = [wall.classes, wall.showing, wall.since, wall.whose, wall.people, wall.back]
    for box in shown:
        assert box.width() >= box.sizeHint().width()
        assert wall.rect().contains(box.geometry()), box.toolTip()
    for box, other in combinations(shown, 2):
        assert not box.geometry().intersects(other.geometry())
    assert max(box.geometry().bottom() for box in shown) < wall.list.geometry().top()


def test_nothing_shows_through_the_wall(wall: WallPanel, qtbot: QtBot) -> None:
    """As over the canvas of napari, whose window has a style sheet."""
    window = wall.window()
    assert window is not None
    beneath = QWidget(window)
    beneath.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    beneath.setObjectName("beneath")
    window.setStyleSheet("QWidget { background-color: #102030 } #beneath { background-color: #ff0000 }")
    beneath.resize(800, 600)
    beneath.show()
    wall.raise_()
    qtbot.wait(20)
    assert window.grab().toImage().pixelColor(2, 2).red() < 128, "what lies beneath is red"
