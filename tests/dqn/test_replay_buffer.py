from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from src_model.dqn.replay_buffer import Batch, ReplayBuffer
from src_model.exceptions import CheckpointError, ConfigurationError

Array = npt.NDArray[np.float32]


def _state(step: int) -> Array:
    return np.full((2, 3), step, dtype=np.float32)


def _pools(step: int, count: int = 2, width: int = 3) -> Array:
    """Candidate (k, p) of a step holds the feature 100·step + 10·k + p."""
    steps, pools, candidates = np.ogrid[step : step + 1, :count, :width]
    return (100 * steps + 10 * pools + candidates)[0, :, :, None].repeat(2, axis=-1).astype(np.float32)


def _lived(steps: int, capacity: int = 100, terminal: Sequence[int] = ()) -> ReplayBuffer:
    """A buffer that has seen so many steps of two pools; in step t candidate t % 3 was chosen, reward 10·t + k."""
    buffer = ReplayBuffer(capacity)
    for step in range(steps):
        buffer.observe(_state(step), _pools(step))
        buffer.resolve([step % 3] * 2, [10 * step, 10 * step + 1], terminal=step in terminal)
    return buffer


def _all(buffer: ReplayBuffer, with_next_action: bool = False) -> Batch:
    batch = buffer.sample(len(buffer.ready(with_next_action)), np.random.default_rng(0), with_next_action)
    assert batch is not None
    order = batch.pools[:, 0, 0].argsort()
    return Batch(batch.states, *(tensor[order] for tensor in batch[1:]))


def test_a_transition_waits_until_the_next_step_is_seen() -> None:
    buffer = ReplayBuffer(10)
    buffer.observe(_state(0), _pools(0))
    assert len(buffer) == len(buffer.ready(False)) == 0

    buffer.resolve([1, 2], 5.0, terminal=False)
    assert (len(buffer), len(buffer.ready(False))) == (2, 0)

    buffer.observe(_state(1), _pools(1))
    assert (len(buffer), len(buffer.ready(False)), len(buffer.ready(True))) == (2, 2, 0)

    buffer.resolve([0, 0], 5.0, terminal=False)
    assert (len(buffer.ready(False)), len(buffer.ready(True))) == (2, 2)


def test_a_terminal_transition_is_ready_at_once() -> None:
    batch = _all(_lived(1, terminal=[0]))

    assert batch.terminal.tolist() == [True, True]


def test_a_transition_holds_what_was_stored() -> None:
    batch = _all(_lived(3, terminal=[2]))

    assert batch.states[batch.state, 0, 0].tolist() == [0, 0, 1, 1, 2, 2]
    assert batch.states[batch.next_state, 0, 0].tolist() == [1, 1, 2, 2, 2, 2]
    assert batch.pools[:, 1, 0].tolist() == [1, 11, 101, 111, 201, 211]
    assert batch.next_pools[:4, 0, 0].tolist() == [100, 110, 200, 210]
    assert batch.actions.tolist() == [0, 0, 1, 1, 2, 2]
    assert batch.next_actions[:4].tolist() == [1, 1, 2, 2]
    assert batch.rewards.tolist() == [0, 1, 10, 11, 20, 21]
    assert batch.terminal.tolist() == [False] * 4 + [True] * 2


def test_a_state_is_kept_once_a_step_and_once_a_batch() -> None:
    buffer = _lived(4, terminal=[3])

    assert len(buffer.state_dict()["states"]) == 4
    assert len(_all(buffer).states) == 4


def test_what_is_observed_is_copied() -> None:
    buffer = ReplayBuffer(10)
    state, pools = _state(0), _pools(0)
    buffer.observe(state, pools)
    buffer.resolve([0, 0], 1.0, terminal=True)

    state[:], pools[:] = -1, -1

    batch = _all(buffer)
    assert (batch.states >= 0).all()
    assert (batch.pools >= 0).all()


def test_the_oldest_go_first_and_their_states_with_them() -> None:
    buffer = _lived(6, capacity=5, terminal=[5])

    assert len(buffer) == 5
    assert _all(buffer).rewards.tolist() == [31, 40, 41, 50, 51]
    assert buffer.state_dict()["steps"].tolist() == [3, 4, 5]


def test_episodes_are_not_linked() -> None:
    batch = _all(_lived(4, terminal=[1, 3]))

    assert batch.terminal.tolist() == [False, False, True, True, False, False, True, True]
    assert batch.states[batch.next_state, 0, 0].tolist()[:2] == [1, 1]


def test_an_episode_that_broke_off_leaves_no_transition_at_its_end() -> None:
    buffer = _lived(2)
    buffer.observe(_state(2), _pools(2))
    buffer.begin_episode()
    buffer.observe(_state(9), _pools(9))

    assert _all(buffer).rewards.tolist() == [0, 1, 10, 11]
    buffer.begin_episode()
    buffer.observe(_state(10), _pools(10))
    assert len(buffer.ready(False)) == 4


def test_memory_is_bounded_whatever_the_pools_look_like() -> None:
    """Twenty thousand candidates of 154 features from pools of 10 in half precision: 62 MB, however long it lives."""
    rng = np.random.default_rng(0)
    buffer = ReplayBuffer(2000, np.float16)
    for step in range(160):
        count, width = int(rng.integers(1, 25)), int(rng.integers(2, 11))
        buffer.observe(np.zeros((1, 40), np.float32), np.ones((count, width, 154), np.float32))
        buffer.resolve([0] * count, 0.0, terminal=step % 20 == 19)

    kept = sum(tensor.numel() * tensor.element_size() for tensor in buffer.state_dict().values())
    assert len(buffer) == 2000
    assert 0 < kept - 2000 * 10 * 154 * 2 < 2000 * 100


def test_what_is_kept_in_half_precision_comes_back_in_it() -> None:
    buffer = ReplayBuffer(10, np.float16)
    pools = np.array([[[0.1, -3.0, 1 / 3]]], dtype=np.float32)
    buffer.observe(_state(0), pools)
    buffer.resolve([0], 1.0, terminal=True)

    batch = _all(buffer)

    assert batch.pools.dtype == batch.next_pools.dtype == torch.float16
    np.testing.assert_array_equal(batch.pools.numpy(), pools.astype(np.float16).astype(np.float32))


def test_a_query_that_is_drawn_again_replaces_the_first() -> None:
    buffer = _lived(1)
    buffer.observe(_state(1), _pools(1))
    buffer.observe(_state(7), _pools(7))

    batch = _all(buffer)

    assert batch.next_pools[:, 0, 0].tolist() == [700, 710]
    assert batch.states[batch.next_state, 0, 0].tolist() == [7, 7]


def test_a_refused_answer_stores_no_transition() -> None:
    buffer = ReplayBuffer(10)
    buffer.observe(_state(0), _pools(0))
    buffer.resolve([-1, 2], 1.0, terminal=True)

    assert _all(buffer).actions.tolist() == [2]


def test_sarsa_leaves_out_what_was_followed_by_a_refused_answer() -> None:
    buffer = _lived(1)
    buffer.observe(_state(1), _pools(1))
    buffer.resolve([-1, 2], 1.0, terminal=True)

    assert _all(buffer, with_next_action=True).actions.tolist() == [0, 2]
    assert _all(buffer).actions.tolist() == [0, 0, 2]


def test_a_smaller_last_step_repeats_its_candidates_and_is_shared_by_the_pools_before() -> None:
    buffer = _lived(1)
    buffer.observe(_state(1), _pools(1, count=1, width=2))

    batch = _all(buffer)

    assert batch.next_pools[:, :, 0].tolist() == [[100, 101, 100], [100, 101, 100]]


def test_a_wider_or_larger_step_makes_room() -> None:
    buffer = _lived(3, capacity=6)
    buffer.observe(_state(3), _pools(3, count=4, width=5))
    buffer.resolve([4, 4, 4, 4], 30.0, terminal=True)

    batch = _all(buffer)

    assert batch.pools[:, :, 0].tolist()[:2] == [[200, 201, 202, 200, 201], [210, 211, 212, 210, 211]]
    assert batch.next_pools[:2, 4, 0].tolist() == [304, 314]
    assert batch.rewards.tolist() == [20, 21, 30, 30, 30, 30]


def test_a_batch_holds_no_transition_twice() -> None:
    batch = _lived(5, terminal=[4]).sample(10, np.random.default_rng(3))

    assert batch is not None
    assert sorted(batch.rewards.tolist()) == [0, 1, 10, 11, 20, 21, 30, 31, 40, 41]


def test_too_little_experience_gives_no_batch_and_draws_nothing() -> None:
    rng = np.random.default_rng(0)

    assert _lived(1, terminal=[0]).sample(3, rng) is None
    assert rng.random() == np.random.default_rng(0).random()


def test_features_of_another_length_are_refused() -> None:
    buffer = _lived(1)

    with pytest.raises(ConfigurationError, match="Train a new policy"):
        buffer.observe(_state(1), np.zeros((2, 3, 9), dtype=np.float32))
    with pytest.raises(ConfigurationError, match="the state set have changed"):
        buffer.observe(np.zeros((9, 3), dtype=np.float32), _pools(1))


@pytest.mark.parametrize("actions", [[0], [0, 1, 2]])
def test_every_pool_needs_an_action(actions: list[int]) -> None:
    buffer = ReplayBuffer(4)
    buffer.observe(_state(0), _pools(0))

    with pytest.raises(ValueError, match="actions for 2 observed pools"):
        buffer.resolve(actions, 0.0, terminal=False)


def test_an_answer_without_a_question_is_refused() -> None:
    with pytest.raises(ValueError, match="0 observed pools"):
        ReplayBuffer(4).resolve([], 0.0, terminal=False)


@settings(deadline=None, max_examples=40)
@given(
    sizes=st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4), st.booleans()), min_size=1, max_size=12),
    capacity=st.integers(1, 15),
    cut=st.integers(0, 12),
)
def test_a_restored_buffer_goes_on_exactly_like_the_original(
    sizes: list[tuple[int, int, bool]], capacity: int, cut: int
) -> None:
    buffer = restored = ReplayBuffer(capacity)
    for step, (count, width, terminal) in enumerate(sizes):
        if step == cut:
            restored = ReplayBuffer(capacity)
            restored.load_state_dict({name: tensor.clone() for name, tensor in buffer.state_dict().items()})
        for each in {id(buffer): buffer, id(restored): restored}.values():
            each.observe(_state(step), _pools(step, count, width))
            each.resolve(np.zeros(count, dtype=np.int64), float(step), terminal)

    assert buffer.ready(False).tolist() == restored.ready(False).tolist()
    count = len(buffer.ready(False))
    if count:
        ours, theirs = (each.sample(count, np.random.default_rng(1)) for each in (buffer, restored))
        assert ours is not None
        assert theirs is not None
        assert all(torch.equal(one, other) for one, other in zip(ours, theirs, strict=True))
        own = ours.pools[:, 0, 0] // 100
        assert torch.equal(ours.rewards, own)
        assert torch.equal(ours.states[ours.state, 0, 0], own)
        follows = ~ours.terminal
        assert torch.equal(ours.next_pools[follows, 0, 0] // 100, own[follows] + 1)
        assert torch.equal(ours.states[ours.next_state, 0, 0][follows], own[follows] + 1)


def test_a_buffer_can_be_saved_in_the_middle_of_a_step() -> None:
    buffer = _lived(1)
    buffer.observe(_state(1), _pools(1))
    restored = ReplayBuffer(100)
    restored.load_state_dict(buffer.state_dict())

    restored.resolve([1, 1], 3.0, terminal=True)

    assert _all(restored).rewards.tolist() == [0, 1, 3, 3]


def test_an_incomplete_buffer_is_refused_and_nothing_changes() -> None:
    tensors = _lived(3).state_dict()
    buffer = _lived(2, terminal=[1])

    for damaged in ({"counters": tensors["counters"]}, tensors | {"rewards": tensors["rewards"][:1]}, {}):
        with pytest.raises(CheckpointError, match="incomplete"):
            buffer.load_state_dict(damaged)

    assert _all(buffer).rewards.tolist() == [0, 1, 10, 11]


def test_how_many_candidates_a_pool_really_held_is_known_also_after_a_restart() -> None:
    buffer = ReplayBuffer(100)
    for step, width in enumerate((2, 5, 3)):
        buffer.observe(_state(step), _pools(step, width=width))
        buffer.resolve([0, 1], 0.0, terminal=step == 2)
    restored = ReplayBuffer(100)
    restored.load_state_dict(buffer.state_dict())
    for either in (buffer, restored):
        assert _all(either).next_widths.tolist() == [5, 5, 3, 3, 3, 3]


def test_a_buffer_kept_without_widths_takes_every_candidate_for_real() -> None:
    buffer = ReplayBuffer(100)
    for step, width in enumerate((2, 5)):
        buffer.observe(_state(step), _pools(step, width=width))
        buffer.resolve([0, 1], 0.0, terminal=step == 1)
    tensors = buffer.state_dict()
    del tensors["widths"]
    restored = ReplayBuffer(100)
    restored.load_state_dict(tensors)
    assert _all(restored).next_widths.tolist() == [5, 5, 5, 5]
