"""The ground of a town from above: roads with their marks, pavements, lawns and yards."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from src_model.data.images import Pixels
from src_model.data.streets.camera import DroneCamera
from src_model.data.streets.classes import CLUTTER, LAWN, STREET
from src_model.data.streets.polygons import Floats
from src_model.data.streets.texture import cloudy, grainy, looked_up, wrapped
from src_model.data.streets.town import Town, block_kind


def town_ground(town: Town, camera: DroneCamera, shade: Floats) -> tuple[Pixels, npt.NDArray[np.uint8]]:
    """(h, w, 3) colours and (h, w) classes; ``shade`` (h, w) is the light that shadows leave."""
    x, z = camera.ground()
    distances = [_from_road(place, block) for place, block in zip((x, z), town.blocks, strict=True)]
    road = (distances[0] < town.half_roads[0]) | (distances[1] < town.half_roads[1])
    pavement = (distances[0] < town.half_roads[0] + town.pavement) | (distances[1] < town.half_roads[1] + town.pavement)
    paved = _is_court(town, x, z)
    kinds = np.where(road, STREET, np.where(pavement | paved, CLUTTER, LAWN)).astype(np.uint8)
    stains = looked_up(cloudy(), x, z, 61.0)
    grain = looked_up(grainy(), x, z, 17.0)
    table = np.zeros((8, 3), dtype=np.float32)
    table[STREET], table[CLUTTER], table[LAWN] = town.asphalt, town.paving, town.grass
    colours = table[kinds]
    lawn = kinds == LAWN
    colours += ((3 * grain + 4 * stains) * np.where(lawn, np.float32(2), np.float32(1)))[..., None]
    dry = np.flatnonzero(lawn & (stains > 0.9))
    flat = colours.reshape(-1, 3)
    share = np.minimum(stains.ravel()[dry] - np.float32(0.9), np.float32(0.8))[:, None]
    flat[dry] += share * (np.array(town.soil, dtype=np.float32) - flat[dry])
    yard = paved & ~pavement
    colours[yard] = colours[yard] * 0.35 + 0.65 * np.array(town.asphalt, dtype=np.float32) * 1.08
    marked = np.flatnonzero(road | paved)
    places = [place.ravel()[marked] for place in (x, z, *distances)]
    flat[marked] = _marked(flat[marked], town, places, yard.ravel()[marked])
    light = town.light
    strength = np.array(light.ambient) + max(light.sun[1], 0.25) * np.array(light.direct)
    clear = float(np.exp(-camera.height / light.visibility))
    colours *= (clear * strength).astype(np.float32) * shade[..., None]
    colours += ((1 - clear) * np.array(light.haze)).astype(np.float32)
    return np.clip(colours, 0, 255).astype(np.uint8), kinds


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


def _marked(colours: Floats, town: Town, places: list[Floats], yard: npt.NDArray[np.bool_]) -> Floats:
    """(M, 3) colours of road and yard with their lines; places: x, z and the distances from either road, (M,) each."""
    x, z, from_x, from_z = places
    tint = np.array(town.marking, dtype=np.float32)
    for along, across, half, crossed in (
        (z, from_x, town.half_roads[0], from_z - np.float32(town.half_roads[1])),
        (x, from_z, town.half_roads[1], from_x - np.float32(town.half_roads[0])),
    ):
        middle = (across < 0.14) & (wrapped(along, 6) < 3) & (crossed > 5)
        edges = (np.abs(across - np.float32(half - 0.35)) < 0.1) & (crossed > 1.5)
        stripes = (across < half - 0.5) & (crossed > 1.2) & (crossed < 4.0)
        marks = middle | edges | (stripes & (wrapped(across, 1.1) < 0.55))
        colours[marks] = colours[marks] * 0.25 + tint * 0.75
    bays = yard & (wrapped(x, 2.7) < 0.14) & (wrapped(z, 17) < 10)
    colours[bays] = colours[bays] * 0.45 + tint * 0.55
    return colours
