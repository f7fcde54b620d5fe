"""From nothing to the first region, by mouse, keys and drops: own images, recent projects, streets; and bad input."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QLineEdit

# First of all, and not in the worker's thread while a test waits: torch takes its time on a busy machine.
import src_model.active_learning.person_run  # noqa: F401
from napari_ralis.dock_widget import RalisDockWidget
from napari_ralis.layers.stack import find
from napari_ralis.panels.class_table import DEFINITION, KEY, STAR
from napari_ralis.session import Phase
from napari_ralis.settings import Settings, read_settings, settings_path, update_settings
from src_model.data.readers.class_table import read_class_table
from src_model.data.region import Region
from src_model.data.streets import sample
from src_model.data.streets.street_images import StreetImages
from src_model.exceptions import CheckpointError
from src_model.labelling.class_list import ClassRow
from src_model.project.class_notes import ClassNote, read_class_notes
from src_model.project.folder import ABOUT, CLASS_TABLE
from src_model.project.settings_file import read_settings as read_project_settings
from src_model.shipped import models

# PySide6 6.12 has a constructor of drags for places between pixels and warns of the other; PyQt6 has that one alone.
pytestmark = pytest.mark.filterwarnings("ignore:.*QDragEnterEvent.*deprecated:DeprecationWarning")
PATIENCE = 170_000
"""Milliseconds; a busy machine may take long to import torch."""
LEFT = Qt.MouseButton.LeftButton


class Newcomer:
    """A person before an empty dock: real events only."""

    def __init__(self, viewer: Any, qtbot: QtBot) -> None:
        self.viewer, self.qtbot = viewer, qtbot
        _, self.dock = viewer.window.add_plugin_dock_widget("napari-ralis", "Labelling")
        assert isinstance(self.dock, RalisDockWidget)
        self.start, self.setup = self.dock.start_page, self.dock.setup_page

    @property
    def phase(self) -> Phase:
        return self.dock.session.phase

    def until(self, true: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(true, timeout=PATIENCE)

    def click(self, button: Any) -> None:
        assert button.isEnabled()
        QTest.mouseClick(button, LEFT)

    def add_class(self, name: str) -> None:
        self.click(self.setup.classes.add_button)
        [line] = [each for each in self.setup.classes.table.findChildren(QLineEdit) if each.isVisible()]
        QTest.keyClicks(line, name)
        QTest.keyClick(line, Qt.Key.Key_Return)
        QApplication.processEvents()

    def drop(self, folder: Path) -> None:
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(folder))])
        enter = QDragEnterEvent(QPoint(20, 20), Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(self.dock, enter)
        assert enter.isAccepted()
        event = QDropEvent(QPointF(20, 20), Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(self.dock, event)
        assert event.isAccepted()

    def drop_and_see(self, folder: Path) -> None:
        self.drop(folder)
        self.until(lambda: self.phase is Phase.OPEN and find(self.viewer, "image") is not None)

    def type_into(self, row: int, column: int, text: str) -> None:
        table = self.setup.classes.table
        index = self.setup.classes.model.index(row, column)
        table.scrollTo(index)
        at = table.visualRect(index).center()
        QTest.mouseClick(table.viewport(), LEFT, pos=at)
        QTest.mouseDClick(table.viewport(), LEFT, pos=at)
        [line] = [each for each in table.findChildren(QLineEdit) if each.isVisible()]
        QTest.keyClick(line, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClicks(line, text)
        QTest.keyClick(line, Qt.Key.Key_Return)
        QApplication.processEvents()

    def use_fast_segmenter(self) -> None:
        form = self.setup.advanced
        form.fields["segmentation", "segmenter"].value = "fast"
        form.fields["acquisition", "name"].value = "entropy"

    def until_a_region_is_there(self) -> Region:
        self.until(lambda: self.phase in (Phase.LABELLING, Phase.FAILED))
        assert self.phase is Phase.LABELLING, self.dock.session.problem
        self.until(lambda: self.dock.labelling.shown is not None)
        place = self.dock.labelling.shown
        assert place is not None
        return place.region

    def close(self) -> None:
        self.viewer.close()


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RALIS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("RALIS_CONFIG", str(tmp_path / "config"))
    # The first look has tests of its own.
    update_settings(settings_path(), lambda own: replace(own, first_look=False))


@pytest.fixture
def newcomer(make_napari_viewer: Callable[..., Any], qtbot: QtBot) -> Newcomer:
    viewer = make_napari_viewer(show=True)
    qtbot.waitExposed(viewer.window._qt_window)
    return Newcomer(viewer, qtbot)


@pytest.fixture
def walk(tmp_path: Path) -> Path:
    """Six images of two sequences, and nothing else."""
    folder = tmp_path / "walk"
    folder.mkdir()
    rng = np.random.default_rng(3)
    for name in ("kerb_1", "kerb_2", "kerb_3", "yard_1", "yard_2", "yard_3"):
        Image.fromarray(rng.integers(0, 255, size=(64, 96, 3), dtype=np.uint8)).save(folder / f"{name}.png")
    return folder


def recent() -> tuple[Path, ...]:
    return read_settings(settings_path()).recent


def test_a_folder_of_images_becomes_a_project_with_classes_of_ones_own_and_is_found_again(
    newcomer: Newcomer, walk: Path, tmp_path: Path
) -> None:
    newcomer.drop_and_see(walk)
    setup = newcomer.setup
    assert setup.summary.text() == "6 images, 2 sequences, no labels"
    assert [row.name for row in setup.classes.rows][:3] == ["road", "sidewalk", "building"]
    assert setup.project.path() == tmp_path / "walk-labels"

    # Classes from nothing: a name each, a key, a star and a definition.
    setup.classes.preset.setFocus()
    QTest.keyClick(setup.classes.preset, Qt.Key.Key_End)
    assert setup.classes.rows == ()
    assert not setup.start_button.isEnabled()
    assert "Add one" in setup.classes.fault.text()
    newcomer.add_class("crack")
    newcomer.add_class("joint")
    newcomer.type_into(1, KEY, "xj")
    newcomer.type_into(1, DEFINITION, "where two slabs meet")
    star = setup.classes.table.visualRect(setup.classes.model.index(1, STAR)).center()
    QTest.mouseClick(setup.classes.table.viewport(), LEFT, pos=star)
    setup.height_box.setValue(32)
    setup.width_box.setValue(32)
    newcomer.until(lambda: len(find(newcomer.viewer, "regions").data) == 6)
    newcomer.use_fast_segmenter()
    newcomer.click(setup.start_button)

    region = newcomer.until_a_region_is_there()
    assert region.shape == (32, 32)
    project = tmp_path / "walk-labels"
    assert [path.name for path in walk.iterdir() if path.suffix != ".png"] == [], "the images' folder stays as it was"
    assert read_class_table(project / CLASS_TABLE).names == ("crack", "joint")
    assert read_class_notes(project) == {1: ClassNote("X J", "where two slabs meet", True)}
    kept = read_project_settings(project / "settings.toml")
    assert kept.data.region == (32, 32)
    assert kept.segmentation.segmenter == "fast"
    sitting = newcomer.dock.session.sitting
    assert sitting is not None
    assert sitting.starred == {1}
    entries = newcomer.dock.labelling_panel.palette_panel.model
    assert entries.entry(entries.index(1, 0)).definition == "where two slabs meet"
    assert entries.entry(entries.index(1, 0)).key == "X J"
    canvas = newcomer.viewer.window._qt_viewer.canvas.native
    QTest.keyClick(canvas, Qt.Key.Key_X)
    QTest.keyClick(canvas, Qt.Key.Key_J)
    QTest.keyClick(canvas, Qt.Key.Key_F)
    assert (find(newcomer.viewer, "annotation").data == 1).all()
    assert recent() == (project,)

    # Back on the setup page, with its image, and on the start page with the project in the list.
    newcomer.click(newcomer.dock.labelling_panel.close_button)
    newcomer.until(lambda: newcomer.phase is Phase.OPEN and find(newcomer.viewer, "image") is not None)
    newcomer.click(setup.leave_button)
    assert newcomer.phase is Phase.EMPTY
    assert len(newcomer.viewer.layers) == 0
    [row] = newcomer.start.recents
    newcomer.click(row.open_button)
    newcomer.until_a_region_is_there()
    newcomer.close()


def test_streets_are_drawn_and_labelled_after_one_click(
    newcomer: Newcomer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    few = StreetImages("target", count=8, size_of_all=(64, 128), seed=7, sequence_length=2)
    for module in ("napari_ralis.threads.start_jobs", "src_model.data.streets.sample"):
        monkeypatch.setattr(f"{module}.SAMPLE", few)
    shown: list[tuple[int, int]] = []
    bar = newcomer.dock.opening_panel.bar
    bar.valueChanged.connect(lambda value: shown.append((value, bar.maximum())))
    newcomer.click(newcomer.start.streets_button)
    region = newcomer.until_a_region_is_there()
    assert (8, 8) in shown
    assert region.shape == sample.REGION
    folder = sample.sample_config().path
    assert recent() == (folder.with_name(f"{folder.name}-labels"),)
    opened = newcomer.dock.labelling.opened
    assert opened is not None
    assert opened.config.acquisition.regions_per_query == 8
    newcomer.close()


def test_the_drawing_of_streets_can_be_stopped_and_leaves_nothing(newcomer: Newcomer, tmp_path: Path) -> None:
    newcomer.click(newcomer.start.streets_button)
    newcomer.until(lambda: newcomer.dock.opening_panel.bar.value() > 0)
    started = time.monotonic()
    newcomer.click(newcomer.dock.opening_panel.leave_button)
    assert newcomer.phase is Phase.EMPTY
    newcomer.dock.worker.close()
    assert time.monotonic() - started < 5
    assert not sample.sample_config().path.exists()
    assert [path.name for path in (tmp_path / "cache").iterdir() if path.is_dir()] == []
    newcomer.close()


def test_recent_projects_that_are_gone_are_grey_and_can_be_taken_off_the_list(
    make_napari_viewer: Callable[..., Any], qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "there").mkdir()
    for folder in (tmp_path / "there", tmp_path / "gone"):
        update_settings(settings_path(), lambda own, folder=folder: own.with_recent(folder))  # type: ignore[misc]
    viewer = make_napari_viewer(show=True)
    newcomer = Newcomer(viewer, qtbot)
    newcomer.until(lambda: any(not row.open_button.isEnabled() for row in newcomer.start.recents))
    gone, there = newcomer.start.recents
    assert gone.open_button.text() == "gone"
    assert not gone.open_button.isEnabled()
    assert there.open_button.isEnabled()
    newcomer.click(gone.forget_button)
    assert recent() == (tmp_path / "there",)
    assert [row.open_button.text() for row in newcomer.start.recents] == ["there"]
    newcomer.close()


def test_a_data_set_with_classes_of_its_own_keeps_them(newcomer: Newcomer, tiny_camvid: Path) -> None:
    newcomer.drop_and_see(tiny_camvid)
    setup = newcomer.setup
    assert setup.summary.text() == "8 images, 3 sequences, 7 labelled"
    assert len(setup.classes.rows) == 11
    assert not setup.classes.preset.isEnabled()
    assert not setup.classes.add_button.isVisible()
    assert setup.start_button.isEnabled()
    newcomer.close()


def test_the_frame_of_a_region_follows_the_cursor_in_the_size_that_is_set(newcomer: Newcomer, walk: Path) -> None:
    newcomer.drop_and_see(walk)
    setup = newcomer.setup
    newcomer.until(lambda: find(newcomer.viewer, "regions") is not None)
    setup.height_box.setValue(16)
    setup.width_box.setValue(24)
    newcomer.click(setup.frame_button)
    canvas = newcomer.viewer.window._qt_viewer.canvas.native
    middle = canvas.rect().center()
    QTest.mouseMove(canvas, middle)
    newcomer.qtbot.wait(50)
    before = tuple(find(newcomer.viewer, "size").translate)
    QTest.mouseMove(canvas, middle * 1.1)
    newcomer.until(lambda: tuple(find(newcomer.viewer, "size").translate) != before)
    cursor, corner = newcomer.viewer.cursor.position[-2:], find(newcomer.viewer, "size").translate
    np.testing.assert_allclose(corner, (cursor[0] - 8.5, cursor[1] - 12.5))
    newcomer.until(lambda: len(find(newcomer.viewer, "regions").data) == 16)
    newcomer.click(setup.frame_button)
    assert find(newcomer.viewer, "size") is None
    newcomer.click(setup.frame_button)
    newcomer.click(setup.leave_button)
    assert len(newcomer.viewer.layers) == 0
    newcomer.close()


def test_a_wrong_setting_keeps_from_starting_until_it_is_mended(newcomer: Newcomer, walk: Path) -> None:
    newcomer.drop_and_see(walk)
    setup = newcomer.setup
    assert not setup.collapsible.isExpanded()
    newcomer.click(setup.collapsible.toggleButton())
    rate = setup.advanced.fields["segmentation", "learning_rate"].native
    for text, may in (("-3", False), ("0.01", True)):
        QTest.keyClick(rate, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClicks(rate, text)
        QTest.keyClick(rate, Qt.Key.Key_Return)
        assert setup.start_button.isEnabled() is may
    newcomer.close()


# --- bad input ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["empty", "nowhere"])
def test_a_folder_without_images_is_refused_on_the_start_page(newcomer: Newcomer, tmp_path: Path, folder: str) -> None:
    (tmp_path / "empty").mkdir()
    newcomer.drop(tmp_path / folder)
    newcomer.until(newcomer.start.message.isVisible)
    assert newcomer.phase is Phase.EMPTY
    assert str(tmp_path / folder) in newcomer.start.message.text()
    assert "Choose" in newcomer.start.message.text()
    newcomer.close()


def test_one_image_smaller_than_a_region_asks_for_smaller_regions_and_then_is_labelled(
    newcomer: Newcomer, tmp_path: Path
) -> None:
    (tmp_path / "one").mkdir()
    Image.new("RGB", (96, 64), (90, 90, 90)).save(tmp_path / "one" / "only.png")
    newcomer.drop_and_see(tmp_path / "one")
    setup = newcomer.setup
    assert not setup.start_button.isEnabled()
    assert "Make regions smaller" in setup.blocked.text()
    setup.height_box.setValue(32)
    setup.width_box.setValue(32)
    newcomer.until(setup.start_button.isEnabled)
    newcomer.use_fast_segmenter()
    newcomer.click(setup.start_button)
    assert newcomer.until_a_region_is_there().shape == (32, 32)
    newcomer.close()


def test_images_smaller_than_a_region_are_regions_themselves(newcomer: Newcomer, walk: Path) -> None:
    newcomer.drop_and_see(walk)
    newcomer.use_fast_segmenter()
    newcomer.click(newcomer.setup.start_button)
    assert newcomer.until_a_region_is_there().shape == (64, 96)
    newcomer.close()


def test_five_thousand_images_open_by_their_headers_while_the_window_lives(newcomer: Newcomer, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    Image.new("RGB", (256, 160), (90, 120, 90)).save(folder / "drive0_00000.png")
    for number in range(1, 5000):
        (folder / f"drive{number // 500}_{number:05}.png").hardlink_to(folder / "drive0_00000.png")
    newcomer.drop(folder)
    late, last = 0.0, time.monotonic()
    said = set()
    while newcomer.phase is Phase.OPENING:
        QApplication.processEvents()
        said.add(newcomer.dock.opening_panel.text.text())
        late, last = max(late, time.monotonic() - last), time.monotonic()
        time.sleep(0.002)
    assert newcomer.setup.summary.text() == "5,000 images, 10 sequences, no labels"
    assert any("of 5,000 images" in text for text in said)
    assert late < 2.0, "the window was frozen while headers were read"
    newcomer.until(lambda: find(newcomer.viewer, "image") is not None)
    newcomer.setup.tabs.setCurrentIndex(1)
    started = time.monotonic()
    newcomer.dock.image_panel.table.selectRow(4_321)
    assert newcomer.dock.session.current == 4_321
    assert time.monotonic() - started < 1.0
    newcomer.close()


def test_opening_many_images_can_be_stopped(newcomer: Newcomer, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    Image.new("RGB", (64, 64)).save(folder / "0.png")
    for number in range(1, 3000):
        (folder / f"{number}.png").hardlink_to(folder / "0.png")
    newcomer.drop(folder)
    newcomer.until(lambda: newcomer.dock.opening_panel.bar.value() > 0)
    newcomer.click(newcomer.dock.opening_panel.leave_button)
    assert newcomer.phase is Phase.EMPTY
    newcomer.until(lambda: not newcomer.dock.worker.busy)
    assert newcomer.start.isVisible()
    newcomer.close()


def test_a_folder_that_disappears_before_the_start_says_so_and_can_be_tried_again(
    newcomer: Newcomer, walk: Path, tmp_path: Path, shown_warnings: list[str]
) -> None:
    newcomer.drop_and_see(walk)
    newcomer.use_fast_segmenter()
    walk.rename(tmp_path / "away")
    newcomer.click(newcomer.setup.start_button)
    newcomer.until(lambda: newcomer.phase is Phase.FAILED)
    assert str(walk) in newcomer.dock.start_panel.text.text()
    (tmp_path / "away").rename(walk)
    newcomer.click(newcomer.dock.start_panel.retry_button)
    newcomer.until_a_region_is_there()
    newcomer.close()


def test_shipped_weights_that_are_missing_are_told_of_and_others_are_chosen_instead(
    newcomer: Newcomer, walk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shown_warnings: list[str]
) -> None:
    broken = tmp_path / "shipped"
    broken.mkdir()
    shutil.copy(models.FOLDER / models.CHECKSUMS, broken)
    monkeypatch.setattr(models, "FOLDER", broken)
    newcomer.drop_and_see(walk)
    newcomer.click(newcomer.setup.start_button)
    newcomer.until(lambda: newcomer.phase is Phase.FAILED)
    assert "napari-ralis" in newcomer.dock.start_panel.text.text()
    assert "cannot be read" in newcomer.dock.start_panel.text.text()
    newcomer.click(newcomer.dock.start_panel.leave_button)
    assert newcomer.phase is Phase.OPEN
    newcomer.use_fast_segmenter()
    newcomer.click(newcomer.setup.start_button)
    newcomer.until_a_region_is_there()
    newcomer.close()


def test_a_list_of_shipped_models_that_is_missing_leaves_the_form_usable(
    newcomer: Newcomer, walk: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shown_warnings: list[str]
) -> None:
    monkeypatch.setattr(models, "FOLDER", tmp_path / "nowhere")
    with pytest.raises(CheckpointError):
        models.is_shipped(models.POLICY)
    newcomer.drop_and_see(walk)
    assert newcomer.setup.advanced.is_valid
    assert newcomer.setup.advanced.fields["acquisition", "name"].value == "margin_class_balanced"
    assert shown_warnings
    newcomer.close()


def test_a_project_is_opened_whichever_way_it_is_named_and_no_second_is_made_over_it(
    newcomer: Newcomer, walk: Path, tmp_path: Path, shown_warnings: list[str]
) -> None:
    newcomer.drop_and_see(walk)
    newcomer.use_fast_segmenter()
    newcomer.click(newcomer.setup.start_button)
    newcomer.until_a_region_is_there()
    newcomer.click(newcomer.dock.labelling_panel.close_button)
    project = tmp_path / "walk-labels"
    newcomer.until(lambda: newcomer.phase is Phase.OPEN)
    newcomer.click(newcomer.setup.start_button)
    newcomer.until(newcomer.setup.message.isVisible)
    assert "is a project already" in newcomer.setup.message.text()
    assert newcomer.phase is Phase.OPEN
    newcomer.drop(project)
    newcomer.until_a_region_is_there()
    newcomer.drop(walk)
    assert newcomer.phase is Phase.LABELLING, "a slip of the hand ends no session"
    assert (project / ABOUT).is_file()
    newcomer.close()


def test_settings_of_nobody_list_nothing(newcomer: Newcomer) -> None:
    assert read_settings(settings_path()) == Settings(first_look=False)
    assert newcomer.start.recents == []
    assert newcomer.setup.isHidden()
    assert ClassRow(0, "", (0, 0, 0)) not in newcomer.setup.classes.rows
    newcomer.close()
