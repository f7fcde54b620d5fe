"""Painter: draws polygons from the farthest to the nearest, colour and class in one stroke."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import repeat
from typing import Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from src_model.data.images import Pixels
from src_model.data.region import Size
from src_model.data.streets.camera import NEAREST
from src_model.data.streets.light import Light
from src_model.data.streets.polygons import Floats, Integers, Mark, corners_of
from src_model.data.streets.stage import Scenery

FINER = 2
"""Things are drawn on a canvas so many times finer; the picture is its mean, the labels its upper left pixels."""
_SMALLEST = 3.5
"""Polygons of fewer canvas pixels are left out, unless they are all there is to see of a thin thing."""
_THIN = 1.4
_LEAST_SHADOW = 3.0
"""Pixels of the picture that a shadow must cover."""
_IN_SHADOW_LAYER = 3
"""From this strip on, things can stand in the shadow of what is farther outside."""
_DARK = 255


class Camera(Protocol):
    """What the painter needs of a camera."""

    @property
    def size(self) -> Size:
        """Height and width of the picture."""

    def project(self, corners: Floats) -> tuple[Floats, Floats]:
        """(V, 2) column and row, and (V,) distance of (V, 3) points."""

    def depth_order(self, places: Floats) -> Floats:
        """(N,) the greater, the earlier it is painted within its strip."""


def shadows(scenery: Scenery, camera: Camera, light: Light) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """(h, w) share of the ground's light that shadows leave, and (N,) whether a polygon's thing stands in one."""
    height, width = camera.size
    mask = Image.new("L", (width, height), 0)
    casting = scenery.selected(np.flatnonzero(scenery.marks & int(Mark.CASTS)))
    thrown, distance = camera.project(_thrown(casting.corners, light))
    outlines = _Outlines(thrown, casting.counts)
    seen = (np.abs(outlines.areas()) > _LEAST_SHADOW) & outlines.reach_into(camera.size, distance)
    outer = casting.layers < _IN_SHADOW_LAYER
    _draw(mask, outlines.selected(np.flatnonzero(seen & outer)), repeat(_DARK))
    shaded = (scenery.layers >= _IN_SHADOW_LAYER) & _standing_in(np.asarray(mask), scenery, camera)
    _draw(mask, outlines.selected(np.flatnonzero(seen & ~outer)), repeat(_DARK))
    # A soft edge: the sun is no point.
    soft = np.asarray(
        mask.resize((max(1, width // 2), max(1, height // 2)), Image.Resampling.BOX).resize(
            (width, height), Image.Resampling.BILINEAR
        )
    )
    return 1 - np.float32(light.shadow / 255) * soft.astype(np.float32), shaded


def _thrown(corners: Floats, light: Light) -> Floats:
    """(V, 3) where the shadows of these points lie on the ground."""
    slant = np.array([-light.sun[0], -light.sun[2]], dtype=np.float32) / np.float32(light.sun[1])
    flat = np.zeros_like(corners)
    flat[:, [0, 2]] = corners[:, [0, 2]] + np.clip(corners[:, 1:2], 0, None) * slant
    return flat


def paint(
    ground: npt.NDArray[np.uint8], classes: npt.NDArray[np.uint8], scenery: Scenery, camera: Camera, light: Light,
    shaded: npt.NDArray[np.bool_],
) -> tuple[Pixels, npt.NDArray[np.uint8]]:  # fmt: skip
    """Draw everything that stands on the ground.

    Parameters
    ----------
    ground, classes:
        (3, h, w) colours and (h, w) classes of ground and sky.
    scenery:
        What stands on it.
    camera, light:
        How it is seen.
    shaded:
        (N,) polygons whose thing stands in a shadow.

    Returns
    -------
    (h, w, 3) and (h, w) uint8
    """
    height, width = camera.size
    # The class is a fourth colour.
    bottom = Image.merge("CMYK", [Image.fromarray(plane) for plane in (*ground, classes)])
    canvas = bottom.resize((FINER * width, FINER * height), Image.Resampling.NEAREST)
    points, distance = camera.project(scenery.corners)
    points *= FINER
    every = _Outlines(points, scenery.counts)
    seen = np.flatnonzero(every.reach_into((FINER * height, FINER * width), distance))
    outlines = every.selected(seen)
    area = outlines.areas()
    two_sided = (scenery.marks[seen] & int(Mark.TWO_SIDED)) > 0
    large = np.flatnonzero(np.where(two_sided, np.abs(area) > _THIN, area > _SMALLEST))
    seen = seen[large]
    # Sorting is stable: within a thing the order of its polygons stays.
    turn = np.lexsort((-camera.depth_order(scenery.places[seen]), scenery.layers[seen]))
    order = seen[turn]
    colours = _lit(scenery, order, distance[scenery.starts[order]], light, shaded)
    # Four bytes in one number, as the canvas holds them.
    inks = np.column_stack([colours, scenery.classes[order]]).view(np.int32).ravel().tolist()
    _draw(canvas, outlines.selected(large[turn]), inks)
    picture = Image.merge("RGB", canvas.reduce(FINER).split()[:3])
    return np.asarray(picture), np.asarray(canvas)[::FINER, ::FINER, 3]


@dataclass(frozen=True, slots=True)
class _Outlines:
    """N polygons in the picture: (V, 2) float32 columns and rows of all corners, (N,) int64 corners of each."""

    points: Floats
    counts: Integers

    @property
    def starts(self) -> Integers:
        """(N,) first corner of each polygon."""
        starts: Integers = np.cumsum(self.counts) - self.counts
        return starts

    def selected(self, which: Integers) -> _Outlines:
        """These polygons, (M,) indices, in this order."""
        return _Outlines(self.points.take(corners_of(which, self.counts), axis=0), self.counts[which])

    def areas(self) -> Floats:
        """(N,) in pixels; positive where the outer side is seen."""
        starts = self.starts
        following = np.arange(1, len(self.points) + 1)
        following[starts + self.counts - 1] = starts
        # Relative to a corner: near the camera the numbers are large and their differences small.
        x, y = (side - np.repeat(side[starts], self.counts) for side in self.points.T)
        areas: Floats = np.add.reduceat(x * y[following] - x[following] * y, starts) / 2
        return areas

    def reach_into(self, size: Size, distance: Floats) -> npt.NDArray[np.bool_]:
        """(N,) whether some of each may lie in a picture of this size, and not all of it behind the camera."""
        columns, rows = self.points.T
        # A bit a side: nothing is seen of a polygon whose corners all lie beyond the same one.
        beyond = np.zeros(len(columns), dtype=np.uint8)
        for bit, outside in enumerate(
            (columns <= 0, columns >= size[1], rows <= 0, rows >= size[0], distance <= NEAREST)
        ):
            beyond |= outside.view(np.uint8) << np.uint8(bit)
        reach: npt.NDArray[np.bool_] = np.bitwise_and.reduceat(beyond, self.starts) == 0
        return reach


def _draw(canvas: Image.Image, outlines: _Outlines, inks: Iterable[int]) -> None:
    """Fill polygon after polygon; an ink is a pixel's bytes in one number."""
    draw = ImageDraw.Draw(canvas)
    # Pillow reads float32 from memory as it lies: no Python number for each coordinate.
    corners = outlines.points.ravel().data
    begin = 0
    for end, ink in zip((2 * np.cumsum(outlines.counts)).tolist(), inks, strict=False):
        draw.polygon(corners[begin:end], fill=ink)
        begin = end


def _lit(
    scenery: Scenery, order: Integers, distance: Floats, light: Light, shaded: npt.NDArray[np.bool_]
) -> npt.NDArray[np.uint8]:
    marks = scenery.marks[order]
    towards_sun = np.where(marks & int(Mark.TWO_SIDED), np.float32(0.55), scenery.facing(order, light.sun))
    towards_sun = towards_sun * (1 - np.float32(0.85) * shaded[order])
    strength = np.array(light.ambient) + towards_sun[:, None] * np.array(light.direct)
    strength = np.where((marks & int(Mark.GLOWS))[:, None] > 0, 1.0, strength)
    air = 1 - np.exp(-distance / light.visibility)[:, None]
    colours = scenery.colours[order] * strength * (1 - air) + air * np.array(light.haze)
    lit: npt.NDArray[np.uint8] = np.clip(colours, 0, 255).astype(np.uint8)
    return lit


def _standing_in(mask: npt.NDArray[np.uint8], scenery: Scenery, camera: Camera) -> npt.NDArray[np.bool_]:
    """(N,) whether the spot a thing stands on is dark."""
    spots = np.column_stack([scenery.places[:, 0], np.zeros(len(scenery.places)), scenery.places[:, 1]])
    columns, rows = camera.project(spots.astype(np.float32))[0].T
    height, width = mask.shape
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    spot = mask[np.clip(rows, 0, height - 1).astype(int), np.clip(columns, 0, width - 1).astype(int)]
    standing: npt.NDArray[np.bool_] = inside & (spot > 0)
    return standing
