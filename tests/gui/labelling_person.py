"""A person at a dock, for tests of whole sessions: opens, paints and presses keys; real events only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_ralis.dock_widget import RalisDockWidget
from napari_ralis.layers.stack import find
from napari_ralis.session import Phase
from napari_ralis.threads.run_messages import Message
from src_model.config import DataConfig
from src_model.data.class_schema import ClassSchema
from src_model.data.region import Region
from src_model.data.streets.writer import reader_for

PATIENCE = 180_000
"""Milliseconds; a busy machine may take long to import torch and to draw."""
SETTINGS = {
    "segmentation": {"segmenter": "fast", "fast_input": "96x192", "fast_updates": 200},
    "acquisition": {"name": "entropy", "regions_per_query": 2, "pool_size": 3, "budget": 40},
}


class Sitter:
    """A person at a dock: opens, paints and presses keys; real events only."""

    def __init__(self, viewer: Any, qtbot: QtBot) -> None:
        self.viewer, self.qtbot = viewer, qtbot
        _, self.dock = viewer.window.add_plugin_dock_widget("napari-ralis", "Labelling")
        assert isinstance(self.dock, RalisDockWidget)
        self.canvas = viewer.window._qt_viewer.canvas.native
        self.heard: list[Message] = []
        self._opened: Any = None
        self.dock.run_lane.said.connect(self.heard.append)

    def open(self, streets: Path) -> None:
        self.dock.open(DataConfig(path=streets, reader=reader_for("target"), region=(32, 32)))
        self.until(lambda: self.dock.session.phase is Phase.OPEN and not self.dock.worker.busy)

    def start(self, folder: Path, settings: dict[str, Any] = SETTINGS) -> None:
        self.dock.start_labelling(folder, settings)
        assert self.dock.session.phase is Phase.STARTING
        self.until(lambda: self.region is not None)
        self._opened = self.dock.labelling.opened

    def until(self, true: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(true, timeout=PATIENCE)

    @property
    def region(self) -> Region | None:
        """What lies on the canvas, once it is what the sitting has in hand."""
        sitting, layer = self.dock.session.sitting, find(self.viewer, "annotation")
        if sitting is None or sitting.current is None or layer is None or self.dock.labelling.shown != sitting.current:
            return None
        return sitting.current.region

    @property
    def patch(self) -> np.ndarray:
        return np.array(find(self.viewer, "annotation").data)

    @property
    def labelled(self) -> dict[Region, np.ndarray]:
        sitting = self.dock.session.sitting
        return {} if sitting is None else {own.region: own.labels for own in sitting.all}

    @property
    def schema(self) -> ClassSchema:
        """Of the project that was open last."""
        opened = self.dock.labelling.opened or self._opened
        assert opened is not None
        return opened.dataset.schema

    def press(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(self.canvas, key, modifier)
        self.qtbot.wait(1)

    def at(self, row: float, column: float) -> QPoint:
        region, camera = self.region, self.viewer.scene.camera
        assert region is not None
        across = (region.column + column - camera.center[-1]) * camera.zoom + self.canvas.width() / 2
        down = (region.row + row - camera.center[-2]) * camera.zoom + self.canvas.height() / 2
        return QPoint(round(across), round(down))

    def point(self, row: float, column: float) -> None:
        QTest.mouseMove(self.canvas, self.at(row, column))
        self.qtbot.wait(20)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self.point(*start)
        QTest.mousePress(self.canvas, Qt.MouseButton.LeftButton, pos=self.at(*start))
        self.point(*end)
        QTest.mouseRelease(self.canvas, Qt.MouseButton.LeftButton, pos=self.at(*end))
        self.qtbot.wait(1)

    def label_quickly(self) -> Region:
        """One class and *fill the rest*, which is what a third of all regions needs."""
        self.until(lambda: self.region is not None)
        region = self.region
        assert region is not None
        self.press(Qt.Key.Key_1)
        self.press(Qt.Key.Key_F)
        self.press(Qt.Key.Key_Return)
        assert region in self.labelled
        return region

    def close(self) -> None:
        self.dock.run_lane.said.disconnect(self.heard.append)
        self.viewer.close()
