from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import pytest
import torch

from src_model.config import DQNConfig
from src_model.dqn.double_dqn import DQNLearner
from src_model.dqn.features import action_length, base_length
from src_model.dqn.policy import EpsilonGreedyPolicy, candidate_values
from src_model.dqn.query_network import ReferenceQueryNetwork

CLASSES, REGIONS, POOLS, SIZE = 1, 2, 8, 5
WORTH = 3
"""The feature that is the reward; nine others are noise, the rest says nothing."""

Array = npt.NDArray[np.float32]


def _pools(rng: np.random.Generator, count: int = POOLS) -> Array:
    pools = np.zeros((count, SIZE, action_length(CLASSES)), dtype=np.float32)
    pools[..., :10] = rng.random((count, SIZE, 10))
    return pools


def _trained(target: Literal["double_dqn", "sarsa"], episodes: int, seed: int) -> tuple[DQNLearner, list[float]]:
    """Episodes of ten steps; the reward of a sub-action is the worth of the candidate it chose, in points."""
    config = DQNConfig(
        target=target,
        optimiser="adam",
        learning_rate=1e-2,
        weight_decay=0.0,
        learning_rate_decay=1.0,
        batch_size=32,
        updates=4,
        gamma=0.3,
        replay_capacity=800,
        epsilon_decay=20,
        epsilon_coin="sub_action",
    )
    rng = np.random.default_rng(seed)
    learner = DQNLearner(config, ReferenceQueryNetwork(CLASSES, REGIONS, torch.Generator().manual_seed(seed)))
    policy = EpsilonGreedyPolicy(config.epsilon_coin)
    losses = []
    for _episode in range(episodes):
        learner.begin_episode()
        for step in range(10):
            state, pools = rng.random((REGIONS, base_length(CLASSES)), dtype=np.float32), _pools(rng)
            learner.observe(state, pools)
            chosen = policy.select(candidate_values(learner.network, state, pools), learner.epsilon, rng)
            learner.store(chosen, 10 * pools[np.arange(POOLS), chosen, WORTH], terminal=step == 9)
            losses.append(learner.update(rng) or 0.0)
            learner.end_step()
        learner.end_episode()
    return learner, losses


@pytest.mark.parametrize("target", ["double_dqn", "sarsa"])
def test_a_feature_that_is_the_reward_is_found(target: Literal["double_dqn", "sarsa"]) -> None:
    learner, _ = _trained(target, episodes=4, seed=0)
    rng = np.random.default_rng(99)
    state, pools = rng.random((REGIONS, base_length(CLASSES)), dtype=np.float32), _pools(rng, count=200)

    chosen = candidate_values(learner.network, state, pools).argmax(axis=1)

    worth = pools[..., WORTH]
    random, best = worth.mean(), worth.max(axis=1).mean()
    reached = worth[np.arange(200), chosen].mean()
    assert (reached - random) / (best - random) > 0.85


def test_the_same_seed_is_the_same_run() -> None:
    (first, losses), (second, again), (_, other) = (_trained("double_dqn", episodes=1, seed=seed) for seed in (4, 4, 5))

    assert losses == again != other
    ours, theirs = first.state_dict(), second.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
