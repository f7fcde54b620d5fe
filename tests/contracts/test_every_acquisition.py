"""What every acquisition keeps to, whatever its rule."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from src_model.active_learning.acquisition.acquisition import (
    Acquisition,
    CandidatePool,
    Choice,
    Context,
    RegionStatistics,
    Statistic,
)
from src_model.active_learning.acquisition.registry import ACQUISITIONS, make_acquisition
from src_model.config import AcquisitionConfig
from src_model.data.region import Region
from src_model.dqn.default_features import Places, Predicted, Standing
from src_model.dqn.default_query_network import DefaultQueryNetwork
from src_model.dqn.default_state import default_state
from src_model.dqn.default_step import DefaultStep
from src_model.dqn.features import action_length, base_length
from src_model.dqn.query_network import ReferenceQueryNetwork

STATE_REGIONS = 4
WAYS = {
    "pool_wise": {"choice": "pool_wise"},
    "global": {"choice": "global"},
    "global_noise": {"choice": "global", "noise": 1.0},
    "global_cap": {"choice": "global", "max_regions_per_image": 1},
}
TRANSFERABLE = "dqn, default features"
every_acquisition = pytest.mark.parametrize("name", [*ACQUISITIONS, TRANSFERABLE])
every_way = pytest.mark.parametrize("way", WAYS)


def acquisition(name: str, way: str, num_classes: int = 3) -> Acquisition:
    generator = torch.Generator().manual_seed(0)
    if name == TRANSFERABLE:
        return make_acquisition(AcquisitionConfig(name="dqn", **WAYS[way]), DefaultQueryNetwork(generator))
    network = ReferenceQueryNetwork(num_classes, STATE_REGIONS, generator)
    return make_acquisition(AcquisitionConfig(name=name, **WAYS[way]), network)


def candidates(regions_per_query: int, pool_size: int, num_classes: int = 3, seed: int = 0) -> CandidatePool:
    """K·P regions of 60 pixels, three an image; the last of several classes is predicted nowhere."""
    rng = np.random.default_rng(seed)
    number = regions_per_query * pool_size
    shown = max(1, num_classes - 1)
    counts = np.zeros((number, num_classes))
    counts[:, :shown] = rng.multinomial(60, np.full(shown, 1 / shown), size=number)
    statistics = RegionStatistics(
        counts=counts,
        entropy=rng.random(number, dtype=np.float32),
        margin_by_class=counts * rng.random((number, 1)),
        probabilities=rng.dirichlet(np.ones(num_classes), size=number),
        impurity=rng.random(number, dtype=np.float32),
        bald=rng.random(number, dtype=np.float32),
    )
    return CandidatePool(
        regions=tuple(Region(f"image {index // 3}", index % 3, 0, 6, 10) for index in range(number)),
        regions_per_query=regions_per_query,
        pool_size=pool_size,
        statistics=statistics,
        action_features=rng.random((regions_per_query, pool_size, action_length(num_classes)), dtype=np.float32),
        state_features=rng.random((STATE_REGIONS, base_length(num_classes)), dtype=np.float32),
    )


def all_equal(pool: CandidatePool) -> CandidatePool:
    """The same candidates, between which nothing decides."""
    number, num_classes = len(pool.regions), pool.statistics.counts.shape[1]
    counts = np.zeros((number, num_classes))
    counts[:, 0] = 60.0
    flat = np.zeros(number, dtype=np.float32)
    statistics = RegionStatistics(counts, flat, 0 * counts, counts / 60, flat, flat)
    features = np.zeros_like(pool.action_features)
    return CandidatePool(
        pool.regions, pool.regions_per_query, pool.pool_size, statistics, features, pool.state_features
    )


def seen_by(name: str, pool: CandidatePool) -> CandidatePool:
    """The candidates with the features that this rule reads."""
    if name != TRANSFERABLE:
        return pool
    measured, sizes = pool.statistics, (pool.regions_per_query, pool.pool_size)
    predicted = Predicted(
        measured.counts,
        measured.probabilities,
        measured.entropy,
        measured.impurity,
        measured.margin_by_class,
        measured.margin_by_class,
    )
    standing = Standing.at_the_start(measured.counts.shape[1])
    step = DefaultStep(predicted, Places(*np.ones((5, len(pool.regions)))), standing, *sizes)
    state = default_state(predicted, predicted, standing, *sizes)
    return replace(pool, action_features=step.all_pools(), state_features=state, step=step)


def context(num_classes: int = 3) -> Context:
    return Context(
        labelled_shares=np.zeros(num_classes),
        true_shares=lambda regions: np.full((len(regions), num_classes), 1 / num_classes),
        gains=lambda regions: np.linspace(-1.0, 1.0, len(regions)),
    )


def check(choice: Choice, pool: CandidatePool, way: str) -> None:
    assert choice.positions.shape == (pool.regions_per_query,)
    assert choice.positions.dtype == np.int64
    assert len(set(choice.positions.tolist())) == pool.regions_per_query
    assert choice.positions.min() >= 0
    assert choice.positions.max() < len(pool.regions)
    if way == "pool_wise":
        assert (choice.positions // pool.pool_size).tolist() == list(range(pool.regions_per_query))
    assert choice.scores.shape == (len(pool.regions),)
    assert choice.scores.dtype == np.float64
    assert np.isfinite(choice.scores).all()


@every_acquisition
@every_way
@pytest.mark.parametrize(("regions_per_query", "pool_size"), [(4, 5), (1, 6), (6, 1), (1, 1)])
def test_a_query_is_k_different_candidates(name, way, regions_per_query, pool_size):
    pool = seen_by(name, candidates(regions_per_query, pool_size))
    check(acquisition(name, way).choose(pool, context(), np.random.default_rng(0)), pool, way)


@every_acquisition
@every_way
@pytest.mark.parametrize("num_classes", [1, 2, 19])
def test_any_number_of_classes_will_do(name, way, num_classes):
    pool = seen_by(name, candidates(3, 4, num_classes))
    rule = acquisition(name, way, num_classes)
    check(rule.choose(pool, context(num_classes), np.random.default_rng(0)), pool, way)


@every_acquisition
@every_way
def test_candidates_that_are_all_alike_are_no_trouble(name, way):
    pool = seen_by(name, all_equal(candidates(4, 5)))
    check(acquisition(name, way).choose(pool, context(), np.random.default_rng(0)), pool, way)


@every_acquisition
@every_way
def test_the_same_random_numbers_give_the_same_query(name, way):
    pool = seen_by(name, candidates(4, 5))
    first, second = (acquisition(name, way).choose(pool, context(), np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first.positions, second.positions)
    np.testing.assert_array_equal(first.scores, second.scores)


@every_acquisition
def test_no_state_is_kept_between_queries(name):
    rule = acquisition(name, "pool_wise")
    rule.choose(seen_by(name, candidates(4, 5, seed=1)), context(), np.random.default_rng(1))
    pool = seen_by(name, candidates(4, 5))
    again = rule.choose(pool, context(), np.random.default_rng(7))
    fresh = acquisition(name, "pool_wise").choose(pool, context(), np.random.default_rng(7))
    np.testing.assert_array_equal(again.positions, fresh.positions)


@every_acquisition
@every_way
def test_candidates_and_labels_are_left_as_they_were(name, way):
    pool, known = seen_by(name, candidates(4, 5)), context()
    before = copy.deepcopy(pool)
    seen_before = pool.step and pool.step.all_pools()
    acquisition(name, way).choose(pool, known, np.random.default_rng(0))
    for field in ("counts", "entropy", "margin_by_class", "probabilities", "impurity", "bald"):
        np.testing.assert_array_equal(getattr(pool.statistics, field), getattr(before.statistics, field))
    np.testing.assert_array_equal(pool.action_features, before.action_features)
    np.testing.assert_array_equal(pool.state_features, before.state_features)
    assert pool.regions == before.regions
    if pool.step is not None:
        np.testing.assert_array_equal(pool.step.all_pools(), seen_before)
    assert not known.labelled_shares.any()


@every_acquisition
def test_a_cap_keeps_a_query_from_one_image(name):
    pool = seen_by(name, candidates(4, 5))
    choice = acquisition(name, "global_cap").choose(pool, context(), np.random.default_rng(0))
    assert len({pool.regions[position].image for position in choice.positions}) == 4


@every_acquisition
def test_a_rule_gets_by_with_what_it_asked_for(name):
    rule = acquisition(name, "pool_wise")
    assert rule.name == ("dqn" if name == TRANSFERABLE else name)
    full, known = seen_by(name, candidates(4, 5)), context()
    with_features = not rule.needs.isdisjoint({Statistic.FEATURES, Statistic.DEFAULT_FEATURES})
    pool = CandidatePool(
        regions=full.regions,
        regions_per_query=4,
        pool_size=5,
        statistics=None if Statistic.NOTHING in rule.needs else full.statistics,
        action_features=full.action_features if with_features else None,
        state_features=full.state_features if with_features else None,
        step=full.step if Statistic.DEFAULT_FEATURES in rule.needs else None,
    )
    known = Context(
        labelled_shares=known.labelled_shares,
        true_shares=known.true_shares if Statistic.TRUE_SHARES in rule.needs else None,
        gains=known.gains if Statistic.GAINS in rule.needs else None,
    )
    check(rule.choose(pool, known, np.random.default_rng(0)), pool, "pool_wise")
