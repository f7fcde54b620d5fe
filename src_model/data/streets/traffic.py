"""Traffic: what moves, at the place it has reached at one frame; and what closes the view."""

from __future__ import annotations

from functools import lru_cache
from math import pi
from typing import NamedTuple

import numpy as np

from src_model.data.streets.houses import House, house
from src_model.data.streets.people import STANCES, cyclist, motorcyclist, walker
from src_model.data.streets.plan import BEHIND, VIEW, Plan, plan_of
from src_model.data.streets.plants import thicket
from src_model.data.streets.polygons import Polygons, Tint
from src_model.data.streets.randomness import generator_at, spread_uniform
from src_model.data.streets.roadside import BACKDROP, LANES, PAVEMENT
from src_model.data.streets.stage import Scenery, Stage
from src_model.data.streets.vehicles import CARS, bus, car, lorry, tram

_ROUND = VIEW + 60.0
"""What has been passed comes back so far ahead: out of sight, so that a drive never ends."""


def traffic(plan: Plan, frame: int) -> Scenery:
    """Everything that moves at one frame, and the backdrop."""
    stage = Stage()
    z = plan.speed * frame
    _backdrop(plan, z, stage)
    _ahead(plan, frame, z, stage)
    _oncoming(plan, frame, z, stage)
    _rare(plan, frame, z, stage)
    _walkers(plan, frame, z, stage)
    return stage.scenery()


def _tint(plan: Plan, what: str, rng: np.random.Generator) -> Tint:
    tints = plan.domain.colours[what]
    red, green, blue = tints[int(rng.integers(len(tints)))]
    return red, green, blue


def _any_car(rng: np.random.Generator) -> Polygons:
    shapes = sorted(CARS)
    return car(shapes[int(rng.integers(len(shapes)))])


def _passing(start: float, speed: float, frame: int) -> float:
    """Metres ahead of the camera of something that moves ``speed`` metres a frame relative to it."""
    return (start + speed * frame + BEHIND) % _ROUND - BEHIND


def _ahead(plan: Plan, frame: int, z: float, stage: Stage) -> None:
    """Cars in the own direction keep their distance, more or less."""
    rng = generator_at(*plan.address, "ahead")
    for lane in range(plan.lanes):
        nearest = 9.0 + 6 * float(rng.random())
        if rng.random() > plan.domain.frequency["ahead"]:
            continue
        for gap in np.cumsum(rng.uniform(8, 45, 3)):
            sway = 2.5 * np.sin(0.21 * frame + float(rng.uniform(0, 6)))
            shape, paint = _any_car(rng), _tint(plan, "car", rng)
            x = plan.lane * (lane + 0.5) + float(rng.normal(0, 0.12))
            stage.add(shape, x, z + nearest + float(gap) + float(sway), LANES, paint=paint)


def _oncoming(plan: Plan, frame: int, z: float, stage: Stage) -> None:
    rng = generator_at(*plan.address, "oncoming")
    for _ in range(int(rng.poisson(3 * plan.domain.frequency["oncoming"]))):
        lane = int(rng.integers(plan.lanes))
        # One speed a lane, so that nothing drives through anything else.
        speed = -(plan.speed + 1.1 + 0.3 * lane)
        start = float(rng.integers(int(_ROUND / 12))) * 12
        shape, paint = _any_car(rng), _tint(plan, "car", rng)
        stage.add(shape, -plan.lane * (lane + 0.5), z + _passing(start, speed, frame), LANES, heading=pi, paint=paint)


def _rare(plan: Plan, frame: int, z: float, stage: Stage) -> None:
    """Lorry, bus, tram, and riders: in so many of each ten sequences, and then in sight."""
    often = plan.domain.frequency
    rng = generator_at(*plan.address, "rare")
    # Drawn in any case, so that one rare thing does not move the others.
    draws = {what: rng.random(6) for what in ("lorry", "bus", "tram", "cyclist", "motorcyclist")}
    things = {
        "lorry": lambda draw: lorry(bool(draw > 0.5)),
        "bus": lambda draw: bus(),
        "tram": lambda draw: tram(),
        "cyclist": lambda draw: cyclist(False),
        "motorcyclist": lambda draw: motorcyclist(False),
    }
    for what, draw in draws.items():
        if spread_uniform(plan.address, what) >= often[what]:
            continue
        shape = things[what](float(draw[0]))
        paint = _tint(plan, what if what in ("bus", "tram", "lorry") else "clothes", rng)
        if what in ("cyclist", "motorcyclist"):
            x = plan.lane * plan.lanes - (0.5 if what == "cyclist" else 1.4)
            gap = 9 + 18 * float(draw[1]) + 2 * float(np.sin(0.13 * frame + 6 * draw[2]))
            stage.add(shape, x, z + gap, LANES, paint=paint)
        else:
            oncoming = what == "tram" or draw[3] < 0.6
            away = (32 if what == "tram" else 28) + 28 * float(draw[1])
            # Big things stand at a stop or crawl, so that they are seen for a while.
            drift = -0.12 * plan.speed * (frame % 60)
            gap = max(away + drift, 22.0)
            x = -plan.lane / 2 if oncoming else plan.lane * (plan.lanes - 0.5)
            stage.add(shape, x, z + gap + (0 if oncoming else 12), LANES, heading=pi if oncoming else 0.0, paint=paint)


def _walkers(plan: Plan, frame: int, z: float, stage: Stage) -> None:
    """People who walk along the pavements, and now and then one who crosses the road."""
    rng = generator_at(*plan.address, "walkers")
    inner = plan.half_road + plan.verge
    for _ in range(int(rng.poisson(5 * plan.domain.frequency["walker"]))):
        side = 1 if rng.random() < 0.5 else -1
        x = side * (inner + plan.pavement * float(rng.uniform(0.1, 0.9)))
        speed = float(rng.choice([-0.28, 0.28])) - plan.speed
        ahead = _passing(float(rng.uniform(0, _ROUND)), speed, frame)
        figure, paint = walker((int(rng.integers(STANCES)) + frame // 2) % STANCES), _tint(plan, "clothes", rng)
        stage.add(figure, x, z + ahead, PAVEMENT, paint=paint, scale=float(rng.uniform(0.92, 1.05)))
    if rng.random() < 0.25 * plan.domain.frequency["walker"]:
        reach = plan.half_road + 1
        x = (float(rng.uniform(0, 2 * reach)) + 0.25 * frame) % (2 * reach) - reach
        figure, paint = walker((frame // 2) % 3), _tint(plan, "clothes", rng)
        stage.add(figure, x, z + _passing(float(rng.uniform(10, 30)), -plan.speed, frame), LANES, paint=paint)


class _Distant(NamedTuple):
    """A thing of the backdrop; ``away`` is what it is farther off than all that is drawn of the street, in metres."""

    thing: Polygons
    x: float
    away: float
    paint: Tint
    scale: float


def _backdrop(plan: Plan, z: float, stage: Stage) -> None:
    """What the street runs towards: so far off that it comes no nearer."""
    for distant in _distance(*plan.address):
        beyond = z + VIEW + distant.away
        stage.add(distant.thing, distant.x, beyond, BACKDROP, paint=distant.paint, scale=distant.scale)


@lru_cache(maxsize=64)
def _distance(name: str, world: int, seed: int, sequence: int) -> tuple[_Distant, ...]:
    plan = plan_of(name, world, seed, sequence)
    rng = generator_at(*plan.address, "backdrop")
    things = []
    for middle in np.arange(-150, 151, 17.0):
        x, away = float(middle + rng.uniform(-6, 6)), float(rng.uniform(5, 40))
        if rng.random() < 0.55:
            clump, paint = thicket(int(rng.integers(4))), _tint(plan, "leaf", rng)
            things.append(_Distant(clump, x, away, paint, float(rng.uniform(0.9, 1.8))))
        else:
            form = House(float(rng.uniform(10, 16)), 12.0, int(rng.integers(3, 8)), 3.2, False, False, False, 0.4, 0.0)
            building = house(form, 1 if x > 0 else -1, rng)
            things.append(_Distant(building, x, away, _tint(plan, "facade", rng), 1.0))
    return tuple(things)
