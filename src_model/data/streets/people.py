"""People and their bicycles and motorcycles: flat figures that face the camera, and machines seen from two sides."""

from __future__ import annotations

from functools import cache

import numpy as np

from src_model.data.streets.classes import BICYCLE, MOTORCYCLE, PERSON, RIDER
from src_model.data.streets.polygons import Mark, Polygons, Tint, disc, joined, polygon, quads

SKIN: Tint = (196, 150, 122)
HAIR: Tint = (60, 44, 34)
FLAT = Mark.TWO_SIDED | Mark.CASTS
STANCES = 6
"""Number of walking figures."""
DARK: Tint = (34, 34, 38)


def _limb(points: list[tuple[float, float]], colour: Tint, label: int, paint: float = 0.0) -> Polygons:
    return polygon([(x, y, 0.0) for x, y in points], colour, label, paint=paint, mark=FLAT)


@cache
def walker(stance: int) -> Polygons:
    """A standing or walking person, 1.75 m; the coat takes the paint."""
    rng = np.random.default_rng(stance)
    stride = 0.26 * (stance % 3) / 2
    trousers: Tint = ((44, 48, 62), (70, 66, 60), (36, 36, 40))[stance % 3]
    skirt = stance == 4
    lightness = rng.uniform(0.6, 2.2)
    hair: Tint = (HAIR[0] * lightness, HAIR[1] * lightness, HAIR[2] * lightness)
    parts = []
    for side in (-1, 1):
        foot = side * (0.07 + stride)
        parts.append(
            _limb(
                [(side * 0.01, 0.88), (side * 0.17, 0.88), (foot + 0.07, 0.06), (foot - 0.06, 0.06)], trousers, PERSON
            )
        )
        parts.append(
            _limb([(foot - 0.07, 0.0), (foot + 0.12, 0.0), (foot + 0.08, 0.09), (foot - 0.06, 0.09)], DARK, PERSON)
        )
        hand = side * (0.29 + stride * 0.5)
        parts.append(
            _limb(
                [(side * 0.17, 1.42), (side * 0.26, 1.38), (hand + 0.05 * side, 0.84), (hand - 0.04 * side, 0.84)],
                (108, 108, 108),
                PERSON,
                1,
            )
        )
        parts.append(
            _limb([(hand - 0.045, 0.85), (hand + 0.05, 0.85), (hand + 0.04, 0.75), (hand - 0.035, 0.75)], SKIN, PERSON)
        )
    hem = 0.62 if skirt else 0.82
    parts.append(
        _limb(
            [
                (-0.21 - 0.05 * skirt, hem),
                (0.21 + 0.05 * skirt, hem),
                (0.18, 1.15),
                (0.23, 1.43),
                (0.08, 1.50),
                (-0.08, 1.50),
                (-0.23, 1.43),
                (-0.18, 1.15),
            ],
            (128, 128, 128),
            PERSON,
            1,
        )
    )
    parts.append(
        _limb(
            [(0.05, hem), (0.21 + 0.05 * skirt, hem), (0.18, 1.15), (0.23, 1.43), (0.10, 1.46)],
            (104, 104, 104),
            PERSON,
            1,
        )
    )
    parts.append(disc((0, 1.63, 0), 0.125, SKIN, PERSON, mark=FLAT))
    parts.append(
        _limb(
            [(-0.13, 1.62), (-0.12, 1.74), (0, 1.79), (0.12, 1.74), (0.13, 1.62), (0.06, 1.68), (-0.06, 1.68)],
            hair,
            PERSON,
        )
    )
    if stance % 2:
        parts.append(_limb([(0.22, 0.62), (0.42, 0.62), (0.40, 0.88), (0.24, 0.88)], (92, 60, 44), PERSON))
    return joined(parts)


def _seated(lean: float, hip: float, side_view: bool, label: int = RIDER) -> Polygons:
    """The person on a machine; from the side leaning ahead along x, otherwise from behind."""
    parts = []
    if side_view:
        parts.append(
            _limb(
                [
                    (-0.16, hip),
                    (0.02, hip + 0.06),
                    (0.30, hip - 0.22),
                    (0.22, hip - 0.62),
                    (0.10, hip - 0.60),
                    (0.14, hip - 0.24),
                    (-0.10, hip - 0.16),
                ],
                (48, 52, 68),
                label,
            )
        )
        parts.append(
            _limb(
                [(-0.20, hip), (0.06, hip), (lean + 0.14, hip + 0.50), (lean - 0.10, hip + 0.58), (-0.14, hip + 0.32)],
                (126, 126, 126),
                label,
                1,
            )
        )
        parts.append(
            _limb(
                [(lean, hip + 0.50), (lean + 0.10, hip + 0.42), (lean + 0.44, hip + 0.16), (lean + 0.40, hip + 0.10)],
                (106, 106, 106),
                label,
                1,
            )
        )
        head = (lean + 0.10, hip + 0.72)
    else:
        for side in (-1, 1):
            parts.append(
                _limb(
                    [(side * 0.02, hip), (side * 0.20, hip), (side * 0.20, hip - 0.55), (side * 0.10, hip - 0.55)],
                    (48, 52, 68),
                    label,
                )
            )
            parts.append(
                _limb(
                    [
                        (side * 0.16, hip + 0.52),
                        (side * 0.25, hip + 0.48),
                        (side * 0.36, hip + 0.16),
                        (side * 0.28, hip + 0.12),
                    ],
                    (106, 106, 106),
                    label,
                    1,
                )
            )
        parts.append(
            _limb(
                [
                    (-0.18, hip - 0.05),
                    (0.18, hip - 0.05),
                    (0.23, hip + 0.48),
                    (0.08, hip + 0.58),
                    (-0.08, hip + 0.58),
                    (-0.23, hip + 0.48),
                ],
                (126, 126, 126),
                label,
                1,
            )
        )
        head = (0.0, hip + 0.72)
    parts.append(disc((*head, 0.0), 0.125, SKIN, label, mark=FLAT))
    helmet = [
        (head[0] - 0.14, head[1]),
        (head[0] - 0.12, head[1] + 0.11),
        (head[0], head[1] + 0.17),
        (head[0] + 0.12, head[1] + 0.11),
        (head[0] + 0.14, head[1] + 0.01),
    ]
    parts.append(_limb(helmet, (150, 150, 150), label, 0.7))
    return joined(parts)


def _bar(
    start: tuple[float, float], end: tuple[float, float], thick: float, colour: Tint, label: int, paint: float = 0.0
) -> Polygons:
    run, rise = end[0] - start[0], end[1] - start[1]
    length = max((run * run + rise * rise) ** 0.5, 1e-6)
    across = (-rise / length * thick / 2, run / length * thick / 2)
    points = [
        (start[0] + across[0], start[1] + across[1]),
        (end[0] + across[0], end[1] + across[1]),
        (end[0] - across[0], end[1] - across[1]),
        (start[0] - across[0], start[1] - across[1]),
    ]
    return _limb(points, colour, label, paint)


@cache
def bicycle(side_view: bool) -> Polygons:
    """A bicycle from its side (along x) or from behind."""
    if not side_view:
        parts = [
            _bar((0, 0.0), (0, 0.68), 0.09, DARK, BICYCLE),
            _bar((0, 0.6), (0, 0.95), 0.06, (128, 128, 128), BICYCLE, 1),
        ]
        parts.append(_bar((-0.30, 0.98), (0.30, 0.98), 0.06, (110, 110, 114), BICYCLE))
        parts.append(_bar((-0.10, 0.88), (0.10, 0.88), 0.09, DARK, BICYCLE))
        return joined([*parts, _bar((-0.04, 0.62), (0.04, 0.62), 0.08, (200, 30, 24), BICYCLE)])
    parts = []
    for x in (-0.52, 0.52):
        for radius, colour in ((0.35, DARK), (0.29, (104, 106, 108)), (0.05, DARK)):
            parts.append(disc((x, 0.35, 0), radius, colour, BICYCLE, sides=12, mark=FLAT))
    frame = [
        ((-0.52, 0.35), (-0.10, 0.35)),
        ((-0.10, 0.35), (-0.22, 0.86)),
        ((-0.10, 0.35), (0.36, 0.76)),
        ((-0.20, 0.76), (0.36, 0.80)),
        ((-0.52, 0.35), (-0.20, 0.76)),
        ((0.52, 0.35), (0.34, 0.96)),
    ]
    parts += [_bar(start, end, 0.06, (128, 128, 128), BICYCLE, 1) for start, end in frame]
    parts.append(_bar((-0.36, 0.89), (-0.10, 0.89), 0.08, DARK, BICYCLE))
    return joined([*parts, _bar((0.26, 0.98), (0.50, 0.96), 0.05, DARK, BICYCLE)])


@cache
def motorcycle(side_view: bool) -> Polygons:
    """A motorcycle from its side (along x) or from behind."""
    if not side_view:
        parts = [_bar((0, 0.0), (0, 0.66), 0.20, DARK, MOTORCYCLE)]
        parts.append(
            _limb(
                [(-0.20, 0.45), (0.20, 0.45), (0.24, 0.85), (0.12, 0.98), (-0.12, 0.98), (-0.24, 0.85)],
                (126, 126, 126),
                MOTORCYCLE,
                1,
            )
        )
        parts.append(_bar((-0.40, 1.05), (0.40, 1.05), 0.08, DARK, MOTORCYCLE))
        lamp = quads(
            [[(-0.10, 0.68, 0), (0.10, 0.68, 0), (0.10, 0.80, 0), (-0.10, 0.80, 0)]],
            (210, 30, 24),
            MOTORCYCLE,
            mark=FLAT | Mark.GLOWS,
        )
        plate = _limb([(-0.10, 0.50), (0.10, 0.50), (0.10, 0.62), (-0.10, 0.62)], (220, 220, 214), MOTORCYCLE)
        return joined([*parts, lamp, plate])
    parts = []
    for x in (-0.70, 0.70):
        for radius, colour in ((0.33, (22, 22, 24)), (0.20, (120, 122, 126)), (0.08, DARK)):
            parts.append(disc((x, 0.33, 0), radius, colour, MOTORCYCLE, sides=12, mark=FLAT))
    parts.append(_limb([(-0.45, 0.30), (0.38, 0.28), (0.46, 0.66), (-0.50, 0.62)], (62, 62, 66), MOTORCYCLE))
    parts.append(
        _limb(
            [
                (-0.92, 0.74),
                (-0.30, 0.62),
                (0.30, 0.64),
                (0.50, 0.86),
                (0.34, 1.00),
                (0.06, 0.98),
                (-0.10, 0.84),
                (-0.86, 0.88),
            ],
            (128, 128, 128),
            MOTORCYCLE,
            1,
        )
    )
    parts.append(_limb([(-0.70, 0.84), (-0.10, 0.80), (-0.06, 0.88), (-0.70, 0.93)], DARK, MOTORCYCLE))
    parts.append(_bar((0.70, 0.33), (0.40, 1.02), 0.09, (90, 90, 94), MOTORCYCLE))
    parts.append(_bar((0.20, 1.08), (0.46, 1.03), 0.06, DARK, MOTORCYCLE))
    return joined([*parts, disc((0.56, 0.86, 0), 0.10, (232, 230, 210), MOTORCYCLE, mark=FLAT)])


@cache
def cyclist(side_view: bool) -> Polygons:
    """A bicycle with its rider."""
    person = _seated(0.16, 0.92, side_view)
    return joined([bicycle(side_view), person])


@cache
def motorcyclist(side_view: bool) -> Polygons:
    """A motorcycle with its rider."""
    machine = motorcycle(side_view)
    person = _seated(0.10, 0.86, side_view)
    return joined([machine, person])
