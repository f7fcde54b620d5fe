"""Light: sun, sky, haze and wetness of one kind of weather, the same for all frames of a sequence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import cos, pi, sin

import numpy as np

from src_model.data.streets.polygons import Tint


@dataclass(frozen=True, slots=True)
class Light:
    """How a scene is lit.

    Attributes
    ----------
    sun:
        Unit vector towards the sun.
    direct, ambient:
        Light of the sun and of the sky, red, green and blue; a surface that faces the sun gets both.
    shadow:
        Share of the light that is missing in a shadow on the ground.
    haze, visibility:
        Colour of the air, and the distance in metres at which 63 % of the colour is the air's.
    zenith, horizon:
        Colours of the sky.
    clouds:
        Cover, 0 … 1.
    wet, rain:
        Of the road; and whether it rains.
    lit:
        Share of the windows with light.
    """

    sun: tuple[float, float, float]
    direct: Tint
    ambient: Tint
    shadow: float
    haze: Tint
    visibility: float
    zenith: Tint
    horizon: Tint
    clouds: float
    wet: float
    rain: bool
    lit: float


def light_for(weather: Mapping[str, float], rng: np.random.Generator) -> Light:
    """Draw a kind of weather by its weight, then the hour of the day."""
    names = sorted(weather)
    weights = np.array([weather[name] for name in names])
    kind = names[int(rng.choice(len(names), p=weights / weights.sum()))]
    azimuth, height = float(rng.uniform(0, 2 * pi)), float(rng.uniform(0.55, 1.05))
    strength = float(rng.uniform(0.92, 1.10))
    vary = float(rng.random())
    if kind == "clear":
        return Light(
            _sun(azimuth, height),
            _times((0.66, 0.62, 0.54), strength),
            (0.56, 0.60, 0.66),
            0.50,
            (196, 210, 224),
            420.0,
            (84, 136, 202),
            (190, 212, 230),
            0.15 + 0.45 * vary,
            0.0,
            False,
            0.0,
        )
    if kind == "overcast":
        return Light(
            _sun(azimuth, 1.2),
            _times((0.16, 0.16, 0.16), strength),
            _times((0.86, 0.87, 0.88), strength),
            0.16,
            (206, 210, 212),
            260.0,
            (196, 202, 208),
            (226, 228, 228),
            0.9,
            0.15 * vary,
            False,
            0.04,
        )
    if kind == "rain":
        return Light(_sun(azimuth, 1.2), (0.06, 0.06, 0.06), _times((0.66, 0.69, 0.72), strength), 0.06,
                     (158, 166, 172), 110.0, (138, 146, 154), (178, 184, 188), 0.95, 0.8, True, 0.15)  # fmt: skip
    if kind == "fog":
        return Light(
            _sun(azimuth, 1.2),
            (0.05, 0.05, 0.05),
            _times((0.86, 0.87, 0.87), strength),
            0.05,
            (200, 204, 206),
            42.0 + 30 * vary,
            (204, 208, 210),
            (204, 207, 209),
            1.0,
            0.3,
            False,
            0.10,
        )
    return Light(_sun(azimuth, 0.22 + 0.2 * vary), (0.34, 0.22, 0.12), (0.36, 0.36, 0.44), 0.30,
                 (150, 122, 118), 240.0, (62, 76, 118), (226, 160, 116), 0.4, 0.1, False, 0.42)  # fmt: skip


def _sun(azimuth: float, height: float) -> tuple[float, float, float]:
    return cos(height) * cos(azimuth), sin(height), cos(height) * sin(azimuth)


def _times(tint: Tint, factor: float) -> Tint:
    return tint[0] * factor, tint[1] * factor, tint[2] * factor
