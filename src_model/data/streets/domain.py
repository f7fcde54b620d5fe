"""Domains: what a kind of scene looks like and how often things occur; and worlds, which draw this anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType

import numpy as np

from src_model.data.class_schema import ClassSchema
from src_model.data.streets.classes import DRONE_CLASSES, STREET_CLASSES
from src_model.data.streets.polygons import Tint
from src_model.data.streets.randomness import generator_at
from src_model.exceptions import ConfigurationError

Span = tuple[float, float]
"""Least and greatest value."""


@dataclass(frozen=True, slots=True)
class Sensor:
    """What the camera does to the picture.

    Attributes
    ----------
    noise:
        Standard deviation of the noise in grey values.
    blur:
        Radius of the lens' blur in pixels of a 256×512 image; 0: none.
    saturation, contrast:
        1 leaves them.
    cast:
        Gain of red, green and blue.
    vignette:
        Loss of light in the corners, 0 … 1.
    bonnet:
        Share of the height that the own car covers; VOID in the labels.
    """

    noise: float
    blur: float
    saturation: float
    contrast: float
    cast: Tint
    vignette: float
    bonnet: float


@dataclass(frozen=True, slots=True)
class Domain:
    """A kind of scene.

    Attributes
    ----------
    name:
        For commands and file names.
    schema:
        Classes of the labels.
    from_above:
        Seen from a drone, straight down; otherwise from a car.
    colours:
        Tints to choose from, by what they are for.
    frequency:
        Expected things a stretch of 40 m, or the share of sequences they occur in.
    measure:
        Least and greatest lengths in metres, by name.
    weather:
        Weights of the kinds of weather.
    sensor:
        The camera.
    """

    name: str
    schema: ClassSchema
    from_above: bool
    colours: Mapping[str, tuple[Tint, ...]]
    frequency: Mapping[str, float]
    measure: Mapping[str, Span]
    weather: Mapping[str, float]
    sensor: Sensor


_CAR_COLOURS: tuple[Tint, ...] = (
    (150, 153, 158), (150, 153, 158), (64, 66, 70), (40, 41, 44), (40, 41, 44), (206, 206, 206), (206, 206, 206),
    (112, 24, 26), (34, 50, 88), (92, 98, 100), (62, 78, 66), (150, 140, 118),
)  # fmt: skip
_CLOTHES: tuple[Tint, ...] = (
    (44, 46, 54), (64, 62, 66), (120, 36, 40), (40, 58, 96), (150, 146, 140), (84, 92, 70), (190, 180, 160),
    (110, 84, 60),
)  # fmt: skip

_TARGET = Domain(
    "target",
    STREET_CLASSES,
    from_above=False,
    colours=MappingProxyType(
        {
            "facade": ((188, 176, 152), (170, 162, 150), (196, 186, 170), (150, 140, 128), (178, 148, 116),
                (140, 142, 144), (166, 120, 98), (200, 196, 186)),
            "tower": ((120, 128, 134), (140, 142, 142)),
            "wall": ((140, 134, 126), (124, 112, 100), (150, 148, 142)),
            "fence": ((88, 96, 90), (120, 96, 72), (60, 64, 66)),
            "post": ((120, 124, 124), (96, 104, 102), (136, 136, 132)),
            "leaf": ((66, 92, 48), (84, 104, 52), (54, 80, 50), (96, 100, 50), (74, 88, 60)),
            "grass": ((96, 108, 62), (110, 112, 70), (88, 98, 60)),
            "asphalt": ((92, 92, 94), (84, 86, 88), (102, 100, 98)),
            "pavement": ((136, 132, 128), (126, 122, 120), (146, 138, 128)),
            "marking": ((206, 206, 200),),
            "car": _CAR_COLOURS,
            "clothes": _CLOTHES,
            "lorry": ((180, 176, 168), (60, 82, 120), (140, 50, 40), (200, 170, 70)),
            "bus": ((206, 196, 170), (170, 40, 36), (120, 136, 90)),
            "tram": ((206, 178, 60), (176, 44, 40), (216, 212, 200)),
            "bonnet": ((44, 48, 54),),
        }
    ),
    frequency=MappingProxyType(
        {
            "house": 0.66, "park": 0.14, "yard": 0.12, "wall": 0.08, "junction": 0.40, "verge": 0.25, "pitched": 0.6,
            "tower": 0.06, "shop": 0.45, "parked": 0.40, "tree": 2.1, "palm": 0.0, "lamp": 1.1, "sign": 1.6,
            "signal": 0.9, "bollard": 0.5, "person": 3.0, "group": 0.16, "stood bicycle": 0.75,
            "stood motorcycle": 0.14,
            "bush": 1.1, "railing": 0.13, "ahead": 0.62, "oncoming": 1.0, "cyclist": 0.45, "motorcyclist": 0.17,
            "lorry": 0.13, "bus": 0.13, "tram": 0.12, "walker": 1.0,
        }
    ),
    measure=MappingProxyType(
        {
            "camera": (1.25, 1.45), "focal": (0.92, 1.05), "horizon": (0.40, 0.45), "lane": (3.0, 3.6),
            "lanes": (1.0, 1.5), "pavement": (2.0, 4.2), "storeys": (2.0, 6.4), "storey": (2.9, 3.5),
            "front": (8.0, 19.0), "setback": (0.0, 1.5), "curve": (-0.0007, 0.0007), "speed": (0.9, 2.4),
        }
    ),
    weather=MappingProxyType({"clear": 0.28, "overcast": 0.42, "rain": 0.10, "fog": 0.08, "dusk": 0.12}),
    sensor=Sensor(noise=5.0, blur=0.55, saturation=0.80, contrast=0.94, cast=(0.96, 1.02, 0.98), vignette=0.22,
        bonnet=0.045),
)  # fmt: skip

_SOURCE = replace(
    _TARGET,
    name="source",
    colours=MappingProxyType(
        dict(_TARGET.colours)
        | {
            "facade": ((226, 190, 140), (206, 120, 84), (232, 222, 200), (180, 196, 206), (214, 160, 120),
                (160, 92, 70)),
            "tower": ((98, 136, 168), (150, 172, 186), (196, 190, 176)),
            "wall": ((200, 180, 150), (178, 150, 120)),
            "fence": ((150, 150, 156), (180, 150, 104), (206, 204, 200)),
            "post": ((150, 150, 152), (70, 74, 72)),
            "leaf": ((60, 118, 40), (88, 138, 46), (44, 100, 52), (112, 140, 50)),
            "grass": ((112, 150, 60), (150, 152, 78), (98, 138, 56)),
            "asphalt": ((74, 76, 84), (86, 84, 88), (68, 70, 76)),
            "pavement": ((178, 168, 152), (164, 160, 156)),
            "marking": ((238, 236, 226),),
            "car": (*_CAR_COLOURS, (200, 40, 30), (30, 90, 180), (230, 180, 30), (40, 130, 70), (230, 120, 30)),
            "clothes": (*_CLOTHES, (210, 60, 50), (60, 120, 200), (230, 200, 90)),
            "bus": ((60, 110, 180), (230, 230, 226), (226, 160, 40)),
            "tram": ((60, 140, 130), (226, 226, 220)),
        }
    ),
    frequency=MappingProxyType(
        dict(_TARGET.frequency)
        | {
            "house": 0.58, "park": 0.20, "yard": 0.10, "wall": 0.12, "pitched": 0.2, "tower": 0.30, "shop": 0.5,
            "parked": 0.32, "tree": 1.5, "palm": 0.45, "lamp": 1.4, "sign": 0.9, "person": 1.7, "stood bicycle": 0.22,
            "stood motorcycle": 0.28, "verge": 0.45, "oncoming": 1.3, "cyclist": 0.26, "motorcyclist": 0.26,
            "lorry": 0.22,
        }
    ),
    measure=MappingProxyType(
        dict(_TARGET.measure)
        | {
            "camera": (1.45, 1.70), "focal": (0.82, 0.96), "horizon": (0.38, 0.43), "lane": (3.4, 3.9),
            "lanes": (1.0, 2.0),
            "pavement": (2.6, 4.6), "storeys": (1.6, 8.0), "setback": (0.0, 3.5), "speed": (1.2, 3.4),
        }
    ),
    weather=MappingProxyType({"clear": 0.62, "overcast": 0.16, "rain": 0.08, "fog": 0.04, "dusk": 0.10}),
    sensor=Sensor(noise=1.2, blur=0.0, saturation=1.18, contrast=1.06, cast=(1.03, 1.0, 0.97), vignette=0.05,
        bonnet=0.0),
)  # fmt: skip

_DRONE = Domain(
    "drone",
    DRONE_CLASSES,
    from_above=True,
    colours=MappingProxyType(
        {
            "roof": ((150, 82, 62), (128, 72, 58), (112, 104, 100), (92, 92, 98), (168, 108, 80), (140, 132, 124)),
            "flat roof": ((158, 158, 156), (132, 134, 136), (178, 174, 166), (112, 112, 116)),
            "facade": ((206, 198, 182), (186, 178, 164), (216, 208, 196)),
            "leaf": ((60, 88, 44), (76, 100, 50), (52, 76, 46), (92, 104, 56), (68, 84, 54)),
            "grass": ((104, 124, 66), (120, 130, 76), (92, 114, 60), (132, 134, 84)),
            "asphalt": ((104, 104, 106), (94, 96, 98), (116, 114, 112)),
            "paving": ((160, 154, 146), (146, 142, 138), (170, 160, 146)),
            "soil": ((158, 138, 110), (140, 122, 98)),
            "marking": ((226, 226, 220),),
            "car": (*_CAR_COLOURS, (226, 226, 226), (180, 40, 36), (50, 84, 150)),
            "clothes": (*_CLOTHES, (216, 60, 50), (232, 226, 214), (60, 110, 190)),
        }
    ),
    frequency=MappingProxyType(
        {
            "house": 0.80, "flat": 0.3, "park": 0.16, "court": 0.14, "tree": 1.8, "bush": 1.0, "parked": 0.42,
            "moving": 1.4,
            "person": 1.0, "drive": 0.55, "pool": 0.08,
        }
    ),
    measure=MappingProxyType(
        {
            "height": (58.0, 72.0), "focal": (1.0, 1.0), "block": (46.0, 70.0), "half road": (3.6, 5.4),
            "speed": (2.5, 5.0),
            "pavement": (1.6, 2.6), "storeys": (1.0, 3.4),
        }
    ),
    weather=MappingProxyType({"clear": 0.6, "overcast": 0.3, "dusk": 0.1}),
    sensor=Sensor(noise=3.0, blur=0.4, saturation=0.95, contrast=1.0, cast=(1.0, 1.0, 0.99), vignette=0.10, bonnet=0.0),
)  # fmt: skip

DOMAINS: Mapping[str, Domain] = MappingProxyType({domain.name: domain for domain in (_SOURCE, _TARGET, _DRONE)})
"""By name: two kinds of streets, and houses from above."""
DOMAIN_NAMES = tuple(DOMAINS)

_PALETTE_SHIFT = 0.10
_FREQUENCY_SPREAD = 0.45


def domain_named(name: str) -> Domain:
    """The domain of this name.

    Raises
    ------
    ConfigurationError
        If there is none.
    """
    if name not in DOMAINS:
        raise ConfigurationError(f"There is no street domain {name!r}. Choose one of: {', '.join(DOMAIN_NAMES)}.")
    return DOMAINS[name]


@lru_cache(maxsize=32)
def domain_in_world(name: str, world: int, seed: int) -> Domain:
    """A domain in one world: 0 is as described here, any other has colours, frequencies and weather of its own.

    Raises
    ------
    ConfigurationError
        If there is no such domain, or the world is negative.
    """
    domain = domain_named(name)
    if world < 0:
        raise ConfigurationError(f"There is no world {world}. Give 0 for the standard world, or a greater number.")
    if world == 0:
        return domain
    rng = generator_at(seed, name, world, "world")
    return replace(
        domain,
        colours={what: _shifted(tints, rng) for what, tints in domain.colours.items()},
        frequency={what: _varied(often, rng) for what, often in domain.frequency.items()},
        weather=_mixed(domain.weather, rng),
        sensor=_other_sensor(domain.sensor, rng),
    )


def _shifted(tints: tuple[Tint, ...], rng: np.random.Generator) -> tuple[Tint, ...]:
    gains = np.exp(rng.normal(0, _PALETTE_SHIFT, 3) + rng.normal(0, _PALETTE_SHIFT))
    shifted = np.clip(np.array(tints) * gains, 8, 250)
    return tuple((float(red), float(green), float(blue)) for red, green, blue in shifted)


def _varied(often: float, rng: np.random.Generator) -> float:
    """Shares stay shares."""
    factor = float(np.exp(rng.normal(0, _FREQUENCY_SPREAD)))
    return often * factor if often >= 1 else min(0.95, often * factor)


def _mixed(weather: Mapping[str, float], rng: np.random.Generator) -> Mapping[str, float]:
    shares = rng.dirichlet([6 * share + 0.3 for share in weather.values()])
    return dict(zip(weather, map(float, shares), strict=True))


def _other_sensor(sensor: Sensor, rng: np.random.Generator) -> Sensor:
    red, green, blue = (float(gain) for gain in np.array(sensor.cast) * np.exp(rng.normal(0, 0.04, 3)))
    return replace(
        sensor,
        noise=float(sensor.noise * np.exp(rng.normal(0, 0.5))),
        blur=float(sensor.blur * np.exp(rng.normal(0, 0.3))),
        saturation=float(sensor.saturation * np.exp(rng.normal(0, 0.15))),
        contrast=float(sensor.contrast * np.exp(rng.normal(0, 0.08))),
        cast=(red, green, blue),
    )
