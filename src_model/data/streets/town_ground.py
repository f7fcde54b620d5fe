"""The ground of a town from above: roads with their marks, pavements, lawns and yards."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from src_model.data.streets.camera import DroneCamera
from src_model.data.streets.classes import CLUTTER, LAWN, STREET
from src_model.data.streets.colour_planes import as_bytes, coloured, mix, tone
from src_model.data.streets.polygons import Floats
from src_model.data.streets.texture import cloudy, grainy, looked_up, wrapped
from src_model.data.streets.town import Town, block_kind


def town_ground(town: Town, camera: DroneCamera, shade: Floats) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """(3, h, w) colours and (h, w) classes; ``shade`` (h, w) is the light that shadows leave."""
    x, z = camera.ground()
    distances = [_from_road(place, block) for place, block in zip((x, z), town.blocks, strict=True)]
    road = (distances[0] < town.half_roads[0]) | (distances[1] < town.half_roads[1])
    pavement = (distances[0] < town.half_roads[0] + town.pavement) | (distances[1] < town.half_roads[1] + town.pavement)
    paved = _is_court(town, x, z)
    kinds = np.where(pavement | paved, np.uint8(CLUTTER), np.uint8(LAWN))
    kinds[road] = STREET
    colours = coloured(kinds, {STREET: town.asphalt, CLUTTER: town.paving, LAWN: town.grass})
    stains = looked_up(cloudy(), x, z, 61.0)
    grain = looked_up(grainy(), x, z, 17.0)
    lawn = kinds == LAWN
    colours += (3 * grain + 4 * stains) * np.where(lawn, np.float32(2), np.float32(1))
    _dry(colours, town, lawn, stains)
    yard = paved & ~pavement
    mix(colours, yard, 0.35, 1.0, 0.65 * np.array(town.asphalt, dtype=np.float32) * 1.08)
    _mark(colours, town, (x, z), distances, yard)
    light = town.light
    strength = np.array(light.ambient) + max(light.sun[1], 0.25) * np.array(light.direct)
    clear = float(np.exp(-camera.height / light.visibility))
    colours *= tone(clear * strength) * shade
    colours += tone((1 - clear) * np.array(light.haze))
    return as_bytes(colours), kinds


def _dry(colours: Floats, town: Town, lawn: npt.NDArray[np.bool_], stains: Floats) -> None:
    """Soil where the stains on a lawn are strongest."""
    dry = np.flatnonzero(lawn & (stains > 0.9))
    share = np.minimum(stains.ravel()[dry] - np.float32(0.9), np.float32(0.8))
    for plane, soil in zip(colours.reshape(3, -1), np.array(town.soil, dtype=np.float32), strict=True):
        plane[dry] += share * (soil - plane[dry])


def _from_road(place: Floats, block: float) -> Floats:
    """Distance from the middle of the nearest road, which lies at every multiple of the block."""
    half = np.float32(block / 2)
    distance: Floats = np.abs(wrapped(place + half, block) - half)
    return distance


def _is_court(town: Town, x: Floats, z: Floats) -> npt.NDArray[np.bool_]:
    column = np.floor(x / np.float32(town.blocks[0])).astype(np.int32)
    row = np.floor(z / np.float32(town.blocks[1])).astype(np.int32)
    i0, j0 = int(column.min()), int(row.min())
    table = np.array(
        [[block_kind(town.address, i, j) == "court" for j in range(j0, int(row.max()) + 1)]
         for i in range(i0, int(column.max()) + 1)]
    )  # fmt: skip
    court: npt.NDArray[np.bool_] = table[column - i0, row - j0]
    return court


def _mark(
    colours: Floats, town: Town, place: tuple[Floats, Floats], from_road: list[Floats], yard: npt.NDArray[np.bool_]
) -> None:
    """Lines of roads and car parks; ``place`` is x and z, ``from_road`` the distances from either road."""
    for axis, half in enumerate(town.half_roads):
        along, across = place[1 - axis], from_road[axis]
        crossed = from_road[1 - axis] - np.float32(town.half_roads[1 - axis])
        middle = (across < 0.14) & (wrapped(along, 6) < 3) & (crossed > 5)
        edges = (np.abs(across - np.float32(half - 0.35)) < 0.1) & (crossed > 1.5)
        stripes = (across < half - 0.5) & (crossed > 1.2) & (crossed < 4.0)
        marks = middle | edges | (stripes & (wrapped(across, 1.1) < 0.55))
        mix(colours, marks, 0.25, 0.75, town.marking)
    bays = yard & (wrapped(place[0], 2.7) < 0.14) & (wrapped(place[1], 17) < 10)
    mix(colours, bays, 0.45, 0.55, town.marking)
