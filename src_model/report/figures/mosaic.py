"""Mosaic: regions that a run asked, cut out of their images, above what the oracle answered."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from src_model.data.annotation import Labels
from src_model.data.class_schema import ClassSchema
from src_model.data.images import Pixels
from src_model.data.region import Region
from src_model.exceptions import DataError
from src_model.report.results.run_tables import Run

_TILE_HEIGHT = 108
_WIDEST_TILE = 2 * _TILE_HEIGHT
_GAP = 4
_PAIR_GAP = 2
_GAP_COLOUR = "#808080"
_TINT = 0.62
"""How much of a labelled pixel is the colour of its class."""
_OUTLINE = (255, 255, 255)


class Labelled(Protocol):
    """Images with labels: a data set with its masks, or what a person has labelled."""

    @property
    def schema(self) -> ClassSchema:
        """Classes of the labels."""

    def image(self, image: str) -> Pixels:
        """(h, w, 3) uint8 RGB."""

    def labels(self, image: str) -> Labels:
        """(h, w) uint8 class indices and VOID."""


def step_regions(run: Run, step: int) -> tuple[Region, ...]:
    """The regions of one query, in the order asked."""
    return tuple(one.region for one in run.asked if one.step == step)


def mosaic(dataset: Labelled, regions: Sequence[Region]) -> bytes:
    """JPEG of these regions side by side, each 108 pixels high, above the same with its labels.

    Labels are the classes' colours over the grey image, with a white line where two classes meet; what has no label
    stays grey.

    Raises
    ------
    DataError
        If there are no regions, an image or mask is missing, or it has another size than it had in the run.
    """
    if not regions:
        raise DataError("No region was asked in this step. Choose another one.")
    tiles = [_tile(dataset, region) for region in regions]
    size = sum(tile.width for tile in tiles) + _GAP * (len(tiles) - 1), tiles[0].height
    strip = Image.new("RGB", size, _GAP_COLOUR)
    left = 0
    for tile in tiles:
        strip.paste(tile, (left, 0))
        left += tile.width + _GAP
    buffer = io.BytesIO()
    strip.save(buffer, format="JPEG", quality=88)
    return buffer.getvalue()


def tinted(pixels: Pixels, labels: Labels, schema: ClassSchema) -> Pixels:
    """(h, w, 3) grey image under the colours of its classes, with white lines between them."""
    grey = np.repeat(pixels.mean(axis=2, keepdims=True), 3, axis=2)
    known = labels < schema.num_classes
    colours = schema.colours[np.where(known, labels, 0)]
    shown = np.where(known[..., None], _TINT * colours + (1 - _TINT) * grey, grey)
    shown[_outline(labels)] = _OUTLINE
    return np.ascontiguousarray(shown.astype(np.uint8))


def _outline(labels: Labels) -> npt.NDArray[np.bool_]:
    """(h, w) bool, pixels whose right or lower neighbour has another label."""
    edges = np.zeros(labels.shape, dtype=bool)
    edges[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    edges[:-1] |= labels[:-1] != labels[1:]
    return edges


def _tile(dataset: Labelled, region: Region) -> Image.Image:
    pixels = dataset.image(region.image)[region.window]
    labels = dataset.labels(region.image)[region.window]
    if pixels.shape[:2] != region.shape or labels.shape != region.shape:
        raise DataError(
            f"The image {region.image} has another size than in the run. Point data.path in its settings at the images "
            "of the run."
        )
    width = min(_WIDEST_TILE, max(1, round(region.width * _TILE_HEIGHT / region.height)))
    tile = Image.new("RGB", (width, 2 * _TILE_HEIGHT + _PAIR_GAP), _GAP_COLOUR)
    halves = (pixels, Image.Resampling.BILINEAR), (tinted(pixels, labels, dataset.schema), Image.Resampling.LANCZOS)
    for row, (half, resampling) in enumerate(halves):
        scaled = Image.fromarray(np.ascontiguousarray(half)).resize((width, _TILE_HEIGHT), resampling)
        tile.paste(scaled, (0, row * (_TILE_HEIGHT + _PAIR_GAP)))
    return tile
