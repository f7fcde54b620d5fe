"""Evolution: noisy comparisons of whole episodes move weights uphill."""

from __future__ import annotations

import numpy as np
import pytest

from src_model.policy_training.evolution import moved, settled, votes


def test_votes_are_measured_by_their_size_and_an_outlier_does_not_decide_alone() -> None:
    assert votes(np.array([2.0, -2.0])).tolist() == [1.0, -1.0]
    assert votes(np.array([4.0, -4.0])).tolist() == [1.0, -1.0]
    assert votes(np.zeros(3)).tolist() == [0.0, 0.0, 0.0]
    assert votes(np.array([100.0] + 99 * [0.1])).max() == 2.5


def test_weights_move_towards_what_won() -> None:
    disturbances = np.array([[1.0, 0.0], [0.0, 2.0]])
    assert moved(np.zeros(2), disturbances, np.array([1.0, -1.0]), rate=0.1) == pytest.approx([0.05, -0.1])


def test_what_is_kept_is_the_mean_of_the_second_half() -> None:
    assert settled(np.array([[9.0], [9.0], [1.0], [3.0]])).tolist() == [2.0]
    assert settled(np.array([[5.0]])).tolist() == [5.0]


@pytest.mark.parametrize("seed", range(3))
def test_a_hill_is_climbed_through_noise_ten_times_the_size_of_a_step(seed: int) -> None:
    rng = np.random.default_rng(seed)
    top = rng.standard_normal(40)
    history = [np.zeros(40)]
    for _ in range(60):
        disturbances = rng.standard_normal((36, 40))
        above, below = (-np.square(history[-1] + sign * 0.15 * disturbances - top).sum(axis=1) for sign in (1, -1))
        differences = above - below + rng.normal(0, 5, 36)
        history.append(moved(history[-1], disturbances, votes(differences), rate=0.3))
    reached = settled(np.stack(history))
    assert np.linalg.norm(reached - top) < 0.5 * np.linalg.norm(top)
    blind = [np.zeros(40)]
    for _ in range(60):
        blind.append(moved(blind[-1], rng.standard_normal((36, 40)), votes(rng.normal(0, 5, 36)), rate=0.3))
    assert np.linalg.norm(settled(np.stack(blind)) - top) > 0.9 * np.linalg.norm(top)
