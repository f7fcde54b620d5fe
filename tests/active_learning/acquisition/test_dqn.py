"""The DQN acquisition: Q, ε and the network's modes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from src_model.active_learning.acquisition.acquisition import CandidatePool, Context, Statistic
from src_model.active_learning.acquisition.registry import make_acquisition
from src_model.config import AcquisitionConfig
from src_model.data.region import Region
from src_model.dqn.default_features import (
    REGION_FEATURES,
    SLOT_FEATURES,
    SLOT_NAMES,
    SLOTS,
    STATE_FEATURES,
    Places,
    Predicted,
    Standing,
)
from src_model.dqn.default_query_network import DefaultQueryNetwork
from src_model.dqn.default_step import DefaultStep
from src_model.dqn.features import action_length, base_length
from src_model.dqn.policy import EpsilonGreedyPolicy, candidate_values
from src_model.dqn.query_network import QueryNetwork, ReferenceQueryNetwork
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


# --- pools asked in turn ----------------------------------------------------------------------------------------------

POOLS = 4


class GainNetwork(QueryNetwork):
    """Q is what label balance would score: the sum of the gains in the slots."""

    feature_version = DefaultQueryNetwork.feature_version

    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(1))

    def state_code(self, state):
        return state.squeeze(1)

    def action_values(self, code, pool):
        slots = pool[..., REGION_FEATURES:].unflatten(-1, (SLOTS, SLOT_FEATURES))
        return self.scale * slots[..., SLOT_NAMES.index("gain")].sum(-1)


@pytest.fixture
def step_pool() -> CandidatePool:
    """Each of four pools offers a region of class 0, 1, 2 and 3; class 3 has been labelled often."""
    shares = np.tile(0.91 * np.eye(4) + 0.03 * (1 - np.eye(4)), (POOLS, 1)) + 0.01 * np.eye(16, 4)
    shares /= shares.sum(axis=1, keepdims=True)
    number = len(shares)
    predicted = Predicted(100 * shares, shares, np.ones(number), np.ones(number), 50 * shares, 50 * shares)
    places = Places(*np.ones((5, number)))
    start = Standing.at_the_start(4)
    labelled = np.repeat(np.eye(4), [1, 1, 1, 9], axis=0)
    standing = Standing(labelled, start.iou, start.iou_known, start.promised, start.found)
    step = DefaultStep(predicted, places, standing, POOLS, 4)
    return CandidatePool(
        regions=tuple(Region("a", row, 0, 1, 1) for row in range(number)),
        regions_per_query=POOLS,
        pool_size=4,
        action_features=step.all_pools(),
        state_features=np.zeros((1, STATE_FEATURES), dtype=np.float32),
        step=step,
    )


def test_the_network_says_which_features_are_computed(network):
    config = AcquisitionConfig(name="dqn")
    assert make_acquisition(config, network).needs == {Statistic.FEATURES}
    default = DefaultQueryNetwork(torch.Generator().manual_seed(0))
    assert make_acquisition(config, default).needs == {Statistic.DEFAULT_FEATURES}


def test_a_query_does_not_ask_for_one_class_k_times(step_pool):
    asked = choose(GainNetwork(), step_pool).positions % 4
    assert sorted(asked[:3].tolist()) == [0, 1, 2]
    # Without regard to each other all pools would have given the same class.
    alone = candidate_values(GainNetwork(), step_pool.state_features, step_pool.action_features).argmax(axis=1)
    assert set(alone.tolist()) == {0}


def test_a_choice_keeps_what_was_seen_when_it_was_made(step_pool):
    choice = choose(GainNetwork(), step_pool)
    taken = np.zeros(4)
    for turn, position in enumerate(choice.positions):
        seen = step_pool.step.pool(turn, taken)
        np.testing.assert_array_equal(choice.action_features[turn], seen)
        values = candidate_values(GainNetwork(), step_pool.state_features, seen[None])[0]
        assert choice.scores[4 * turn : 4 * turn + 4] == pytest.approx(values)
        assert position == 4 * turn + values.argmax()
        taken += step_pool.step.probabilities[position]
    assert not np.array_equal(choice.action_features, step_pool.action_features)


@pytest.mark.parametrize("coin", ["step", "sub_action"])
def test_as_many_random_numbers_are_drawn_whatever_is_decided(step_pool, coin):
    after = set()
    for epsilon in (0.0, 0.5, 1.0):
        rng = np.random.default_rng(3)
        choose(GainNetwork(), step_pool, epsilon, EpsilonGreedyPolicy(coin), rng)
        after.add(rng.random())
    assert len(after) == 1


def test_exploration_in_turn_is_uniform_and_counts_for_the_pools_that_follow(step_pool):
    rng = np.random.default_rng(0)
    policy = EpsilonGreedyPolicy("sub_action")
    choices = [choose(GainNetwork(), step_pool, 1.0, policy, rng) for _ in range(400)]
    drawn = np.array([choice.positions for choice in choices]) % 4
    assert np.bincount(drawn.ravel(), minlength=4) / drawn.size == pytest.approx([0.25] * 4, abs=0.05)
    for choice in choices[:20]:
        taken = step_pool.step.probabilities[choice.positions[:1]].sum(axis=0)
        np.testing.assert_array_equal(choice.action_features[1], step_pool.step.pool(1, taken))


def test_global_choice_takes_the_highest_q_of_the_beginning(step_pool):
    choice = choose(GainNetwork(), step_pool, choice="global")
    values = candidate_values(GainNetwork(), step_pool.state_features, step_pool.action_features).ravel()
    assert choice.positions.tolist() == np.argsort(-values, kind="stable")[:POOLS].tolist()
    assert choice.action_features is None


def test_candidates_that_were_not_looked_at_for_it_are_refused(pool):
    with pytest.raises(ConfigurationError, match="default_features"):
        choose(DefaultQueryNetwork(torch.Generator().manual_seed(0)), CandidatePool(pool.regions, K, P))
