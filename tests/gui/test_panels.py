"""The panels alone, in both directions: what they show when told, what they ask for when worked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt

from napari_ralis.display_state import display_state
from napari_ralis.panels.image_panel import ImagePanel
from napari_ralis.session import ImageEntry, LabellingSession

EMPTY = display_state(LabellingSession())
THREE = replace(
    EMPTY,
    setting_up=True,
    entries=tuple(ImageEntry(f"img{number}", (30, 40), "drive", None, number != 1) for number in range(3)),
    current=1,
    position="2 of 3",
    facts="30×40 pixels",
    can_go_back=True,
    can_go_on=True,
)


@pytest.fixture
def image_panel(qtbot: QtBot) -> ImagePanel:
    panel = ImagePanel()
    qtbot.addWidget(panel)
    panel.set_display(THREE)
    return panel


def test_showing_a_state_asks_for_no_image(image_panel: ImagePanel, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(image_panel.image_requested):
        image_panel.set_display(replace(THREE, current=2))
        image_panel.set_display(EMPTY)
        image_panel.set_display(THREE)
    assert image_panel.table.currentIndex().row() == 1


@pytest.mark.parametrize(("button", "row"), [("previous_button", 0), ("next_button", 2)])
def test_the_buttons_ask_for_the_neighbours(image_panel: ImagePanel, qtbot: QtBot, button: str, row: int) -> None:
    with qtbot.waitSignal(image_panel.image_requested) as request:
        qtbot.mouseClick(getattr(image_panel, button), Qt.MouseButton.LeftButton)
    assert request.args == [row]


def test_a_click_on_a_row_asks_for_that_image(image_panel: ImagePanel, qtbot: QtBot) -> None:
    with qtbot.waitSignal(image_panel.image_requested) as request:
        image_panel.table.selectRow(2)
    assert request.args == [2]


def test_the_list_rests_while_there_is_nothing_to_choose(image_panel: ImagePanel) -> None:
    assert not image_panel.isHidden()
    image_panel.set_display(replace(THREE, setting_up=False, opening=True))
    assert image_panel.isHidden()
    image_panel.set_display(EMPTY)
    assert image_panel.isHidden()


def test_the_table_says_which_images_have_labels(image_panel: ImagePanel) -> None:
    shown = [image_panel.model.data(image_panel.model.index(row, 2)) for row in range(3)]
    assert shown == ["yes", "–", "yes"]
