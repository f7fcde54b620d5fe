"""Street furniture: lamps, signals, signs, bollards, fences and walls."""

from __future__ import annotations

from functools import cache

import numpy as np

from src_model.data.streets.classes import FENCE, POLE, TRAFFIC_LIGHT, TRAFFIC_SIGN, WALL
from src_model.data.streets.polygons import Mark, Polygons, Tint, box, disc, joined, polygon, quads

FLAT = Mark.TWO_SIDED | Mark.CASTS
GREY: Tint = (128, 128, 128)
SIGNS = 7
"""Number of different traffic signs."""


def _post(height: float, width: float, x: float = 0.0, low: float = 0.0) -> Polygons:
    half = width / 2
    middle = x + half * 0.2
    light = [(x - half, low, 0), (middle, low, 0), (middle, height, 0), (x - half, height, 0)]
    dark = [(middle, low, 0), (x + half, low, 0), (x + half, height, 0), (middle, height, 0)]
    return quads([light, dark], [(138, 138, 138), (104, 104, 104)], POLE, paint=1, mark=FLAT)


def _upright(
    points: list[tuple[float, float]], colour: Tint, label: int, z: float = 0.0, mark: Mark = FLAT
) -> Polygons:
    return polygon([(x, y, z) for x, y in points], colour, label, mark=mark)


@cache
def lamp(height: float) -> Polygons:
    """A street lamp whose arm reaches along x."""
    arm = polygon(
        [(0, height - 0.12, 0), (1.7, height + 0.28, 0), (1.7, height + 0.36, 0), (0, height, 0)],
        GREY,
        POLE,
        paint=1,
        mark=FLAT,
    )
    head = _upright(
        [(1.2, height + 0.16), (2.1, height + 0.24), (2.1, height + 0.40), (1.3, height + 0.34)], (92, 92, 96), POLE
    )
    glass = _upright(
        [(1.3, height + 0.12), (2.0, height + 0.20), (2.0, height + 0.26), (1.3, height + 0.18)],
        (246, 232, 190),
        POLE,
        mark=Mark.TWO_SIDED | Mark.GLOWS,
    )
    return joined([_post(height, 0.17), _post(1.1, 0.26), arm, head, glass])


@cache
def bollard() -> Polygons:
    """A knee-high post."""
    return joined(
        [_post(0.95, 0.13), _upright([(-0.07, 0.72), (0.07, 0.72), (0.07, 0.84), (-0.07, 0.84)], (226, 226, 220), POLE)]
    )


def _signal_head(x: float, low: float, z: float, phase: int) -> list[Polygons]:
    colours = [(60, 200, 96), (232, 168, 30), (226, 44, 34)]
    frame = [(x - 0.20, low), (x + 0.20, low), (x + 0.20, low + 1.05), (x - 0.20, low + 1.05)]
    parts = [_upright(frame, (30, 34, 32), TRAFFIC_LIGHT, z)]
    for number, colour in enumerate(colours):
        lit = number == phase
        tint: Tint = colour if lit else (colour[0] * 0.22, colour[1] * 0.22, colour[2] * 0.22)
        mark = Mark.TWO_SIDED | Mark.GLOWS if lit else FLAT
        parts.append(disc((x, low + 0.18 + 0.34 * number, z - 0.02), 0.13, tint, TRAFFIC_LIGHT, mark=mark))
    return parts


@cache
def signal(phase: int, arm: bool) -> Polygons:
    """A traffic light that faces the camera, on a post or also on an arm that reaches along x over the road."""
    height = 5.8 if arm else 3.4
    parts = [_post(height, 0.18), *_signal_head(0.26, 2.3, -0.03, phase)]
    if arm:
        parts.append(_upright([(0, 5.55), (4.6, 5.68), (4.6, 5.80), (0, 5.75)], (92, 94, 96), POLE))
        parts += _signal_head(4.2, 4.72, -0.03, phase)
    return joined(parts)


@cache
def sign(kind: int) -> Polygons:
    """A traffic sign on its post, one of seven kinds."""
    top = 2.9
    post = _post(2.95, 0.09)
    z = -0.03
    if kind == 0:  # give way
        outer = [(-0.48, top), (0.48, top), (0, top - 0.84)]
        inner = [(-0.31, top - 0.10), (0.31, top - 0.10), (0, top - 0.63)]
        return joined(
            [post, _upright(outer, (200, 30, 34), TRAFFIC_SIGN, z), _upright(inner, (240, 240, 236), TRAFFIC_SIGN, z)]
        )
    if kind in (1, 2):  # a round prohibition, a round order
        colours: tuple[Tint, Tint] = ((198, 28, 32), (240, 240, 236)) if kind == 1 else ((240, 240, 240), (26, 84, 176))
        rings = [
            disc((0, 2.5, z), radius, tint, TRAFFIC_SIGN, sides=14, mark=FLAT)
            for radius, tint in zip((0.42, 0.33), colours, strict=True)
        ]
        bar = _upright(
            [(-0.20, 2.45), (0.20, 2.45), (0.20, 2.55), (-0.20, 2.55)],
            (30, 30, 34) if kind == 1 else (240, 240, 240),
            TRAFFIC_SIGN,
            z,
        )
        return joined([post, *rings, bar])
    if kind == 3:  # a blue information board
        board = _upright([(-0.38, 2.1), (0.38, 2.1), (0.38, 2.86), (-0.38, 2.86)], (28, 84, 172), TRAFFIC_SIGN, z)
        letter = _upright(
            [(-0.14, 2.22), (-0.02, 2.22), (-0.02, 2.44), (0.18, 2.5), (0.18, 2.74), (-0.14, 2.76)],
            (240, 240, 240),
            TRAFFIC_SIGN,
            z,
        )
        return joined([post, board, letter])
    if kind == 4:  # a warning diamond
        diamond = [(0, 2.0), (0.5, 2.5), (0, 3.0), (-0.5, 2.5)]
        inner = [(0, 2.12), (0.38, 2.5), (0, 2.88), (-0.38, 2.5)]
        return joined(
            [
                post,
                _upright(diamond, (240, 240, 236), TRAFFIC_SIGN, z),
                _upright(inner, (236, 186, 30), TRAFFIC_SIGN, z),
            ]
        )
    if kind == 5:  # a direction board on two posts
        boards = _upright(
            [(-0.75, 2.2), (0.75, 2.2), (0.98, 2.5), (0.75, 2.8), (-0.75, 2.8)], (238, 214, 60), TRAFFIC_SIGN, z
        )
        lines = [
            _upright([(-0.6, low), (0.5, low), (0.5, low + 0.1), (-0.6, low + 0.1)], (30, 30, 30), TRAFFIC_SIGN, z)
            for low in (2.32, 2.56)
        ]
        return joined([_post(2.4, 0.08, -0.5), _post(2.4, 0.08, 0.5), boards, *lines])
    angles = np.pi / 8 + np.arange(8) * np.pi / 4  # stop
    rings = [
        _upright([(r * float(np.cos(a)), 2.5 + r * float(np.sin(a))) for a in angles], tint, TRAFFIC_SIGN, z)
        for r, tint in ((0.46, (240, 240, 240)), (0.42, (190, 24, 28)))
    ]
    return joined(
        [
            post,
            *rings,
            _upright([(-0.3, 2.43), (0.3, 2.43), (0.3, 2.59), (-0.3, 2.59)], (240, 240, 240), TRAFFIC_SIGN, z),
        ]
    )


@cache
def railing(length: float, kind: str) -> Polygons:
    """A fence along z of class fence: ``bars`` that one sees through, or ``boards``."""
    height = 1.15 if kind == "bars" else 1.7
    if kind == "boards":
        z = np.arange(0, length, 0.5)
        planks = np.stack([_at(z, 0.0), _at(z + 0.47, 0.0), _at(z + 0.47, height), _at(z, height)], axis=1)
        shades = 118 + 16 * np.sin(np.arange(len(z)) * 2.7)
        colours = np.repeat(shades[:, None], 3, axis=1)
        board = quads(planks, colours, FENCE, paint=1, mark=FLAT)
        back = quads(
            [[(0.01, 0, 0), (0.01, 0, length), (0.01, height, length), (0.01, height, 0)]],
            (74, 74, 74),
            FENCE,
            paint=1,
            mark=FLAT,
        )
        return joined([back, board])
    z = np.arange(0, length, 0.34)
    bars = np.stack([_at(z, 0.08), _at(z + 0.13, 0.08), _at(z + 0.13, height), _at(z, height)], axis=1)
    rails = [
        [(0, low, 0), (0, low, length), (0, low + 0.13, length), (0, low + 0.13, 0)] for low in (0.12, height - 0.13)
    ]
    return joined(
        [quads(bars, (122, 122, 122), FENCE, paint=1, mark=FLAT), quads(rails, GREY, FENCE, paint=1, mark=FLAT)]
    )


def _at(z: np.ndarray, height: float) -> np.ndarray:
    return np.stack([np.zeros_like(z), np.full_like(z, height), z], axis=1)


@cache
def masonry(length: float, height: float, side: int) -> Polygons:
    """A wall along z with a coping and joints, seen from the road."""
    half = 0.15
    body = box((-half, half), (0, height), (0, length), GREY, WALL, paint=1)
    coping = box((-half - 0.05, half + 0.05), (height, height + 0.12), (0, length), (150, 150, 150), WALL, paint=1)
    joints = np.arange(3.0, length, 3.0)
    x = -side * (half + 0.01)
    lines = [[(x, 0, z), (x, 0, z + 0.08), (x, height, z + 0.08), (x, height, z)] for z in joints]
    courses = [
        [(x, y, 0), (x, y, length), (x, y + 0.04, length), (x, y + 0.04, 0)] for y in np.arange(0.45, height, 0.45)
    ]
    return joined([body, quads(lines + courses, (106, 106, 106), WALL, paint=1, mark=Mark.TWO_SIDED), coping])
