"""Plan: the street of one sequence, how wide everything is, and what lines each of its stretches."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import floor

import numpy as np

from src_model.data.region import Size
from src_model.data.streets.camera import RoadCamera
from src_model.data.streets.domain import Domain, domain_in_world
from src_model.data.streets.light import Light, light_for
from src_model.data.streets.polygons import Tint
from src_model.data.streets.randomness import Address, generator_at, spread_uniform

STRETCH = 40.0
"""Metres that are drawn together."""
CROSSING = 11.0
"""Width of a side street, at the beginning of its stretch."""
VIEW = 150.0
"""Metres ahead that are drawn."""
BEHIND = 6.0
"""Metres beside and behind the camera that are drawn."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The street of one sequence; lengths in metres, x = 0 is its middle.

    Attributes
    ----------
    address:
        Of all random numbers of the sequence.
    domain, light:
        How it looks.
    lane, lanes:
        Width of a lane, lanes a direction.
    parking:
        Width of the strips for parked cars.
    pavement, verge:
        Width of the pavement and of the grass between it and the road.
    setback:
        From the pavement to the houses.
    asphalt, paving, grass, marking:
        Tints of the ground.
    yellow:
        Whether the middle line is yellow.
    tracks:
        Whether a tram runs here.
    curve, speed, eye, focal, horizon, yaw:
        Of the drive; metres a frame, height of the camera.
    """

    address: Address
    domain: Domain
    light: Light
    lane: float
    lanes: int
    parking: float
    pavement: float
    verge: float
    setback: float
    asphalt: Tint
    paving: Tint
    grass: Tint
    marking: Tint
    yellow: bool
    tracks: bool
    curve: float
    speed: float
    eye: float
    focal: float
    horizon: float
    yaw: float

    @property
    def half_road(self) -> float:
        """From the middle to the kerb."""
        return self.lane * self.lanes + self.parking

    @property
    def own_lane(self) -> float:
        """Middle of the lane that the camera drives in."""
        return self.lane * (self.lanes - 0.5)

    @property
    def house_line(self) -> float:
        """From the middle to the houses."""
        return self.half_road + self.verge + self.pavement + self.setback

    def camera(self, frame: int, size: Size) -> RoadCamera:
        """Where the camera is at one frame, shaken a little by the road."""
        rng = generator_at(*self.address, "shake", frame)
        pitch, turn, side = rng.normal(0, [0.002, 0.004, 0.05])
        return RoadCamera(
            size, self.own_lane - 0.15 + float(side), self.eye, self.speed * frame, self.yaw + float(turn),
            self.focal, self.horizon + float(pitch), self.curve,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stretch:
    """What lines 40 m of the street: whether a side street begins it, and what is left and right."""

    number: int
    junction: bool
    left: str
    right: str

    @property
    def begin(self) -> float:
        """Where it begins, in metres."""
        return self.number * STRETCH

    @property
    def first_free(self) -> float:
        """Where houses can begin."""
        return self.begin + (CROSSING if self.junction else 0.0)


@lru_cache(maxsize=64)
def plan_of(name: str, world: int, seed: int, sequence: int) -> Plan:
    """The street of one sequence."""
    domain = domain_in_world(name, world, seed)
    address = Address(name, world, seed, sequence)
    rng = generator_at(*address, "plan")
    drawn = {what: float(rng.uniform(*span)) for what, span in sorted(domain.measure.items())}
    parked = rng.random() < min(0.95, 1.3 * domain.frequency["parked"])
    tint = {what: _one_of(tints, rng) for what, tints in sorted(domain.colours.items())}
    return Plan(
        address=address,
        domain=domain,
        light=light_for(domain.weather, generator_at(*address, "weather")),
        lane=drawn["lane"],
        lanes=max(1, round(drawn["lanes"])),
        parking=2.2 if parked else 0.4,
        pavement=drawn["pavement"],
        verge=float(rng.uniform(0.8, 2.0)) if rng.random() < domain.frequency["verge"] else 0.0,
        setback=drawn["setback"],
        asphalt=tint["asphalt"],
        paving=tint["pavement"],
        grass=tint["grass"],
        marking=tint["marking"],
        yellow=name == "source",
        tracks=spread_uniform(address, "tram") < domain.frequency["tram"],
        curve=drawn["curve"],
        speed=drawn["speed"],
        eye=drawn["camera"],
        focal=drawn["focal"],
        horizon=drawn["horizon"],
        yaw=float(rng.normal(0, 0.035)),
    )


@lru_cache(maxsize=512)
def stretch_of(address: Address, number: int) -> Stretch:
    """What lines one stretch of the street with this address."""
    domain = domain_in_world(address.domain, address.world, address.seed)
    rng = generator_at(*address, "stretch", number + 1000)
    kinds = ["house", "park", "yard", "wall"]
    weights = np.array([domain.frequency[kind] for kind in kinds])
    left, right = (kinds[int(rng.choice(4, p=weights / weights.sum()))] for _ in range(2))
    # The first stretch holds the camera: a side street there would fill the picture with road.
    junction = number > 0 and rng.random() < domain.frequency["junction"]
    return Stretch(number, bool(junction), left, right)


def stretches_in_view(z: float) -> range:
    """Numbers of the stretches that a camera at z sees."""
    return range(floor((z - BEHIND) / STRETCH), floor((z + VIEW) / STRETCH) + 1)


def _one_of(tints: tuple[Tint, ...], rng: np.random.Generator) -> Tint:
    return tints[int(rng.integers(len(tints)))]
