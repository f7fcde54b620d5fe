"""Label balance, with predicted and with true shares."""

from __future__ import annotations

import numpy as np
import pytest

from src_model.active_learning.acquisition.acquisition import CandidatePool, Context, RegionStatistics, Statistic
from src_model.active_learning.acquisition.registry import make_acquisition
from src_model.config import AcquisitionConfig
from src_model.data.region import Region
from src_model.dqn.default_features import SMOOTHING


def pool_of(shares, regions_per_query) -> CandidatePool:
    shares = np.asarray(shares, dtype=np.float64)
    regions = tuple(Region("a", row, 0, 1, 1) for row in range(len(shares)))
    statistics = RegionStatistics(shares, np.zeros(len(shares), dtype=np.float32), shares, probabilities=shares)
    return CandidatePool(regions, regions_per_query, len(shares) // regions_per_query, statistics)


def choose(pool, labelled, **settings):
    rule = make_acquisition(AcquisitionConfig(name="label_balance", **settings))
    return rule.choose(pool, Context(np.asarray(labelled, dtype=float)), np.random.default_rng(0))


def test_the_class_with_fewest_labels_is_asked_for():
    choice = choose(pool_of([[1, 0], [0, 1]], 1), labelled=[4, 1])
    assert choice.positions.tolist() == [1]
    expected = [np.log((5 + SMOOTHING) / (4 + SMOOTHING)), np.log((2 + SMOOTHING) / (1 + SMOOTHING))]
    assert choice.scores == pytest.approx(expected)


def test_what_the_query_has_taken_already_counts():
    # Both pools offer the same; after class 1 came from the first, the second gives class 0.
    choice = choose(pool_of([[1, 0], [0, 1]] * 2, 2), labelled=[1, 0.5])
    assert choice.positions.tolist() == [1, 2]


def test_scores_are_those_at_the_turn_and_at_the_end():
    choice = choose(pool_of([[1, 0], [0, 1]] * 2, 2), labelled=[1, 0.5])
    n0, n1 = 1 + SMOOTHING, 0.5 + SMOOTHING
    at_turn = {1: np.log1p(1 / n1), 2: np.log1p(1 / n0)}
    at_end = {0: np.log1p(1 / (n0 + 1)), 3: np.log1p(1 / (n1 + 1))}
    assert choice.scores == pytest.approx([{**at_turn, **at_end}[position] for position in range(4)])


def test_with_no_labels_at_all_a_mixed_region_comes_first():
    # ln(0.01 + 0.5) twice beats ln(1.01) + ln(0.01): no infinity, no NaN.
    choice = choose(pool_of([[1, 0], [0.5, 0.5]], 1), labelled=[0, 0])
    assert choice.positions.tolist() == [1]
    assert np.isfinite(choice.scores).all()


def test_global_choice_takes_each_time_the_best_of_all_that_are_left():
    shares = [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    choice = choose(pool_of(shares, 2), labelled=[1, 0.2, 0.1], choice="global")
    assert choice.positions.tolist() == [3, 2]


def test_the_labelled_shares_are_left_as_they_were():
    labelled = np.array([1.0, 0.5])
    choose(pool_of([[1, 0], [0, 1]], 1), labelled)
    assert labelled.tolist() == [1.0, 0.5]


def test_true_shares_take_the_place_of_predicted_ones():
    pool = pool_of([[1, 0], [0, 1]], 1)
    rule = make_acquisition(AcquisitionConfig(name="label_balance_true"))
    swapped = Context(np.array([4.0, 1.0]), true_shares=lambda regions: np.array([[0.0, 1], [1, 0]]))
    unseen = CandidatePool(pool.regions, 1, 2)
    assert rule.choose(unseen, swapped, np.random.default_rng(0)).positions.tolist() == [0]
    assert rule.needs == {Statistic.TRUE_SHARES, Statistic.NOTHING}


def test_greedy_choice_comes_close_to_the_best_of_all_pairs():
    rng = np.random.default_rng(3)
    shares = rng.dirichlet(np.ones(3), size=6)
    labelled = np.array([2.0, 0.5, 0.1])
    chosen = choose(pool_of(shares, 2), labelled).positions

    def total(first, second):
        return np.log(labelled + SMOOTHING + shares[first] + shares[second]).sum()

    best = max(total(first, second) for first in range(3) for second in range(3, 6))
    assert total(*chosen) >= best - 0.1
