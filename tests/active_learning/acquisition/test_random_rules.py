"""Random and class-balanced random choice: frequencies by hand."""

from __future__ import annotations

import numpy as np
import pytest

from src_model.active_learning.acquisition.acquisition import CandidatePool, Context, RegionStatistics, Statistic
from src_model.active_learning.acquisition.registry import make_acquisition
from src_model.config import AcquisitionConfig
from src_model.data.region import Region

CONTEXT = Context(labelled_shares=np.zeros(3))
DRAWS = 2000


def pool_of(counts, regions_per_query) -> CandidatePool:
    counts = np.asarray(counts, dtype=np.float64)
    regions = tuple(Region("a", row, 0, 1, 10) for row in range(len(counts)))
    statistics = RegionStatistics(counts, np.zeros(len(counts), dtype=np.float32), counts)
    return CandidatePool(regions, regions_per_query, len(counts) // regions_per_query, statistics)


def frequencies(name, pool, **settings):
    """How often each candidate is chosen in one query."""
    rule = make_acquisition(AcquisitionConfig(name=name, **settings))
    rng = np.random.default_rng(0)
    drawn = np.concatenate([rule.choose(pool, CONTEXT, rng).positions for _ in range(DRAWS)])
    return np.bincount(drawn, minlength=len(pool.regions)) / DRAWS


def test_random_is_uniform_within_each_pool_and_needs_nothing():
    pool = CandidatePool(pool_of(np.ones((6, 1)), 2).regions, 2, 3)
    assert frequencies("random", pool) == pytest.approx([1 / 3] * 6, abs=0.04)
    assert make_acquisition(AcquisitionConfig(name="random")).needs == {Statistic.NOTHING}


def test_random_is_uniform_over_all_with_global_choice():
    pool = CandidatePool(pool_of(np.ones((4, 1)), 2).regions, 2, 2)
    assert frequencies("random", pool, choice="global") == pytest.approx([0.5] * 4, abs=0.04)


def test_a_rare_class_is_drawn_as_often_as_a_common_one():
    # Class 0 is nine tenths of the first two regions, class 1 lies in the third alone; class 2 is predicted nowhere.
    pool = pool_of([[10, 0, 0], [10, 0, 0], [5, 5, 0]], 1)
    # Half of the draws are of class 1 and go to the third; the others in proportion 10 : 10 : 5.
    expected = [0.5 * 0.4, 0.5 * 0.4, 0.5 + 0.5 * 0.2]
    assert frequencies("random_class_balanced", pool) == pytest.approx(expected, abs=0.04)
    rule = make_acquisition(AcquisitionConfig(name="random_class_balanced"))
    assert rule.choose(pool, CONTEXT, np.random.default_rng(0)).scores == pytest.approx(expected)


def test_a_pool_draws_among_the_classes_it_shows():
    # Class 1 is in the first pool only: the second pool draws class 0 and never fails.
    pool = pool_of([[0, 10, 0], [10, 0, 0], [10, 0, 0], [10, 0, 0]], 2)
    assert frequencies("random_class_balanced", pool) == pytest.approx([0.5, 0.5, 0.5, 0.5], abs=0.04)


def test_class_balanced_draws_of_all_candidates_are_without_replacement():
    pool = pool_of([[10, 0, 0], [0, 10, 0], [0, 0, 10]], 3)
    assert frequencies("random_class_balanced", pool, choice="global").tolist() == [1, 1, 1]


def test_shares_count_and_not_sizes():
    # A small region of class 1 alone is drawn for it as often as a large one.
    pool = pool_of([[0, 1, 0], [0, 100, 0]], 1)
    assert frequencies("random_class_balanced", pool) == pytest.approx([0.5, 0.5], abs=0.04)
