"""Polygons: the flat pieces of which everything that stands on the ground is made, in metres."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntFlag
from functools import cache, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
"""float32 wherever it is large."""
Integers = npt.NDArray[np.int64]
Point = tuple[float, float, float]
Tint = tuple[float, float, float]
"""Red, green and blue, 0 … 255 each."""


class Mark(IntFlag):
    """How a polygon is treated."""

    PLAIN = 0
    TWO_SIDED = 1
    """Seen from both sides and lit evenly: leaves, signs, people."""
    CASTS = 2
    """Throws a shadow on the ground."""
    GLOWS = 4
    """Keeps its colour in the dark."""


@dataclass(frozen=True, slots=True)
class Polygons:
    """N polygons with V corners together, in drawing order. x to the right, y up, z ahead; the ground is y = 0.

    Attributes
    ----------
    corners:
        (V, 3) float32; polygon after polygon, in the order that shows its outer side.
    counts:
        (N,) int64 corners of each polygon.
    colours:
        (N, 3) float32 in 0 … 255.
    classes:
        (N,) uint8 class indices.
    paint:
        (N,) float32, share of the colour that is replaced when the thing is painted.
    marks:
        (N,) uint8 `Mark`.
    """

    corners: Floats
    counts: Integers
    colours: Floats
    classes: npt.NDArray[np.uint8]
    paint: Floats
    marks: npt.NDArray[np.uint8]


def polygon(
    points: Sequence[Point],
    colour: Tint,
    label: int,
    *,
    paint: float = 0.0,
    mark: Mark = Mark.TWO_SIDED,
    outward: Point | None = None,
) -> Polygons:
    """One polygon; ``outward`` turns it so that it is seen from that side."""
    if outward is not None and _towards(points, outward) < 0:
        points = points[::-1]
    return quads([points], colour, label, paint=paint, mark=mark)


def _towards(points: Sequence[Point], outward: Point) -> float:
    """Above 0 where the first three corners show their outer side to ``outward``."""
    (ax, ay, az), (bx, by, bz) = ([p - o for p, o in zip(point, points[0], strict=True)] for point in points[1:3])
    normal = (ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx)
    return sum(n * o for n, o in zip(normal, outward, strict=True))


def quads(
    corners: npt.ArrayLike,
    colours: npt.ArrayLike,
    label: int,
    *,
    paint: float = 0.0,
    mark: Mark = Mark.PLAIN,
) -> Polygons:
    """Polygons of equally many corners, (N, k, 3); colours (N, 3) or one for all."""
    points = np.asarray(corners, dtype=np.float32)
    number, sides = points.shape[:2]
    tints = np.empty((number, 3), dtype=np.float32)
    tints[:] = colours
    return Polygons(
        points.reshape(-1, 3),
        _same(sides, number, np.int64),
        tints,
        _same(label, number, np.uint8),
        _same(paint, number, np.float32),
        _same(int(mark), number, np.uint8),
    )


@lru_cache(maxsize=4096)
def _same(value: float, number: int, dtype: type[np.generic]) -> npt.NDArray[Any]:
    """(number,) times the value; read-only, since the same few are wanted for nearly everything."""
    values = np.full(number, value, dtype=dtype)
    values.setflags(write=False)
    return values


def joined(parts: Iterable[Polygons]) -> Polygons:
    """All polygons after one another."""
    pieces = list(parts)
    return Polygons(
        np.concatenate([piece.corners for piece in pieces]),
        np.concatenate([piece.counts for piece in pieces]),
        np.concatenate([piece.colours for piece in pieces]),
        np.concatenate([piece.classes for piece in pieces]),
        np.concatenate([piece.paint for piece in pieces]),
        np.concatenate([piece.marks for piece in pieces]),
    )


def corners_of(which: Integers, counts: Integers) -> Integers:
    """Where the corners of these polygons, (M,) indices, lie among all; counts, (N,), are the corners of each."""
    taken = counts[which]
    ends = np.cumsum(taken)
    shift = (np.cumsum(counts) - counts)[which] - (ends - taken)
    corners: Integers = np.arange(int(taken.sum())) + np.repeat(shift, taken)
    return corners


def rectangle(x: tuple[float, float], y: tuple[float, float], z: tuple[float, float], outward: Point) -> list[Point]:
    """Corners of a rectangle in the plane across the axis that does not extend, seen from ``outward``."""
    if x[0] == x[1]:
        points = [(x[0], y[0], z[0]), (x[0], y[0], z[1]), (x[0], y[1], z[1]), (x[0], y[1], z[0])]
    elif z[0] == z[1]:
        points = [(x[0], y[0], z[0]), (x[1], y[0], z[0]), (x[1], y[1], z[0]), (x[0], y[1], z[0])]
    else:
        points = [(x[0], y[0], z[0]), (x[1], y[0], z[0]), (x[1], y[0], z[1]), (x[0], y[0], z[1])]
    return points if _towards(points, outward) > 0 else points[::-1]


_FACES: tuple[Point, ...] = ((0, 0, 1), (1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, 0, -1))


@cache
def _box_faces() -> Integers:
    """(5, 4, 3): for each corner of each face, where its x, y and z stand in (low x, high x, low y and so on)."""
    faces = []
    for face in _FACES:
        spans = [(float(side > 0),) * 2 if side else (0.0, 1.0) for side in face]
        faces.append(rectangle(spans[0], spans[1], spans[2], face))
    ends: Integers = np.array(faces).astype(np.int64) + np.array([0, 2, 4])
    return ends


def box(
    x: tuple[float, float],
    y: tuple[float, float],
    z: tuple[float, float],
    colour: Tint,
    label: int,
    *,
    paint: float = 0.0,
) -> Polygons:
    """A box without its bottom, each face seen from outside; it casts a shadow."""
    ends = np.array([x, y, z], dtype=np.float32)
    return quads(ends.take(_box_faces()), colour, label, paint=paint, mark=Mark.CASTS)


def hull(
    profile: Sequence[tuple[float, float]],
    half_widths: Sequence[float],
    colours: Sequence[Tint],
    label: int,
    paints: Sequence[float],
) -> Polygons:
    """A convex body with a mirror plane: its outline seen from the side, with the half width at each point.

    Parameters
    ----------
    profile:
        (z, y) around the body.
    half_widths:
        Half the width at each point.
    colours, paints:
        Of both sides, then of the strip that begins at each point of the outline.
    """
    right = np.array([(w, y, z) for (z, y), w in zip(profile, half_widths, strict=True)], dtype=np.float32)
    left = right * np.array([-1, 1, 1], dtype=np.float32)
    centre = np.concatenate([left, right]).mean(axis=0)
    faces = [left, right]
    count = len(profile)
    for i in range(count):
        j = (i + 1) % count
        faces.append(np.stack([left[i], left[j], right[j], right[i]]))
    parts = []
    for number, face in enumerate(faces):
        which = max(0, number - 1)
        out = face.mean(axis=0) - centre
        parts.append(
            polygon(
                [(float(x), float(y), float(z)) for x, y, z in face],
                colours[which],
                label,
                paint=paints[which],
                mark=Mark.CASTS,
                outward=(float(out[0]), float(out[1]), float(out[2])),
            )
        )
    return joined(parts)


def disc(
    centre: Point, radius: float, colour: Tint, label: int, *, axis: str = "z", sides: int = 10, mark: Mark
) -> Polygons:
    """A regular polygon across the axis ``x`` or ``z``."""
    angles = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    across, up = radius * np.cos(angles), radius * np.sin(angles)
    flat = np.zeros(sides)
    offsets = np.stack([across, up, flat] if axis == "z" else [flat, up, across], axis=1)
    return quads((np.asarray(centre) + offsets)[None], colour, label, mark=mark)
