"""Sensor: what a lens and a chip do to a picture; the labels stay as they are."""

from __future__ import annotations

from functools import cache
from math import sqrt

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from src_model.data.images import Pixels
from src_model.data.streets.domain import Sensor
from src_model.data.streets.light import Light
from src_model.data.streets.polygons import Floats
from src_model.data.streets.texture import TILE, grainy

_GREY = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_GRAIN = 1024
_FINE = 30
_GAIN = 1.22
_USUAL_SIDE = sqrt(256 * 512)


def exposed(picture: Pixels, sensor: Sensor, light: Light, rng: np.random.Generator) -> Pixels:
    """The (h, w, 3) picture as the camera delivers it."""
    height, width = picture.shape[:2]
    image = Image.fromarray(np.ascontiguousarray(picture))
    radius = sensor.blur * sqrt(height * width) / _USUAL_SIDE
    if radius > 0.05:
        image = image.filter(ImageFilter.BoxBlur(radius))
    values = np.asarray(image).astype(np.float32)
    # Saturation, contrast and cast are one matrix.
    matrix = sensor.saturation * np.eye(3, dtype=np.float32) + (1 - sensor.saturation) * _GREY[:, None]
    matrix = (_GAIN * sensor.contrast * matrix * np.array(sensor.cast)).astype(np.float32)
    values = values.reshape(-1, 3) @ matrix
    values += np.float32(122 * (1 - sensor.contrast))
    values = values.reshape(height, width, 3)
    values *= _vignette(height, width, sensor.vignette)[..., None]
    if light.rain:
        values += 22 * _streaks(height, width, rng)[..., None]
    values += _noise(height, width, sensor.noise, rng)
    taken: Pixels = np.clip(values, 0, 255, out=values).astype(np.uint8)
    return taken


def _vignette(height: int, width: int, loss: float) -> Floats:
    rows = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    columns = np.linspace(-1, 1, width, dtype=np.float32)[None]
    return 1 - np.float32(loss / 2) * (rows * rows + columns * columns)


def _noise(height: int, width: int, deviation: float, rng: np.random.Generator) -> Floats:
    """Grain, partly the same in all three colours: a tile that begins elsewhere in each picture."""
    row, column = rng.integers(_GRAIN // 2, size=2)
    repeats = [-(-(side + _GRAIN // 2) // _GRAIN) for side in (height, width)]
    tile = _grain() if max(repeats) == 1 else np.tile(_grain(), (*repeats, 1))
    noise: Floats = np.float32(deviation / _FINE) * tile[row : row + height, column : column + width]
    return noise


@cache
def _grain() -> npt.NDArray[np.int8]:
    """(1024, 1024, 3) normal numbers times 30: drawing them anew for each picture is dear."""
    rng = np.random.default_rng(3)
    grey, coloured = rng.standard_normal((_GRAIN, _GRAIN, 1)), rng.standard_normal((_GRAIN, _GRAIN, 3))
    return np.clip(_FINE * (0.8 * grey + 0.6 * coloured), -127, 127).astype(np.int8)


def _streaks(height: int, width: int, rng: np.random.Generator) -> Floats:
    """Rain: noise drawn out along the fall."""
    row, column = rng.integers(TILE, size=2)
    tile = np.roll(grainy(), (int(row), int(column)), axis=(0, 1))
    drops = np.clip(tile - 1.6, 0, 1)
    fall = sum(np.roll(drops, (k, k // 3), axis=(0, 1)) for k in range(9))
    repeats = (-(-height // TILE), -(-width // TILE))
    return np.tile(np.minimum(fall, 1), repeats)[:height, :width].astype(np.float32)
