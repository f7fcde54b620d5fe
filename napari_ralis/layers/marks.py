"""The marks: where the draft was unsure of what is painted, and where neighbours' labels disagree with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap

from napari_ralis.layers.preview import inner_outline
from napari_ralis.layers.stack import TAG, find, place, redraw
from src_model.labelling.painting import Mask

if TYPE_CHECKING:
    from napari.components import ViewerModel

_NOTHING, _LIGHT, _DARK, _SEAM, _BETWEEN = 0, 1, 2, 3, 4
_COLOURS = {
    _LIGHT: (1.0, 1.0, 1.0, 0.9),
    _DARK: (0.0, 0.0, 0.0, 0.6),
    _SEAM: (1.0, 0.1, 0.1, 1.0),
    _BETWEEN: (1.0, 1.0, 1.0, 1.0),
}
_HATCH_STEP, _DASH, _THICK = 6, 6, 2


class Marks:
    """One small layer over the region; it cannot be painted on.

    Hatching is white with black beside it, seams are red and white: neither relies on one colour being seen.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._shown = False

    def show(self, origin: tuple[int, int], doubtful: Mask, seams: Mask) -> None:
        """Hatch and outline the (h, w) pixels that are doubtful, and draw those that lie on a seam."""
        something = bool(doubtful.any() or seams.any())
        # A layer that is made later, in the middle of the work, stops the canvas for a quarter of a second.
        layer = self._layer()
        # Moving a layer takes napari long; one that shows nothing stays where it is.
        if something or self._shown:
            redraw(layer, marked(doubtful, seams), origin)
            # Each time: new data make a layer editable again.
            layer.editable = False
        self._shown = something

    def clear(self) -> None:
        """Remove the layer."""
        self._shown = False
        if (layer := find(self._viewer, "marks")) is not None:
            self._viewer.layers.remove(layer)

    def _layer(self) -> Any:
        layer = find(self._viewer, "marks")
        if layer is None:
            layer = Labels(np.zeros((1, 1), dtype=np.uint8), name="Marks", opacity=1.0, metadata={TAG: "marks"})
            layer.colormap = _colours()
            place(self._viewer, layer)
        return layer


def marked(doubtful: Mask, seams: Mask) -> npt.NDArray[np.uint8]:
    """(h, w): what is drawn at each pixel; seams are as thick as two pixels and lie over the rest."""
    values = np.zeros(doubtful.shape, dtype=np.uint8)
    rows, columns = np.indices(doubtful.shape)
    stripe, along = (rows - columns) % _HATCH_STEP, np.asarray(rows + columns)
    values[doubtful & (stripe == 0)] = _LIGHT
    values[doubtful & (stripe == 1)] = _DARK
    outline = inner_outline(doubtful)
    values[outline] = np.where(along[outline] // 2 % 2, _LIGHT, _DARK)
    thick = _grown(seams)
    values[thick] = np.where(along[thick] // _DASH % 2, _SEAM, _BETWEEN)
    return values


def _grown(mask: Mask) -> Mask:
    grown = mask.copy()
    for _ in range(_THICK - 1):
        before = grown.copy()
        grown[1:] |= before[:-1]
        grown[:-1] |= before[1:]
        grown[:, 1:] |= before[:, :-1]
        grown[:, :-1] |= before[:, 1:]
    return grown


def _colours() -> DirectLabelColormap:
    colours: dict[int | None, npt.NDArray[np.float64]] = {value: np.array(colour) for value, colour in _COLOURS.items()}
    transparent = np.zeros(4)
    return DirectLabelColormap(
        color_dict={**colours, _NOTHING: transparent, None: transparent}, background_value=_NOTHING
    )
