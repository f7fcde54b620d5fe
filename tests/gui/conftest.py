"""Fixtures of the GUI tests: a real viewer with the dock opened as napari opens it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from napari_ralis.dock_widget import RalisDockWidget
from napari_ralis.lasting_none import make_none_last

# Tests of single panels open no dock, which does this in the plugin.
make_none_last()


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
