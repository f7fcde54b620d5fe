"""The first ten minutes with real mouse and keys: one of each, more like this, and those places come first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_ralis.dock_widget import RalisDockWidget
from napari_ralis.layers.stack import find
from napari_ralis.session import Phase
from napari_ralis.settings import settings_path, update_settings
from src_model.config import DataConfig
from src_model.data.annotation import VOID
from src_model.data.region import Region
from src_model.data.streets.street_images import StreetImages
from src_model.data.streets.writer import reader_for, write_streets
from src_model.labelling.examples import Spot

PATIENCE = 180_000
SETTINGS = {
    "segmentation": {"segmenter": "fast", "fast_input": "96x192", "fast_updates": 100},
    "acquisition": {"name": "entropy", "regions_per_query": 2, "pool_size": 3, "budget": 40},
}


@pytest.fixture(scope="module")
def streets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("streets") / "town"
    for _ in write_streets(StreetImages("target", 12, (96, 192), seed=7, sequence_length=2), out):
        pass
    return out


class Shower:
    """A person at the showcase; real events only."""

    def __init__(self, viewer: Any, qtbot: QtBot) -> None:
        self.viewer, self.qtbot = viewer, qtbot
        _, self.dock = viewer.window.add_plugin_dock_widget("napari-ralis", "Labelling")
        assert isinstance(self.dock, RalisDockWidget)
        self.canvas = viewer.window._qt_viewer.canvas.native

    def begin(self, streets: Path, folder: Path) -> None:
        self.dock.open(DataConfig(path=streets, reader=reader_for("target"), region=(32, 32)))
        self.until(lambda: self.dock.session.phase is Phase.OPEN and not self.dock.worker.busy)
        self.dock.start_labelling(folder, SETTINGS)
        self.until(lambda: self.dock.session.phase is not Phase.STARTING)
        assert self.dock.session.phase is Phase.LABELLING, self.dock.session.problem

    def until(self, true: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(true, timeout=PATIENCE)

    @property
    def region(self) -> Region | None:
        sitting = self.dock.session.sitting
        if sitting is None or sitting.current is None or self.dock.labelling.shown != sitting.current:
            return None
        return sitting.current.region

    def press(self, key: Qt.Key) -> None:
        QTest.keyClick(self.canvas, key)
        self.qtbot.wait(1)

    def click(self, spot: Spot) -> None:
        """On the showcase, where this spot is seen."""
        examples = self.dock.examples
        layout, windows = examples._layout()
        ((row, column),) = layout.place_of(spot, windows)
        camera = self.viewer.scene.camera
        place = QPoint(
            round((column - camera.center[-1]) * camera.zoom + self.canvas.width() / 2),
            round((row - camera.center[-2]) * camera.zoom + self.canvas.height() / 2),
        )
        QTest.mouseMove(self.canvas, place)
        self.qtbot.wait(20)
        QTest.mouseClick(self.canvas, Qt.MouseButton.LeftButton, pos=place)
        # Beyond the time in which two clicks would be a double click.
        self.qtbot.wait(20)


@pytest.fixture
def shower(
    make_napari_viewer: Callable[..., Any], qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Shower]:
    monkeypatch.setenv("RALIS_CACHE", str(tmp_path / "cache"))
    update_settings(settings_path(), lambda settings: replace(settings, first_look=True))

    def made() -> Shower:
        viewer = make_napari_viewer(show=True)
        qtbot.waitExposed(viewer.window._qt_window)
        return Shower(viewer, qtbot)

    return made


def test_one_of_each_is_shown_and_its_places_are_labelled_first(
    shower: Callable[[], Shower], streets: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    person = shower()
    person.begin(streets, folder)
    examples, panel = person.dock.examples, person.dock.labelling_panel
    assert examples.is_open
    assert panel.examples.isVisible()
    assert not panel.tabs.isVisible()
    person.until(lambda: all(person.dock.canvas_lane.get(tile) is not None for tile in examples._tiles()))
    page = np.array(find(person.viewer, "showcase").data)
    assert page.std() > 20, "pictures, not grey tiles"
    images = [window.image for window in examples._windows()]

    # The key of a class, then clicks; then a click without a class, and its key.
    person.press(Qt.Key.Key_1)
    first, second = Spot(images[0], 88, 96), Spot(images[1], 88, 40)
    person.click(first)
    person.click(second)
    person.press(Qt.Key.Key_Escape)
    third = Spot(images[2], 6, 20)
    person.click(third)
    assert "Press the key" in panel.examples.remark.text()
    person.press(Qt.Key.Key_3)
    shown = examples.examples.shown
    assert [own.index for own in shown] == [0, 0, 2]
    for own, meant in zip(shown, (first, second, third), strict=True):
        assert own.spot.image == meant.image
        assert abs(own.spot.row - meant.row) <= 2
        assert abs(own.spot.column - meant.column) <= 2
    counts = {entry.index: entry.regions for entry in panel.examples.palette_panel.model._all}
    assert (counts[0], counts[1], counts[2]) == (2, 0, 1)
    assert len(find(person.viewer, "shown").data) == 3

    # More like this: other regions, none of those that were shown.
    person.press(Qt.Key.Key_R)
    person.until(lambda: bool(examples._alike))
    own_regions = set(examples.examples.regions(examples._cut))
    assert not own_regions & set(examples._alike)
    person.press(Qt.Key.Key_Escape)
    person.press(Qt.Key.Key_Escape)
    assert examples.is_open

    # Closed in the middle: nothing is lost.
    person.dock.run_lane.said.disconnect(examples._on_engine_said)
    person.viewer.close()
    again = shower()
    again.dock.open_project(folder)
    again.until(lambda: again.dock.examples.is_open)
    assert again.dock.examples.examples.shown == shown

    # On to the loop: these regions first, with a draft, though nothing has been learnt.
    wanted = again.dock.examples.examples.regions(again.dock.examples._cut)
    again.press(Qt.Key.Key_Return)
    assert not again.dock.examples.is_open
    assert find(again.viewer, "showcase") is None
    assert again.dock.labelling_panel.tabs.isVisible()
    again.until(lambda: again.region == wanted[0])
    sitting = again.dock.session.sitting
    again.until(lambda: [place.region for place in sitting.strip][:2] == list(wanted[:2]))
    again.until(lambda: (np.array(find(again.viewer, "annotation").data) != VOID).any())
    assert find(again.viewer, "image").visible
    again.until(lambda: again.dock.labelling_panel.query.reason.text() == "You have shown road here.")
    again.press(Qt.Key.Key_1)
    again.press(Qt.Key.Key_F)
    again.press(Qt.Key.Key_Return)
    again.until(lambda: again.region == wanted[1])
    assert wanted[0] in {own.region for own in sitting.all}

    # The showcase comes back with its key, and goes.
    again.press(Qt.Key.Key_T)
    assert again.dock.examples.is_open
    again.press(Qt.Key.Key_T)
    again.until(lambda: again.region == wanted[1])
    again.viewer.close()


def test_the_first_look_is_skipped_with_one_key(shower: Callable[[], Shower], streets: Path, tmp_path: Path) -> None:
    person = shower()
    person.begin(streets, tmp_path / "project")
    person.until(lambda: find(person.viewer, "showcase") is not None)
    person.press(Qt.Key.Key_Return)
    person.until(lambda: person.region is not None)
    sitting = person.dock.session.sitting
    assert not sitting.current.blind
    assert (np.array(find(person.viewer, "annotation").data) == VOID).all()
    person.viewer.close()
