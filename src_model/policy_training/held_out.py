"""Held-out episodes: the policy in training against fixed rules, in worlds that no training meets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import torch

from src_model.config import RunConfig
from src_model.dqn.query_network import QueryNetwork
from src_model.events import Progress, ShouldStop
from src_model.policy_training.world_episode import WorldEpisode, draw_episode, play
from src_model.policy_training.worlds import WorldSettings, held_out_worlds

RULES = ("random", "label_balance")
"""What the policy is compared with; the last one decides which policy is kept."""

_HELD_OUT_SEED = 0

Row = dict[str, float | int | str | None]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Fixed episodes with what the rules reach in them.

    Attributes
    ----------
    episodes:
        The same for every training, whatever its seed.
    areas:
        By rule, the area of each episode in points.
    """

    episodes: tuple[WorldEpisode, ...]
    areas: dict[str, tuple[float, ...]]


def prepare_held_out(
    base: RunConfig, settings: WorldSettings, device: torch.device, should_stop: ShouldStop
) -> Progress[HeldOut | None]:
    """Draw the held-out worlds and play the rules in them; None if asked to stop."""
    base = base.model_copy(update={"seed": _HELD_OUT_SEED})
    worlds = yield from held_out_worlds(settings, base.segmentation, device, should_stop)
    if should_stop():
        return None
    episodes = tuple(
        draw_episode(worlds[number % len(worlds)], number, base, settings, "held out")
        for number in range(settings.held_out)
    )
    areas: dict[str, tuple[float, ...]] = {}
    for rule in RULES:
        reached = yield from _areas(episodes, rule, device, None, should_stop)
        if reached is None:
            return None
        areas[rule] = reached
    return HeldOut(episodes, areas)


def read_policy(
    held_out: HeldOut, network: QueryNetwork, device: torch.device, should_stop: ShouldStop
) -> Progress[Row | None]:
    """Play the policy greedily in every held-out episode; None if asked to stop.

    Returns
    -------
    Mean areas in points, and for each rule the mean paired difference with its standard error.
    """
    reached = yield from _areas(held_out.episodes, "dqn", device, network, should_stop)
    if reached is None:
        return None
    row: Row = {"episodes": len(reached), "policy": float(np.mean(reached))}
    for rule, areas in held_out.areas.items():
        difference = np.subtract(reached, areas)
        row[rule] = float(np.mean(areas))
        row[f"over_{rule}"] = float(difference.mean())
        row[f"over_{rule}_error"] = float(difference.std(ddof=1) / sqrt(len(difference)))
    return row


def _areas(
    episodes: Sequence[WorldEpisode],
    acquisition: str,
    device: torch.device,
    network: QueryNetwork | None,
    should_stop: ShouldStop,
) -> Progress[tuple[float, ...] | None]:
    areas: list[float] = []
    for episode in episodes:
        figures = yield from play(episode, acquisition, device, network, should_stop=should_stop)
        if figures is None:
            return None
        areas.append(figures.area)
    return tuple(areas)
