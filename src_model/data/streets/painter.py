"""Painter: draws polygons from the farthest to the nearest, colour and class in one stroke."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from src_model.data.images import Pixels
from src_model.data.region import Size
from src_model.data.streets.camera import NEAREST
from src_model.data.streets.light import Light
from src_model.data.streets.polygons import Floats, Integers, Mark
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
    draw = ImageDraw.Draw(mask)
    slant = np.array([-light.sun[0], -light.sun[2]], dtype=np.float32) / np.float32(light.sun[1])
    flat = scenery.corners.copy()
    flat[:, [0, 2]] += np.clip(flat[:, 1:2], 0, None) * slant
    flat[:, 1] = 0
    points, distance = camera.project(flat)
    casts = (scenery.marks & int(Mark.CASTS)) > 0
    seen = casts & (np.abs(_area(points, scenery)) > _LEAST_SHADOW) & _on_canvas(points, distance, scenery, camera.size)
    outer = scenery.layers < _IN_SHADOW_LAYER
    for outline in _outlines(points, scenery, np.flatnonzero(seen & outer)):
        draw.polygon(outline, fill=255)
    shaded = _standing_in(np.asarray(mask), scenery, camera)
    for outline in _outlines(points, scenery, np.flatnonzero(seen & ~outer)):
        draw.polygon(outline, fill=255)
    # A soft edge: the sun is no point.
    soft = np.asarray(
        mask.resize((max(1, width // 2), max(1, height // 2)), Image.Resampling.BOX).resize(
            (width, height), Image.Resampling.BILINEAR
        )
    )
    return 1 - np.float32(light.shadow / 255) * soft.astype(np.float32), shaded & ~outer


def paint(
    ground: Pixels, classes: npt.NDArray[np.uint8], scenery: Scenery, camera: Camera, light: Light,
    shaded: npt.NDArray[np.bool_],
) -> tuple[Pixels, npt.NDArray[np.uint8]]:  # fmt: skip
    """Draw everything that stands on the ground.

    Parameters
    ----------
    ground, classes:
        (h, w, 3) colours and (h, w) classes of ground and sky.
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
    bottom = Image.frombytes("CMYK", (width, height), np.dstack([ground, classes]).tobytes())
    canvas = bottom.resize((FINER * width, FINER * height), Image.Resampling.NEAREST)
    points, distance = camera.project(scenery.corners)
    points *= FINER
    area = _area(points, scenery)
    two_sided = (scenery.marks & int(Mark.TWO_SIDED)) > 0
    large = np.where(two_sided, np.abs(area) > _THIN, area > _SMALLEST)
    seen = np.flatnonzero(large & _on_canvas(points, distance, scenery, (FINER * height, FINER * width)))
    # Sorting is stable: within a thing the order of its polygons stays.
    order = seen[np.lexsort((-camera.depth_order(scenery.places[seen]), scenery.layers[seen]))]
    colours = _lit(scenery, order, distance[scenery.starts[order]], light, shaded)
    # Four bytes in one number, as the canvas holds them.
    fills = np.column_stack([colours, scenery.classes[order]]).view("<u4").ravel().tolist()
    draw = ImageDraw.Draw(canvas)
    for outline, fill in zip(_outlines(points, scenery, order), fills, strict=True):
        draw.polygon(outline, fill=fill)
    return np.asarray(canvas.reduce(FINER))[..., :3], np.asarray(canvas)[::FINER, ::FINER, 3]


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


def _area(points: Floats, scenery: Scenery) -> Floats:
    """(N,) area in pixels; positive where the outer side is seen."""
    starts = scenery.starts
    following = np.arange(1, len(points) + 1)
    following[starts + scenery.counts - 1] = starts
    # Relative to a corner: near the camera the numbers are large and their differences small.
    near = points - np.repeat(points[starts], scenery.counts, axis=0)
    x, y = near[:, 0], near[:, 1]
    area: Floats = np.add.reduceat(x * y[following] - x[following] * y, starts) / 2
    return area


def _on_canvas(points: Floats, distance: Floats, scenery: Scenery, size: Size) -> npt.NDArray[np.bool_]:
    """(N,) polygons that reach into the picture and are not wholly behind the camera."""
    starts = scenery.starts
    least, most = np.minimum.reduceat(points, starts), np.maximum.reduceat(points, starts)
    ahead = np.maximum.reduceat(distance, starts) > NEAREST
    return ahead & (most > 0).all(axis=1) & (least[:, 0] < size[1]) & (least[:, 1] < size[0])


def _outlines(points: Floats, scenery: Scenery, order: Integers) -> Iterator[list[float]]:
    """Columns and rows of the corners, polygon after polygon."""
    counts = scenery.counts[order]
    ends = np.cumsum(counts)
    corners = np.arange(int(counts.sum())) + np.repeat(scenery.starts[order] - (ends - counts), counts)
    flat = points[corners].ravel().tolist()
    begin = 0
    for end in (2 * ends).tolist():
        yield flat[begin:end]
        begin = end


def _standing_in(mask: npt.NDArray[np.uint8], scenery: Scenery, camera: Camera) -> npt.NDArray[np.bool_]:
    """(N,) whether the spot a thing stands on is dark."""
    spots = np.column_stack([scenery.places[:, 0], np.zeros(len(scenery.places)), scenery.places[:, 1]])
    columns, rows = camera.project(spots.astype(np.float32))[0].T
    height, width = mask.shape
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    spot = mask[np.clip(rows, 0, height - 1).astype(int), np.clip(columns, 0, width - 1).astype(int)]
    standing: npt.NDArray[np.bool_] = inside & (spot > 0)
    return standing
