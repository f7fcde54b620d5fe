"""Crop pictures: a labelled region as a small picture, each class outlined in its colour."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from src_model.data.annotation import IGNORED, VOID, Labels
from src_model.data.class_schema import ClassSchema
from src_model.data.images import Pixels

_VIOLET, _GREY = (179, 102, 255), (115, 115, 115)
_STRIPE = 6
"""Pixels from one stripe to the next, where there is no class."""


def crop_picture(pixels: Pixels, painted: Labels, schema: ClassSchema, side: int) -> Pixels:
    """A region as it is shown on the wall.

    Parameters
    ----------
    pixels:
        (h, w, 3) uint8 of the region.
    painted:
        (h, w) uint8 as `UnsurePairs.painted` gives it.
    side:
        Pixels of the longer side of the picture.

    Returns
    -------
    (h', w', 3) uint8, each class with an inner outline of its colour; violet stripes where somebody was unsure, grey
    ones where pixels were ignored, dark ones where nothing is painted.
    """
    height, width = painted.shape
    scale = side / max(height, width)
    size = max(1, round(height * scale)), max(1, round(width * scale))
    shrunk = Image.fromarray(pixels).resize((size[1], size[0]), Image.Resampling.BILINEAR)
    rows = np.minimum((np.arange(size[0]) / scale).astype(np.intp), height - 1)
    columns = np.minimum((np.arange(size[1]) / scale).astype(np.intp), width - 1)
    labels = painted[rows[:, None], columns]
    picture = np.array(shrunk, dtype=np.uint8)
    colours = _colours(schema)
    striped = _stripes(labels.shape) & (labels >= schema.num_classes)
    drawn = striped | (_inner_outlines(labels) & (labels < schema.num_classes))
    picture[drawn] = colours[labels[drawn]]
    return picture


def _colours(schema: ClassSchema) -> npt.NDArray[np.uint8]:
    """(256, 3): what each value of a patch is drawn in."""
    colours = np.tile(np.array(_VIOLET, dtype=np.uint8), (256, 1))
    colours[: schema.num_classes] = schema.colours
    colours[IGNORED], colours[VOID] = _GREY, (24, 24, 24)
    return colours


def _stripes(shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return np.asarray((rows + columns) % _STRIPE < _STRIPE // 3)


def _inner_outlines(labels: Labels) -> npt.NDArray[np.bool_]:
    """(h, w): pixels within two of one with another label; the border of the picture is no outline."""
    near = np.zeros(labels.shape, dtype=np.bool_)
    for step in (1, 2):
        down, across = labels[step:] != labels[:-step], labels[:, step:] != labels[:, :-step]
        near[step:] |= down
        near[:-step] |= down
        near[:, step:] |= across
        near[:, :-step] |= across
    return near
