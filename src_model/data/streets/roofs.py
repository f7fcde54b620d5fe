"""What a drone sees of things: roofs, crowns, heads, and what lies flat on the ground."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from src_model.data.streets.classes import CLUTTER, HUMAN, LAWN, ROOF, TREE
from src_model.data.streets.polygons import Mark, Polygons, Tint, box, joined, polygon, quads

CROWNS = 8
"""Number of different trees."""
_FACADE: Tint = (200, 192, 178)
_COURSES = np.linspace(0.12, 0.9, 5)[:, None] + np.array([0, 0, 0.04, 0.04])
"""(5, 4) how far up the slope the corners of each course of tiles lie, as a share."""


def gabled(width: float, depth: float, eaves: float, rise: float, chimney: bool) -> Polygons:
    """A house about the origin, its ridge along x; the tiles take the paint."""
    over = 0.4
    x, z, top = width / 2, depth / 2, eaves + rise
    wide, deep = x + over, z + over
    body = box((-x, x), (0, eaves), (-z, z), _FACADE, ROOF)
    slopes = []
    for side, shade in ((-1, 132.0), (1, 122.0)):
        low, edge = eaves - 0.2, side * deep
        slope = [(-wide, low, edge), (wide, low, edge), (wide, top, 0.0), (-wide, top, 0.0)]
        slopes.append(polygon(slope, (shade,) * 3, ROOF, paint=1, mark=Mark.CASTS, outward=(0, 1, side)))
        courses = np.empty((len(_COURSES), 4, 3))
        courses[..., 0] = (-wide, wide, wide, -wide)
        courses[..., 1] = low + (rise + 0.2) * _COURSES + 0.02
        courses[..., 2] = side * (deep * (1 - _COURSES))
        slopes.append(quads(courses, (shade * 0.88,) * 3, ROOF, paint=1, mark=Mark.TWO_SIDED))
    ridge = _strips([[(-wide, -0.15), (wide, -0.15), (wide, 0.15), (-wide, 0.15)]], top, (104, 104, 104))
    parts = [body, *slopes, ridge]
    if chimney:
        parts.append(box((x * 0.4, x * 0.4 + 0.8), (eaves, top + 0.9), (0.4, 1.2), (120, 78, 66), ROOF))
    return joined(parts)


def _strips(outlines: list[list[tuple[float, float]]], y: float, shade: Tint) -> Polygons:
    """Flat strips of a roof at one height, each from x and z of its four corners; they take the paint."""
    return quads([[(x, y, z) for x, z in strip] for strip in outlines], shade, ROOF, paint=1, mark=Mark.TWO_SIDED)


def flat_roofed(width: float, depth: float, height: float, rng: np.random.Generator) -> Polygons:
    """A large house with a parapet, skylights and machines on its roof."""
    x, z = width / 2, depth / 2
    body = box((-x, x), (0, height), (-z, z), (150, 150, 150), ROOF, paint=1)
    along = [[(-x, s * z), (x, s * z), (x, s * (z - 0.5)), (-x, s * (z - 0.5))] for s in (-1, 1)]
    across = [[(s * x, -z), (s * x, z), (s * (x - 0.5), z), (s * (x - 0.5), -z)] for s in (-1, 1)]
    rim = _strips([*along, *across], height + 0.4, (98, 98, 98))
    units = []
    for _ in range(int(rng.integers(3, 8))):
        u, v = float(rng.uniform(-x + 1.5, x - 3)), float(rng.uniform(-z + 1.5, z - 3))
        side, high = float(rng.uniform(0.8, 2.2)), float(rng.uniform(0.4, 1.3))
        shade = float(rng.uniform(90, 210))
        units.append(box((u, u + side), (height, height + high), (v, v + side), (shade, shade, shade), ROOF))
    return joined([body, rim, *units])


@cache
def crown(kind: int) -> Polygons:
    """A tree from above, 1.8 to 3.6 m in radius."""
    rng = np.random.default_rng(600 + kind)
    radius, top = float(rng.uniform(1.8, 3.6)), float(rng.uniform(5, 9))
    count = 26
    angle, away = rng.uniform(0, 2 * np.pi, count), np.sqrt(rng.random(count))
    height = top * (0.55 + 0.45 * np.sqrt(1 - 0.8 * away**2))
    order = np.argsort(height)
    x, z = radius * 0.8 * away * np.cos(angle), radius * 0.8 * away * np.sin(angle)
    turn = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    reach = radius * rng.uniform(0.22, 0.42, (count, 1)) * rng.uniform(0.7, 1.2, (count, 8))
    # The sun stands in the south-east of every crown: lighter on one side, as in a photograph.
    shade = np.clip(62 + 62 * (height / top) + 16 * (x - z) / radius + 10 * rng.standard_normal(count), 50, 170)
    corners = np.stack(
        [
            x[:, None] + reach * np.cos(turn),
            np.broadcast_to(height[:, None], reach.shape),
            z[:, None] + reach * np.sin(turn),
        ],
        axis=2,
    )
    # Two discs throw the shadow of all the leaves.
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    discs = [
        np.stack([share * radius * np.cos(angles), np.full(12, high * top), share * radius * np.sin(angles)], axis=1)
        for share, high in ((0.9, 0.5), (0.6, 0.85))
    ]
    base = quads(discs, (66, 66, 66), TREE, paint=1, mark=Mark.TWO_SIDED | Mark.CASTS)
    leaves = quads(corners[order], np.repeat(shade[order][:, None], 3, 1), TREE, paint=1, mark=Mark.TWO_SIDED)
    return joined([base, leaves])


@cache
def shrub(kind: int) -> Polygons:
    """A shrub from above, under a metre and a half."""
    rng = np.random.default_rng(700 + kind)
    count = 6
    x, z = rng.normal(0, 0.45, (2, count))
    turn = np.linspace(0, 2 * np.pi, 7, endpoint=False)
    reach = rng.uniform(0.35, 0.7, (count, 1)) * rng.uniform(0.75, 1.2, (count, 7))
    corners = np.stack(
        [x[:, None] + reach * np.cos(turn), np.full_like(reach, 1.0), z[:, None] + reach * np.sin(turn)], axis=2
    )
    shade = rng.uniform(80, 140, (count, 1))
    return quads(corners, np.repeat(shade, 3, 1), LAWN, paint=1, mark=Mark.TWO_SIDED)


@cache
def border(length: int) -> Polygons:
    """A row of shrubs along z."""
    rows = [shrub(number % 6) for number in range(length)]
    moved = [row.corners * np.float32(0.7) + np.array([0, 0, z], dtype=np.float32) for z, row in enumerate(rows)]
    return replace(joined(rows), corners=np.concatenate(moved))


@cache
def passer_by() -> Polygons:
    """A person from above: shoulders and head, and the upright figure that casts the shadow."""
    shoulders = [
        (-0.30, 1.4, -0.14),
        (0.30, 1.4, -0.14),
        (0.32, 1.4, 0.10),
        (0.12, 1.4, 0.22),
        (-0.12, 1.4, 0.22),
        (-0.32, 1.4, 0.10),
    ]
    head = [(0.15 * float(np.cos(a)), 1.65, 0.15 * float(np.sin(a))) for a in np.arange(6) * np.pi / 3]
    figure = [(-0.22, 0.0, 0.0), (0.22, 0.0, 0.0), (0.22, 1.5, 0.0), (-0.22, 1.5, 0.0)]
    flat = Mark.TWO_SIDED | Mark.CASTS
    return joined(
        [
            polygon(figure, (70, 70, 74), HUMAN, mark=flat),
            polygon(shoulders, (128, 128, 128), HUMAN, paint=1, mark=flat),
            polygon(head, (74, 56, 46), HUMAN, mark=flat),
        ]
    )


def flat_patch(x: float, z: float, label: int, shade: float = 128.0) -> Polygons:
    """A rectangle on the ground about the origin, of these half sides; it takes the paint."""
    points = [(-x, 0.01, -z), (x, 0.01, -z), (x, 0.01, z), (-x, 0.01, z)]
    return polygon(points, (shade, shade, shade), label, paint=1, mark=Mark.TWO_SIDED)


def pool() -> Polygons:
    """A swimming pool with its rim."""
    rim, water = flat_patch(3.4, 2.2, CLUTTER), flat_patch(2.9, 1.7, CLUTTER)
    blue = quads(water.corners[None], (70, 168, 196), CLUTTER, mark=Mark.TWO_SIDED)
    return joined([rim, blue])
