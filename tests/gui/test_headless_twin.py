"""The headless twin: an oracle at the mouse and keys of a real window gets the numbers of ``napari-ralis simulate``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from typer.testing import CliRunner

from napari_ralis.dock_widget import RalisDockWidget
from napari_ralis.layers.stack import find
from napari_ralis.session import Phase
from napari_ralis.threads.run_messages import Standing
from src_model.cli import app
from src_model.config import DataConfig
from src_model.data.annotation import IGNORED, VOID, Labels
from src_model.data.dataset import Dataset
from src_model.data.readers import open_dataset
from src_model.data.region import Region
from src_model.data.streets.street_images import StreetImages
from src_model.project.view import ProjectView

PATIENCE = 300_000
"""Milliseconds; a busy machine may take long to import torch and to draw."""
GROUND, SKY = (0, 1, 9), (10,)
KEYS = {0: Qt.Key.Key_1, 1: Qt.Key.Key_2, 2: Qt.Key.Key_3, IGNORED: Qt.Key.Key_Minus}
"""By what they paint; an oracle ignores by decision what its masks do not name."""
SETTINGS = {
    "segmentation": {"segmenter": "fast", "fast_input": "64x128", "fast_updates": 60},
    "acquisition": {"name": "margin_class_balanced", "regions_per_query": 2, "pool_size": 3, "budget": 6},
    # What makes a session comparable with a simulation to the bit.
    "schedule": "sequential",
    "labelling": {"check_images": "reward", "check_order": "first"},
    "threads": 1,
    "device": "cpu",
}

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def streets(tmp_path: Path) -> DataConfig:
    """Twelve street images of 64×128 in six drives, cut into 32×32; with ground, sky and all else as classes.

    Each of them lies in at least five regions of the reward images: check regions say nothing of rarer classes, which a
    simulation, with whole masks, counts all the same.
    """
    folder = tmp_path / "town"
    scenes = StreetImages("target", 12, (64, 128), seed=2, sequence_length=2)
    lookup = np.full(256, 2, dtype=np.uint8)
    lookup[list(GROUND)], lookup[list(SKY)], lookup[VOID] = 0, 1, VOID
    for image in scenes.ids:
        pixels, labels = scenes.scene(image)
        for kind, values in (("images", pixels), ("masks", lookup[labels])):
            path = folder / kind / scenes.sequence(image) / f"{image}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(values).save(path)
    (folder / "classes.csv").write_text("id,name,R,G,B\n0,ground,128,64,128\n1,sky,70,130,180\n2,else,70,70,70\n")
    return DataConfig(path=folder, region=(32, 32), train_images=0, state_images=1, reward_images=2)


class OracleAtTheMouse:
    """Knows the masks, and paints what they say of each region: class keys, *fill the rest* and straight lines."""

    def __init__(self, viewer: Any, qtbot: QtBot, dataset: Dataset) -> None:
        self.viewer, self.qtbot, self.dataset = viewer, qtbot, dataset
        _, self.dock = viewer.window.add_plugin_dock_widget("napari-ralis", "Labelling")
        assert isinstance(self.dock, RalisDockWidget)
        self.canvas = viewer.window._qt_viewer.canvas.native
        self.standing: Standing | None = None
        self.dock.run_lane.said.connect(self._hear)

    def _hear(self, message: object) -> None:
        if isinstance(message, Standing):
            self.standing = message

    def open(self, config: DataConfig, project: Path) -> None:
        self.dock.open(config)
        self.until(lambda: self.dock.session.phase is Phase.OPEN and not self.dock.worker.busy)
        self.dock.start_labelling(project, SETTINGS)
        self.until(lambda: self.region is not None or self.dock.session.phase is Phase.FAILED)
        assert self.dock.session.phase is Phase.LABELLING, self.dock.session.problem
        self.press(Qt.Key.Key_L)
        for _ in range(12):
            self.press(Qt.Key.Key_BracketLeft)

    def label(self, count: int) -> list[Region]:
        """As many regions as this, until all of it has been learned; returns them in order."""
        done: list[Region] = []
        while len(done) < count:
            self.until(lambda: self.region is not None)
            region = self.region
            assert region is not None
            mask = self.dataset.labels(region.image)[region.window]
            self.paint(np.where(mask == VOID, np.uint8(IGNORED), mask))
            self.press(Qt.Key.Key_Return)
            assert self.region != region
            done.append(region)
        self.until(lambda: self.is_over)
        return done

    def paint(self, wanted: Labels) -> None:
        # A draft that comes late is laid into what was not painted yet.
        for _ in range(3):
            open_pixels = wanted[self.patch == VOID]
            if open_pixels.size:
                self.press(KEYS[int(np.bincount(open_pixels).argmax())])
                self.press(Qt.Key.Key_F)
            for index, key in KEYS.items():
                wrong = (self.patch != wanted) & (wanted == index)
                if wrong.any():
                    self.press(key)
                for start, end in fewest_lines(wrong):
                    self.click(*start)
                    self.click(*end)
            if np.array_equal(self.patch, wanted):
                return
        np.testing.assert_array_equal(self.patch, wanted)

    @property
    def is_over(self) -> bool:
        """Nothing is asked and nothing left to learn."""
        said = self.standing
        return said is not None and not said.queue and not said.unseen and not said.fit_is_due

    @property
    def region(self) -> Region | None:
        """What lies on the canvas, once it is what the sitting has in hand."""
        sitting, layer = self.dock.session.sitting, find(self.viewer, "annotation")
        if sitting is None or sitting.current is None or layer is None or self.dock.labelling.shown != sitting.current:
            return None
        return sitting.current.region

    @property
    def patch(self) -> Labels:
        return np.array(find(self.viewer, "annotation").data)

    def until(self, true: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(true, timeout=PATIENCE)

    def press(self, key: Qt.Key) -> None:
        QTest.keyClick(self.canvas, key)
        self.qtbot.wait(1)

    def click(self, row: int, column: int) -> None:
        region, camera = self.region, self.viewer.scene.camera
        assert region is not None
        across = (region.column + column - camera.center[-1]) * camera.zoom + self.canvas.width() / 2
        down = (region.row + row - camera.center[-2]) * camera.zoom + self.canvas.height() / 2
        QTest.mouseClick(self.canvas, Qt.MouseButton.LeftButton, pos=QPoint(round(across), round(down)))

    def close(self) -> None:
        self.dock.run_lane.said.disconnect(self._hear)
        self.viewer.close()


Line = tuple[tuple[int, int], tuple[int, int]]


def fewest_lines(mask: np.ndarray) -> list[Line]:
    """Straight lines that cover a mask and nothing else: along rows or along columns."""
    across = list(_runs(mask))
    down = [((top, column), (bottom, column)) for (column, top), (_, bottom) in _runs(mask.T)]
    return min(across, down, key=len)


def _runs(mask: np.ndarray) -> Iterator[Line]:
    for row, values in enumerate(np.pad(mask, ((0, 0), (1, 1)))):
        edges = np.nonzero(np.diff(values.astype(np.int8)))[0]
        for begin, end in list(pairwise(edges.tolist()))[::2]:
            yield (row, begin), (row, end - 1)


def numbers(folder: Path) -> tuple[list[dict[str, Any]], list[Any]]:
    """Rows without what was timed, and queries."""
    with ProjectView.read(folder) as view:
        rows = [{key: cell for key, cell in row.items() if not key.endswith("_seconds")} for row in view.rows()]
        return rows, view.queries(1)


def test_an_oracle_at_the_mouse_gets_the_numbers_of_a_simulation_with_the_same_settings(
    make_napari_viewer: Callable[..., Any],
    qtbot: QtBot,
    streets: DataConfig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RALIS_CACHE", str(tmp_path / "cache"))
    project, simulated = tmp_path / "project", tmp_path / "simulated"
    viewer = make_napari_viewer(show=True)
    qtbot.waitExposed(viewer.window._qt_window)
    oracle = OracleAtTheMouse(viewer, qtbot, open_dataset(streets))
    oracle.open(streets, project)
    labelled = oracle.label(16 + 6)
    oracle.close()

    command = ["simulate", "--config", str(project / "settings.toml"), "--out", str(simulated)]
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    assert result.exit_code == 0, result.output

    (ours, asked), (theirs, also_asked) = numbers(project), numbers(simulated)
    assert asked == also_asked
    assert [len(query.regions) for query in asked] == [2, 2, 2]
    assert labelled[16:] == [region for query in asked for region in query.regions]
    assert [row["step"] for row in ours] == [row["step"] for row in theirs] == [0, 1, 2, 3]
    assert len({row["reward"] for row in theirs[1:]}) == 3
    for own, other in zip(ours, theirs, strict=True):
        # Its path through float32 is another: the logarithm of a probability.
        assert own["reward_set_loss"] == pytest.approx(other["reward_set_loss"], rel=1e-5)
        assert {key: own[key] for key in other if key != "reward_set_loss"} == {
            key: cell for key, cell in other.items() if key != "reward_set_loss"
        }
