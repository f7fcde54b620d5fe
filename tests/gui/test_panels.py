"""The panels alone, in both directions: what they show when told, what they ask for when worked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from napari_ralis.panels.project_panel import ProjectPanel
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt

from napari_ralis.display_state import DisplayState, display_state
from napari_ralis.panels.image_panel import ImagePanel
from napari_ralis.session import ImageEntry, LabellingSession
from src_model.config import DataConfig

EMPTY = display_state(LabellingSession())
THREE = replace(
    EMPTY,
    entries=tuple(ImageEntry(f"img{number}", (30, 40), "drive", None, number != 1) for number in range(3)),
    current=1,
    position="2 of 3",
    facts="30×40 pixels",
    can_go_back=True,
    can_go_on=True,
)


@pytest.fixture
def project_panel(qtbot: QtBot) -> ProjectPanel:
    panel = ProjectPanel(("camvid", "folder"))
    panel.set_display(EMPTY)
    qtbot.addWidget(panel)
    panel.show()
    return panel


@pytest.fixture
def image_panel(qtbot: QtBot) -> ImagePanel:
    panel = ImagePanel()
    qtbot.addWidget(panel)
    panel.set_display(THREE)
    return panel


def test_opening_is_asked_for_with_what_stands_in_the_form(project_panel: ProjectPanel, qtbot: QtBot) -> None:
    project_panel.folder.text.setText("streets")
    project_panel.height_box.setValue(90)
    project_panel.width_box.setValue(80)
    with qtbot.waitSignal(project_panel.open_requested) as request:
        qtbot.mouseClick(project_panel.open_button, Qt.MouseButton.LeftButton)
    assert request.args == [DataConfig(path=Path("streets"), reader="camvid", region=(90, 80))]


def test_nothing_can_be_opened_without_a_folder(project_panel: ProjectPanel) -> None:
    assert not project_panel.open_button.isEnabled()
    project_panel.folder.text.setText("streets")
    assert project_panel.open_button.isEnabled()
    project_panel.folder.text.setText("  ")
    assert not project_panel.open_button.isEnabled()


def test_only_the_general_reader_asks_for_a_class_table_and_needs_one(project_panel: ProjectPanel) -> None:
    project_panel.folder.text.setText("streets")
    assert not project_panel.classes.isVisible()
    project_panel.reader.setCurrentText("folder")
    assert project_panel.classes.isVisible()
    assert not project_panel.open_button.isEnabled()
    project_panel.classes.text.setText("classes.csv")
    assert project_panel.open_button.isEnabled()


def test_a_filled_in_form_asks_for_nothing_and_keeps_what_it_does_not_show(
    project_panel: ProjectPanel, qtbot: QtBot
) -> None:
    config = DataConfig(path=Path("streets"), reader="camvid", region=(24, 32), image_size=(180, 240))
    with qtbot.assertNotEmitted(project_panel.open_requested):
        project_panel.set_form(config)
    with qtbot.waitSignal(project_panel.open_requested) as request:
        project_panel.open_button.click()
    assert request.args == [config]


def test_a_folder_that_was_chosen_in_the_dialog_stands_in_the_form(
    project_panel: ProjectPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qtpy.QtWidgets.QFileDialog.getExistingDirectory", lambda *_: "chosen")
    project_panel.folder.browse.click()
    assert project_panel.folder.path() == Path("chosen")


def test_while_a_data_set_opens_there_is_a_stop_and_no_second_opening(
    project_panel: ProjectPanel, qtbot: QtBot
) -> None:
    project_panel.folder.text.setText("streets")
    project_panel.set_display(replace(EMPTY, opening=True))
    assert not project_panel.open_button.isEnabled()
    assert project_panel.progress.isVisible()
    with qtbot.waitSignal(project_panel.stop_requested):
        qtbot.mouseClick(project_panel.stop_button, Qt.MouseButton.LeftButton)
    project_panel.set_display(EMPTY)
    assert project_panel.open_button.isEnabled()
    assert not project_panel.progress.isVisible()


def test_every_field_explains_itself(project_panel: ProjectPanel) -> None:
    for field in (project_panel.folder, project_panel.reader, project_panel.classes, project_panel.height_box):
        assert field.toolTip()


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


@pytest.mark.parametrize("state", [replace(THREE, opening=True), EMPTY], ids=["opening", "empty"])
def test_the_list_rests_while_there_is_nothing_to_choose(image_panel: ImagePanel, state: DisplayState) -> None:
    image_panel.set_display(state)
    assert image_panel.isHidden() or not image_panel.isEnabled()


def test_the_table_says_which_images_have_labels(image_panel: ImagePanel) -> None:
    shown = [image_panel.model.data(image_panel.model.index(row, 2)) for row in range(3)]
    assert shown == ["yes", "–", "yes"]
