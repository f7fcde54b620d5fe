"""The stack: where a layer of ours lies among the others, how it is found again and how it is redrawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from napari.layers import Layer

from napari_ralis.layers.layer_group import TAG

if TYPE_CHECKING:
    from napari.components import ViewerModel

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
    controls and collects all garbage when it is removed), a new array five times, and so does moving the layer.
    """
    if layer.data.shape == values.shape:
        layer.data[...] = values
    else:
        layer.data = values.copy()
    if tuple(layer.translate) != origin:
        layer.translate = origin
    layer.refresh(extent=False, thumbnail=False)
