"""Commands: how our dock is opened, and what napari's Annotate menu and command palette do with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.utils.notifications import show_warning

from napari_ralis.dock_widget import RalisDockWidget
from napari_ralis.layers.origin import origin_of

if TYPE_CHECKING:
    from napari import Viewer

DOCK = "Labelling (RALIS)"
"""Name under which napari's own menus look for our dock; under another one they would open a second."""


def open_dock(viewer: Viewer) -> RalisDockWidget:
    """Show the labelling dock of a viewer; there is one a viewer, however it was opened."""
    docks = viewer.window.dock_widgets.values()
    dock = next((dock for dock in docks if isinstance(dock, RalisDockWidget)), None)
    if dock is None:
        dock = RalisDockWidget(viewer)
        viewer.window.add_dock_widget(dock, name=DOCK)
    frame = dock.parentWidget()
    if frame is not None:
        frame.show()
        frame.raise_()
    return dock


def label_dataset(viewer: Viewer) -> None:
    """Open the project or the data set that the selected layer is from, or else the first layer that is from one.

    napari injects the viewer by its type.
    """
    active = viewer.layers.selection.active
    layers = [*([] if active is None else [active]), *viewer.layers]
    origin = next(filter(None, (origin_of(layer.metadata) for layer in layers)), None)
    if origin is None:
        show_warning(
            "No layer here is from a data set. Open its folder with File > Open Folder, or choose it in the dock."
        )
        open_dock(viewer)
    elif origin.project is not None:
        open_dock(viewer).look(origin.project)
    else:
        open_dock(viewer).open(origin.data)
