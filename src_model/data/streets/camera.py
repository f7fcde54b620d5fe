"""Cameras: where a point of the world lies in the picture, ahead from a car or straight down from a drone."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, sin, sqrt

import numpy as np
import numpy.typing as npt

from src_model.data.region import Size
from src_model.data.streets.polygons import Floats

NEAREST = 0.6
"""Metres ahead of the camera where things are cut off."""


@dataclass(frozen=True, slots=True)
class RoadCamera:
    """A camera on a car. Its world is straight; the road's bend is part of the projection.

    Attributes
    ----------
    size:
        Of the picture in pixels.
    x, height, z:
        Where it is, in metres; z grows along the street.
    yaw:
        Radians to the right of the street.
    focal, horizon:
        Focal length as a share of the mean side, and row of the horizon as a share of the height.
    curve:
        How many metres the road has left its direction, over the distance squared.
    """

    size: Size
    x: float
    height: float
    z: float
    yaw: float
    focal: float
    horizon: float
    curve: float

    @property
    def focal_pixels(self) -> float:
        """Focal length in pixels; the field of view holds as much for every shape of picture."""
        return self.focal * sqrt(2 * self.size[0] * self.size[1])

    @property
    def horizon_row(self) -> float:
        """Row of the horizon."""
        return self.horizon * self.size[0]

    def project(self, corners: Floats) -> tuple[Floats, Floats]:
        """(V, 2) column and row of (V, 3) points, and (V,) their distance ahead, cut at the nearest."""
        ahead = corners[:, 2] - np.float32(self.z)
        across = corners[:, 0] - np.float32(self.x) + np.float32(self.curve) * ahead * np.abs(ahead)
        c, s = np.float32(cos(self.yaw)), np.float32(sin(self.yaw))
        distance = np.maximum(c * ahead + s * across, np.float32(NEAREST))
        right = c * across - s * ahead
        scale = np.float32(self.focal_pixels) / distance
        columns = np.float32(self.size[1] / 2) + scale * right
        rows = np.float32(self.horizon_row) - scale * (corners[:, 1] - np.float32(self.height))
        return np.stack([columns, rows], axis=1), distance

    def ground(self) -> tuple[int, Floats, Floats, Floats]:
        """First row below the horizon, and for each pixel from there on: x, z and (rows, 1) distance."""
        height, width = self.size
        first = min(height, max(0, int(np.ceil(self.horizon_row + 0.3))))
        rows = np.arange(first, height, dtype=np.float32)[:, None] + np.float32(0.5)
        distance = np.float32(self.focal_pixels * self.height) / (rows - np.float32(self.horizon_row))
        columns = np.arange(width, dtype=np.float32)[None] + np.float32(0.5 - width / 2)
        right = columns * (distance / np.float32(self.focal_pixels))
        c, s = np.float32(cos(self.yaw)), np.float32(sin(self.yaw))
        ahead = c * distance - s * right
        across = s * distance + c * right
        x = across + np.float32(self.x) - np.float32(self.curve) * ahead * np.abs(ahead)
        return first, x, ahead + np.float32(self.z), distance

    def depth_order(self, places: Floats) -> Floats:
        """(N,) the greater, the earlier it is painted within its strip."""
        return places[:, 1]


@dataclass(frozen=True, slots=True)
class DroneCamera:
    """A camera that looks straight down; x to the right and z up in the picture, turned by ``heading``."""

    size: Size
    x: float
    z: float
    height: float
    heading: float

    @property
    def focal_pixels(self) -> float:
        """Focal length in pixels: the mean side sees about as many metres as the height above ground, times 1.3."""
        return sqrt(self.size[0] * self.size[1]) / 1.3

    def project(self, corners: Floats) -> tuple[Floats, Floats]:
        """(V, 2) column and row of (V, 3) points, and (V,) their distance below the camera."""
        distance = np.maximum(np.float32(self.height) - corners[:, 1], np.float32(NEAREST))
        east, north = corners[:, 0] - np.float32(self.x), corners[:, 2] - np.float32(self.z)
        c, s = np.float32(cos(self.heading)), np.float32(sin(self.heading))
        scale = np.float32(self.focal_pixels) / distance
        columns = np.float32(self.size[1] / 2) + scale * (c * east - s * north)
        rows = np.float32(self.size[0] / 2) - scale * (s * east + c * north)
        return np.stack([columns, rows], axis=1), distance

    def ground(self) -> tuple[Floats, Floats]:
        """(h, w) x and z of each pixel's ground."""
        height, width = self.size
        scale = np.float32(self.height / self.focal_pixels)
        right = (np.arange(width, dtype=np.float32)[None] + np.float32(0.5 - width / 2)) * scale
        up = (np.float32(height / 2 - 0.5) - np.arange(height, dtype=np.float32)[:, None]) * scale
        c, s = np.float32(cos(self.heading)), np.float32(sin(self.heading))
        return c * right + s * up + np.float32(self.x), c * up - s * right + np.float32(self.z)

    def sees(self, places: Floats, margin: float) -> npt.NDArray[np.bool_]:
        """(N,) whether these spots, (N, 2) x and z, lie in the picture or so many metres beside it."""
        east, north = places[:, 0] - np.float32(self.x), places[:, 1] - np.float32(self.z)
        c, s = np.float32(cos(self.heading)), np.float32(sin(self.heading))
        half = [side / 2 * self.height / self.focal_pixels + margin for side in self.size]
        inside: npt.NDArray[np.bool_] = (np.abs(c * east - s * north) < half[1]) & (
            np.abs(s * east + c * north) < half[0]
        )
        return inside

    def depth_order(self, places: Floats) -> Floats:
        """(N,) the greater, the earlier it is painted: rays go outwards as they go down."""
        away: Floats = np.hypot(places[:, 0] - np.float32(self.x), places[:, 1] - np.float32(self.z))
        return away
