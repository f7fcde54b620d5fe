"""Houses along the street: storeys of windows, shops below, a roof or a cornice above."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from src_model.data.streets.classes import BUILDING
from src_model.data.streets.polygons import Floats, Mark, Polygons, Tint, box, joined, quads

BRIGHT: Tint = (128, 128, 128)
_FRAME = 0.11 * np.array([[0, -1, -1], [0, -1, 1], [0, 1, 1], [0, 1, -1]])
_FRONT, _GABLE = (0, 2), (2, 0)
"""The axis across a wall, and the one along it."""


@dataclass(frozen=True, slots=True)
class House:
    """Measures of one house in metres; ``length`` runs along the street.

    ``glazed`` is the share of a storey that is glass, ``lit`` the share of the windows with light behind them.
    """

    length: float
    depth: float
    storeys: int
    storey: float
    pitched: bool
    shop: bool
    tower: bool
    glazed: float
    lit: float


def house(form: House, side: int, rng: np.random.Generator) -> Polygons:
    """A house whose front lies in the plane x = 0 and whose depth goes to ``side``; z from 0 to its length."""
    height = form.storeys * form.storey + (0.9 if form.shop else 0.4)
    base = 3.4 if form.shop else 0.9
    front = -0.02 * side
    plinth: Tint = (96, 94, 92) if form.shop else (100, 100, 100)
    parts = [
        box(_span(side, form.depth), (0, height), (0, form.length), BRIGHT, BUILDING, paint=1),
        _band(front, 0, base if form.shop else 0.6, form.length, plinth),
        *_windows(form, front, base, height, rng),
        _gable_windows(form, side, base, height, rng),
        *(_shop(form, side, rng) if form.shop else [_door(form, front, rng)]),
        _band(front * 2, height - 0.35, height, form.length, (148, 146, 142)),
        *(_pitched_roof(form, side, height, rng) if form.pitched else [_parapet(form, side, height)]),
    ]
    return joined(parts)


def _span(side: int, depth: float) -> tuple[float, float]:
    return (0.0, depth) if side > 0 else (-depth, 0.0)


def _band(x: float, low: float, high: float, length: float, colour: Tint) -> Polygons:
    return quads(
        [[(x, low, 0), (x, low, length), (x, high, length), (x, high, 0)]], colour, BUILDING, mark=Mark.TWO_SIDED
    )


def _grid(form: House, along: float, base: float, height: float) -> tuple[Floats, Floats, float, float]:
    """(n,) starts along the wall and (n,) sills of all windows, and their width and height."""
    pitch = 1.5 if form.tower else 2.4
    columns = max(1, int((along - 0.6) / pitch))
    gap = along / columns
    storeys = max(1, int((height - base) / form.storey))
    width = gap * form.glazed
    starts = gap * (np.arange(columns) + 0.5) - width / 2
    sills = base + form.storey * np.arange(storeys) + 0.22 * form.storey
    high = form.storey * (0.78 if form.tower else 0.58)
    return np.concatenate([starts] * storeys), sills.repeat(columns), width, high


def _upright(
    across: float, along: tuple[Floats, Floats], up: tuple[Floats | float, Floats | float], axes: tuple[int, int]
) -> Floats:
    """(n, 4, 3) upright panes from their ends along the wall and their lower and upper edges; axes as `_FRONT`."""
    panes = np.empty((len(along[0]), 4, 3))
    panes[:, :, axes[0]] = across
    panes[:, 0, axes[1]] = panes[:, 3, axes[1]] = along[0]
    panes[:, 1, axes[1]] = panes[:, 2, axes[1]] = along[1]
    panes[:, 0, 1] = panes[:, 1, 1] = up[0]
    panes[:, 2, 1] = panes[:, 3, 1] = up[1]
    return panes


def _glass(count: int, form: House, rng: np.random.Generator) -> Floats:
    sheen = rng.uniform(0.7, 1.6, (count, 1))
    glass = np.array([70, 84, 98] if form.tower else [54, 60, 68]) * sheen
    curtains = rng.random(count) < 0.18
    glass[curtains] = [150, 144, 134]
    return glass


def _windows(form: House, x: float, base: float, height: float, rng: np.random.Generator) -> list[Polygons]:
    z, y, width, high = _grid(form, form.length, base, height)
    panes = _upright(x, (z, z + width), (y, y + high), _FRONT)
    glass = _glass(len(z), form, rng)
    lit = rng.random(len(z)) < form.lit
    bright = quads(panes[lit], (246, 206, 132), BUILDING, mark=Mark.TWO_SIDED | Mark.GLOWS)
    if form.tower:
        return [quads(panes[~lit], glass[~lit], BUILDING, mark=Mark.TWO_SIDED), bright]
    frames = quads(panes + _FRAME, (168, 166, 160), BUILDING, mark=Mark.TWO_SIDED)
    dark = quads(panes[~lit], glass[~lit], BUILDING, mark=Mark.TWO_SIDED)
    bars = _upright(x, (z + width * 0.47, z + width - width * 0.47), (y, y + high), _FRONT)
    return [frames, dark, bright, quads(bars, (160, 158, 152), BUILDING, mark=Mark.TWO_SIDED)]


def _gable_windows(form: House, side: int, base: float, height: float, rng: np.random.Generator) -> Polygons:
    """On the wall that the camera comes towards."""
    x, y, width, high = _grid(form, form.depth, base, height)
    x = side * (x + width / 2)
    half = width / 2
    panes = _upright(-0.02, (x - half, x + half), (y, y + high), _GABLE)
    return quads(panes, _glass(len(x), form, rng), BUILDING, mark=Mark.TWO_SIDED)


def _shop(form: House, side: int, rng: np.random.Generator) -> list[Polygons]:
    x = -0.05 * side
    count = max(1, int(form.length / 3.6))
    gap = form.length / count
    z = gap * np.arange(count)
    windows = _upright(x, (z + 0.25, z + gap - 0.25), (0.5, 2.6), _FRONT)
    shade = rng.uniform(0.6, 1.5, (count, 1)) * np.array([72, 76, 80])
    glowing = Mark.TWO_SIDED | (Mark.GLOWS if form.lit > 0.3 else Mark.PLAIN)
    tint = rng.uniform(40, 200, 3)
    board = _band(x * 1.5, 2.7, 3.35, form.length - 0.3, (float(tint[0]), float(tint[1]), float(tint[2])))
    parts = [quads(windows, shade, BUILDING, mark=glowing), board]
    if rng.random() < 0.55:
        parts += _awnings(z, gap, side, rng.uniform(60, 215, (count, 3)))
    return parts


def _awnings(z: Floats, gap: float, side: int, colours: Floats) -> list[Polygons]:
    """One over each shop window, and the fringe that hangs from it."""
    wall, out = -0.05 * side, -1.3 * side
    casts = Mark.TWO_SIDED | Mark.CASTS
    ends = [(a + 0.2, a + gap - 0.2) for a in z.tolist()]
    awnings = [[(wall, 2.75, a), (wall, 2.75, b), (out, 2.25, b), (out, 2.25, a)] for a, b in ends]
    fringe = [[(out, 2.25, a), (out, 2.25, b), (out, 2.02, b), (out, 2.02, a)] for a, b in ends]
    return [quads(awnings, colours, BUILDING, mark=casts), quads(fringe, colours * 0.8, BUILDING, mark=casts)]


def _door(form: House, x: float, rng: np.random.Generator) -> Polygons:
    z = float(rng.uniform(0.2, 0.7)) * form.length
    step = [(x * 1.5, 0.0, z - 0.25), (x * 1.5, 0.0, z + 1.45), (x * 1.5, 2.5, z + 1.45), (x * 1.5, 2.5, z - 0.25)]
    leaf = [(x * 2, 0.0, z), (x * 2, 0.0, z + 1.2), (x * 2, 2.3, z + 1.2), (x * 2, 2.3, z)]
    tint = rng.uniform(30, 120, 3)
    return quads([step, leaf], np.array([(150, 146, 138), tint]), BUILDING, mark=Mark.TWO_SIDED)


def _pitched_roof(form: House, side: int, height: float, rng: np.random.Generator) -> list[Polygons]:
    rise = min(4.0, form.depth * 0.35)
    eave, ridge = -0.45 * side, form.depth / 2 * side
    tiles = np.array([[128, 70, 52], [104, 62, 50], [84, 84, 90], [112, 88, 70]])[int(rng.integers(4))]
    slope = [
        (eave, height - 0.1, 0),
        (eave, height - 0.1, form.length),
        (ridge, height + rise, form.length),
        (ridge, height + rise, 0),
    ]
    gable = [(0, height, 0), (form.depth * side, height, 0), (ridge, height + rise, 0)]
    roof = quads([slope], tiles, BUILDING, mark=Mark.TWO_SIDED | Mark.CASTS)
    wall = quads([gable], (122, 122, 122), BUILDING, paint=1, mark=Mark.TWO_SIDED)
    count = max(1, int(form.length / 4))
    share = (0.25, 0.62)
    z = form.length * (np.arange(count) + 0.5) / count
    low, high = ((eave + (ridge - eave) * s, height + rise * s) for s in share)
    x = low[0] - 0.1 * side
    dormers = _upright(x, (z - 0.5, z + 0.5), (low[1], high[1]), _FRONT)
    return [wall, roof, quads(dormers, (60, 66, 74), BUILDING, mark=Mark.TWO_SIDED)]


def _parapet(form: House, side: int, height: float) -> Polygons:
    x0, x1 = _span(side, form.depth)
    return box((x0 - 0.15, x1 + 0.15), (height, height + 0.5), (-0.05, form.length), (112, 112, 112), BUILDING, paint=1)
