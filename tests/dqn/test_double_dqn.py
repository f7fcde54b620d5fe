from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from src_model.config import DQNConfig
from src_model.dqn.default_features import ACTION_FEATURES, STATE_FEATURES
from src_model.dqn.default_query_network import DefaultQueryNetwork
from src_model.dqn.double_dqn import DQNLearner
from src_model.dqn.features import action_length, base_length
from src_model.dqn.query_network import ReferenceQueryNetwork
from src_model.dqn.replay_buffer import Batch
from src_model.exceptions import CheckpointError, ConfigurationError

CLASSES, REGIONS, POOLS, SIZE = 2, 3, 4, 5


def _learner(seed: int = 0, **settings: Any) -> DQNLearner:
    config = DQNConfig(**({"batch_size": 4, "replay_capacity": 40} | settings))
    return DQNLearner(config, ReferenceQueryNetwork(CLASSES, REGIONS, torch.Generator().manual_seed(seed)))


def _live(learner: DQNLearner, steps: int, rng: np.random.Generator, terminal_last: bool = True) -> list[float | None]:
    """Random steps with random rewards, learning after each."""
    losses = []
    for step in range(steps):
        learner.observe(
            rng.random((REGIONS, base_length(CLASSES)), dtype=np.float32),
            rng.random((POOLS, SIZE, action_length(CLASSES)), dtype=np.float32),
        )
        learner.store(
            rng.integers(SIZE, size=POOLS), rng.normal(size=POOLS), terminal=terminal_last and step == steps - 1
        )
        losses.append(learner.update(rng))
        learner.end_step()
    return losses


def _default_learner(seed: int = 0, **settings: Any) -> DQNLearner:
    config = DQNConfig(**({"batch_size": 4, "replay_capacity": 40} | settings))
    return DQNLearner(config, DefaultQueryNetwork(torch.Generator().manual_seed(seed)))


def _live_default(
    learner: DQNLearner, steps: int, rng: np.random.Generator, pools: int = POOLS, size: int = SIZE
) -> list[float | None]:
    """As `_live`, on default features, with a last step that is terminal."""
    losses = []
    learner.begin_episode()
    for step in range(steps):
        candidates = rng.random((pools, size, ACTION_FEATURES), dtype=np.float32)
        learner.observe(rng.random((1, STATE_FEATURES), dtype=np.float32), candidates)
        learner.store(rng.integers(size, size=pools), rng.normal(size=pools), terminal=step == steps - 1)
        losses.append(learner.update(rng))
        learner.end_step()
    return losses


def _weights(learner: DQNLearner) -> torch.Tensor:
    return torch.cat([tensor.flatten().double() for tensor in learner.network.state_dict().values()])


def _next_choice(network: ReferenceQueryNetwork, batch: Batch) -> torch.Tensor:
    with torch.no_grad():
        values: torch.Tensor = network(batch.states[batch.next_state], batch.next_pools)
    return values


@pytest.mark.parametrize("target", ["double_dqn", "sarsa"])
def test_one_update_is_the_published_rule(target: str) -> None:
    rng = np.random.default_rng(0)
    learner = _learner(target=target, batch_size=8, learning_rate_decay=0.5)
    _live(learner, 6, rng, terminal_last=False)
    learner.observe(
        rng.random((REGIONS, base_length(CLASSES)), dtype=np.float32),
        rng.random((POOLS, SIZE, action_length(CLASSES)), dtype=np.float32),
    )
    batch = learner.replay.sample(8, np.random.default_rng(5), with_next_action=target == "sarsa")
    assert batch is not None
    assert not batch.terminal.any()
    network, lagged = copy.deepcopy(learner.network).train(), copy.deepcopy(learner.target_network)

    values = network(batch.states[batch.state], batch.pools).gather(1, batch.actions[:, None])[:, 0]
    best = batch.next_actions if target == "sarsa" else _next_choice(network, batch).argmax(dim=1)
    following = _next_choice(lagged, batch).gather(1, best[:, None])[:, 0]
    expected = functional.huber_loss(values, batch.rewards + 0.999 * following)

    assert learner.update(np.random.default_rng(5)) == pytest.approx(expected.item(), rel=1e-5)
    assert not learner.network.training
    for name, tensor in network.state_dict().items():
        if "running" in name:
            torch.testing.assert_close(learner.network.state_dict()[name], tensor)


def test_the_target_takes_the_next_value_from_the_lagged_network() -> None:
    rng = np.random.default_rng(0)
    learner = _learner(gamma=1.0)
    _live(learner, 1, rng, terminal_last=False)
    learner.observe(np.zeros((REGIONS, base_length(CLASSES)), np.float32), np.zeros((1, SIZE, 259), np.float32))
    batch = learner.replay.sample(4, rng)
    assert batch is not None
    with torch.no_grad():
        for parameter in learner.target_network.merge.parameters():
            parameter.zero_()
        learner.target_network.merge.bias.fill_(8.0)
        for parameter in learner.target_network.gate.linear.parameters():
            parameter.zero_()

    torch.testing.assert_close(learner._targets(batch), batch.rewards + 4.0)


def test_terminal_transitions_are_worth_their_reward_and_a_batch_of_them_can_be_learned() -> None:
    rng = np.random.default_rng(0)
    learner = _learner()

    losses = _live(learner, 1, rng)

    assert losses[0] is not None
    batch = learner.replay.sample(4, rng)
    assert batch is not None
    assert batch.terminal.all()
    torch.testing.assert_close(learner._targets(batch), batch.rewards)


def test_a_single_transition_among_terminal_ones_can_be_learned() -> None:
    rng = np.random.default_rng(0)
    learner = _learner(batch_size=5)
    state = rng.random((REGIONS, base_length(CLASSES)), dtype=np.float32)
    for count, terminal in ((1, False), (4, True)):
        learner.observe(state, rng.random((count, SIZE, action_length(CLASSES)), dtype=np.float32))
        learner.store(np.zeros(count, dtype=np.int64), 1.0, terminal)

    loss = learner.update(rng)

    assert loss is not None
    assert math.isfinite(loss)


def test_nothing_is_learned_before_a_batch_is_full() -> None:
    learner = _learner(batch_size=6)
    before = _weights(learner)

    assert _live(learner, 1, np.random.default_rng(0)) == [None]
    assert torch.equal(_weights(learner), before)


def test_several_updates_a_step_learn_more() -> None:
    once, thrice = (_learner(updates=updates) for updates in (1, 3))

    for learner in (once, thrice):
        _live(learner, 1, np.random.default_rng(0))

    assert once.network.merge_norm.num_batches_tracked == 1
    assert thrice.network.merge_norm.num_batches_tracked == 3


def test_the_target_network_follows_after_steps_0_5_and_10_of_each_episode() -> None:
    learner = _learner(target_sync=5)
    rng = np.random.default_rng(0)
    copied = []
    for _episode in range(2):
        learner.begin_episode()
        for _step in range(7):
            with torch.no_grad():
                learner.network.merge.bias += 1
            learner.end_step()
            copied.append(torch.equal(learner.network.merge.bias, learner.target_network.merge.bias))
    _live(learner, 1, rng)

    episode = [True, False, False, False, False, True, False]
    assert copied == episode + episode
    assert not learner.target_network.training


def test_the_copy_includes_the_running_statistics() -> None:
    learner = _learner()

    _live(learner, 1, np.random.default_rng(0))

    assert learner.network.merge_norm.running_mean is not None
    assert learner.target_network.merge_norm.running_mean is not None
    assert learner.network.merge_norm.running_mean.abs().sum() > 0
    assert torch.equal(learner.network.merge_norm.running_mean, learner.target_network.merge_norm.running_mean)


def test_the_learning_rate_falls_each_step_and_once_after_each_episode() -> None:
    learner = _learner(learning_rate=1e-3, learning_rate_decay=0.97)

    for _step in range(20):
        learner.end_step()
    learner.end_episode()

    assert learner.learning_rate == pytest.approx(1e-3 * 0.97**21)


def test_the_falling_rate_is_the_one_that_is_used() -> None:
    learner = _learner(learning_rate_decay=0.01, weight_decay=0.0)
    rng = np.random.default_rng(0)
    moved = []
    for _step in range(3):
        before = learner.network.merge.weight.detach().clone()
        _live(learner, 1, rng)
        moved.append((learner.network.merge.weight - before).abs().max().item())

    assert moved[0] > 10 * moved[1] > 100 * moved[2] > 0


def test_exploration_falls_over_all_episodes() -> None:
    learner = _learner()
    for _step in range(10):
        learner.end_step()
    learner.begin_episode()

    assert learner.epsilon == pytest.approx(0.05 + 0.85 * math.exp(-1))


@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
def test_a_restored_learner_goes_on_with_the_same_numbers(optimiser: str) -> None:
    learner = _learner(optimiser=optimiser, updates=2, target_sync=3)
    _live(learner, 4, np.random.default_rng(0), terminal_last=False)
    restored = _learner(seed=9, optimiser=optimiser, updates=2, target_sync=3)
    restored.load_state_dict({name: tensor.clone() for name, tensor in learner.state_dict().items()})

    losses = _live(learner, 5, np.random.default_rng(1))

    assert losses == _live(restored, 5, np.random.default_rng(1))
    assert torch.equal(_weights(learner), _weights(restored))
    assert learner.epsilon == restored.epsilon
    assert learner.learning_rate == restored.learning_rate
    assert torch.equal(learner.target_network.merge.weight, restored.target_network.merge.weight)


def test_a_learner_that_has_done_nothing_can_be_restored() -> None:
    restored = _learner(seed=1)
    restored.load_state_dict(_learner(seed=0).state_dict())

    assert torch.equal(_weights(restored), _weights(_learner(seed=0)))


def test_a_checkpoint_of_another_network_or_optimiser_is_refused_and_nothing_changes() -> None:
    learner, other = _learner(), _learner(optimiser="adam")
    _live(other, 2, np.random.default_rng(0))
    before = _weights(learner)
    incomplete = learner.state_dict()
    del incomplete["target.merge.bias"]
    larger = DQNLearner(DQNConfig(), ReferenceQueryNetwork(CLASSES, 7, torch.Generator()))

    for tensors in (other.state_dict(), incomplete, larger.state_dict(), {}):
        with pytest.raises(CheckpointError, match="Resume with the settings it was made with"):
            learner.load_state_dict(tensors)

    assert torch.equal(_weights(learner), before)


def test_a_loss_that_is_not_finite_is_refused_before_it_spoils_the_weights() -> None:
    learner = _learner()
    learner.observe(
        np.zeros((REGIONS, base_length(CLASSES)), np.float32),
        np.zeros((POOLS, SIZE, action_length(CLASSES)), np.float32),
    )
    learner.store([0] * POOLS, math.inf, terminal=True)
    before = learner.network.merge.weight.detach().clone()

    with pytest.raises(ConfigurationError, match=r"Lower dqn\.learning_rate"):
        learner.update(np.random.default_rng(0))

    assert torch.equal(learner.network.merge.weight, before)


def test_temporal_differences_count_squared_up_to_the_knee() -> None:
    """With rewards of ±6 and Q near 0: |d| − ½ where the knee is at 1, d²/2·20 where it is at 20."""
    losses = []
    for knee in (1.0, 20.0):
        learner = _learner(huber_knee=knee)
        learner.observe(
            np.zeros((REGIONS, base_length(CLASSES)), np.float32),
            np.zeros((POOLS, SIZE, action_length(CLASSES)), np.float32),
        )
        learner.store([0] * POOLS, [6, -6, 6, -6], terminal=True)
        losses.append(learner.update(np.random.default_rng(0)))

    assert losses == [pytest.approx(6 - 0.5, abs=0.1), pytest.approx(36 / 40, abs=0.1)]


def test_a_batch_of_one_can_be_learned_by_the_default_network() -> None:
    rng = np.random.default_rng(0)
    learner = _default_learner(batch_size=1)
    before = learner.network.value.weight.detach().clone()

    losses = _live_default(learner, 3, rng)

    assert all(loss is not None and math.isfinite(loss) for loss in losses[1:])
    assert not torch.equal(learner.network.value.weight, before)


def test_the_default_network_learns_from_terminal_transitions_alone() -> None:
    learner = _default_learner(batch_size=4)

    (loss,) = _live_default(learner, 1, np.random.default_rng(0))

    batch = learner.replay.sample(4, np.random.default_rng(0))
    assert loss is not None
    assert batch is not None
    assert batch.terminal.all()


def test_the_default_learner_goes_on_with_the_same_numbers_after_a_pool_of_another_shape() -> None:
    """Episodes with other K and P, as of other data sets; what was remembered in half precision stays what it was."""
    learner, restored = (_default_learner(seed=seed, optimiser="adam", target_sync=3) for seed in (0, 9))
    _live_default(learner, 4, np.random.default_rng(0))
    restored.load_state_dict({name: tensor.clone() for name, tensor in learner.state_dict().items()})

    losses = _live_default(learner, 5, np.random.default_rng(1), pools=7, size=2)

    assert losses == _live_default(restored, 5, np.random.default_rng(1), pools=7, size=2)
    assert learner.state_dict()["replay.pools"].dtype == torch.float16
    assert all(torch.equal(tensor, restored.state_dict()[name]) for name, tensor in learner.state_dict().items())


def test_a_batch_of_one_cannot_be_normalised() -> None:
    with pytest.raises(ConfigurationError, match="Set it to 2 or more"):
        _learner(batch_size=1)


def test_the_default_network_looks_at_chosen_and_real_candidates_alone_and_learns_the_published_rule() -> None:
    """The loss is that of looking at every candidate of every pool, with those that fill up narrow ones."""
    rng = np.random.default_rng(0)
    learner = _default_learner(batch_size=12, updates=1, gamma=0.7, reward_baseline="measured")
    for step, width in enumerate((3, 7, 5, 2)):
        state = rng.normal(size=(1, STATE_FEATURES)).astype(np.float32)
        learner.observe(state, rng.normal(size=(4, width, ACTION_FEATURES)).astype(np.float32))
        learner.store(rng.integers(width, size=4), rng.normal(size=4), terminal=step == 3)
    learner.target_network = DefaultQueryNetwork(torch.Generator().manual_seed(5))
    batch = learner.replay.sample(12, np.random.default_rng(1))
    assert batch is not None
    assert set(batch.next_widths.tolist()) == {7, 5, 2}
    with torch.no_grad():
        values = learner.network(batch.states[batch.state], batch.pools.float())
        best = learner.network(batch.states[batch.next_state], batch.next_pools.float()).argmax(dim=1)
        later = learner.target_network(batch.states[batch.next_state], batch.next_pools.float())
        follows = later.gather(1, best[:, None]).squeeze(1) * ~batch.terminal
        chosen = values.gather(1, batch.actions[:, None]).squeeze(1)
        expected = functional.smooth_l1_loss(
            chosen, batch.rewards + 0.7 * follows, beta=learner.config.huber_knee
        ).item()
    assert learner.update(np.random.default_rng(1)) == pytest.approx(expected, rel=1e-5)
