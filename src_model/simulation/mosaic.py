"""Mosaic: the first regions that a run asked, cut out of its images."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from src_model.data.images import ImageSource
from src_model.exceptions import DataError
from src_model.simulation.run_tables import Run

_TILE_HEIGHT = 90
_WIDEST_TILE = 180
_GAP = 3
_GAP_COLOUR = "#808080"


def first_regions(images: ImageSource, run: Run, count: int) -> bytes:
    """JPEG of the first ``count`` regions side by side in the order they were asked, each 90 pixels high.

    Raises
    ------
    DataError
        If an image is missing, or has another size than it had in the run.
    """
    tiles = [_tile(images, run, position) for position in range(min(count, len(run.asked)))]
    width = sum(tile.width for tile in tiles) + _GAP * (len(tiles) - 1)
    strip = Image.new("RGB", (width, _TILE_HEIGHT), _GAP_COLOUR)
    left = 0
    for tile in tiles:
        strip.paste(tile, (left, 0))
        left += tile.width + _GAP
    buffer = io.BytesIO()
    strip.save(buffer, format="JPEG", quality=88)
    return buffer.getvalue()


def _tile(images: ImageSource, run: Run, position: int) -> Image.Image:
    region = run.asked[position].region
    pixels = images.image(region.image)[region.window]
    if pixels.shape[:2] != region.shape:
        raise DataError(
            f"The image {region.image} has another size than in the run {run.folder}. Point data.path in its settings "
            "at the images of the run."
        )
    width = min(_WIDEST_TILE, max(1, round(region.width * _TILE_HEIGHT / region.height)))
    return Image.fromarray(np.ascontiguousarray(pixels)).resize((width, _TILE_HEIGHT), Image.Resampling.BILINEAR)
