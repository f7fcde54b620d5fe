"""What stands in one block of a town, and what moves on the roads around it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import pi

import numpy as np

from src_model.data.streets.classes import CLUTTER, MOVING_CAR, PARKED_CAR
from src_model.data.streets.polygons import Polygons, Tint
from src_model.data.streets.randomness import generator_at
from src_model.data.streets.roofs import CROWNS, border, crown, flat_patch, flat_roofed, gabled, passer_by, pool, shrub
from src_model.data.streets.stage import Scenery, Stage
from src_model.data.streets.town import OFFSET, Town, block_kind, town_of
from src_model.data.streets.vehicles import CARS, car

FLAT, UPRIGHT = 0, 3
"""Strips: what lies on the ground, what stands on it."""


@lru_cache(maxsize=256)
def town_block(name: str, world: int, seed: int, sequence: int, i: int, j: int) -> Scenery:
    """Everything that stands still in one block and on the roads at its lower and left side."""
    town = town_of(name, world, seed, sequence)
    stage = Stage()
    rng = generator_at(*town.address, "things", i + OFFSET, j + OFFSET)
    _Block(town, i, j, stage, rng).fill(block_kind(town.address, i, j))
    return stage.scenery()


def town_traffic(town: Town, frame: int, blocks: list[tuple[int, int]]) -> Scenery:
    """Cars that drive and people who walk along the roads of these blocks."""
    stage = Stage()
    for axis in (0, 1):
        across = [block[1 - axis] for block in blocks]
        for number in sorted({block[axis] for block in blocks}):
            for segment in range(min(across), max(across) + 1):
                for mover in _movers(*town.address, axis, number, segment):
                    mover.put(stage, frame)
    return stage.scenery()


@dataclass(frozen=True, slots=True)
class _Mover:
    """Something that moves along a road: along z for axis 0, along x for axis 1; metres, and metres a frame."""

    thing: Polygons
    axis: int
    offset: float
    start: float
    speed: float
    heading: float
    paint: Tint

    def put(self, stage: Stage, frame: int) -> None:
        """Where it is at one frame."""
        along = self.start + self.speed * frame
        x, z = (self.offset, along) if self.axis == 0 else (along, self.offset)
        stage.add(self.thing, x, z, UPRIGHT, heading=self.heading, paint=self.paint)


@lru_cache(maxsize=512)
def _movers(
    name: str, world: int, seed: int, sequence: int, axis: int, number: int, segment: int
) -> tuple[_Mover, ...]:
    """Everything that begins its way on one road, as long as a block is."""
    town = town_of(name, world, seed, sequence)
    middle, half = number * town.blocks[axis], town.half_roads[axis]
    length = town.blocks[1 - axis]
    rng = generator_at(*town.address, "traffic", axis, number + OFFSET, segment + OFFSET)
    movers = []
    for _ in range(int(rng.poisson(0.9 * town.domain.frequency["moving"]))):
        side = 1 if rng.random() < 0.5 else -1
        start = segment * length + float(rng.uniform(0, length))
        offset = middle + side * half * (0.45 if axis == 0 else -0.45)
        heading = (0.0 if side > 0 else pi) + (pi / 2 if axis else 0.0)
        shape = car(_shape(rng), MOVING_CAR)
        movers.append(_Mover(shape, axis, offset, start, side * 1.6, heading, _tint(town, "car", rng)))
    for _ in range(int(rng.poisson(2.6 * town.domain.frequency["person"]))):
        side = 1 if rng.random() < 0.5 else -1
        start = segment * length + float(rng.uniform(0, length))
        speed = float(rng.choice([-0.5, 0.0, 0.5]))
        offset = middle + side * (half + town.pavement * float(rng.uniform(0.2, 0.8)))
        heading = float(rng.uniform(0, pi))
        movers.append(_Mover(passer_by(), axis, offset, start, speed, heading, _tint(town, "clothes", rng)))
    return tuple(movers)


def _shape(rng: np.random.Generator) -> str:
    shapes = sorted(CARS)
    return shapes[int(rng.integers(len(shapes)))]


def _tint(town: Town, what: str, rng: np.random.Generator) -> Tint:
    tints = town.domain.colours[what]
    red, green, blue = tints[int(rng.integers(len(tints)))]
    gain = 0.9 + 0.20 * rng.random()
    return gain * red, gain * green, gain * blue


class _Block:
    """One block between four roads; every method puts one kind of thing down."""

    def __init__(self, town: Town, i: int, j: int, stage: Stage, rng: np.random.Generator) -> None:
        self._town, self._stage, self._rng = town, stage, rng
        self._often = town.domain.frequency
        self._corner = (i * town.blocks[0], j * town.blocks[1])
        edge = [half + town.pavement for half in town.half_roads]
        self._x = (self._corner[0] + edge[0], self._corner[0] + town.blocks[0] - edge[0])
        self._z = (self._corner[1] + edge[1], self._corner[1] + town.blocks[1] - edge[1])

    def fill(self, kind: str) -> None:
        """Put everything down."""
        if kind == "house":
            self._lots()
        elif kind == "court":
            self._court()
        else:
            self._park()
        self._kerbside()

    def _add(
        self, thing: Polygons, x: float, z: float, what: str | None = None, layer: int = UPRIGHT, heading: float = 0.0,
        scale: float = 1.0,
    ) -> None:  # fmt: skip
        paint = None if what is None else _tint(self._town, what, self._rng)
        self._stage.add(thing, x, z, layer, heading=heading, paint=paint, scale=scale)

    def _patch(self, x: tuple[float, float], z: tuple[float, float], what: str) -> None:
        """Paving on the ground."""
        middle = (sum(x) / 2, sum(z) / 2)
        half = (abs(x[1] - x[0]) / 2, abs(z[1] - z[0]) / 2)
        self._add(flat_patch(*half, CLUTTER), *middle, what, FLAT)

    def _somewhere(self, margin: float = 2.0) -> tuple[float, float]:
        x = float(self._rng.uniform(self._x[0] + margin, self._x[1] - margin))
        return x, float(self._rng.uniform(self._z[0] + margin, self._z[1] - margin))

    def _tree(self, x: float, z: float) -> None:
        kind, size = int(self._rng.integers(CROWNS)), float(self._rng.uniform(0.7, 1.25))
        self._add(crown(kind), x, z, "leaf", scale=size, heading=float(self._rng.uniform(-0.4, 0.4)))

    def _lots(self) -> None:
        """Two rows of houses, their gardens back to back."""
        width = self._x[1] - self._x[0]
        count = max(1, int(width / float(self._rng.uniform(13, 18))))
        middle = (self._z[0] + self._z[1]) / 2
        for front, inwards in ((self._z[0], 1), (self._z[1], -1)):
            for lot in range(count):
                begin = self._x[0] + width * lot / count
                self._lot(begin, begin + width / count, front, inwards, abs(middle - front))
        for _ in range(int(self._rng.poisson(7 * self._often["tree"]))):
            x, _z = self._somewhere()
            self._tree(x, middle + float(self._rng.normal(0, 4)))

    def _lot(self, begin: float, end: float, front: float, inwards: int, depth: float) -> None:
        rng, wide = self._rng, end - begin
        deep = min(float(rng.uniform(8, 11)), depth - 6)
        away = float(rng.uniform(3, 5.5))
        house = min(wide - 4.2, float(rng.uniform(8.5, 13)))
        x = begin + 0.8 + house / 2
        z = front + inwards * (away + deep / 2)
        storeys = float(rng.uniform(*self._town.domain.measure["storeys"]))
        if rng.random() < self._often["flat"]:
            self._add(flat_roofed(house, deep, 3.0 * storeys + 1, rng), x, z, "flat roof")
        else:
            turned = rng.random() < 0.35
            size = (deep, house) if turned else (house, deep)
            roof = gabled(*size, 2.6 * storeys + 0.8, 0.32 * size[1], bool(rng.random() < 0.6))
            self._add(roof, x, z, "roof", heading=pi / 2 if turned else 0.0)
        drive = (x + house / 2 + 0.3, end - 0.5)
        if rng.random() < self._often["drive"] and drive[1] - drive[0] > 2.2:
            self._patch(drive, (front, front + inwards * (away + deep * 0.8)), "paving")
            if rng.random() < self._often["parked"]:
                self._add(
                    car(_shape(rng), PARKED_CAR),
                    sum(drive) / 2,
                    front + inwards * float(rng.uniform(3.5, 8)),
                    "car",
                    heading=0.0 if rng.random() < 0.5 else pi,
                )
        path = begin + 0.8 + house * float(rng.uniform(0.2, 0.6))
        self._patch((path, path + 1.3), (front, front + inwards * away), "paving")
        garden = (front + inwards * (away + deep + 1.0), front + inwards * (depth - 1.0))
        self._garden(begin, end, *sorted(garden))

    def _garden(self, begin: float, end: float, low: float, high: float) -> None:
        rng = self._rng
        if high - low < 3:
            return
        terrace = float(rng.uniform(begin + 1, end - 5))
        self._patch(
            (terrace, terrace + 4), (low, low + min(3.0, high - low)), "soil" if rng.random() < 0.4 else "paving"
        )
        if high - low > 7 and end - begin > 10 and rng.random() < self._often["pool"]:
            self._add(pool(), (begin + end) / 2, (low + high) / 2 + 1, "paving", FLAT)
        for _ in range(int(rng.poisson(1.6 * self._often["tree"]))):
            self._tree(float(rng.uniform(begin + 1, end - 1)), float(rng.uniform(low, high)))
        for _ in range(int(rng.poisson(3 * self._often["bush"]))):
            self._add(
                shrub(int(rng.integers(6))), float(rng.uniform(begin, end)), float(rng.uniform(low, high)), "leaf"
            )
        if rng.random() < 0.6:
            self._add(border(max(1, int(high - low))), end, low, "leaf")
        if rng.random() < 0.25 * self._often["person"]:
            self._add(passer_by(), float(rng.uniform(begin + 1, end - 1)), float(rng.uniform(low, high)), "clothes")

    def _court(self) -> None:
        """Large flat-roofed houses and a car park."""
        rng = self._rng
        wide, deep = self._x[1] - self._x[0], self._z[1] - self._z[0]
        share = float(rng.uniform(0.42, 0.55))
        x = (self._x[0] + self._x[1]) / 2
        height = 3.2 * float(rng.uniform(1.5, 4.5))
        z = self._z[0] + deep * share / 2 + 2
        self._add(flat_roofed(wide * 0.84, deep * share - 2, height, rng), x, z, "flat roof")
        for row in np.arange(self._z[0] + deep * share + 7, self._z[1] - 3, 7.5):
            for place in np.arange(self._x[0] + 2.5, self._x[1] - 2, 2.8):
                if rng.random() < 0.8 * self._often["parked"]:
                    self._add(
                        car(_shape(rng), PARKED_CAR),
                        float(place),
                        float(row),
                        "car",
                        heading=0.0 if rng.random() < 0.5 else pi,
                    )
        for _ in range(int(rng.poisson(5 * self._often["tree"]))):
            self._tree(float(rng.choice(self._x)), self._somewhere()[1])

    def _park(self) -> None:
        rng = self._rng
        middle = (sum(self._x) / 2, sum(self._z) / 2)
        self._patch(self._x, (middle[1] - 1.2, middle[1] + 1.2), "paving")
        self._patch((middle[0] - 1.2, middle[0] + 1.2), self._z, "paving")
        for _ in range(int(rng.poisson(26 * self._often["tree"]))):
            self._tree(*self._somewhere())
        for _ in range(int(rng.poisson(18 * self._often["bush"]))):
            self._add(shrub(int(rng.integers(6))), *self._somewhere(), "leaf")
        for _ in range(int(rng.poisson(7 * self._often["person"]))):
            self._add(
                passer_by(), middle[0] + float(rng.normal(0, 9)), middle[1] + float(rng.normal(0, 1.5)), "clothes"
            )

    def _kerbside(self) -> None:
        """Cars parked along the two roads that belong to this block, and trees on their pavements."""
        town, rng = self._town, self._rng
        for axis in (0, 1):
            half, length = town.half_roads[axis], town.blocks[1 - axis]
            crossing = town.half_roads[1 - axis] + 6
            for side in (-1, 1):
                for place in np.arange(crossing + 2, length - crossing - 2, 5.8):
                    if half > 3.9 and rng.random() < self._often["parked"] * 0.75:
                        spot = (side * (half - 1.0), float(place))
                        across, along = spot if axis == 0 else spot[::-1]
                        heading = (0.0 if side > 0 else pi) + (pi / 2 if axis else 0)
                        self._add(
                            car(_shape(rng), PARKED_CAR),
                            self._corner[0] + across,
                            self._corner[1] + along,
                            "car",
                            heading=heading,
                        )
                    if rng.random() < 0.16 * self._often["tree"]:
                        spot = (side * (half + town.pavement + 0.6), float(place))
                        across, along = spot if axis == 0 else spot[::-1]
                        self._tree(self._corner[0] + across, self._corner[1] + along)
