"""Commands in napari's menus: one dock a viewer, and a way from an opened folder into it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from napari_ralis.commands import DOCK, label_dataset, open_dock
from napari_ralis.dock_widget import RalisDockWidget
from napari_ralis.layers.origin import Origin
from napari_ralis.session import Phase
from src_model.config import DataConfig

PATIENCE = 60_000
"""Milliseconds; a busy machine may take long to draw."""


def run(command: str) -> None:
    """What a click in a menu does."""
    from napari._app_model import get_app_model

    get_app_model().commands.execute_command(command).result()


def docks(viewer: Any) -> list[RalisDockWidget]:
    return [dock for dock in viewer.window.dock_widgets.values() if isinstance(dock, RalisDockWidget)]


@pytest.fixture
def viewer(make_napari_viewer: Callable[..., Any]) -> Any:
    return make_napari_viewer(show=True)


def test_the_dock_of_the_command_line_is_the_one_that_the_menus_hide_and_show(viewer: Any) -> None:
    dock = open_dock(viewer)
    assert docks(viewer) == [dock]
    run("napari-ralis.open_dock")
    assert docks(viewer) == [dock], "the menu has opened no second one"
    assert not dock.isVisible()
    assert open_dock(viewer) is dock
    assert dock.isVisible()


@pytest.mark.parametrize("opened", ["by the menu", "by a script"])
def test_a_dock_that_is_open_is_used_whoever_opened_it(viewer: Any, opened: str) -> None:
    if opened == "by the menu":
        run("napari-ralis.open_dock")
        assert list(viewer.window.dock_widgets) == [DOCK]
    else:
        viewer.window.add_plugin_dock_widget("napari-ralis", "Labelling")
    [dock] = docks(viewer)
    assert open_dock(viewer) is dock


def test_a_folder_that_file_open_has_shown_is_opened_in_the_dock(viewer: Any, tiny_camvid: Path, qtbot: QtBot) -> None:
    viewer.open(str(tiny_camvid), plugin="napari-ralis")
    viewer.add_points([[0, 0]])
    run("napari-ralis.label_dataset")
    [dock] = docks(viewer)
    qtbot.waitUntil(lambda: dock.session.phase is Phase.OPEN and not dock.worker.busy, timeout=PATIENCE)
    assert dock.session.contents is not None
    assert dock.session.contents.config.path == tiny_camvid
    assert dock.session.contents.config.reader == "camvid"


def test_a_project_that_file_open_has_shown_is_gone_on_with(
    viewer: Any, tiny_camvid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []
    monkeypatch.setattr(RalisDockWidget, "look", lambda _dock, path: asked.append(path))
    origin = Origin(DataConfig(path=tiny_camvid, reader="camvid"), "0001TP_000001", tiny_camvid / "project")
    viewer.add_points([[0, 0]], metadata=origin.to_metadata())
    run("napari-ralis.label_dataset")
    assert asked == [tiny_camvid / "project"]


def test_where_no_layer_is_from_a_data_set_the_way_is_shown(viewer: Any, shown_warnings: list[str]) -> None:
    viewer.add_points([[0, 0]])
    label_dataset(viewer)
    assert "File > Open Folder" in shown_warnings[0]
    assert docks(viewer)[0].session.phase is Phase.EMPTY


def test_the_menus_hold_the_dock_and_the_command(viewer: Any) -> None:
    from napari._app_model import get_app_model

    menus = get_app_model().menus
    titles = {
        menu: {item.command.title for item in menus.get_menu(f"napari/layers/{menu}") if hasattr(item, "command")}
        for menu in ("annotate", "segment", "measure")
    }
    assert all("Labelling (RALIS)" in each for each in titles.values())
    assert "Label this data set (RALIS)" in titles["annotate"]
