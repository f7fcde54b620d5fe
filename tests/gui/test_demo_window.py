"""The window at the end of the demo: the command itself, with a real viewer on the virtual screen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import napari
import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from typer.testing import CliRunner

from napari_ralis import cli
from napari_ralis.dock_widget import RalisDockWidget
from napari_ralis.layers.stack import TAG
from src_model.config import DataConfig
from src_model.data.annotation import VOID
from src_model.data.readers import open_dataset
from src_model.studies import demo

TINY = demo.Demo(images=12, size=(32, 64), region=(16, 16), budget=2, regions_per_query=2, pool_size=2, updates=1)
PATIENCE = 60_000
"""Milliseconds; a busy machine may take long to draw."""


def test_the_demo_ends_in_a_window_with_its_images_and_masks_and_the_way_to_its_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_napari_viewer: Callable[..., Any], qtbot: QtBot
) -> None:
    viewers: list[Any] = []

    def make_viewer(title: str) -> Any:
        viewers.append(make_napari_viewer(title=title))
        return viewers[-1]

    def run_until_shown() -> None:
        qtbot.waitUntil(lambda: len(viewers[-1].layers) == 3, timeout=PATIENCE)

    monkeypatch.setattr(demo, "QUICK", TINY)
    monkeypatch.setattr(napari, "Viewer", make_viewer)
    monkeypatch.setattr(napari, "run", run_until_shown)
    monkeypatch.setattr(cli.webbrowser, "open", lambda url: True)
    monkeypatch.setattr(cli, "_on_a_screen", lambda: True)
    CliRunner().invoke(cli.app, ["demo", "--quick", "--out", str(tmp_path)], catch_exceptions=False)

    [viewer] = viewers
    assert viewer.title == "napari-ralis: demo"
    dock = viewer.window._qt_window.findChild(RalisDockWidget)
    assert dock.session.contents.config.path == tmp_path / "streets"
    assert dock.image_panel.model.rowCount() == 12
    assert (tmp_path / "report" / "report.html").as_uri() in dock.remark.text()
    assert not dock.remark.isHidden()

    dataset = open_dataset(TINY.data(tmp_path))
    first = dock.session.entry.image
    shown = {layer.metadata[TAG]: layer for layer in viewer.layers}
    assert all(layer.visible for layer in shown.values())
    np.testing.assert_array_equal(shown["image"].data, dataset.image(first))
    masks = shown["masks"].data
    np.testing.assert_array_equal(masks, dataset.labels(first))
    assert len(np.unique(masks[masks != VOID])) > 1
    assert len(shown["regions"].data) == (32 // 16) * (64 // 16)


def test_the_remark_goes_with_what_it_speaks_of(
    tiny_camvid: Path, open_dock: Callable[[], tuple[Any, RalisDockWidget]], qtbot: QtBot
) -> None:
    viewer, dock = open_dock()
    assert dock.remark.isHidden()
    dock.open(DataConfig(path=tiny_camvid, reader="camvid", region=(12, 16)), "The streets of the demo")
    assert not dock.remark.isHidden()
    qtbot.waitUntil(lambda: len(viewer.layers) == 3 and not dock.worker.busy, timeout=PATIENCE)
    qtbot.mouseClick(dock.setup_page.leave_button, Qt.MouseButton.LeftButton)
    assert dock.remark.isHidden()
    assert len(viewer.layers) == 0
