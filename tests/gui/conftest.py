"""Fixtures of the GUI tests: a real viewer with the dock opened as napari opens it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from annotation_desk import Desk, Paper
from labelling_person import Sitter
from napari.components import ViewerModel
from pytestqt.qtbot import QtBot

from napari_ralis.dock_widget import RalisDockWidget
from napari_ralis.lasting_none import make_none_last
from napari_ralis.settings import settings_path, update_settings
from src_model.data.streets.street_images import StreetImages
from src_model.data.streets.writer import write_streets

# Tests of single panels open no dock, which does this in the plugin.
make_none_last()


@pytest.fixture(autouse=True)
def no_first_look(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new project begins with its first region, as for a user who has switched the first look off."""
    folder = tmp_path_factory.mktemp("config")
    monkeypatch.setenv("RALIS_CONFIG", str(folder))
    update_settings(settings_path(), lambda settings: replace(settings, first_look=False))
    return folder


@pytest.fixture(autouse=True)
def no_engine_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch is imported when something needs it: most of these tests do not, and it takes seconds."""
    monkeypatch.setattr("napari_ralis.dock_widget.import_engine_ahead", lambda: None)


@pytest.fixture
def open_dock(make_napari_viewer: Callable[..., Any]) -> Callable[[], tuple[Any, RalisDockWidget]]:
    """Opens the dock in a new viewer, through the installed manifest."""

    def opened() -> tuple[Any, RalisDockWidget]:
        viewer = make_napari_viewer()
        _, dock = viewer.window.add_plugin_dock_widget("napari-ralis", "Labelling")
        assert isinstance(dock, RalisDockWidget)
        return viewer, dock

    return opened


@pytest.fixture
def shown_warnings() -> Iterator[list[str]]:
    """Messages of the notifications that napari was asked to show."""
    from napari.utils.notifications import notification_manager

    messages: list[str] = []

    def remember(notification: Any) -> None:
        messages.append(notification.message)

    notification_manager.notification_ready.connect(remember)
    yield messages
    notification_manager.notification_ready.disconnect(remember)


@pytest.fixture(scope="session")
def streets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("streets") / "town"
    for _ in write_streets(StreetImages("target", 10, (96, 192), seed=7, sequence_length=2), out):
        pass
    return out


@pytest.fixture
def sit_down(
    make_napari_viewer: Callable[..., Any], qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Sitter]:
    monkeypatch.setenv("RALIS_CACHE", str(tmp_path / "cache"))

    def sitter() -> Sitter:
        viewer = make_napari_viewer(show=True)
        qtbot.waitExposed(viewer.window._qt_window)
        return Sitter(viewer, qtbot)

    return sitter


@pytest.fixture
def paper() -> Paper:
    return Paper(ViewerModel())


@pytest.fixture
def desk(make_napari_viewer: Callable[..., Any], qtbot: QtBot) -> Desk:
    viewer = make_napari_viewer(show=True)
    qtbot.waitExposed(viewer.window._qt_window)
    return Desk(viewer, qtbot)
