"""Vehicles: cars of four shapes, lorries, buses and trams, each built once and painted when it is put down."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from src_model.data.streets.classes import BUS, CAR, TRAIN, TRUCK
from src_model.data.streets.polygons import Mark, Polygons, Tint, disc, hull, joined, polygon, quads, rectangle

GLASS: Tint = (46, 56, 66)
TYRE: Tint = (24, 24, 26)
TRIM: Tint = (40, 40, 44)
BRIGHT: Tint = (128, 128, 128)
"""Painted polygons are shades of this: 128 takes the paint as it is."""
FRONT_LAMP: Tint = (238, 236, 214)
TAIL_LAMP: Tint = (196, 28, 24)


class CarShape(NamedTuple):
    """Lengths in metres; the cabin's four points lie along the car, from its tail."""

    length: float
    width: float
    belt: float
    roof: float
    cabin: tuple[float, float, float, float]


CARS: dict[str, CarShape] = {
    "saloon": CarShape(4.6, 1.80, 0.95, 1.45, (0.14, 0.30, 0.58, 0.75)),
    "hatchback": CarShape(4.0, 1.74, 0.97, 1.50, (0.02, 0.12, 0.58, 0.76)),
    "estate": CarShape(4.7, 1.82, 0.96, 1.50, (0.01, 0.09, 0.60, 0.76)),
    "van": CarShape(4.9, 1.95, 1.15, 2.00, (0.01, 0.03, 0.72, 0.87)),
    "offroader": CarShape(4.5, 1.92, 1.10, 1.75, (0.01, 0.08, 0.62, 0.76)),
}


@cache
def car(shape: str, label: int = CAR) -> Polygons:
    """A car that looks along z, its middle at the origin."""
    form = CARS[shape]
    half, tail = form.width / 2, -form.length / 2
    nose = form.length / 2
    body = hull(
        [(tail, 0.32), (tail - 0.06, 0.60), (tail + 0.04, form.belt), (nose - 0.9, form.belt - 0.02), (nose, 0.74),
        (nose + 0.05, 0.5), (nose - 0.06, 0.26)],
        [half * 0.94, half, half * 0.96, half * 0.96, half * 0.90, half * 0.95, half * 0.92],
        [(122, 122, 122), (112, 112, 112), (124, 124, 124), (134, 134, 134), (138, 138, 138), (124, 124, 124),
        (108, 108, 108), TRIM],
        label,
        [1, 1, 1, 1, 1, 1, 1, 0],
    )  # fmt: skip
    at = [tail + form.length * share for share in form.cabin]
    roof = half * 0.76
    cabin = hull(
        [(at[0], form.belt), (at[1], form.roof - 0.03), ((at[1] + at[2]) / 2, form.roof), (at[2], form.roof - 0.05),
        (at[3], form.belt)],
        [half * 0.93, roof, roof, roof, half * 0.93],
        [(118, 118, 118), GLASS, (136, 136, 136), (136, 136, 136), (58, 70, 80), TRIM],
        label,
        [1, 0, 1, 1, 0, 0],
    )  # fmt: skip
    return joined([*_wheels(form, label), body, *_body_details(form, label), cabin, *_cabin_details(form, at, label)])


def _wheels(form: CarShape, label: int) -> list[Polygons]:
    parts = []
    for z in (-0.30 * form.length, 0.30 * form.length):
        for side in (-1, 1):
            x = side * form.width / 2
            # A block from the tyre to the middle is seen from behind, below the bumper.
            block = rectangle((x * 0.72, x), (0.0, 0.4), (z - 0.28, z - 0.28), (0, 0, -1))
            front = rectangle((x * 0.72, x), (0.0, 0.4), (z + 0.28, z + 0.28), (0, 0, 1))
            parts.append(quads([block, front], TYRE, label))
    under = rectangle((-form.width * 0.45, form.width * 0.45), (0.12, 0.4), (-0.45 * form.length,) * 2, (0, 0, -1))
    ahead = rectangle((-form.width * 0.45, form.width * 0.45), (0.12, 0.4), (0.45 * form.length,) * 2, (0, 0, 1))
    return [quads([under, ahead], (20, 20, 22), label), *parts]


def _body_details(form: CarShape, label: int) -> list[Polygons]:
    half, end = form.width / 2, form.length / 2
    lamps, parts = [], []
    for z, face, colour in ((-end - 0.07, -1, TAIL_LAMP), (end + 0.06, 1, FRONT_LAMP)):
        low, high = (0.62, 0.84) if face < 0 else (0.54, 0.70)
        for side in (-1, 1):
            span = tuple(sorted((side * half * 0.60, side * half * 0.94)))
            lamps.append(rectangle((span[0], span[1]), (low, high), (z, z), (0, 0, face)))
        parts.append(quads(lamps, colour, label, mark=Mark.GLOWS))
        lamps = []
        plate = rectangle((-0.26, 0.26), (0.46, 0.58), (z - 0.01 * face, z - 0.01 * face), (0, 0, face))
        parts.append(quads([plate], (226, 226, 220), label))
        bumper = rectangle((-half * 0.92, half * 0.92), (0.28, 0.42), (z, z), (0, 0, face))
        parts.append(quads([bumper], (52, 52, 56), label))
    for z in (-0.30 * form.length, 0.30 * form.length):
        for side in (-1, 1):
            x = side * (half + 0.01)
            for radius, colour in ((0.39, (16, 16, 18)), (0.32, TYRE), (0.20, (142, 144, 148))):
                wheel = disc((x, 0.33, z), radius, colour, label, axis="x", mark=Mark.PLAIN)
                parts.append(_facing(wheel, side))
    return parts


def _facing(flat: Polygons, side: int) -> Polygons:
    """A disc across x, seen from one side only."""
    points = [(float(x), float(y), float(z)) for x, y, z in flat.corners]
    return polygon(points, _tint(flat), int(flat.classes[0]), mark=Mark.PLAIN, outward=(side, 0, 0))


def _tint(flat: Polygons) -> Tint:
    red, green, blue = flat.colours[0].tolist()
    return red, green, blue


def _cabin_details(form: CarShape, at: list[float], label: int) -> list[Polygons]:
    """Side windows with a pillar between them, and the frame of the rear window."""
    parts = []
    low, high = form.belt + 0.05, form.roof - 0.10
    wide, narrow = form.width / 2 * 0.935, form.width / 2 * 0.79
    middle = (at[1] + at[2]) / 2
    back = at[1] if form.cabin[1] - form.cabin[0] > 0.05 else at[1] + 0.15
    for side in (-1, 1):
        for z in (
            (at[0] + 0.22, back + 0.08, middle - 0.05, middle - 0.05),
            (middle + 0.05, middle + 0.05, at[2] - 0.06, at[3] - 0.25),
        ):
            points = [
                (side * wide, low, z[0]),
                (side * narrow, high, z[1]),
                (side * narrow, high, z[2]),
                (side * wide, low, z[3]),
            ]
            parts.append(polygon(points, GLASS, label, mark=Mark.PLAIN, outward=(side, 0, 0)))
    frame = [
        (-wide, low - 0.04, at[0] - 0.02),
        (-wide * 0.9, low, at[0] - 0.02),
        (-narrow, high + 0.04, at[1] - 0.02),
        (-narrow * 1.06, high, at[1] - 0.02),
    ]
    parts.append(polygon(frame, (120, 120, 120), label, paint=1, mark=Mark.PLAIN, outward=(0, 0, -1)))
    mirrored = [(-x, y, z) for x, y, z in frame]
    parts.append(polygon(mirrored, (120, 120, 120), label, paint=1, mark=Mark.PLAIN, outward=(0, 0, -1)))
    return parts


@cache
def lorry(trailer: bool) -> Polygons:
    """A lorry: cab in front, a load behind it; without a trailer a delivery lorry."""
    length, width, high = (9.0, 2.5, 3.7) if trailer else (6.2, 2.2, 3.0)
    half, tail, nose = width / 2, -length / 2, length / 2
    cab = _block(half * 0.97, 0.5, high * 0.80, nose - 1.9, nose, TRUCK, 1.0, (126, 126, 126))
    load = _block(half, 0.75, high, tail, nose - 2.1, TRUCK, 0.35, (196, 196, 192))
    parts = [_chassis(half, tail, nose, TRUCK), cab, load]
    doors = [
        rectangle((x, x + 0.05), (0.8, high - 0.1), (tail - 0.02, tail - 0.02), (0, 0, -1))
        for x in (-0.03, -half * 0.96, half * 0.92)
    ]
    parts.append(quads(doors, (96, 96, 98), TRUCK))
    stripe = [
        rectangle((side * (half + 0.01),) * 2, (1.5, 2.1), (tail + 0.6, nose - 2.8), (side, 0, 0)) for side in (-1, 1)
    ]
    parts.append(quads(stripe, (118, 118, 118), TRUCK, paint=1))
    parts.append(_panes(half * 0.97, high * 0.50, high * 0.75, nose, TRUCK))
    parts.append(_lamps(half, tail, nose, TRUCK))
    window = [
        rectangle((side * (half * 0.97 + 0.01),) * 2, (high * 0.5, high * 0.73), (nose - 1.2, nose - 0.2), (side, 0, 0))
        for side in (-1, 1)
    ]
    return joined([*parts, quads(window, GLASS, TRUCK)])


@cache
def bus() -> Polygons:
    """A city bus."""
    half, tail, nose, high = 1.26, -5.7, 5.7, 3.05
    parts = [_chassis(half, tail, nose, BUS), _block(half, 0.32, high, tail, nose, BUS, 1.0, (128, 128, 128))]
    parts.append(_window_band(half, tail, nose, 1.25, 2.45, 1.45, BUS))
    rear = rectangle((-half * 0.85, half * 0.85), (1.55, 2.6), (tail - 0.02, tail - 0.02), (0, 0, -1))
    sign = rectangle((-half * 0.7, half * 0.7), (2.62, 2.92), (nose + 0.02, nose + 0.02), (0, 0, 1))
    parts.append(quads([rear], GLASS, BUS))
    parts.append(_panes(half, 1.0, 2.55, nose, BUS))
    parts.append(quads([sign], (240, 176, 60), BUS, mark=Mark.GLOWS))
    skirt = [rectangle((side * (half + 0.015),) * 2, (0.34, 0.62), (tail, nose), (side, 0, 0)) for side in (-1, 1)]
    parts.append(quads(skirt, (58, 58, 62), BUS))
    return joined([*parts, _lamps(half, tail, nose, BUS)])


@cache
def tram() -> Polygons:
    """A tram of three cars."""
    half, high = 1.25, 3.4
    parts = []
    for number in (2, 1, 0):
        tail = -13.5 + 9.0 * number
        nose = tail + 8.7
        parts.append(_block(half, 0.25, high, tail, nose, TRAIN, 1.0, (128, 128, 128)))
        parts.append(_window_band(half, tail, nose, 1.2, 2.6, 1.7, TRAIN))
        band = [rectangle((side * (half + 0.012),) * 2, (2.72, 3.1), (tail, nose), (side, 0, 0)) for side in (-1, 1)]
        parts.append(quads(band, (226, 224, 214), TRAIN))
    for z, face in ((-13.52, -1), (13.22, 1)):
        pane = rectangle((-half * 0.86, half * 0.86), (1.35, 2.7), (z, z), (0, 0, face))
        parts.append(quads([pane], GLASS, TRAIN))
        sign = rectangle((-half * 0.6, half * 0.6), (2.8, 3.15), (z, z), (0, 0, face))
        parts.append(quads([sign], (250, 190, 70), TRAIN, mark=Mark.GLOWS))
    return joined([*parts, _lamps(half, -13.5, 13.2, TRAIN)])


def _block(
    half: float, low: float, high: float, tail: float, nose: float, label: int, paint: float, shade: Tint
) -> Polygons:
    outline = [
        (tail, low),
        (tail, high - 0.12),
        (tail + 0.12, high),
        (nose - 0.2, high),
        (nose, high - 0.3),
        (nose, low),
    ]
    return hull(outline, [half] * 6, [shade] * 7, label, [paint] * 7)


def _chassis(half: float, tail: float, nose: float, label: int) -> Polygons:
    parts = []
    for z in (tail + 1.2, nose - 1.1):
        for side in (-1, 1):
            x = side * half
            ends = [
                rectangle((min(x * 0.6, x), max(x * 0.6, x)), (0, 0.8), (z + d, z + d), (0, 0, f))
                for d, f in ((-0.45, -1), (0.45, 1))
            ]
            parts.append(quads(ends, TYRE, label))
            for radius, colour in ((0.48, TYRE), (0.24, (120, 120, 124))):
                parts.append(_facing(disc((x, 0.48, z), radius, colour, label, axis="x", mark=Mark.PLAIN), side))
    beams = [rectangle((side * half * 0.9,) * 2, (0.35, 0.8), (tail, nose), (side, 0, 0)) for side in (-1, 1)]
    back = rectangle((-half * 0.9, half * 0.9), (0.35, 0.8), (tail, tail), (0, 0, -1))
    return joined([quads([*beams, back], (40, 40, 42), label), *parts])


def _panes(half: float, low: float, high: float, nose: float, label: int) -> Polygons:
    pane = rectangle((-half * 0.88, half * 0.88), (low, high), (nose + 0.02, nose + 0.02), (0, 0, 1))
    return quads([pane], GLASS, label)


def _window_band(half: float, tail: float, nose: float, low: float, high: float, pitch: float, label: int) -> Polygons:
    count = int((nose - tail - 0.5) / pitch)
    starts = [tail + 0.3 + pitch * i for i in range(count)]
    windows = [
        rectangle((side * (half + 0.02),) * 2, (low, high), (z, z + pitch - 0.14), (side, 0, 0))
        for side in (-1, 1)
        for z in starts
    ]
    return quads(windows, GLASS, label)


def _lamps(half: float, tail: float, nose: float, label: int) -> Polygons:
    parts = []
    for z, face, colour in ((tail - 0.03, -1, TAIL_LAMP), (nose + 0.03, 1, FRONT_LAMP)):
        spans = [(-half * 0.95, -half * 0.72), (half * 0.72, half * 0.95)]
        lamps = [rectangle(span, (0.7, 0.95), (z, z), (0, 0, face)) for span in spans]
        parts.append(quads(lamps, colour, label, mark=Mark.GLOWS))
    return joined(parts)
