"""Scene: one picture of a street or from a drone, with its labels, by domain, sequence, frame, size and seed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from src_model.data.annotation import VOID, Labels
from src_model.data.images import Pixels
from src_model.data.region import Size
from src_model.data.streets.domain import domain_in_world
from src_model.data.streets.ground import ground_and_sky
from src_model.data.streets.painter import paint, shadows
from src_model.data.streets.plan import Plan, plan_of, stretches_in_view
from src_model.data.streets.randomness import generator_at
from src_model.data.streets.roadside import roadside
from src_model.data.streets.sensor import exposed
from src_model.data.streets.stage import assembled
from src_model.data.streets.town import Town, town_of
from src_model.data.streets.town_blocks import town_block, town_traffic
from src_model.data.streets.town_ground import town_ground
from src_model.data.streets.traffic import traffic
from src_model.exceptions import ConfigurationError

DRAWING = 1
"""Raised whenever the same arguments give other bytes."""
_WIDEST = 40.0
"""Metres from the middle of a thing to where its roof or shadow can reach."""
LEAST_SIDE = 16
"""Pixels; in smaller pictures there is nothing to see."""


def street_scene(
    domain: str, sequence: int, frame: int, size: Size, seed: int = 0, world: int = 0
) -> tuple[Pixels, Labels]:
    """Draw one picture and its labels; the same arguments give the same bytes.

    About 30 ms for 256×512 on one core. Frames of one sequence show one place, the camera a few metres farther on and
    what moves moved.

    Parameters
    ----------
    domain:
        ``source`` or ``target``, streets with the 19 classes of Cityscapes, or ``drone`` with the 8 of UAVid.
    sequence, frame:
        From 0; any number of either.
    size:
        Height and width in pixels; the field of view is as large for every size.
    seed:
        Other scenes of the same kind.
    world:
        0: the standard world. Any other number draws colours, class frequencies, weather and the camera's noise anew.

    Returns
    -------
    (h, w, 3) uint8 RGB and (h, w) uint8 class indices, both C-contiguous. VOID: the bonnet of the own car.

    Raises
    ------
    ConfigurationError
        If there is no such domain, or a number is too small.
    """
    _refuse(sequence, frame, size, seed)
    if domain_in_world(domain, world, seed).from_above:
        return _from_the_drone(town_of(domain, world, seed, sequence), frame, size)
    return _from_the_car(plan_of(domain, world, seed, sequence), frame, size)


def _refuse(sequence: int, frame: int, size: Size, seed: int) -> None:
    for name, number in (("sequence", sequence), ("frame", frame), ("seed", seed)):
        if number < 0:
            raise ConfigurationError(f"There is no {name} {number}. Give 0 or a greater number.")
    if min(size) < LEAST_SIDE:
        raise ConfigurationError(
            f"{size[0]}x{size[1]} is too small for a scene. Give at least {LEAST_SIDE} pixels a side."
        )


def _from_the_car(plan: Plan, frame: int, size: Size) -> tuple[Pixels, Labels]:
    camera = plan.camera(frame, size)
    still = [roadside(*plan.address, number) for number in stretches_in_view(camera.z)]
    scenery = assembled([*still, traffic(plan, frame)])
    shade, shaded = shadows(scenery, camera, plan.light)
    ground, classes = ground_and_sky(plan, camera, shade)
    picture, labels = paint(ground, classes, scenery, camera, plan.light, shaded)
    picture, labels = _behind_the_bonnet(picture, labels, plan)
    rng = generator_at(*plan.address, "sensor", frame)
    return exposed(picture, plan.domain.sensor, plan.light, rng), np.ascontiguousarray(labels)


def _from_the_drone(town: Town, frame: int, size: Size) -> tuple[Pixels, Labels]:
    camera = town.camera(frame, size)
    blocks = town.blocks_in_view(camera)
    still = [town_block(*town.address, *block) for block in blocks]
    scenery = assembled([*still, town_traffic(town, frame, blocks)])
    scenery = scenery.selected(np.flatnonzero(camera.sees(scenery.places, _WIDEST)))
    shade, shaded = shadows(scenery, camera, town.light)
    ground, classes = town_ground(town, camera, shade)
    picture, labels = paint(ground, classes, scenery, camera, town.light, shaded)
    rng = generator_at(*town.address, "sensor", frame)
    return exposed(picture, town.domain.sensor, town.light, rng), np.ascontiguousarray(labels)


def _behind_the_bonnet(
    picture: Pixels, labels: npt.NDArray[np.uint8], plan: Plan
) -> tuple[Pixels, npt.NDArray[np.uint8]]:
    """The own car at the lower edge, where the domain's camera sees it."""
    share = plan.domain.sensor.bonnet
    if share <= 0:
        return picture, labels
    height, width = labels.shape
    top = int(height * (1 - share))
    across = np.linspace(-1, 1, width, dtype=np.float32)
    edge = height * (1 - share * (1 - np.float32(0.45) * across**2))
    rows = np.arange(top, height, dtype=np.float32)[:, None]
    depth = (rows + np.float32(0.5) - edge[None]) / np.float32(height * share)
    bonnet = depth > 0
    tint = np.array(plan.domain.colours["bonnet"][0], dtype=np.float32)
    sheen = 1.5 - np.clip(depth[bonnet], 0, 1) - 0.3 * np.abs(np.broadcast_to(across, bonnet.shape)[bonnet])
    picture, labels = picture.copy(), labels.copy()
    picture[top:][bonnet] = np.clip(tint * sheen[:, None], 0, 255)
    labels[top:][bonnet] = VOID
    return picture, labels
