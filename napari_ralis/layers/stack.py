"""The stack: where a layer of ours lies among the others, how it is found again and how it is redrawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from napari.layers import Labels, Layer

if TYPE_CHECKING:
    from napari.components import ViewerModel

TAG = "napari_ralis"
"""Key in a layer's metadata under which its role stands; names are the user's to change."""
ORDER = ("image", "masks", "regions", "frame", "ghosts", "annotation", "marks", "preview")
"""Roles from the lowest layer to the highest."""


def find(viewer: ViewerModel, role: str) -> Any:
    """The layer with this role, whatever it is called by now; None if there is none."""
    return next((layer for layer in viewer.layers if layer.metadata.get(TAG) == role), None)


def place(viewer: ViewerModel, layer: Layer) -> None:
    """Put a layer, whose metadata name its role, under the lowest of ours that belong above it."""
    above = ORDER[ORDER.index(layer.metadata[TAG]) + 1 :]
    positions = [index for index, other in enumerate(viewer.layers) if other.metadata.get(TAG) in above]
    # napari makes what is inserted the active layer, and keys go to the active one.
    active = viewer.layers.selection.active
    viewer.layers.insert(min(positions, default=len(viewer.layers)), layer)
    if active is not None:
        viewer.layers.selection.active = active


def redraw(layer: Any, values: npt.NDArray[np.generic], origin: tuple[int, int]) -> None:
    """Show other values at another place of the image.

    They are copied into the array that the layer shows: a new layer costs twenty times as much (napari builds its
    controls and collects all garbage when it is removed) and a new array five times. Of labels only the rectangle that
    changes is sent to the screen.
    """
    _move(layer, origin)
    if layer.data.shape != values.shape:
        layer.data = values.copy()
    elif isinstance(layer, Labels) and layer.loaded and layer.visible and not layer.contour:
        _redraw_part(layer, values)
    else:
        layer.data[...] = values
        layer.refresh(extent=False, thumbnail=False, highlight=False)


def _move(layer: Any, origin: tuple[int, int]) -> None:
    """Let a layer lie elsewhere within the image.

    napari would slice it again, draw its icon anew and measure the world, all of which stay as they are.
    """
    if tuple(layer.translate) != origin:
        events = layer.events
        with events.set_data.blocker(), events.extent.blocker(), events.thumbnail.blocker():
            layer.translate = origin


def _redraw_part(layer: Any, values: npt.NDArray[np.generic]) -> None:
    changed = layer.data != values
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    if rows.size:
        part = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
        layer.data[part] = values[part]
        # What napari says itself after a stroke. Labels of one byte are sent to the screen as they are. The list of
        # layers, which would paint itself anew at each event of a layer, does not hear of it.
        with layer.events.blocker():
            layer.events.labels_update(data=layer.data[part], offset=[part[0].start, part[1].start])
