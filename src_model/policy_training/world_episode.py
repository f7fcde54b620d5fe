"""World episode: what is drawn anew for each episode in a world, and how one is played."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from src_model.active_learning.acquisition.registry import make_acquisition
from src_model.active_learning.engine import ActiveLearningEngine
from src_model.active_learning.episode_records import NoRecords
from src_model.active_learning.surroundings import Surroundings
from src_model.config import RunConfig, make_run_config
from src_model.data.class_recast import draw_recast
from src_model.data.held_images import HeldImages
from src_model.data.region import RegionGrid, Size
from src_model.data.splits import Roles, cover_roles
from src_model.device import generator_for
from src_model.dqn.policy import EpsilonGreedyPolicy
from src_model.dqn.query_network import QueryNetwork
from src_model.events import ShouldStop, StepDone, never
from src_model.policy_training.worlds import World, WorldSettings
from src_model.segmentation.fast_segmenter import FastSegmenter
from src_model.simulation.episode import run_episode
from src_model.simulation.oracle import GroundTruthOracle

Row = dict[str, float | int | str | None]

REGIONS_PER_QUERY = (4, 8, 16, 24)
"""K."""
POOL_SIZES = (5, 50)
"""Least and largest P; drawn evenly in its logarithm."""
ROWS, COLUMNS = (3, 4, 5, 6), (4, 6, 8)
"""Into how many regions an image is cut."""

_MOST_ASKED = 1 / 3
"""Of the regions in the pool: where almost everything gets labelled, there is little to choose."""
_LEAST_SHARE_OF_IMAGES = 0.65
_TASTE = 1.5
"""How much the classes that an image shows decide whether an episode uses it, in deviations against Gumbel noise."""
_CHANCE_OF_WHOLE_IMAGES = 0.75
"""That candidates are all regions of a few images, which is cheaper than some of many."""
_CHANCE_OF_LOSS_WEIGHTS = 0.8
_CHANCE_OF_NOISE = 0.67
_MOST_NOISE = 1.0
"""Relative to the deviation of each component of the features."""


@dataclass(frozen=True, slots=True)
class WorldEpisode:
    """One episode: its data, their roles and its settings.

    Attributes
    ----------
    world:
        Where it is played.
    images:
        Those of the world that it uses, under its own class list.
    roles:
        D_S, D_R and the pool; nothing is tested.
    config:
        The whole run, with what was drawn for this episode.
    noise:
        Level of the noise on the features.
    """

    world: World
    images: HeldImages
    roles: Roles
    config: RunConfig
    noise: float

    @property
    def steps(self) -> int:
        """Queries until the budget is spent."""
        settings = self.config.acquisition
        return -(-settings.budget // settings.regions_per_query)

    def surroundings(self) -> Surroundings:
        """The data as the engine sees it."""
        counted = sum(self.images.labels(image).size for image in self.images.ids)
        return Surroundings(self.images.schema, self.roles, self.images.size, self.images, counted)

    def segmenter(self, device: torch.device) -> FastSegmenter:
        """At its start weights, on features with this episode's noise."""
        rng = generator_for(self.config.seed, "noise")
        features = self.world.features.disturbed(self.images.ids, self.noise, rng)
        classes, settings = self.images.schema.num_classes, self.config.segmentation
        return FastSegmenter(self.images, classes, settings, device, self.config.seed, None, features)


@dataclass(frozen=True, slots=True)
class EpisodeFigures:
    """What came of an episode.

    Attributes
    ----------
    mean_iou:
        Points on D_R: before the first query and after each.
    """

    mean_iou: tuple[float, ...]

    @property
    def area(self) -> float:
        """Mean of the curve in points, from the first query on."""
        return float(np.mean(self.mean_iou[1:]))


def draw_episode(world: World, number: int, base: RunConfig, settings: WorldSettings, purpose: str) -> WorldEpisode:
    """The episode of this number in a world: classes, roles, sizes and budget drawn anew.

    Parameters
    ----------
    base:
        What is not drawn, and the seed.
    purpose:
        Episodes for one purpose have nothing to do with those of the same number for another.
    """
    address = ("world episode", world.number, number, purpose)
    images = _drawn_images(world.images, settings, generator_for(base.seed, *address, "images"))
    rng = generator_for(base.seed, *address, "settings")
    size = images.size(images.ids[0])
    region = size[0] // int(rng.choice(ROWS)), size[1] // int(rng.choice(COLUMNS))
    few = len(images.ids) // 8
    data = {"region": region, "train_images": 0, "state_images": int(rng.integers(max(1, few // 2), few + 1)),
            "reward_images": int(rng.integers(few, 2 * few + 1))}  # fmt: skip
    seed = int(generator_for(base.seed, *address, "seed").integers(2**31))
    drawn = {"data": data, "segmentation": _segmentation(size, rng), "seed": seed}
    roles = cover_roles(images, make_run_config(drawn).data, generator_for(base.seed, *address, "roles"))
    regions = len(RegionGrid(size, region)) * len(roles.pool)
    drawn["acquisition"] = _acquisition(regions, settings, rng)
    noise = float(rng.uniform(0, _MOST_NOISE)) if rng.random() < _CHANCE_OF_NOISE else 0.0
    return WorldEpisode(world, images, roles, make_run_config(base.model_dump(), drawn), noise)


def play(
    episode: WorldEpisode,
    acquisition: str,
    device: torch.device,
    network: QueryNetwork | None = None,
    should_stop: ShouldStop = never,
) -> EpisodeFigures | None:
    """Play an episode with an acquisition by name, query → teach → fit; None if it was stopped before its end.

    Parameters
    ----------
    network:
        For the acquisition ``dqn``; it does not learn.
    """
    config = episode.config
    chosen_by = make_acquisition(
        config.acquisition.model_copy(update={"name": acquisition}), network, EpsilonGreedyPolicy("sub_action")
    )
    engine = ActiveLearningEngine(config, episode.surroundings(), episode.segmenter(device), chosen_by, NoRecords())
    oracle = GroundTruthOracle(episode.images, episode.images.schema.num_classes)
    mean_iou: list[float] = []
    for work in (engine.begin(1, should_stop), run_episode(engine, oracle, config.schedule, should_stop)):
        for event in work:
            if isinstance(event, StepDone):
                mean_iou.append(100 * _number(event.row["mean_iou"]))
    if not engine.finished:
        return None
    return EpisodeFigures(tuple(mean_iou))


def episode_row(episode: WorldEpisode, figures: EpisodeFigures) -> Row:
    """What a table says of an episode; areas and IoU in points."""
    asked = episode.config.acquisition
    return {
        "world": episode.world.number,
        "domain": episode.world.domain,
        "classes": episode.images.schema.num_classes,
        "regions_per_query": asked.regions_per_query,
        "pool_size": asked.pool_size,
        "region": "x".join(map(str, episode.config.data.region)),
        "noise": round(episode.noise, 4),
        "loss_weights": str(episode.config.segmentation.loss_weights),
        "steps": len(figures.mean_iou) - 1,
        "area_mean_iou": figures.area,
        "final_mean_iou": figures.mean_iou[-1],
    }


def _number(value: object) -> float:
    assert isinstance(value, float)
    return value


def _drawn_images(images: HeldImages, settings: WorldSettings, rng: np.random.Generator) -> HeldImages:
    """Some of the images, by a taste for classes drawn at random, under a class list drawn of what they show."""
    pixels = images.class_pixels()
    chosen = _tasteful(pixels, rng)
    names = [images.ids[place] for place in chosen]
    return images.recast(draw_recast(images.schema, pixels[chosen].sum(axis=0), settings.fewest_classes, rng), names)


def _tasteful(pixels: npt.NDArray[np.int64], rng: np.random.Generator) -> list[int]:
    """Places of the images that are used: classes that are liked become more frequent, others rarer."""
    shown = np.sqrt(pixels / pixels.sum(axis=1, keepdims=True).clip(1))
    liking = shown @ rng.standard_normal(shown.shape[1])
    liking = (liking - liking.mean()) / max(float(liking.std()), 1e-9)
    count = round(len(pixels) * rng.uniform(_LEAST_SHARE_OF_IMAGES, 1.0))
    keys = rng.uniform(0, _TASTE) * liking + rng.gumbel(size=len(pixels))
    return sorted(np.argsort(-keys, kind="stable")[:count].tolist())


def _segmentation(size: Size, rng: np.random.Generator) -> dict[str, Any]:
    return {
        "segmenter": "fast",
        "fast_input": size,
        "loss_weights": "inverse_sqrt" if rng.random() < _CHANCE_OF_LOSS_WEIGHTS else "none",
        "fast_learning_rate": float(np.exp(rng.uniform(np.log(0.03), np.log(0.3)))),
        "fast_updates": int(rng.choice((10, 20, 40))),
        "dropout": float(rng.choice((0.0, 0.1, 0.2, 0.4))),
    }


def _acquisition(regions: int, settings: WorldSettings, rng: np.random.Generator) -> dict[str, Any]:
    """Budget and sizes that leave a choice in a pool of so many regions."""
    fewest, most = settings.steps
    steps = int(rng.integers(fewest, most + 1))
    fitting = [count for count in REGIONS_PER_QUERY if count * steps <= _MOST_ASKED * regions]
    regions_per_query = int(rng.choice(fitting or REGIONS_PER_QUERY[:1]))
    least, largest = np.log(POOL_SIZES)
    images = None if rng.random() < _CHANCE_OF_WHOLE_IMAGES else 4
    return {
        "name": "dqn",
        "budget": regions_per_query * steps,
        "regions_per_query": regions_per_query,
        "pool_size": round(float(np.exp(rng.uniform(least, largest)))),
        "choice": "pool_wise",
        **({} if images is None else {"regions_per_image": images}),
    }
