"""Stage: things are put on it, and it gives all their polygons as arrays that a painter can sort."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import cos, sin

import numpy as np
import numpy.typing as npt

from src_model.data.streets.polygons import Floats, Integers, Polygons, Tint, corners_of, joined


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

    def selected(self, which: Integers) -> Scenery:
        """Only these polygons, (M,) indices."""
        return Scenery(
            self.corners.take(corners_of(which, self.counts), axis=0),
            *(getattr(self, name)[which] for name in ("counts", "colours", "classes", "marks", "layers", "places")),
        )

    def facing(self, which: Integers, direction: tuple[float, float, float]) -> Floats:
        """(M,) cosine between the outer side of each of these polygons and a unit vector; at least 0."""
        first = self.starts[which]
        corner = self.corners[first]
        (ax, ay, az), (bx, by, bz) = (self.corners[first + 1] - corner).T, (self.corners[first + 2] - corner).T
        x, y, z = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
        along = x * direction[0] + y * direction[1] + z * direction[2]
        cosine: Floats = np.maximum(along / np.maximum(np.sqrt(x * x + y * y + z * z), 1e-9), 0).astype(np.float32)
        return cosine


class Stage:
    """Collects things; each is turned, scaled, painted and put down, all at once when the scenery is asked for."""

    def __init__(self) -> None:
        self._things: list[Polygons] = []
        self._puts: list[tuple[float, ...]] = []
        self._paints: list[tuple[float, ...]] = []
        self._layers: list[int] = []

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
            Radians; 0 looks along z, growing to the right.
        scale:
            Of all its lengths.
        paint:
            Colour of what can be painted.
        reach:
            Added to z in the order: how far the thing extends away from its origin.
        """
        self._things.append(thing)
        self._puts.append((x, z, scale * cos(heading), scale * sin(heading), scale, reach))
        self._paints.append((0.0, 0.0, 0.0, 0.0) if paint is None else (*paint, 1.0))
        self._layers.append(layer)

    def scenery(self) -> Scenery:
        """All that was put down."""
        if not self._things:
            return _NOTHING
        things = joined(self._things)
        puts = np.array(self._puts, dtype=np.float32)
        of_polygons = np.repeat(np.arange(len(puts)), [len(thing.counts) for thing in self._things])
        corners = np.empty_like(things.corners)
        x, z, cosine, sine, scale, _ = puts.repeat([len(thing.corners) for thing in self._things], axis=0).T
        corners[:, 0] = cosine * things.corners[:, 0] + sine * things.corners[:, 2] + x
        corners[:, 1] = scale * things.corners[:, 1]
        corners[:, 2] = cosine * things.corners[:, 2] - sine * things.corners[:, 0] + z
        paints = np.array(self._paints, dtype=np.float32)[of_polygons]
        share = (things.paint * paints[:, 3])[:, None]
        colours = things.colours * (1 - share + share * paints[:, :3] * np.float32(1 / 128))
        places = np.stack([puts[:, 0], puts[:, 1] + puts[:, 5]], axis=1)[of_polygons]
        layers = np.array(self._layers, dtype=np.int64)[of_polygons]
        return Scenery(corners, things.counts, colours, things.classes, things.marks, layers, places)


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
