"""Entropy, margin, class-balanced margin, impurity, BALD: scores by hand."""

from __future__ import annotations

import numpy as np
import pytest

from src_model.active_learning.acquisition.acquisition import CandidatePool, Context, RegionStatistics, Statistic
from src_model.active_learning.acquisition.registry import make_acquisition
from src_model.config import AcquisitionConfig
from src_model.data.region import Region
from src_model.exceptions import ConfigurationError

NOBODY_LABELLED = Context(labelled_shares=np.zeros(2))


def one_pool(**statistics) -> CandidatePool:
    """Three candidates of ten pixels: all class 0, half and half, one pixel of class 1."""
    given = {
        "counts": np.array([[10.0, 0], [5, 5], [9, 1]]),
        "entropy": np.array([0.1, 0.2, 0.3], dtype=np.float32),
        "margin_by_class": np.array([[6.0, 0], [2, 3], [1, 1]]),
    }
    regions = tuple(Region("a", row, 0, 1, 10) for row in range(3))
    return CandidatePool(regions, 1, 3, RegionStatistics(**{**given, **statistics}))


def choose(name, pool, **settings):
    return make_acquisition(AcquisitionConfig(name=name, **settings)).choose(
        pool, NOBODY_LABELLED, np.random.default_rng(0)
    )


def test_entropy_prefers_the_unsure_region():
    choice = choose("entropy", one_pool())
    assert choice.positions.tolist() == [2]
    assert choice.scores == pytest.approx([0.1, 0.2, 0.3])


def test_margin_is_the_mean_over_pixels():
    choice = choose("margin", one_pool())
    assert choice.positions.tolist() == [0]
    assert choice.scores == pytest.approx([0.6, 0.5, 0.2])


def test_class_balance_lifts_undecided_pixels_of_rare_classes():
    # Class 0 has 24 of 30 pixels, class 1 has 6: weights (6·0.8+1)⁻² and (6·0.2+1)⁻².
    common, rare = 5.8**-2, 2.2**-2
    choice = choose("margin_class_balanced", one_pool())
    assert choice.positions.tolist() == [1]
    assert choice.scores == pytest.approx([0.6 * common, 0.2 * common + 0.3 * rare, 0.1 * common + 0.1 * rare])


def test_class_balance_of_zero_is_plain_margin():
    balanced = choose("margin_class_balanced", one_pool(), class_balance=0.0)
    assert balanced.scores == pytest.approx(choose("margin", one_pool()).scores)


@pytest.mark.parametrize("name", ["bald", "impurity"])
def test_optional_statistics_are_scores_as_they_are(name):
    choice = choose(name, one_pool(**{name: np.array([0.5, 0.7, 0.1], dtype=np.float32)}))
    assert choice.positions.tolist() == [1]
    assert choice.scores == pytest.approx([0.5, 0.7, 0.1])
    assert make_acquisition(AcquisitionConfig(name=name)).needs == {Statistic(name)}


@pytest.mark.parametrize("name", ["bald", "impurity", "label_balance"])
def test_a_statistic_that_was_not_measured_is_named(name):
    with pytest.raises(ConfigurationError, match="was not measured"):
        choose(name, one_pool())


@pytest.mark.parametrize("name", ["label_balance_true", "gain_greedy"])
def test_upper_lines_exist_in_simulation_only(name):
    with pytest.raises(ConfigurationError, match="only a simulation"):
        choose(name, one_pool())


def test_candidates_that_nobody_looked_at_are_refused():
    pool = CandidatePool((Region("a", 0, 0, 1, 1),), 1, 1)
    with pytest.raises(ConfigurationError, match="Scan their images"):
        choose("entropy", pool)


def test_gain_greedy_takes_the_best_even_where_every_gain_is_a_loss():
    context = Context(np.zeros(2), gains=lambda regions: -1.0 - np.arange(len(regions), dtype=np.float64))
    for way in ("pool_wise", "global"):
        rule = make_acquisition(AcquisitionConfig(name="gain_greedy", choice=way))
        choice = rule.choose(one_pool(), context, np.random.default_rng(0))
        assert choice.positions.tolist() == [0]
        assert choice.scores.tolist() == [-1, -2, -3]
