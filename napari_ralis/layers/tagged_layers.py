"""Tagged layers: how our layers are found, put in and named again in a viewer that belongs to the user."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from napari.layers import Layer

from napari_ralis.layers.stack import TAG, find

if TYPE_CHECKING:
    from napari.components import ViewerModel

_NAMED = "napari_ralis_name"
"""Key in a layer's metadata: the name we gave it last, so that one the user gave is told apart."""

ABOVE_PICTURES = ("regions", "proposals", "ghosts", "annotation")
"""Roles that lie above whatever is said about the pixels of the image."""


class TaggedLayers:
    """The layers of one viewer that carry a role. Layers of other viewers are never touched."""

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer

    def find(self, role: str) -> Any:
        """The layer with this role, wherever it lies and whatever it is called; None if it was deleted."""
        return find(self._viewer, role)

    def insert(self, layer: Layer, role: str, below: Sequence[str]) -> None:
        """Put a layer in, under the lowest of the roles ``below``; what is chosen, and so what keys do, stays."""
        layer.metadata[TAG] = role
        chosen = set(self._viewer.layers.selection)
        roles = [other.metadata.get(TAG) for other in self._viewer.layers]
        above = [index for index, other in enumerate(roles) if other in below]
        self._viewer.layers.insert(min(above, default=len(roles)), layer)
        # The list puts a name right that is taken already.
        layer.metadata[_NAMED] = layer.name
        self._viewer.layers.selection = chosen

    def rename(self, layer: Layer, name: str) -> None:
        """Name a layer anew, unless the user has named it."""
        if layer.name == layer.metadata.get(_NAMED):
            layer.name = name
            layer.metadata[_NAMED] = layer.name

    def remove(self, *roles: str) -> None:
        """Remove the layers with these roles."""
        for layer in [layer for layer in self._viewer.layers if layer.metadata.get(TAG) in roles]:
            self._viewer.layers.remove(layer)
