"""Town: the plan of the houses and roads that a drone flies over, for ever repeatable and never the same."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil, cos, floor, hypot, pi, sin

import numpy as np

from src_model.data.region import Size
from src_model.data.streets.camera import DroneCamera
from src_model.data.streets.domain import Domain, domain_in_world
from src_model.data.streets.light import Light, light_for
from src_model.data.streets.polygons import Tint
from src_model.data.streets.randomness import Address, generator_at

OFFSET = 100_000
"""Added to block numbers, which may be negative, where they address random numbers."""


@dataclass(frozen=True, slots=True)
class Town:
    """One flight's town: roads along x and z at even distances; lengths in metres.

    Attributes
    ----------
    address:
        Of all random numbers of the flight.
    domain, light:
        How it looks.
    blocks:
        Distance between roads along x and along z.
    half_roads:
        Half the width of the roads that run along z and along x.
    pavement:
        Width.
    asphalt, paving, grass, soil, marking:
        Tints of the ground.
    height, heading, speed:
        Of the drone; metres a frame.
    start:
        Where the flight begins.
    """

    address: Address
    domain: Domain
    light: Light
    blocks: tuple[float, float]
    half_roads: tuple[float, float]
    pavement: float
    asphalt: Tint
    paving: Tint
    grass: Tint
    soil: Tint
    marking: Tint
    height: float
    heading: float
    speed: float
    start: tuple[float, float]

    def camera(self, frame: int, size: Size) -> DroneCamera:
        """Where the drone is at one frame; wind moves it a little."""
        drift = generator_at(*self.address, "wind", frame).normal(0, [0.25, 0.25, 0.3, 0.006])
        x = self.start[0] + frame * self.speed * sin(self.heading) + float(drift[0])
        z = self.start[1] + frame * self.speed * cos(self.heading) + float(drift[1])
        return DroneCamera(size, x, z, self.height + float(drift[2]), self.heading + float(drift[3]))

    def blocks_in_view(self, camera: DroneCamera) -> list[tuple[int, int]]:
        """Numbers of all blocks that the picture can show, shadows included."""
        reach = hypot(*camera.size) / 2 * camera.height / camera.focal_pixels + 12
        ranges = [
            range(floor((middle - reach) / block), ceil((middle + reach) / block))
            for middle, block in zip((camera.x, camera.z), self.blocks, strict=True)
        ]
        near = [(i, j) for i in ranges[0] for j in ranges[1]]
        return [block for block in near if self._distance(block, camera) < reach]

    def _distance(self, block: tuple[int, int], camera: DroneCamera) -> float:
        gaps = [
            max(number * size - middle, middle - (number + 1) * size, 0.0)
            for number, size, middle in zip(block, self.blocks, (camera.x, camera.z), strict=True)
        ]
        return hypot(*gaps)


@lru_cache(maxsize=64)
def town_of(name: str, world: int, seed: int, sequence: int) -> Town:
    """The town of one flight."""
    domain = domain_in_world(name, world, seed)
    address = Address(name, world, seed, sequence)
    rng = generator_at(*address, "plan")
    measure = domain.measure
    light = light_for(domain.weather, generator_at(*address, "weather"))
    tint = {what: tints[int(rng.integers(len(tints)))] for what, tints in sorted(domain.colours.items())}
    block, road = measure["block"], measure["half road"]
    return Town(
        address=address,
        domain=domain,
        # Straight down there is less air than along a street.
        light=replace(light, visibility=4 * light.visibility),
        blocks=(float(rng.uniform(*block)), float(rng.uniform(*block))),
        half_roads=(float(rng.uniform(*road)), float(rng.uniform(*road))),
        pavement=float(rng.uniform(*measure["pavement"])),
        asphalt=tint["asphalt"],
        paving=tint["paving"],
        grass=tint["grass"],
        soil=tint["soil"],
        marking=tint["marking"],
        height=float(rng.uniform(*measure["height"])),
        heading=float(rng.uniform(0, 2 * pi)),
        speed=float(rng.uniform(*measure["speed"])),
        start=(float(rng.uniform(0, 1000)), float(rng.uniform(0, 1000))),
    )


@lru_cache(maxsize=1024)
def block_kind(address: Address, i: int, j: int) -> str:
    """``house``, ``court`` or ``park``."""
    often = domain_in_world(address.domain, address.world, address.seed).frequency
    kinds = ["house", "court", "park"]
    weights = np.array([often[kind] for kind in kinds])
    rng = generator_at(*address, "block", i + OFFSET, j + OFFSET)
    return kinds[int(rng.choice(3, p=weights / weights.sum()))]
