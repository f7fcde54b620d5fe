"""The DQN acquisition: Q, ε and the network's modes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from src_model.active_learning.acquisition.acquisition import CandidatePool, Context
from src_model.active_learning.acquisition.registry import make_acquisition
from src_model.config import AcquisitionConfig
from src_model.data.region import Region
from src_model.dqn.features import action_length, base_length
from src_model.dqn.policy import EpsilonGreedyPolicy, candidate_values
from src_model.dqn.query_network import ReferenceQueryNetwork
from src_model.exceptions import ConfigurationError

C, S, K, P = 3, 4, 2, 5


@pytest.fixture
def network() -> ReferenceQueryNetwork:
    return ReferenceQueryNetwork(C, S, torch.Generator().manual_seed(0))


@pytest.fixture
def pool() -> CandidatePool:
    rng = np.random.default_rng(0)
    return CandidatePool(
        regions=tuple(Region("a", row, 0, 1, 1) for row in range(K * P)),
        regions_per_query=K,
        pool_size=P,
        action_features=rng.random((K, P, action_length(C)), dtype=np.float32),
        state_features=rng.random((S, base_length(C)), dtype=np.float32),
    )


def choose(network, pool, epsilon=0.0, policy=None, rng=None, **settings):
    rule = make_acquisition(AcquisitionConfig(name="dqn", **settings), network, policy)
    return rule.choose(pool, Context(np.zeros(C), epsilon), rng or np.random.default_rng(0))


def test_without_exploration_the_highest_q_of_each_pool_is_taken(network, pool):
    values = candidate_values(network, pool.state_features, pool.action_features)
    choice = choose(network, pool)
    assert choice.positions.tolist() == [values[0].argmax(), P + values[1].argmax()]
    assert choice.scores == pytest.approx(values.ravel())


def test_with_full_exploration_choices_are_uniform_in_each_pool(network, pool):
    rng = np.random.default_rng(0)
    drawn = [choose(network, pool, epsilon=1.0, rng=rng).positions for _ in range(300)]
    first, second = np.transpose(drawn)
    assert np.bincount(first, minlength=P) / 300 == pytest.approx([0.2] * P, abs=0.08)
    assert np.bincount(second - P, minlength=P) / 300 == pytest.approx([0.2] * P, abs=0.08)


def test_the_coin_of_the_policy_is_used(network, pool):
    greedy = choose(network, pool).positions

    def mixed(coin):
        rng, policy = np.random.default_rng(0), EpsilonGreedyPolicy(coin)
        queries = [choose(network, pool, 0.5, policy, rng).positions for _ in range(400)]
        explored = np.array(queries) != greedy
        return np.mean(explored[:, 0] & explored[:, 1])

    # Both explore: 0.5·0.8² with one coin for all, (0.5·0.8)² with a coin each.
    assert mixed("step") == pytest.approx(0.32, abs=0.08)
    assert mixed("sub_action") == pytest.approx(0.16, abs=0.08)


def test_a_network_in_training_is_read_in_evaluation_mode_and_left_training(network, pool):
    network.train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    choice = choose(network, pool)
    assert network.training
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert choice.scores == pytest.approx(choose(network.eval(), pool).scores)


def test_global_choice_takes_the_highest_q_of_all(network, pool):
    choice = choose(network, pool, choice="global")
    assert choice.positions.tolist() == np.argsort(-choice.scores)[:K].tolist()


def test_global_choice_refuses_epsilon(network, pool):
    with pytest.raises(ConfigurationError, match="pool_wise"):
        choose(network, pool, epsilon=0.1, choice="global")


def test_a_policy_is_never_random_by_omission():
    with pytest.raises(ConfigurationError, match="train-policy"):
        make_acquisition(AcquisitionConfig(name="dqn"))


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ConfigurationError, match=r"'magic'.*margin_class_balanced.*dqn"):
        make_acquisition(AcquisitionConfig(name="magic"))
