"""Scene: one picture of a street or from a drone, with its labels, by domain, sequence, frame, size and seed."""

from __future__ import annotations

import numpy as np

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


def street_scene(
    domain: str, sequence: int, frame: int, size: Size, seed: int = 0, world: int = 0
) -> tuple[Pixels, Labels]:
    if domain_in_world(domain, world, seed).from_above:
        return _from_the_drone(town_of(domain, world, seed, sequence), frame, size)
    return _from_the_car(plan_of(domain, world, seed, sequence), frame, size)


def _from_the_car(plan: Plan, frame: int, size: Size) -> tuple[Pixels, Labels]:
    seed, name, world, sequence = plan.address
    camera = plan.camera(frame, size)
    still = [roadside(name, world, seed, sequence, number) for number in stretches_in_view(camera.z)]
    scenery = assembled([*still, traffic(plan, frame)])
    shade, shaded = shadows(scenery, camera, plan.light)
    ground, classes = ground_and_sky(plan, camera, shade)
    picture, labels = paint(ground, classes, scenery, camera, plan.light, shaded)
    picture = exposed(picture, plan.domain.sensor, plan.light, generator_at(*plan.address, "sensor", frame))
    return picture, labels


def _from_the_drone(town: Town, frame: int, size: Size) -> tuple[Pixels, Labels]:
    seed, name, world, sequence = town.address
    camera = town.camera(frame, size)
    blocks = town.blocks_in_view(camera)
    still = [town_block(name, world, seed, sequence, i, j) for i, j in blocks]
    scenery = assembled([*still, town_traffic(town, frame, blocks)])
    shade, shaded = shadows(scenery, camera, town.light)
    ground, classes = town_ground(town, camera, shade)
    picture, labels = paint(ground, classes, scenery, camera, town.light, shaded)
    picture = exposed(picture, town.domain.sensor, town.light, generator_at(*town.address, "sensor", frame))
    return picture, labels
