"""IoU layers: for one class where the model is right and wrong, and its IoU by region."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from napari.layers import Image, Labels
from napari.utils.colormaps import DirectLabelColormap

from napari_ralis.layers.tagged_layers import ABOVE_PICTURES, TaggedLayers
from src_model.data.region import RegionGrid
from src_model.labelling.outcome_maps import Outcome, OutcomeMap

if TYPE_CHECKING:
    from napari.components import ViewerModel

OUTCOMES, REGION_IOU = "outcomes", "region_iou"
"""Roles of the two layers."""

OUTCOME_COLOURS = MappingProxyType(
    {Outcome.HIT: "#56b4e9", Outcome.FALSE_ALARM: "#d55e00", Outcome.MISS: "#f0e442"},
)
"""Okabe and Ito's: told apart with any kind of colour vision, and by brightness alone."""

OUTCOME_NAMES = MappingProxyType(
    {Outcome.HIT: "hit", Outcome.FALSE_ALARM: "false alarm", Outcome.MISS: "miss"},
)
"""What the status bar says of a pixel under the cursor."""


@dataclass(frozen=True, slots=True, eq=False)
class ClassView:
    """What is shown of one class on one image.

    Attributes
    ----------
    title:
        Class, IoU and interval, from `class_text`.
    outcomes:
        (h, w) from `outcome_map`.
    region_iou:
        (rows, columns) from `region_iou`, 0 … 1; NaN where the class is not labelled.
    grid:
        The regions it speaks of.
    """

    title: str
    outcomes: OutcomeMap
    region_iou: npt.NDArray[np.float32]
    grid: RegionGrid


class IouLayers:
    """Two layers, changed in place so that nothing flickers; one that was deleted comes back with the next class view.

    Names, order, opacity and visibility are the user's. The heat map starts hidden.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._layers = TaggedLayers(viewer)

    def show(self, view: ClassView) -> None:
        """Show this class; about 1 ms for an image of 2048×1024 beside what napari draws."""
        self._show_outcomes(view)
        self._show_region_iou(view)

    def clear(self) -> None:
        """Remove both, as when no class is chosen or nothing is measured."""
        self._layers.remove(OUTCOMES, REGION_IOU)

    def _show_outcomes(self, view: ClassView) -> None:
        if (layer := self._layers.find(OUTCOMES)) is None:
            layer = Labels(view.outcomes, name=view.title, opacity=0.7, colormap=outcome_colours())
            layer.features = {"index": list(OUTCOME_NAMES), "outcome": list(OUTCOME_NAMES.values())}
            self._layers.insert(layer, OUTCOMES, ABOVE_PICTURES)
        else:
            layer.data = view.outcomes
            self._layers.rename(layer, view.title)
        # Each time: new data make a layer editable again.
        layer.editable = False

    def _show_region_iou(self, view: ClassView) -> None:
        title, pixels = f"By region: {view.title}", _filled(view.region_iou, view.grid)
        if (layer := self._layers.find(REGION_IOU)) is None:
            layer = Image(
                pixels,
                name=title,
                colormap="viridis",
                contrast_limits=(0.0, 1.0),
                interpolation2d="nearest",
                opacity=0.5,
                blending="translucent",
                visible=False,
            )
            self._layers.insert(layer, REGION_IOU, (OUTCOMES, *ABOVE_PICTURES))
        else:
            layer.data = pixels
            self._layers.rename(layer, title)


def outcome_colours() -> DirectLabelColormap:
    """Fixed colours of the three outcomes; everything else is transparent."""
    colours: dict[int | None, str] = {int(outcome): colour for outcome, colour in OUTCOME_COLOURS.items()}
    return DirectLabelColormap(color_dict=colours | {0: "transparent", None: "transparent"})


def _filled(values: npt.NDArray[np.float32], grid: RegionGrid) -> npt.NDArray[np.float32]:
    """(h, w): regions at the border may be of another size, so that a scaled small image would lie beside them."""
    tall = values.repeat(np.diff(grid.row_edges), axis=0)
    return tall.repeat(np.diff(grid.column_edges), axis=1)
