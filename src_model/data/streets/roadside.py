"""Roadside: what stands along one stretch of a street, from the houses to the parked cars."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, lru_cache
from math import pi

import numpy as np

from src_model.data.streets.furniture import SIGNS, bollard, lamp, masonry, railing, sign, signal
from src_model.data.streets.houses import House, house
from src_model.data.streets.people import STANCES, bicycle, motorcycle, walker
from src_model.data.streets.plan import CROSSING, STRETCH, Plan, Stretch, plan_of, stretch_of
from src_model.data.streets.plants import TREES, bush, hedge, thicket, tree, tuft
from src_model.data.streets.polygons import Polygons, Tint
from src_model.data.streets.randomness import generator_at
from src_model.data.streets.stage import Scenery, Stage
from src_model.data.streets.vehicles import CARS, car

BACKDROP, BEHIND_HOUSES, HOUSES, PAVEMENT, PARKING, LANES = range(6)
"""Strips beside the camera's way, the outermost first."""


@lru_cache(maxsize=96)
def roadside(name: str, world: int, seed: int, sequence: int, number: int) -> Scenery:
    """Everything that stands still along one stretch."""
    plan = plan_of(name, world, seed, sequence)
    stretch = stretch_of(plan.address, number)
    stage = Stage()
    for side, kind in ((-1, stretch.left), (1, stretch.right)):
        rng = generator_at(*plan.address, "roadside", number + 1000, side + 1)
        _Side(plan, stretch, side, kind, stage, rng).fill()
    return stage.scenery()


class _Side:
    """One side of one stretch; every method puts one kind of thing down."""

    def __init__(
        self, plan: Plan, stretch: Stretch, side: int, kind: str, stage: Stage, rng: np.random.Generator
    ) -> None:
        self._plan, self._stretch, self._side, self._kind = plan, stretch, side, kind
        self._stage, self._rng = stage, rng
        self._often = plan.domain.frequency
        self._end = stretch.begin + STRETCH
        self._free = stretch.first_free + (2.0 if stretch.junction else 0.0)
        self._paving = plan.half_road + plan.verge

    def fill(self) -> None:
        """Put everything down."""
        self._behind()
        if self._kind == "house":
            self._houses()
        elif self._kind == "wall":
            self._wall()
        else:
            self._green()
        if self._stretch.junction:
            self._corner()
        self._trees()
        self._posts()
        self._railing()
        self._people()
        self._machines()
        self._parked()

    def _tint(self, what: str) -> Tint:
        tints = self._plan.domain.colours[what]
        red, green, blue = tints[int(self._rng.integers(len(tints)))]
        gain = 0.88 + 0.24 * self._rng.random()
        return gain * red, gain * green, gain * blue

    def _count(self, what: str) -> int:
        return int(self._rng.poisson(self._often[what]))

    def _z(self, margin: float = 1.0) -> float:
        return float(self._rng.uniform(self._free + margin, self._end - margin))

    def _on_pavement(self, low: float = 0.15, high: float = 0.85) -> float:
        return self._side * (self._paving + self._plan.pavement * float(self._rng.uniform(low, high)))

    def _behind(self) -> None:
        line = self._plan.house_line
        if self._kind == "house" and self._rng.random() < 0.6:
            return
        for _ in range(2):
            x = self._side * (line + float(self._rng.uniform(16, 34)))
            z = float(self._rng.uniform(self._stretch.begin, self._end))
            if self._rng.random() < 0.55:
                self._stage.add(thicket(int(self._rng.integers(4))), x, z, BEHIND_HOUSES, paint=self._tint("leaf"))
            else:
                form = self._form(float(self._rng.uniform(9, 15)))
                self._stage.add(house(form, self._side, self._rng), x, z, BEHIND_HOUSES, paint=self._tint("facade"))

    def _form(self, length: float) -> House:
        measure, rng = self._plan.domain.measure, self._rng
        tower = bool(rng.random() < self._often["tower"])
        storeys = int(rng.uniform(7, 14)) if tower else max(1, round(float(rng.uniform(*measure["storeys"]))))
        return House(
            length=length,
            depth=float(rng.uniform(9, 14)),
            storeys=storeys,
            storey=float(rng.uniform(*measure["storey"])),
            pitched=bool(not tower and rng.random() < self._often["pitched"]),
            shop=bool(rng.random() < self._often["shop"]),
            tower=tower,
            glazed=0.86 if tower else float(rng.uniform(0.36, 0.54)),
            lit=self._plan.light.lit,
        )

    def _houses(self) -> None:
        z = self._stretch.first_free
        while z < self._end - 5:
            length = min(float(self._rng.uniform(*self._plan.domain.measure["front"])), self._end - z)
            if self._end - z - length < 6:
                length = self._end - z
            form = self._form(length)
            x = self._side * (self._plan.house_line + float(self._rng.uniform(0, 0.5)))
            paint = self._tint("tower" if form.tower else "facade")
            self._stage.add(house(form, self._side, self._rng), x, z, HOUSES, paint=paint, reach=length)
            z += length + (float(self._rng.uniform(1.5, 4)) if self._rng.random() < 0.2 else 0.0)

    def _wall(self) -> None:
        x = self._side * (self._plan.house_line + 0.3)
        length = self._end - self._free
        height = float(self._rng.choice([1.8, 2.4, 3.0]))
        for _ in range(4):
            away = self._side * float(self._rng.uniform(2.5, 7))
            self._tree(x + away, self._z(), HOUSES, reach=100.0)
        self._stage.add(
            masonry(round(length, 1), height, self._side), x, self._free, HOUSES, paint=self._tint("wall"), reach=length
        )

    def _green(self) -> None:
        line, rng = self._plan.house_line, self._rng
        if self._kind == "yard":
            form = self._form(float(rng.uniform(9, 14)))
            x = self._side * (line + float(rng.uniform(6, 10)))
            z = self._free + float(rng.uniform(1, 8))
            self._stage.add(house(form, self._side, rng), x, z, HOUSES, paint=self._tint("facade"), reach=200.0)
        for _ in range(6 if self._kind == "park" else 2):
            self._tree(self._side * (line + float(rng.uniform(2, 16))), self._z(), HOUSES, reach=100.0)
        for _ in range(int(rng.poisson(4 * self._often["bush"]))):
            x = self._side * (line + float(rng.uniform(1, 9)))
            self._stage.add(bush(int(rng.integers(4))), x, self._z(), HOUSES, paint=self._tint("leaf"), reach=60.0)
        for _ in range(10):
            x = self._side * (line + float(rng.uniform(0.3, 4)))
            self._stage.add(tuft(int(rng.integers(4))), x, self._z(), HOUSES, paint=self._tint("grass"), reach=40.0)
        border = rng.random()
        length = round((self._end - self._free) / 2) * 2 - 1
        x = self._side * line
        if border < 0.34:
            high = float(rng.choice([0.9, 1.4, 1.8]))
            self._stage.add(
                hedge(length, high, int(rng.integers(3))), x, self._free, HOUSES, paint=self._tint("leaf"), reach=length
            )
        elif border < 0.80:
            kind = "boards" if rng.random() < 0.5 else "bars"
            self._stage.add(railing(length, kind), x, self._free, HOUSES, paint=self._tint("fence"), reach=length)

    def _corner(self) -> None:
        """Houses and trees that are seen through the gap of a side street, and its signals."""
        z = self._stretch.begin
        x = self._side * (self._plan.house_line + 45)
        self._stage.add(
            thicket(int(self._rng.integers(4))), x, z + CROSSING / 2, BEHIND_HOUSES, paint=self._tint("leaf"), scale=1.3
        )
        if self._rng.random() < self._often["signal"]:
            arm = bool(self._rng.random() < 0.4)
            phase = int(self._rng.integers(3))
            # An arm reaches inwards, over the road.
            post = _mirrored(phase) if arm and self._side > 0 else signal(phase, arm)
            x = self._side * (self._paving + 0.5)
            self._stage.add(post, x, z - 1.2, LANES if arm else PAVEMENT, paint=self._tint("post"))

    def _tree(self, x: float, z: float, layer: int, reach: float = 0.0) -> None:
        kind, palm = int(self._rng.integers(TREES)), bool(self._rng.random() < self._often["palm"])
        size = float(self._rng.uniform(0.75, 1.15))
        self._stage.add(tree(kind, palm), x, z, layer, paint=self._tint("leaf"), scale=size, reach=reach)

    def _trees(self) -> None:
        x = self._side * (self._plan.half_road + max(self._plan.verge / 2, 0.7))
        for _ in range(self._count("tree")):
            self._tree(x, self._z(), PAVEMENT)

    def _posts(self) -> None:
        kerb = self._side * (self._paving + 0.35)
        for _ in range(self._count("lamp")):
            heading = pi if self._side > 0 else 0.0
            self._stage.add(
                lamp(float(self._rng.choice([6.5, 8.0]))),
                kerb,
                self._z(),
                PAVEMENT,
                heading=heading,
                paint=self._tint("post"),
            )
        for _ in range(self._count("sign")):
            kind = int(self._rng.integers(SIGNS))
            size = float(self._rng.uniform(0.85, 1.1))
            self._stage.add(sign(kind), kerb * 1.03, self._z(), PAVEMENT, paint=self._tint("post"), scale=size)
        if self._rng.random() < self._often["bollard"] / 2:
            for z in np.arange(self._free + 1, self._free + 14, 2.2):
                self._stage.add(bollard(), kerb, float(z), PAVEMENT, paint=self._tint("post"))

    def _railing(self) -> None:
        if self._rng.random() < self._often["railing"]:
            x = self._side * (self._paving + 0.15)
            self._stage.add(railing(12, "bars"), x, self._free + 1, PAVEMENT, paint=self._tint("fence"), reach=12)

    def _people(self) -> None:
        for _ in range(self._count("person")):
            self._person(self._on_pavement(), self._z())
        if self._rng.random() < self._often["group"]:
            z = self._z(3)
            for _ in range(int(self._rng.integers(3, 7))):
                self._person(self._on_pavement(), z + float(self._rng.uniform(-1.5, 1.5)))

    def _person(self, x: float, z: float) -> None:
        size = float(self._rng.choice([0.62, 0.92, 0.97, 1.0, 1.04]))
        self._stage.add(
            walker(int(self._rng.integers(STANCES))), x, z, PAVEMENT, paint=self._tint("clothes"), scale=size
        )

    def _machines(self) -> None:
        for _ in range(self._count("stood bicycle")):
            z = self._z()
            for number in range(int(self._rng.integers(1, 4))):
                self._stage.add(
                    bicycle(True), self._on_pavement(0.5, 0.9), z + 0.7 * number, PAVEMENT, paint=self._tint("car")
                )
        for _ in range(self._count("stood motorcycle")):
            self._stage.add(motorcycle(True), self._on_pavement(0.2, 0.4), self._z(), PAVEMENT, paint=self._tint("car"))

    def _parked(self) -> None:
        if self._plan.parking < 1:
            return
        x = self._side * (self._plan.half_road - 1.12)
        shapes = sorted(CARS)
        z = self._free + 3 + float(self._rng.uniform(0, 3))
        while z < self._end - 3:
            if self._rng.random() < self._often["parked"]:
                shape = shapes[int(self._rng.integers(len(shapes)))]
                heading = pi if self._side < 0 and self._rng.random() < 0.8 else 0.0
                self._stage.add(
                    car(shape),
                    x + float(self._rng.normal(0, 0.06)),
                    z,
                    PARKING,
                    heading=heading,
                    paint=self._tint("car"),
                )
            z += 5.4 + float(self._rng.uniform(0, 1.2))


@cache
def _mirrored(phase: int) -> Polygons:
    """A signal whose arm reaches to the left."""
    post = signal(phase, True)
    return replace(post, corners=post.corners * np.array([-1, 1, 1], dtype=np.float32))
