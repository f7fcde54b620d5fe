from __future__ import annotations

import numpy as np
import pytest
import torch

from src_model.active_learning.acquisition.acquisition import CandidatePool
from src_model.active_learning.decision import Decision
from src_model.active_learning.policy_update import update_policy
from src_model.config import DQNConfig
from src_model.data.region import Region
from src_model.dqn.default_features import ACTION_FEATURES, STATE_FEATURES
from src_model.dqn.default_query_network import DefaultQueryNetwork
from src_model.dqn.double_dqn import DQNLearner
from src_model.events import Query

POOLS, SIZE = 2, 3


def candidates(value: float) -> CandidatePool:
    """Two pools of three, every feature of which is this number."""
    return CandidatePool(
        tuple(Region("a", row, 0, 1, 1) for row in range(POOLS * SIZE)),
        POOLS,
        SIZE,
        action_features=np.full((POOLS, SIZE, ACTION_FEATURES), value, dtype=np.float32),
        state_features=np.full((1, STATE_FEATURES), value, dtype=np.float32),
    )


def decision(step: int, value: float) -> Decision:
    pool, positions = candidates(value), np.array([1, 5])
    return Decision(Query(step, tuple(pool.regions[i] for i in positions), (0.0, 0.0)), pool, positions)


@pytest.fixture
def learner() -> DQNLearner:
    learner = DQNLearner(DQNConfig(batch_size=2), DefaultQueryNetwork(torch.Generator().manual_seed(0)))
    learner.begin_episode()
    return learner


def test_what_is_stored_are_the_candidates_as_they_were_chosen_among(learner: DQNLearner) -> None:
    """Before the second choice its candidates were seen as 2.0; when they were chosen among they had become 2.5."""
    rng, answered, rewards = np.random.default_rng(0), np.array([True, True]), np.array([1.0, -1.0])

    update_policy(learner, decision(1, 1.0), answered, rewards, candidates(2.0), rng)
    update_policy(learner, decision(2, 2.5), answered, rewards, None, rng)

    batch = learner.replay.sample(4, rng)
    assert batch is not None
    assert sorted(batch.pools[:, 0, 0].tolist()) == [1.0, 1.0, 2.5, 2.5]
    assert batch.next_pools[~batch.terminal].unique().tolist() == [2.5]
    assert batch.states.unique().tolist() == [1.0, 2.5]


def test_each_sub_action_is_stored_with_its_own_reward_and_none_without_an_answer(learner: DQNLearner) -> None:
    rng, answered = np.random.default_rng(0), np.array([False, True])

    update_policy(learner, decision(1, 1.0), answered, np.array([0.0, 7.0]), None, rng)

    assert learner.replay.ready(False).tolist() == [1]
    assert learner.replay.state_dict()["rewards"].tolist() == [0.0, 7.0]
    assert learner.replay.state_dict()["rows"][:, 1].tolist() == [-1, 2]
