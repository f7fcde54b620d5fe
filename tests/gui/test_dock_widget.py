"""The dock in a real viewer: opened through the manifest, fed a small data set, closed without leaks."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtGui import QOpenGLContext

from napari_ralis.dock_widget import RalisDockWidget
from napari_ralis.layers.stack import TAG
from napari_ralis.session import Phase
from napari_ralis.threads import dataset_jobs
from src_model.config import DataConfig
from src_model.data.annotation import VOID
from src_model.exceptions import DataError

OpenDock = Callable[[], tuple[Any, RalisDockWidget]]
PATIENCE = 60_000
"""Milliseconds; a busy machine may take long to draw."""


def layer(viewer: Any, role: str) -> Any:
    return next(layer for layer in viewer.layers if layer.metadata.get(TAG) == role)


def open_by_hand(dock: RalisDockWidget, folder: Path, qtbot: QtBot) -> None:
    """Choose the folder in the dialog, as a person does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("qtpy.QtWidgets.QFileDialog.getExistingDirectory", lambda *_: str(folder))
        qtbot.mouseClick(dock.start_page.folder_button, Qt.MouseButton.LeftButton)


def wait_until_shown(viewer: Any, dock: RalisDockWidget, qtbot: QtBot) -> None:
    qtbot.waitUntil(
        lambda: dock.session.phase is Phase.OPEN and len(viewer.layers) == 3 and not dock.worker.busy, timeout=PATIENCE
    )


def test_a_data_set_is_opened_and_its_first_image_masks_and_regions_are_shown(
    open_dock: OpenDock, tiny_camvid: Path, qtbot: QtBot
) -> None:
    viewer, dock = open_dock()
    open_by_hand(dock, tiny_camvid, qtbot)
    assert dock.session.phase is Phase.OPENING
    wait_until_shown(viewer, dock, qtbot)
    assert [each.name for each in viewer.layers] == ["Image", "Masks", "Regions"]
    assert layer(viewer, "image").data.shape == (36, 48, 3)
    assert set(np.unique(layer(viewer, "masks").data)) == {0, 3, VOID}
    assert len(layer(viewer, "regions").data) == 1
    assert dock.setup_page.summary.text() == "8 images, 3 sequences, 7 labelled"
    assert dock.image_panel.model.rowCount() == 8


def test_next_and_previous_walk_through_the_images(open_dock: OpenDock, tiny_camvid: Path, qtbot: QtBot) -> None:
    viewer, dock = open_dock()
    open_by_hand(dock, tiny_camvid, qtbot)
    wait_until_shown(viewer, dock, qtbot)
    panel = dock.image_panel
    assert not panel.previous_button.isEnabled()
    first = layer(viewer, "image").data.copy()
    qtbot.mouseClick(panel.next_button, Qt.MouseButton.LeftButton)
    wait_until_shown(viewer, dock, qtbot)
    assert panel.position.text() == "2 of 8"
    assert panel.table.currentIndex().row() == 1
    assert (layer(viewer, "image").data != first).any()
    qtbot.mouseClick(panel.previous_button, Qt.MouseButton.LeftButton)
    wait_until_shown(viewer, dock, qtbot)
    assert panel.position.text() == "1 of 8"
    np.testing.assert_array_equal(layer(viewer, "image").data, first)


def test_a_click_on_a_row_shows_that_image_and_an_unlabelled_one_shows_no_masks(
    open_dock: OpenDock, tiny_camvid: Path, qtbot: QtBot
) -> None:
    viewer, dock = open_dock()
    open_by_hand(dock, tiny_camvid, qtbot)
    wait_until_shown(viewer, dock, qtbot)
    table = dock.image_panel.table
    table.selectRow([entry.labelled for entry in dock.session.contents.entries].index(False))
    wait_until_shown(viewer, dock, qtbot)
    assert "no labels" in dock.image_panel.facts.text()
    assert (layer(viewer, "masks").data == VOID).all()


def test_the_masks_wear_the_colours_of_the_schema_and_void_is_transparent(
    open_dock: OpenDock, tiny_camvid: Path, qtbot: QtBot
) -> None:
    viewer, dock = open_dock()
    dock.open(DataConfig(path=tiny_camvid, reader="camvid", region=(12, 16)))
    wait_until_shown(viewer, dock, qtbot)
    colours = layer(viewer, "masks").colormap.map(np.array([0, 3, VOID], dtype=np.uint8))
    expected = dock.session.contents.schema.colours[[0, 3]] / 255
    np.testing.assert_allclose(colours[:2, :3], expected, atol=1e-3)
    assert colours[:, 3].tolist() == [1, 1, 0]


def test_a_layer_that_was_deleted_comes_back_and_layers_of_others_stay(
    open_dock: OpenDock, tiny_camvid: Path, qtbot: QtBot
) -> None:
    viewer, dock = open_dock()
    viewer.add_points([[0, 0]], name="mine")
    dock.open(DataConfig(path=tiny_camvid, reader="camvid", region=(12, 16)))
    qtbot.waitUntil(lambda: len(viewer.layers) == 4 and not dock.worker.busy, timeout=PATIENCE)
    viewer.layers.remove(layer(viewer, "masks"))
    qtbot.mouseClick(dock.image_panel.next_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(viewer.layers) == 4 and not dock.worker.busy, timeout=PATIENCE)
    assert [each.name for each in viewer.layers] == ["mine", "Image", "Masks", "Regions"]


def test_a_folder_that_is_missing_is_reported_and_what_was_open_stays(
    open_dock: OpenDock, tiny_camvid: Path, qtbot: QtBot, shown_warnings: list[str]
) -> None:
    viewer, dock = open_dock()
    dock.open(DataConfig(path=tiny_camvid, reader="camvid", region=(12, 16)))
    wait_until_shown(viewer, dock, qtbot)
    dock.open(DataConfig(path=tiny_camvid / "nowhere", reader="camvid"))
    qtbot.waitUntil(lambda: bool(shown_warnings), timeout=PATIENCE)
    assert "nowhere" in shown_warnings[0]
    assert dock.session.phase is Phase.OPEN
    wait_until_shown(viewer, dock, qtbot)
    assert dock.image_panel.model.rowCount() == 8


def test_an_image_that_disappeared_is_reported_and_no_other_is_shown_in_its_place(
    open_dock: OpenDock, tiny_camvid: Path, qtbot: QtBot, shown_warnings: list[str]
) -> None:
    viewer, dock = open_dock()
    dock.open(DataConfig(path=tiny_camvid, reader="camvid", region=(12, 16)))
    wait_until_shown(viewer, dock, qtbot)
    # The second image is decoded ahead.
    third = dock.session.contents.entries[2].image
    (tiny_camvid / "train" / f"{third}.png").unlink()
    qtbot.mouseClick(dock.image_panel.next_button, Qt.MouseButton.LeftButton)
    wait_until_shown(viewer, dock, qtbot)
    qtbot.mouseClick(dock.image_panel.next_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(shown_warnings), timeout=PATIENCE)
    assert third in shown_warnings[0]
    assert len(viewer.layers) == 0


def test_opening_can_be_stopped(open_dock: OpenDock, tiny_camvid: Path, qtbot: QtBot) -> None:
    viewer, dock = open_dock()
    open_by_hand(dock, tiny_camvid, qtbot)
    qtbot.mouseClick(dock.opening_panel.leave_button, Qt.MouseButton.LeftButton)
    assert dock.session.phase is Phase.EMPTY
    dock.worker.close()
    qtbot.wait(20)
    assert dock.session.phase is Phase.EMPTY
    assert len(viewer.layers) == 0


def test_removing_the_dock_ends_its_work_and_leaves_the_layers(
    open_dock: OpenDock, tiny_camvid: Path, qtbot: QtBot
) -> None:
    viewer, dock = open_dock()
    dock.open(DataConfig(path=tiny_camvid, reader="camvid", region=(12, 16)))
    wait_until_shown(viewer, dock, qtbot)
    dock.open(DataConfig(path=tiny_camvid, reader="camvid", region=(6, 8)))
    viewer.window.remove_dock_widget(dock)
    qtbot.wait(20)
    assert not dock.worker.busy
    assert dock.session.phase is Phase.OPENING, "answers are dropped, so nothing moves any more"
    assert len(layer(viewer, "regions").data) == 9
    dock.deleteLater()


def test_the_viewer_may_be_closed_while_a_data_set_opens_and_nothing_of_the_dock_is_left(
    open_dock: OpenDock, tiny_camvid: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ended = threading.Event(), threading.Event()

    def slow(_config: DataConfig, _schema: object) -> None:
        begun.set()
        ended.wait(0.2)
        ended.set()
        raise DataError("Too late. Nobody hears this.")

    monkeypatch.setattr(dataset_jobs, "opened_in_steps", slow)
    viewer, dock = open_dock()
    open_by_hand(dock, tiny_camvid, qtbot)
    assert begun.wait(5)
    left = weakref.ref(dock), weakref.ref(dock.session), weakref.ref(dock.worker)
    viewer.close()
    del dock, viewer
    qtbot.wait(100)
    gc.collect()
    assert ended.is_set(), "the worker was waited for"
    assert [each() for each in left] == [None, None, None]


def test_what_opengl_does_when_a_layer_goes_happens_in_the_context_of_its_canvas(
    open_dock: OpenDock, qtbot: QtBot
) -> None:
    current: list[object] = []
    viewers = [open_dock()[0] for _ in range(2)]
    for viewer in viewers:
        viewer.window.show()
        layer = viewer.add_image(np.zeros((8, 8)))
        qtbot.wait(50)
        viewer.layers.events.removed.connect(lambda _event: current.append(QOpenGLContext.currentContext()))
        viewer.layers.remove(layer)
        assert current.pop() == viewer.window._qt_viewer.canvas.native.context()


def test_two_viewers_are_independent(open_dock: OpenDock, tiny_camvid: Path, qtbot: QtBot) -> None:
    first, dock = open_dock()
    second, _ = open_dock()
    dock.open(DataConfig(path=tiny_camvid, reader="camvid", region=(12, 16)))
    wait_until_shown(first, dock, qtbot)
    assert len(second.layers) == 0


def test_real_images_are_cut_into_24_regions_and_shown_with_their_masks(
    open_dock: OpenDock, camvid: Path, qtbot: QtBot
) -> None:
    viewer, dock = open_dock()
    dock.open(DataConfig(path=camvid, reader="camvid", region=(90, 80)))
    wait_until_shown(viewer, dock, qtbot)
    assert dock.setup_page.summary.text() == "468 images, 3 sequences, 468 labelled"
    assert len(layer(viewer, "regions").data) == 24
    assert layer(viewer, "image").data.shape == (360, 480, 3)
    assert set(np.unique(layer(viewer, "masks").data)) <= {*range(11), VOID}
