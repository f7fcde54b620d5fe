"""Stage: things are put on it, and it gives all their polygons as arrays that a painter can sort."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import cos, sin

import numpy as np
import numpy.typing as npt

from src_model.data.streets.polygons import Floats, Integers, Polygons, Tint


@dataclass(frozen=True, slots=True)
class Scenery:
    """Polygons with their place in the painter's order.

    Attributes
    ----------
    corners, counts, colours, classes, marks:
        As in `Polygons`.
    layers:
        (N,) int64; strips beside the camera's way, the farther away the smaller. A ray leaves the camera through the
        strips in turn, so that whole strips can be painted one over the other.
    places:
        (N, 2) float32 x and z of the thing on the ground; within a strip, z is the order.
    """

    corners: Floats
    counts: Integers
    colours: Floats
    classes: npt.NDArray[np.uint8]
    marks: npt.NDArray[np.uint8]
    layers: Integers
    places: Floats

    @property
    def starts(self) -> Integers:
        """(N,) first corner of each polygon."""
        starts: Integers = np.cumsum(self.counts) - self.counts
        return starts

    def facing(self, which: Integers, direction: tuple[float, float, float]) -> Floats:
        """(M,) cosine between the outer side of each of these polygons and a unit vector; at least 0."""
        first = self.starts[which]
        corner = self.corners[first]
        (ax, ay, az), (bx, by, bz) = (self.corners[first + 1] - corner).T, (self.corners[first + 2] - corner).T
        x, y, z = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
        along = x * direction[0] + y * direction[1] + z * direction[2]
        return np.maximum(along / np.maximum(np.sqrt(x * x + y * y + z * z), 1e-9), 0).astype(np.float32)


class Stage:
    """Collects things; each is turned, scaled, painted and put down."""

    def __init__(self) -> None:
        self._parts: list[tuple[Floats, Polygons, Floats]] = []
        self._layers: list[int] = []
        self._places: list[tuple[float, float]] = []

    def add(
        self,
        thing: Polygons,
        x: float,
        z: float,
        layer: int,
        *,
        heading: float = 0.0,
        scale: float = 1.0,
        paint: Tint | None = None,
        reach: float = 0.0,
    ) -> None:
        """Put a thing down.

        Parameters
        ----------
        thing:
            About its own origin.
        x, z:
            Where on the ground, in metres.
        layer:
            Strip; see `Scenery`.
        heading:
            Radians; 0 looks along z.
        scale:
            Of all its lengths.
        paint:
            Colour of what can be painted.
        reach:
            Added to z in the order: how far the thing extends away from its origin.
        """
        turn = np.array([[cos(heading), 0, -sin(heading)], [0, 1, 0], [sin(heading), 0, cos(heading)]])
        corners = thing.corners @ (scale * turn).astype(np.float32) + np.array([x, 0, z], dtype=np.float32)
        colours = thing.colours
        if paint is not None:
            share = thing.paint[:, None]
            colours = colours * (1 - share) + share * np.asarray(paint, dtype=np.float32) * (colours / 128)
        self._parts.append((corners, thing, colours))
        self._layers.append(layer)
        self._places.append((x, z + reach))

    def scenery(self) -> Scenery:
        """All that was put down."""
        if not self._parts:
            return _NOTHING
        numbers = np.array([len(thing.counts) for _, thing, _ in self._parts])
        return Scenery(
            np.concatenate([corners for corners, _, _ in self._parts]),
            np.concatenate([thing.counts for _, thing, _ in self._parts]),
            np.concatenate([colours for _, _, colours in self._parts]),
            np.concatenate([thing.classes for _, thing, _ in self._parts]),
            np.concatenate([thing.marks for _, thing, _ in self._parts]),
            np.repeat(np.array(self._layers, dtype=np.int64), numbers),
            np.repeat(np.array(self._places, dtype=np.float32), numbers, axis=0),
        )


_NOTHING = Scenery(
    np.zeros((0, 3), np.float32),
    np.zeros(0, np.int64),
    np.zeros((0, 3), np.float32),
    np.zeros(0, np.uint8),
    np.zeros(0, np.uint8),
    np.zeros(0, np.int64),
    np.zeros((0, 2), np.float32),
)


def assembled(parts: Iterable[Scenery]) -> Scenery:
    """Several sceneries as one."""
    pieces = list(parts)
    return Scenery(*(np.concatenate([getattr(piece, name) for piece in pieces]) for name in Scenery.__slots__))
