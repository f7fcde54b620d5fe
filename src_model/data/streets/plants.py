"""Plants: trees, bushes and hedges as heaps of leafy patches, dark behind and light on top."""

from __future__ import annotations

from functools import cache

import numpy as np

from src_model.data.streets.classes import TERRAIN, VEGETATION
from src_model.data.streets.polygons import Floats, Mark, Polygons, joined, polygon, quads

TREES = 8
"""Number of different trees."""
_LEAF = Mark.TWO_SIDED | Mark.CASTS


def _patches(
    rng: np.random.Generator, count: int, middle: tuple[float, float], spread: tuple[float, float], size: float,
    *, casts: bool = False,
) -> Polygons:  # fmt: skip
    """Ragged patches in an ellipse, the darkest first; only large ones need to cast a shadow."""
    angle, radius = rng.uniform(0, 2 * np.pi, count), np.sqrt(rng.random(count))
    x = middle[0] + spread[0] * radius * np.cos(angle)
    y = middle[1] + spread[1] * radius * np.sin(angle)
    light = 0.5 * (y - middle[1]) / spread[1] - 0.15 * (x - middle[0]) / spread[0] + 0.25 * rng.standard_normal(count)
    order = np.argsort(light + 0.5 * np.arange(count) / count)
    sizes = size * rng.uniform(0.55, 1.1, count) * (1 - 0.45 * np.arange(count) / count)
    corners = _ragged(rng, x[order], y[order], sizes)
    shade = np.clip(112 + 40 * light[order], 62, 176)
    hue = rng.normal(0, 0.05, (count, 3)) * [1.4, 0.5, 0.6]
    return quads(corners, shade[:, None] * (1 + hue), VEGETATION, paint=1, mark=_LEAF if casts else Mark.TWO_SIDED)


def _ragged(rng: np.random.Generator, x: Floats, y: Floats, sizes: Floats) -> Floats:
    turn = np.linspace(0, 2 * np.pi, 9, endpoint=False)
    reach = sizes[:, None] * rng.uniform(0.62, 1.18, (len(x), 9))
    return np.stack(
        [x[:, None] + reach * np.cos(turn), y[:, None] + 0.85 * reach * np.sin(turn), np.zeros_like(reach)], axis=2
    )


@cache
def tree(kind: int, palm: bool = False) -> Polygons:
    """A tree of 5 to 9 m; the crown takes the paint."""
    rng = np.random.default_rng(100 + kind)
    if palm:
        return _palm(rng)
    height = float(rng.uniform(5.5, 9.5))
    width = float(rng.uniform(1.5, 2.6))
    crown = height * 0.62
    clear = height * rng.uniform(0.26, 0.34)
    trunk = [(-0.17, 0.0, 0.0), (0.17, 0.0, 0.0), (0.10, crown, 0.0), (-0.10, crown, 0.0)]
    shadow = [(0.03, 0.0, 0.0), (0.17, 0.0, 0.0), (0.10, crown, 0.0), (0.03, crown, 0.0)]
    wood = quads([trunk, shadow], [(92, 76, 60), (66, 54, 44)], VEGETATION, mark=_LEAF)
    spread = (width, (height - clear) / 2)
    core = _patches(rng, 14, (0, clear + spread[1]), (0.55 * spread[0], 0.62 * spread[1]), 1.35, casts=True)
    leaves = _patches(rng, 52, (0, clear + spread[1]), spread, 0.68)
    return joined([wood, core, leaves])


def _palm(rng: np.random.Generator) -> Polygons:
    height = float(rng.uniform(7, 11))
    lean = float(rng.uniform(-0.5, 0.5))
    trunk = polygon(
        [(-0.16, 0, 0), (0.16, 0, 0), (lean + 0.11, height, 0), (lean - 0.11, height, 0)],
        (128, 104, 78),
        VEGETATION,
        mark=_LEAF,
    )
    fronds = []
    for angle in np.linspace(-0.35, np.pi + 0.35, 11):
        reach = 1.9 * float(rng.uniform(0.85, 1.15))
        tip = (lean + reach * float(np.cos(angle)), height + reach * 0.55 * float(np.sin(angle)) - 0.55)
        elbow = (lean + 0.6 * reach * float(np.cos(angle)), height + 0.75 * reach * float(np.sin(angle)) * 0.7 + 0.25)
        shade = float(rng.uniform(88, 150))
        fronds.append(
            polygon(
                [(lean, height, 0), (elbow[0], elbow[1] + 0.16, 0), (*tip, 0), (elbow[0], elbow[1] - 0.2, 0)],
                (shade, shade, shade),
                VEGETATION,
                paint=1,
                mark=_LEAF,
            )
        )
    return joined([trunk, *fronds])


@cache
def bush(kind: int) -> Polygons:
    """A bush of 1 to 2 m."""
    rng = np.random.default_rng(200 + kind)
    spread = (float(rng.uniform(0.8, 1.6)), float(rng.uniform(0.5, 0.9)))
    return joined(
        [
            _patches(rng, 6, (0, spread[1] * 0.8), spread, 0.7, casts=True),
            _patches(rng, 22, (0, spread[1]), spread, 0.36),
        ]
    )


@cache
def hedge(length: float, height: float, kind: int) -> Polygons:
    """A hedge along z, its leaves on the side towards the road."""
    rng = np.random.default_rng(300 + kind)
    back = quads(
        [[(0, 0, 0), (0, 0, length), (0, height, length), (0, height, 0)]],
        (74, 74, 74),
        VEGETATION,
        paint=1,
        mark=_LEAF,
    )
    patches = _patches(rng, int(10 * length), (length / 2, height * 0.55), (length / 2, height * 0.62), 0.30)
    corners = patches.corners[:, [2, 1, 0]]
    leaves = Polygons(corners, patches.counts, patches.colours, patches.classes, patches.paint, patches.marks)
    return joined([back, leaves])


@cache
def thicket(kind: int) -> Polygons:
    """A clump of trees 14 m wide, for behind the houses and the end of the street."""
    rng = np.random.default_rng(400 + kind)
    high = float(rng.uniform(3.2, 5.0))
    return joined(
        [
            _patches(rng, 16, (0, high * 0.8), (6.0, high * 0.8), 2.6, casts=True),
            _patches(rng, 60, (0, high), (7.0, high), 1.25),
        ]
    )


@cache
def tuft(kind: int) -> Polygons:
    """High grass."""
    rng = np.random.default_rng(500 + kind)
    x = rng.uniform(-0.6, 0.6, 9)
    tips = x + rng.normal(0, 0.12, 9)
    high = rng.uniform(0.15, 0.4, 9)
    flat = np.zeros(9)
    blades = np.stack(
        [np.stack([x - 0.07, flat, flat], 1), np.stack([x + 0.07, flat, flat], 1), np.stack([tips, high, flat], 1)],
        axis=1,
    )
    shade = rng.uniform(90, 150, 9)
    return quads(blades, np.repeat(shade[:, None], 3, axis=1), TERRAIN, paint=1, mark=Mark.TWO_SIDED)
