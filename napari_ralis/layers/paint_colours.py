"""Colours of what can be painted: the classes, what is ignored by decision and what is unsure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from napari.utils.colormaps import DirectLabelColormap

from src_model.data.annotation import IGNORED, VOID
from src_model.data.class_schema import ClassSchema
from src_model.labelling.unpainted import UNSURE

_GREY, _VIOLET = (0.45, 0.45, 0.45, 1.0), (0.7, 0.4, 1.0, 1.0)


def paint_colours(schema: ClassSchema) -> DirectLabelColormap:
    """The schema's colours, grey for what is ignored by decision, violet for what is unsure; VOID is transparent.

    VOID is the background value, which the eraser writes: napari's own is 0, a class here.
    """
    opaque = np.column_stack([schema.colours / 255, np.ones(schema.num_classes)])
    colours: dict[int | None, npt.NDArray[np.float64]] = dict(enumerate(opaque))
    # Every pair of classes has a value of its own there; the status bar tells them apart.
    unsure = range(schema.num_classes, UNSURE + 1)
    colours[IGNORED] = np.array(_GREY)
    colours.update({value: np.array(_VIOLET) for value in unsure})
    transparent = np.zeros(4)
    return DirectLabelColormap(color_dict={**colours, VOID: transparent, None: transparent}, background_value=VOID)
