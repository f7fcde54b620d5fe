"""Learnability: a toy pool in which one feature is the reward, for each learning rule and each query network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pytest
import torch

from src_model.config import DQNConfig, preset_settings
from src_model.dqn.default_features import (
    ACTION_FEATURES,
    REGION_FEATURES,
    REGION_NAMES,
    SLOT_FEATURES,
    STATE_FEATURES,
    STATE_NAMES,
)
from src_model.dqn.default_query_network import DefaultQueryNetwork
from src_model.dqn.double_dqn import DQNLearner
from src_model.dqn.features import action_length, base_length
from src_model.dqn.policy import EpsilonGreedyPolicy, candidate_values
from src_model.dqn.query_network import QueryNetwork, ReferenceQueryNetwork

POOLS, SIZE, STEPS = 8, 5, 10

Array = npt.NDArray[np.float32]
Target = Literal["double_dqn", "sarsa"]


@dataclass(frozen=True)
class Toy:
    """One kind of query network and the world it is tried in.

    Attributes
    ----------
    network:
        From a generator.
    state, pools:
        Random ones: (S, F_s) of a step, and (K, P, F_a) for a K.
    worth:
        Place of the feature that is the reward, in tenths of a point; all others are noise.
    settings:
        Where the learner departs from the defaults of `DQNConfig`.
    episodes:
        Enough to find that feature.
    """

    network: Callable[[torch.Generator], QueryNetwork]
    state: Callable[[np.random.Generator, int], Array]
    pools: Callable[[np.random.Generator, int], Array]
    worth: int
    settings: dict[str, Any]
    episodes: int


def reference_pools(rng: np.random.Generator, count: int) -> Array:
    pools = np.zeros((count, SIZE, action_length(1)), dtype=np.float32)
    pools[..., :10] = rng.random((count, SIZE, 10))
    return pools


def reference_state(rng: np.random.Generator, step: int) -> Array:
    return rng.random((2, base_length(1)), dtype=np.float32)


def default_state(rng: np.random.Generator, step: int) -> Array:
    """Noise, but for how far the episode has come."""
    state = rng.random((1, STATE_FEATURES), dtype=np.float32)
    state[0, STATE_NAMES.index("budget_used")] = step / STEPS
    return state


def default_pools(rng: np.random.Generator, count: int) -> Array:
    """One to eight classes; nothing but noise in what is known of them."""
    pools = rng.random((count, SIZE, ACTION_FEATURES), dtype=np.float32)
    slots = pools[..., REGION_FEATURES:].reshape(count, SIZE, -1, SLOT_FEATURES)
    slots *= np.arange(slots.shape[2])[:, None] <= rng.integers(slots.shape[2])
    slots[..., 0] = slots[..., 0] > 0
    return pools


TOYS = {
    "reference": Toy(
        network=lambda generator: ReferenceQueryNetwork(1, 2, generator),
        state=reference_state,
        pools=reference_pools,
        worth=3,
        settings={
            "optimiser": "adam",
            "learning_rate": 1e-2,
            "weight_decay": 0.0,
            "learning_rate_decay": 1.0,
            "batch_size": 32,
            "updates": 4,
            "gamma": 0.3,
            "replay_capacity": 800,
            "epsilon_decay": 20,
            "epsilon_coin": "sub_action",
        },
        episodes=5,
    ),
    "default": Toy(
        network=DefaultQueryNetwork,
        state=default_state,
        pools=default_pools,
        worth=REGION_NAMES.index("impurity"),
        settings=preset_settings("default", "folder")["dqn"],
        episodes=15,
    ),
}
TRIALS = [
    pytest.param(TOYS[name], target, id=f"{name}-{target}") for name in TOYS for target in ("double_dqn", "sarsa")
]


def learner_for(toy: Toy, target: Target, seed: int) -> DQNLearner:
    config = DQNConfig(**(toy.settings | {"target": target}))
    return DQNLearner(config, toy.network(torch.Generator().manual_seed(seed)))


def trained(toy: Toy, target: Target, episodes: int, seed: int) -> tuple[DQNLearner, list[float]]:
    """Episodes of ten steps; the reward of a sub-action is the worth of the candidate it chose, in points."""
    learner = learner_for(toy, target, seed)
    rng = np.random.default_rng(seed)
    policy = EpsilonGreedyPolicy(learner.config.epsilon_coin)
    losses = []
    for _episode in range(episodes):
        learner.begin_episode()
        for step in range(STEPS):
            state, pools = toy.state(rng, step), toy.pools(rng, POOLS)
            learner.observe(state, pools)
            chosen = policy.select(candidate_values(learner.network, state, pools), learner.epsilon, rng)
            learner.store(chosen, 10 * pools[np.arange(POOLS), chosen, toy.worth], terminal=step == STEPS - 1)
            losses.append(learner.update(rng) or 0.0)
            learner.end_step()
        learner.end_episode()
    return learner, losses


def reached(toy: Toy, network: QueryNetwork) -> float:
    """Reward of the greedy choice in 200 new pools: 0 is that of a random choice, 1 the best there is."""
    rng = np.random.default_rng(99)
    state, pools = toy.state(rng, 0), toy.pools(rng, 200)
    chosen = candidate_values(network, state, pools).argmax(axis=1)
    worth = pools[..., toy.worth]
    random, best = worth.mean(), worth.max(axis=1).mean()
    return float((worth[np.arange(200), chosen].mean() - random) / (best - random))


@pytest.mark.parametrize(("toy", "target"), TRIALS)
def test_a_feature_that_is_the_reward_is_found(toy: Toy, target: Target) -> None:
    learner, _ = trained(toy, target, toy.episodes, seed=0)

    assert reached(toy, learner.network) >= 0.9
    assert reached(toy, learner_for(toy, target, seed=0).network) < 0.5


@pytest.mark.parametrize("toy", TOYS.values(), ids=TOYS)
def test_the_same_seed_is_the_same_run(toy: Toy) -> None:
    (first, losses), (second, again), (_, other) = (trained(toy, "double_dqn", 2, seed) for seed in (4, 4, 5))

    assert losses == again != other
    ours, theirs = first.state_dict(), second.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
