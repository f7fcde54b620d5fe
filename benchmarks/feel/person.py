"""The person of the benchmark: sits at a real window and works by mouse and keys alone."""

from __future__ import annotations

import atexit
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import QEventLoop, QPoint, Qt, QTimer
from qtpy.QtTest import QTest

from benchmarks.feel.clocks import Drawn
from napari_ralis.dock_widget import RalisDockWidget
from napari_ralis.layers.stack import find
from napari_ralis.session import Phase
from napari_ralis.settings import settings_path, update_settings
from napari_ralis.threads.run_messages import Message
from src_model.config import DataConfig
from src_model.data.region import Region
from src_model.labelling.tools import Tool

PATIENCE = 600.0
"""Seconds until something that should happen is given up."""
_LOOK = 5
WINDOW = (1280, 800)


def rest(seconds: float) -> None:
    """Let the event loop run for a while."""
    loop = QEventLoop()
    QTimer.singleShot(max(0, round(1000 * seconds)), loop.quit)
    loop.exec()


def until(true: Callable[[], bool], what: str) -> None:
    """Let the event loop run until this is true.

    Raises
    ------
    TimeoutError
        If it never is.
    """
    end, loop, look = time.monotonic() + PATIENCE, QEventLoop(), QTimer()
    look.setInterval(_LOOK)
    look.timeout.connect(lambda: loop.quit() if true() or time.monotonic() > end else None)
    look.start()
    if not true():
        loop.exec()
    look.stop()
    if not true():
        raise TimeoutError(f"Waited {PATIENCE:g} s for {what}.")


@contextmanager
def screen(width: int = WINDOW[0], height: int = WINDOW[1]) -> Iterator[None]:
    """A virtual screen of its own, so that nothing else is on it; the real one where there is no Xvfb."""
    from shutil import which

    if which("Xvfb") is None:
        yield
        return
    from pyvirtualdisplay.display import Display

    with Display(visible=False, size=(width, height)):
        yield


@contextmanager
def window(title: str, place: QPoint | None = None) -> Iterator[Any]:
    """A napari window on the screen, with the settings of nobody."""
    import napari

    _own_settings()
    viewer = napari.Viewer(title=title, show=False)
    own = viewer.window._qt_window
    own.resize(*WINDOW)
    own.move(place or QPoint(0, 0))
    viewer.window.show()
    until(own.isVisible, "the window")
    rest(0.5)
    try:
        yield viewer
    finally:
        viewer.close()
        rest(0.1)


@cache
def _own_settings() -> None:
    """Once a process: napari does not let it be said twice."""
    from napari.settings import get_settings

    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    get_settings(Path(folder.name, "settings.yaml"))
    os.environ["RALIS_CONFIG"] = folder.name
    # A session begins with its first region: nobody shows one of each here.
    update_settings(settings_path(), lambda own: replace(own, first_look=False))


class Person:
    """Opens, paints and presses keys."""

    def __init__(self, viewer: Any, seed: int = 0) -> None:
        self.viewer = viewer
        _, self.dock = viewer.window.add_plugin_dock_widget("napari-ralis", "Labelling")
        assert isinstance(self.dock, RalisDockWidget)
        self.canvas = viewer.window._qt_viewer.canvas.native
        self.drawn = Drawn(viewer)
        self.heard: list[Message] = []
        self.dock.run_lane.said.connect(self.heard.append)
        self._random = random.Random(seed)

    def open(self, data: DataConfig) -> None:
        """Open a data set."""
        self.dock.open(data)
        until(lambda: self.dock.session.phase is Phase.OPEN and not self.dock.worker.busy, "the data set")

    def start(self, folder: Path, settings: dict[str, Any]) -> None:
        """Begin to label in this folder."""
        self.dock.start_labelling(folder, settings)
        until(lambda: self.is_ready, "the first region")

    @property
    def region(self) -> Region:
        """In hand."""
        assert self.dock.labelling.shown is not None
        return self.dock.labelling.shown.region

    @property
    def is_ready(self) -> bool:
        """Whether the region in hand lies on the canvas, with its draft if it gets one."""
        sitting, shown = self.dock.session.sitting, self.dock.labelling.shown
        if sitting is None or shown is None or shown != sitting.current:
            return False
        return shown.blind or not self.dock.labelling._easel.awaits_draft

    def press(self, key: Qt.Key) -> None:
        """A key on the canvas."""
        QTest.keyClick(self.canvas, key)

    def at(self, row: float, column: float) -> QPoint:
        """Where a place of the region lies on the screen."""
        return place_of(self.viewer, self.region.row + row, self.region.column + column)

    def somewhere(self) -> tuple[float, float]:
        """A place in the region."""
        height, width = self.region.shape
        return self._random.uniform(0.1, 0.9) * height, self._random.uniform(0.1, 0.9) * width

    def point(self, row: float, column: float) -> None:
        """The mouse comes here."""
        QTest.mouseMove(self.canvas, self.at(row, column))

    def stroke(self, into: list[float] | None = None) -> None:
        """A stroke of the brush with a quarter of a second of moves; ``into`` takes the seconds until each is seen."""
        start, end = self.somewhere(), self.somewhere()
        path = [self.at(*point) for point in np.linspace(start, end, 16)]
        draw_stroke(self.canvas, self.drawn, path, into)

    def hover(self, into: list[float], times: int = 6) -> None:
        """Go over superpixels; ``into`` takes the seconds until the outline of each is seen."""
        preview = self.dock.labelling._easel.annotation._preview
        for _ in range(times):
            before, point = preview._outlined, self.somewhere()
            begun = time.perf_counter()
            self.point(*point)
            # The same superpixel as before is no reading.
            if preview._outlined is not None and (before is None or (preview._outlined != before).any()):
                self.drawn.expect(lambda: True, into, begun)
                until(lambda: not self.drawn.is_waiting, "a superpixel")
            rest(0.06)

    @property
    def superpixels_ready(self) -> bool:
        """Whether the tool can be taken up."""
        return bool(self.dock.labelling_panel.tools.tools[Tool.SUPERPIXEL].isEnabled())

    def accept(self, into: list[float]) -> None:
        """Press Enter; ``into`` takes the seconds until the next region is ready and drawn."""
        before, begun = self.region, time.perf_counter()
        self.press(Qt.Key.Key_Return)
        self.drawn.expect(lambda: self.is_ready and self.region != before, into, begun)
        until(lambda: not self.drawn.is_waiting, "the next region")

    def label_quickly(self, into: list[float] | None = None) -> None:
        """One class for everything that is unpainted."""
        until(lambda: self.is_ready, "a region")
        self.press(Qt.Key.Key_1)
        self.press(Qt.Key.Key_F)
        self.accept([] if into is None else into)

    def leave(self) -> None:
        """Close the project."""
        self.dock.run_lane.said.disconnect(self.heard.append)
        self.dock.labelling.leave()


def place_of(viewer: Any, row: float, column: float) -> QPoint:
    """Where a place of the image lies on the canvas."""
    camera, canvas = viewer.scene.camera, viewer.window._qt_viewer.canvas.native
    across = (column - camera.center[-1]) * camera.zoom + canvas.width() / 2
    down = (row - camera.center[-2]) * camera.zoom + canvas.height() / 2
    return QPoint(round(across), round(down))


def draw_stroke(canvas: Any, drawn: Drawn, path: list[QPoint], into: list[float] | None = None) -> None:
    """Press, go along the path, let go; ``into`` takes the seconds from each event until its picture is drawn."""
    QTest.mouseMove(canvas, path[0])
    rest(0.03)
    steps = [lambda: QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=path[0])]
    steps += [lambda point=point: QTest.mouseMove(canvas, point) for point in path[1:]]
    steps.append(lambda: QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=path[-1]))
    for step in steps:
        begun = time.perf_counter()
        step()
        if into is not None:
            drawn.expect(lambda: True, into, begun)
            until(lambda: not drawn.is_waiting, "the ink")
        rest(0.016)


def painted(viewer: Any) -> np.ndarray:
    """A copy of what is painted."""
    return np.array(find(viewer, "annotation").data)
