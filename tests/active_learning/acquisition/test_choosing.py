"""Choosing K of N, pool-wise and globally."""

from __future__ import annotations

import numpy as np
import pytest

from src_model.active_learning.acquisition.acquisition import CandidatePool
from src_model.active_learning.acquisition.choosing import choose_by_score, choose_in_turn
from src_model.config import AcquisitionConfig
from src_model.data.region import Region

POOL_WISE = AcquisitionConfig()
GLOBAL = AcquisitionConfig(choice="global")


def pool_of(images: str, regions_per_query: int) -> CandidatePool:
    regions = tuple(Region(image, row, 0, 1, 1) for row, image in enumerate(images))
    return CandidatePool(regions, regions_per_query, len(regions) // regions_per_query)


class FixedScores:
    """A greedy rule whose scores do not change, and which remembers what it took."""

    def __init__(self, scores):
        self.fixed = np.asarray(scores, dtype=float)
        self.taken = []

    def scores(self, positions):
        return self.fixed[positions]

    def take(self, position):
        self.taken.append(position)


def in_turn(pool, scores, config, rng):
    return choose_in_turn(pool, FixedScores(scores), config, rng)[0].tolist()


def by_score(pool, scores, config, rng):
    return choose_by_score(pool, np.asarray(scores, dtype=float), config, rng).positions.tolist()


both_ways = pytest.mark.parametrize("choose", [by_score, in_turn])


@both_ways
def test_pool_wise_takes_the_best_of_each_pool_in_pool_order(choose):
    scores = [1, 9, 2, 8, 7, 6]
    assert choose(pool_of("aaabbb", 2), scores, POOL_WISE, np.random.default_rng(0)) == [1, 3]


@both_ways
def test_global_takes_the_best_of_all_in_order_of_score(choose):
    scores = [1, 9, 2, 8, 7, 6]
    assert choose(pool_of("aaabbb", 3), scores, GLOBAL, np.random.default_rng(0)) == [1, 3, 4]


@both_ways
@pytest.mark.parametrize(("config", "expected"), [(POOL_WISE, [0, 2]), (GLOBAL, [0, 1])])
def test_equal_scores_go_to_the_lower_position(choose, config, expected):
    assert choose(pool_of("abab", 2), [3, 3, 3, 3], config, np.random.default_rng(0)) == expected


@both_ways
def test_many_equal_scores_are_taken_from_the_front(choose):
    assert choose(pool_of("a" * 60, 20), [1.0] * 60, GLOBAL, np.random.default_rng(0)) == list(range(20))


@both_ways
def test_the_cap_sends_the_query_to_other_images(choose):
    config = AcquisitionConfig(choice="global", max_regions_per_image=1)
    assert choose(pool_of("aabbc?", 3), [9, 8, 7, 6, 1, 0], config, np.random.default_rng(0)) == [0, 2, 4]


@both_ways
def test_a_cap_that_leaves_too_few_lifts_for_the_best_of_the_rest(choose):
    config = AcquisitionConfig(choice="global", max_regions_per_image=1)
    assert choose(pool_of("aabb", 4), [9, 8, 7, 6], config, np.random.default_rng(0)) == [0, 2, 1, 3]


@both_ways
def test_noise_draws_in_proportion_to_a_power_of_the_score(choose):
    # One draw with Gumbel noise 1/β = 0.5 takes candidate i with probability s_i² / Σ s².
    config = AcquisitionConfig(choice="global", noise=0.5)
    rng = np.random.default_rng(0)
    pool = pool_of("abc", 1)
    drawn = [choose(pool, [1, 2, 0], config, rng)[0] for _ in range(2000)]
    assert np.bincount(drawn, minlength=3) / 2000 == pytest.approx([0.2, 0.8, 0.0], abs=0.03)


def test_noise_is_left_out_of_pool_wise_choice_and_of_the_scores():
    noisy = AcquisitionConfig(noise=100.0)
    choice = choose_by_score(pool_of("abab", 2), np.array([1.0, 2, 3, 1]), noisy, np.random.default_rng(0))
    assert choice.positions.tolist() == [1, 2]
    assert choice.scores.tolist() == [1, 2, 3, 1]


def test_negative_scores_take_noise_as_logarithms():
    config = AcquisitionConfig(choice="global", noise=1.0)
    scores = np.log([0.1, 0.9])
    rng = np.random.default_rng(0)
    pool = pool_of("ab", 1)
    drawn = [choose_by_score(pool, scores, config, rng, log_scores=scores).positions[0] for _ in range(2000)]
    assert np.mean(drawn) == pytest.approx(0.9, abs=0.03)


def test_a_greedy_rule_hears_of_every_choice():
    rule = FixedScores([1, 9, 2, 8, 7, 6])
    positions, scores = choose_in_turn(pool_of("aaabbb", 2), rule, POOL_WISE, np.random.default_rng(0))
    assert rule.taken == positions.tolist() == [1, 3]
    assert scores.tolist() == [9, 8]
