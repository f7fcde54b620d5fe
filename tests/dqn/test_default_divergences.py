"""Divergences in fixed bins, of all rows and of those that stand for them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from src_model.dqn import default_divergences
from src_model.dqn.default_divergences import (
    FLOOR,
    REPRESENTATIVES,
    divergences_to_each_other,
    divergences_to_labelled,
    representatives,
)
from src_model.dqn.default_features import KL_EDGES, LIMIT


def divergence(p: np.ndarray, q: np.ndarray) -> float:
    p, q = (p + FLOOR) / (p + FLOOR).sum(), (q + FLOOR) / (q + FLOOR).sum()
    return float((p * np.log(p / q)).sum())


def shares(rows: int, classes: int = 19, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.full(classes, 0.2), rows)


def looped(row: np.ndarray, others: np.ndarray) -> list[float]:
    values = np.array([divergence(row, other) for other in others])
    edges = [-np.inf, *KL_EDGES, np.inf]
    return [*(np.histogram(values, edges)[0] / len(others)), np.log1p(values.min())]


def test_bins_are_those_of_a_loop() -> None:
    rows, labelled = shares(6), shares(40, seed=1)
    expected = [looped(row, labelled) for row in rows]
    np.testing.assert_allclose(divergences_to_labelled(rows, labelled), expected, atol=1e-9)


def test_a_candidate_is_not_compared_with_itself() -> None:
    rows = shares(7)
    expected = [looped(row, np.delete(rows, place, axis=0)) for place, row in enumerate(rows)]
    np.testing.assert_allclose(divergences_to_each_other(rows), expected, atol=1e-9)


def test_rows_that_are_not_compared_with_themselves_count_all_representatives() -> None:
    rows = shares(REPRESENTATIVES + 300, classes=3)
    bins = divergences_to_each_other(rows)
    np.testing.assert_allclose(bins[:, :-1].sum(axis=1), 1.0)
    chosen = representatives(len(rows))
    other = np.setdiff1d(np.arange(len(rows)), chosen)[0]
    np.testing.assert_allclose(bins[other], looped(rows[other], rows[chosen]), atol=1e-9)
    own = chosen[5]
    np.testing.assert_allclose(bins[own], looped(rows[own], rows[np.delete(chosen, 5)]), atol=1e-9)


@pytest.mark.parametrize("compare", [lambda row: divergences_to_labelled(row, np.zeros((0, 19))),
                                     divergences_to_each_other])  # fmt: skip
def test_where_there_is_nothing_to_compare_with_everything_is_far(compare: Callable[[np.ndarray], np.ndarray]) -> None:
    np.testing.assert_array_equal(compare(shares(1)), [[0.0] * 8 + [LIMIT]])


def test_equal_rows_are_as_near_as_can_be() -> None:
    bins = divergences_to_each_other(np.repeat(shares(1), 5, axis=0))
    np.testing.assert_allclose(bins, [[1.0] + [0.0] * 8] * 5, atol=1e-12)


def test_representatives_are_all_or_evenly_spread() -> None:
    assert representatives(REPRESENTATIVES).tolist() == list(range(REPRESENTATIVES))
    chosen = representatives(3840)
    assert (len(chosen), chosen[0], chosen[-1]) == (REPRESENTATIVES, 0, 3839)
    assert set(np.diff(chosen)) == {3, 4}


def test_representatives_stand_for_all_labelled_regions(monkeypatch: pytest.MonkeyPatch) -> None:
    """3,840 regions, the published budget on Cityscapes, whose classes drift while they are labelled."""
    rng = np.random.default_rng(0)
    drift = np.linspace(0.05, 0.6, 3840)[:, None] * np.linspace(1, 2, 19)
    labelled = rng.gamma(drift) + 1e-12
    labelled /= labelled.sum(axis=1, keepdims=True)
    rows = shares(480, seed=3)
    fewer = divergences_to_labelled(rows, labelled)
    monkeypatch.setattr(default_divergences, "REPRESENTATIVES", 10_000)
    error = np.abs(fewer - divergences_to_labelled(rows, labelled))
    assert error.any()
    assert error[:, :-1].mean() < 0.005
    assert error[:, :-1].max() < 0.06
    assert error[:, -1].mean() < 0.1
