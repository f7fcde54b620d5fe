"""Ground and sky of a street: what each pixel sees before anything stands there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from src_model.data.streets.camera import RoadCamera
from src_model.data.streets.classes import ROAD, SIDEWALK, SKY, TERRAIN
from src_model.data.streets.colour_planes import as_bytes, coloured, mix, tone
from src_model.data.streets.plan import CROSSING, STRETCH, VIEW, Plan, stretch_of
from src_model.data.streets.polygons import Floats, Tint
from src_model.data.streets.texture import TILE, cloudy, grainy, looked_up, wrapped

_DASH, _GAP = 3.0, 5.0
_LINE = 0.13
_ZEBRA = (-5.0, -1.6)
"""Metres before a side street."""


def ground_and_sky(
    plan: Plan, camera: RoadCamera, shade: Floats
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """(3, h, w) colours and (h, w) classes; ``shade`` (h, w) is the light that shadows leave."""
    height, width = camera.size
    picture = np.empty((3, height, width), dtype=np.uint8)
    classes = np.full((height, width), SKY, dtype=np.uint8)
    first, x, z, distance = camera.ground()
    picture[:, : first + 1] = _sky(plan, camera, min(height, first + 1))
    if first < height:
        colours, classes[first:] = _ground(plan, x, z, distance)
        clear = np.exp(-distance / np.float32(plan.light.visibility))
        colours *= (shade[first:] * clear) * tone(_light(plan))
        colours += (1 - clear) * tone(plan.light.haze)
        picture[:, first:] = as_bytes(colours)
    return picture, classes


def _light(plan: Plan) -> Floats:
    light = plan.light
    return np.array(light.ambient) + max(light.sun[1], 0.25) * np.array(light.direct)


def _ground(plan: Plan, x: Floats, z: Floats, distance: Floats) -> tuple[Floats, npt.NDArray[np.uint8]]:
    along = _along(plan, z)
    side = np.abs(x)
    kinds = _kinds(plan, side, x, along)
    # Wet asphalt is darker.
    asphalt = np.array(plan.asphalt, dtype=np.float32) * np.float32(1 - 0.25 * plan.light.wet)
    colours = coloured(kinds, {ROAD: asphalt, SIDEWALK: plan.paving, TERRAIN: plan.grass})
    # Far away a pixel holds many grains, which even out.
    near = np.minimum(1, np.float32(14) / distance)
    stains = looked_up(cloudy(), x, z, 38.0)
    grain = looked_up(grainy(), x, z, 4.0) * (7 * near) + 5 * stains
    grain[kinds == TERRAIN] *= 2.2
    colours += grain
    if plan.light.wet > 0.3:
        gloss = np.float32(0.35 * plan.light.wet) * np.clip(looked_up(cloudy(), x, z, 21.0) + 0.4, 0, 1)
        gloss = np.where(kinds == ROAD, gloss, 0)
        colours = colours * (1 - gloss) + gloss * tone(plan.light.horizon)
    _joints(colours, kinds, x, z, distance)
    _kerbs(colours, plan, side, along, distance)
    _patches(colours, kinds, x, z)
    _markings(colours, plan, x, z, along, distance)
    return colours, kinds


def _kinds(plan: Plan, side: Floats, x: Floats, along: _Along) -> npt.NDArray[np.uint8]:
    """(rows, w) classes: road, grass verge, pavement, and grass or paving beyond it."""
    kerb, inner = plan.half_road, plan.half_road + plan.verge
    verge = (side >= kerb) & (side < inner)
    beyond = (side >= inner + plan.pavement) & np.where(x < 0, along.left, along.right)
    road = (side < kerb) | (along.crossing & (side < 70))
    kinds = np.where(verge | beyond, np.uint8(TERRAIN), np.uint8(SIDEWALK))
    kinds[road] = ROAD
    return kinds


@dataclass(frozen=True, slots=True)
class _Along:
    """What each pixel's place along the street means.

    Attributes
    ----------
    offset:
        Metres since its stretch began.
    crossing, follows:
        Whether it lies in a side street; whether the next stretch begins with one.
    left, right:
        Whether grass lies beyond the pavement.
    """

    offset: Floats
    crossing: npt.NDArray[np.bool_]
    follows: npt.NDArray[np.bool_]
    left: npt.NDArray[np.bool_]
    right: npt.NDArray[np.bool_]


def _along(plan: Plan, z: Floats) -> _Along:
    number = np.floor(z * np.float32(1 / STRETCH)).astype(np.int32)
    least = int(number.min())
    # Nearly at the horizon everything is air.
    most = min(int(number.max()), least + int(3 * VIEW / STRETCH))
    stretches = [stretch_of(plan.address, i) for i in range(least, most + 2)]
    rows = np.clip(number - least, 0, most - least)
    offset = z - number * np.float32(STRETCH)
    junctions = np.array([stretch.junction for stretch in stretches])
    green = ("park", "yard")
    return _Along(
        offset,
        junctions[:-1].take(rows) & (offset < CROSSING),
        junctions[1:].take(rows),
        np.array([stretch.left in green for stretch in stretches[:-1]]).take(rows),
        np.array([stretch.right in green for stretch in stretches[:-1]]).take(rows),
    )


def _joints(colours: Floats, kinds: npt.NDArray[np.uint8], x: Floats, z: Floats, distance: Floats) -> None:
    """Slabs of the pavement, where they are near enough to be seen."""
    near = distance < 24
    width = 0.03 + distance * np.float32(0.002)
    joint = near & ((wrapped(z, 1.2) < width) | (wrapped(x, 1.2) < width)) & (kinds == SIDEWALK)
    mix(colours, joint, 0.86)


def _kerbs(colours: Floats, plan: Plan, side: Floats, along: _Along, distance: Floats) -> None:
    wide = 0.16 + distance * np.float32(0.0015)
    kerb = (np.abs(side - np.float32(plan.half_road + 0.08)) < wide / 2 + 0.04) & ~along.crossing
    mix(colours, kerb, 0.4, 0.6, (168, 168, 168))
    gutter = (np.abs(side - np.float32(plan.half_road - 0.2)) < 0.16) & ~along.crossing
    mix(colours, gutter, 0.84)


def _patches(colours: Floats, kinds: npt.NDArray[np.uint8], x: Floats, z: Floats) -> None:
    """Mended asphalt, oil, and the tracks that tyres polish."""
    road = kinds == ROAD
    mended = road & (looked_up(cloudy(), np.floor(x * 0.6), np.floor(z * 0.25), 61.0) > 1.4)
    mix(colours, mended, 0.80)
    cover = road & ((x - np.float32(0.9)) ** 2 + (wrapped(z, 43.0) - 21) ** 2 < 0.10)
    mix(colours, cover, 0.72)


def _markings(colours: Floats, plan: Plan, x: Floats, z: Floats, along: _Along, distance: Floats) -> None:
    soft = np.maximum(distance * np.float32(1 / 480), 0.01)
    free = ~along.crossing
    dashed = wrapped(z, _DASH + _GAP) < _DASH
    amount = np.zeros_like(x)
    for lane in range(1, plan.lanes):
        for sign in (-1, 1):
            amount = np.maximum(amount, _line(x, sign * lane * plan.lane, soft) * dashed)
    if plan.parking > 1:
        for sign in (-1, 1):
            amount = np.maximum(amount, 0.8 * _line(x, sign * plan.lane * plan.lanes, soft))
    middle = np.zeros_like(x)
    if plan.yellow:
        middle = np.maximum(_line(x, -0.16, soft), _line(x, 0.16, soft))
    elif plan.lanes > 1 or plan.lane > 3.2:
        middle = _line(x, 0.0, soft) * (dashed if plan.lanes == 1 else 1)
    if plan.tracks:
        rails = [_line(x, -plan.lane / 2 + gauge, soft) for gauge in (-0.72, 0.72)]
        colours *= 1 - 0.5 * np.maximum(*rails) * free
    _blend(colours, middle * free, (222, 176, 46) if plan.yellow else plan.marking)
    following, before = along.follows, along.offset - np.float32(STRETCH)
    on_road = np.abs(x) < plan.half_road - 0.3
    zebra = following & on_road & (before > _ZEBRA[0]) & (before < _ZEBRA[1]) & (wrapped(x, 1.0) < 0.5)
    stop = following & (x > 0.2) & (x < plan.half_road - 0.3) & (before > _ZEBRA[0] - 1.4) & (before < _ZEBRA[0] - 0.9)
    amount = np.where(following & (before > _ZEBRA[0] - 1.4), 0, amount * free)
    _blend(colours, np.maximum(amount, (zebra | stop) * np.float32(0.95)) * np.float32(0.86), plan.marking)


def _line(x: Floats, middle: float, soft: Floats) -> Floats:
    """How much of a pixel a line along the street covers."""
    inside = np.clip((_LINE / 2 + soft / 2 - np.abs(x - np.float32(middle))) / soft, 0, 1)
    covered: Floats = inside * np.minimum(1, _LINE / soft)
    return covered


def _blend(colours: Floats, amount: Floats, tint: Tint) -> None:
    where = amount > 0.02
    share = amount[where]
    mix(colours, where, 1 - share, share, tint)


def _sky(plan: Plan, camera: RoadCamera, rows: int) -> npt.NDArray[np.uint8]:
    """(3, rows, w): brighter towards the horizon, clouds that grow flat there; drawn at half the resolution."""
    light = plan.light
    width = camera.size[1]
    height = np.maximum(camera.horizon_row - np.arange(0, rows, 2, dtype=np.float32)[:, None], 0) / camera.focal_pixels
    towards = np.minimum(1, height / 0.45) ** np.float32(0.6)
    zenith, horizon = tone(light.zenith), tone(light.horizon)
    sky = horizon + towards * (zenith - horizon)
    across = (np.arange(0, width, 2, dtype=np.float32)[None] - width / 2) / np.float32(camera.focal_pixels)
    # A ceiling of clouds, seen at a slant; the street's own part of the tile.
    far = 1 / (height + 0.12)
    start = (plan.address.sequence + plan.address.seed + plan.address.world) * 37 % TILE
    rows_of, columns_of = (24 * far + start).astype(np.int32), (24 * far * across + plan.yaw * 50).astype(np.int32)
    cloud = cloudy()[np.broadcast_to(rows_of, columns_of.shape) & (TILE - 1), (columns_of + 3 * start) & (TILE - 1)]
    cover = np.clip((cloud - 1.6 + 2.6 * light.clouds) * 0.5, 0, 1) * np.float32(0.75) * np.minimum(1, 4 * height)
    grey = np.float32(0.5) * horizon + np.float32(0.5) * np.minimum(255, horizon * 1.12 + 6)
    shading = 1 + 0.05 * np.clip(cloud, -1.5, 1.5)
    clouded = as_bytes(sky * (1 - cover) + (cover * shading) * grey)
    return clouded.repeat(2, axis=1)[:, :rows].repeat(2, axis=2)[..., :width]
