"""Texture: tiles of noise that repeat without a seam, made once."""

from __future__ import annotations

from functools import cache

import numpy as np

from src_model.data.streets.polygons import Floats

TILE = 256
"""Pixels of a side."""


@cache
def cloudy() -> Floats:
    """(256, 256) noise of all scales, mean 0 and deviation 1: clouds, stains, meadows."""
    return _coloured(1.6, 1)


@cache
def grainy() -> Floats:
    """(256, 256) noise of small scales, mean 0 and deviation 1: asphalt, grass, leaves."""
    return _coloured(0.5, 2)


def _coloured(exponent: float, seed: int) -> Floats:
    white = np.fft.rfft2(np.random.default_rng(seed).standard_normal((TILE, TILE)))
    frequency = np.hypot(np.fft.fftfreq(TILE)[:, None], np.fft.rfftfreq(TILE)[None])
    frequency[0, 0] = 1
    noise = np.fft.irfft2(white * frequency**-exponent)
    noise -= noise.mean()
    tile: Floats = (noise / noise.std()).astype(np.float32)
    tile.setflags(write=False)
    return tile


def looked_up(tile: Floats, x: Floats, z: Floats, metres: float) -> Floats:
    """The tile spread over the ground, ``metres`` a side."""
    scale = np.float32(TILE / metres)
    rows, columns = (z * scale).astype(np.int32), (x * scale).astype(np.int32)
    rows &= TILE - 1
    columns &= TILE - 1
    rows *= TILE
    rows += columns
    found: Floats = tile.ravel().take(rows)
    return found


def wrapped(place: Floats, period: float) -> Floats:
    """The place modulo the period, in 0 … period; several times as fast as ``%``."""
    rest: Floats = place - np.floor(place * np.float32(1 / period)) * np.float32(period)
    return rest
