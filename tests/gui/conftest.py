"""Fixtures of the GUI tests: a real viewer with the dock opened as napari opens it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from napari_ralis.dock_widget import RalisDockWidget
from napari_ralis.lasting_none import make_none_last
from napari_ralis.settings import settings_path, update_settings

# Tests of single panels open no dock, which does this in the plugin.
make_none_last()


@pytest.fixture(autouse=True)
def no_first_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new project begins with its first region, as for a user who has switched the first look off."""
    folder = tmp_path / "config-of-tests"
    monkeypatch.setenv("RALIS_CONFIG", str(folder))
    update_settings(settings_path(), lambda settings: replace(settings, first_look=False))
    return folder


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
