"""Prediction layers: what the served model says of the shown image, and how sure it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from napari.layers import Image, Labels
from psygnal import Signal

from napari_ralis.layers.layer_group import label_colours
from napari_ralis.layers.tagged_layers import ABOVE_PICTURES, TaggedLayers
from src_model.data.annotation import VOID
from src_model.data.annotation import Labels as LabelMap
from src_model.data.class_schema import ClassSchema
from src_model.data.region import Size

if TYPE_CHECKING:
    from napari.components import ViewerModel

PREDICTION, UNCERTAINTY = "prediction", "uncertainty"
"""Roles of the two layers."""

_SAID_OF_IT = ("outcomes", "region_iou", *ABOVE_PICTURES)
_SCHEMA = "schema"


class PredictionLayers:
    """Two layers for one image at a time, of any size, changed in place; a deleted one comes back with the next image.

    Names, order, opacity and visibility are the user's. Both start hidden: who labels shall look at the image.
    """

    turned_on = Signal()
    """One of them can be seen from now on; what it shows may be of another image."""

    def __init__(self, viewer: ViewerModel) -> None:
        self._layers = TaggedLayers(viewer)

    def _on_visible(self, event: Any) -> None:
        if event.source.visible:
            self.turned_on.emit()

    def show(
        self, classes: LabelMap, uncertainty: npt.NDArray[np.float32], schema: ClassSchema, cell: Size = (1, 1)
    ) -> bool:
        """Show what is predicted; False: call again, in another turn of the event loop.

        A new layer stops the canvas for a tenth of a second, so that no more than one is made in a call.

        Parameters
        ----------
        classes:
            (h, w) uint8 class indices, one a cell.
        uncertainty:
            (h, w) float32 in 0 … 1, 1 where undecided: the margin p₂/p₁, or entropy divided by ln C. The limits of the
            colours are fixed, so that two images can be compared.
        schema:
            Names and colours.
        cell:
            Pixels a value stands for, height and width.
        """
        one, other = (self._layers.find(role) is None for role in (PREDICTION, UNCERTAINTY))
        self._show_classes(classes, schema, cell)
        if one and other:
            return False
        self._show_uncertainty(uncertainty, cell)
        return True

    @property
    def is_looked_at(self) -> bool:
        """Whether either can be seen, or has yet to be made."""
        layers = [self._layers.find(role) for role in (PREDICTION, UNCERTAINTY)]
        return any(layer is None or layer.visible for layer in layers)

    def blank(self) -> None:
        """Show nothing, in the layers that are there: on a check region nobody may look at a prediction."""
        if (layer := self._layers.find(PREDICTION)) is not None:
            layer.data = np.full(layer.data.shape, VOID, dtype=np.uint8)
            layer.editable = False
        if (layer := self._layers.find(UNCERTAINTY)) is not None:
            layer.data = np.full(layer.data.shape, np.nan, dtype=np.float32)

    def clear(self) -> None:
        """Remove both."""
        self._layers.remove(PREDICTION, UNCERTAINTY)

    def _show_classes(self, classes: LabelMap, schema: ClassSchema, cell: Size) -> None:
        if (layer := self._layers.find(PREDICTION)) is None:
            layer = Labels(classes, name="Prediction", opacity=0.5, visible=False)
            layer.events.visible.connect(self._on_visible)
            self._layers.insert(layer, PREDICTION, (UNCERTAINTY, *_SAID_OF_IT))
        else:
            layer.data = classes
        _place(layer, cell)
        layer.editable = False
        if layer.metadata.get(_SCHEMA) != schema:
            layer.colormap = label_colours(schema)
            layer.features = {"index": np.arange(schema.num_classes), "class": list(schema.names)}
            layer.metadata[_SCHEMA] = schema

    def _show_uncertainty(self, uncertainty: npt.NDArray[np.float32], cell: Size) -> None:
        if (layer := self._layers.find(UNCERTAINTY)) is None:
            layer = Image(
                uncertainty,
                name="Uncertainty",
                colormap="inferno",
                contrast_limits=(0.0, 1.0),
                interpolation2d="nearest",
                opacity=0.6,
                blending="translucent",
                visible=False,
            )
            layer.events.visible.connect(self._on_visible)
            self._layers.insert(layer, UNCERTAINTY, _SAID_OF_IT)
        else:
            layer.data = uncertainty
        _place(layer, cell)


def _place(layer: Labels | Image, cell: Size) -> None:
    """Let cells lie on their pixels; napari counts from the middle of a pixel."""
    scale, translate = np.array(cell, dtype=float), (np.array(cell, dtype=float) - 1) / 2
    if not np.array_equal(layer.scale, scale):
        layer.scale, layer.translate = scale, translate
