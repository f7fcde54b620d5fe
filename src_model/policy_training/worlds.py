"""Worlds: street data sets drawn at random, one after the other, for a policy that is to fit any data."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch

from src_model.config import SegmentationConfig
from src_model.data.held_images import HeldImages
from src_model.data.region import Size
from src_model.data.streets.domain import DOMAIN_NAMES
from src_model.data.streets.street_images import StreetImages
from src_model.device import generator_for
from src_model.events import ImagesDrawn, Progress, ShouldStop, never
from src_model.exceptions import ConfigurationError
from src_model.segmentation.frozen_features import FrozenFeatures

SIZES: tuple[Size, ...] = ((180, 320), (200, 280), (240, 240))
"""Height and width of a world's images: three shapes of nearly equal area."""

LIVE_WORLDS = 2 * len(DOMAIN_NAMES)
"""Worlds in which a generation is played."""

_HELD_OUT_SEED = 0
_LARGEST_SEED = 2**31


@dataclass(frozen=True, slots=True)
class WorldSettings:
    """How many worlds there are, how large, and how long each is lived in.

    Attributes
    ----------
    images:
        Of a world; an episode uses some of them.
    sequence_length:
        Frames a sequence; few, so that a small world holds many places.
    sizes:
        Of the images; each world has one of them.
    generations_per_world:
        Then all live worlds are drawn anew, each of which takes as long as ten episodes.
    fewest_classes:
        C is drawn between this and what the domain has.
    steps:
        Fewest and most queries an episode.
    held_out:
        Episodes in worlds that are never trained in, in which the policy is read.

    Raises
    ------
    ConfigurationError
        If a number is too small.
    """

    images: int = 96
    sequence_length: int = 4
    sizes: tuple[Size, ...] = SIZES
    generations_per_world: int = 6
    fewest_classes: int = 4
    steps: tuple[int, int] = (15, 25)
    held_out: int = 48

    def __post_init__(self) -> None:
        least = {"images": 16, "generations_per_world": 1, "fewest_classes": 2, "held_out": 2}
        for name, number in least.items():
            if getattr(self, name) < number:
                raise ConfigurationError(f"{name} is {getattr(self, name)}. Give at least {number}.")

    def to_json(self) -> dict[str, object]:
        """What the numbers of a training follow from."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True, slots=True)
class World:
    """One data set with what a frozen encoder says of it.

    Attributes
    ----------
    number:
        Among the worlds for training, or among those held out.
    domain:
        Kind of scene.
    images:
        With the classes of the domain.
    features:
        Of all images, in memory.
    """

    number: int
    domain: str
    images: HeldImages
    features: FrozenFeatures


def draw_world(
    number: int,
    settings: WorldSettings,
    segmentation: SegmentationConfig,
    device: torch.device,
    seed: int,
    held_out: bool = False,
    should_stop: ShouldStop = never,
) -> Progress[World | None]:
    """Draw the world of this number; None if asked to stop before it is whole.

    The domains take turns. Colours, frequencies, weather and the camera are those of a street world of its own; the
    ones that are held out have even numbers and depend on no seed, those for training odd ones.
    """
    seed = _HELD_OUT_SEED if held_out else seed
    rng = generator_for(seed, "world", number, "held out" if held_out else "training")
    domain = DOMAIN_NAMES[number % len(DOMAIN_NAMES)]
    size = settings.sizes[int(rng.integers(len(settings.sizes)))]
    streets = StreetImages(
        domain, settings.images, size, int(rng.integers(_LARGEST_SEED)), 2 * number + 1 + held_out,
        settings.sequence_length,
    )  # fmt: skip
    images = yield from _in_memory(streets, should_stop)
    if images is None:
        return None
    seen = segmentation.model_copy(update={"fast_input": size})
    features = FrozenFeatures(images, seen, device, None)
    yield from features.prepare(images.ids, should_stop)
    return None if should_stop() else World(number, domain, images, features)


def _in_memory(streets: StreetImages, should_stop: ShouldStop) -> Progress[HeldImages | None]:
    pictures, label_maps = {}, {}
    for done, image in enumerate(streets.ids, start=1):
        if should_stop():
            return None
        pictures[image], label_maps[image] = streets.scene(image)
        yield ImagesDrawn(done, len(streets))
    sequences = {image: streets.sequence(image) for image in streets.ids}
    return HeldImages(streets.schema, pictures, label_maps, sequences)


def live_world(generation: int, place: int, settings: WorldSettings) -> int:
    """Number of the world in which the episode at this place of a generation is played, both from 0.

    `LIVE_WORLDS` live at a time, as many of each domain, so that no domain is forgotten and no world is learned by
    heart; they serve ``settings.generations_per_world`` generations.
    """
    return generation // settings.generations_per_world * LIVE_WORLDS + place % LIVE_WORLDS


def held_out_world(number: int) -> int:
    """Number of the held-out world of the held-out episode of this number; there are as many as live worlds."""
    return number % LIVE_WORLDS
