"""Held-out episodes: the policy in training against fixed rules, in worlds that no training meets."""

from __future__ import annotations

from math import sqrt

import numpy as np

from src_model.events import Progress, ShouldStop
from src_model.policy_training.evolution import FloatArray
from src_model.policy_training.players import Players, Task
from src_model.policy_training.world_episode import Row
from src_model.policy_training.worlds import WorldSettings, held_out_world

RULES = ("random", "label_balance")
"""What the policy is compared with."""

Areas = dict[str, list[float]]
"""By rule, the area in points that it reaches in each held-out episode."""


def rules_in_held_out(players: Players, settings: WorldSettings, should_stop: ShouldStop) -> Progress[Areas | None]:
    """Play the rules in the held-out episodes; None if asked to stop."""
    areas: Areas = {}
    for rule in RULES:
        reached = yield from _areas(players, settings, rule, None, should_stop)
        if reached is None:
            return None
        areas[rule] = reached
    return areas


def read_policy(
    players: Players, settings: WorldSettings, rules: Areas, weights: FloatArray, should_stop: ShouldStop
) -> Progress[Row | None]:
    """Play the policy of these weights (D,) in every held-out episode; None if asked to stop.

    Returns
    -------
    Mean areas in points, and for each rule the mean paired difference with its standard error.
    """
    reached = yield from _areas(players, settings, "dqn", weights, should_stop)
    if reached is None:
        return None
    row: Row = {"episodes": len(reached), "policy": float(np.mean(reached))}
    for rule, areas in rules.items():
        difference = np.subtract(reached, areas)
        row[rule] = float(np.mean(areas))
        row[f"over_{rule}"] = float(difference.mean())
        row[f"over_{rule}_error"] = float(difference.std(ddof=1) / sqrt(len(difference)))
    return row


def _areas(
    players: Players, settings: WorldSettings, acquisition: str, weights: FloatArray | None, should_stop: ShouldStop
) -> Progress[list[float] | None]:
    tasks = [Task(held_out_world(number), True, number, acquisition, weights) for number in range(settings.held_out)]
    rows = yield from players.play_all(tasks, should_stop)
    return None if rows is None else [float(row["area_mean_iou"] or 0.0) for row in rows]
