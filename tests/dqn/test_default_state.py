"""The state of the default features: by hand, and of any D_S."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from src_model.dqn.default_features import LIMIT, STATE_FEATURES, STATE_NAMES, Places, Predicted, Standing
from src_model.dqn.default_state import balance, default_state, squashed

Make = Callable[..., tuple[Predicted, Places, Standing]]


def named(state: np.ndarray) -> dict[str, float]:
    assert state.shape == (1, STATE_FEATURES)
    return dict(zip(STATE_NAMES, state[0].tolist(), strict=True))


def test_the_state_is_the_one_worked_out_by_hand(make_parts: Make) -> None:
    candidates, _, _ = make_parts(4, 2)
    candidates = replace(candidates, probabilities=np.array([[0.9, 0.1], [0.8, 0.2], [1.0, 0.0], [0.5, 0.5]]))
    state_set = replace(candidates, entropy=np.array([2.0, 0.0, 1.0, 0.4]), impurity=np.zeros(4))
    standing = Standing(
        labelled=np.array([[1.0, 0.0], [0.5, 0.5]]),
        iou=np.array([0.6, 0.9]),
        iou_known=np.array([True, False]),
        promised=np.array([1.0, 0.0]),
        found=np.array([1.0, 0.0]),
        budget_used=0.25,
        rewards=(3.0, -1.0),
    )
    state = named(default_state(state_set, candidates, standing, 24, 10))
    expected = {
        "entropy_mean": 0.425,
        "entropy_50": 0.35,
        "entropy_std": np.std([1.0, 0.0, 0.5, 0.2]),
        "impurity_90": 0.0,
        "iou_mean": 0.6,
        "iou_min": 0.6,
        "iou_known": 0.5,
        "labels_min": 0.25,
        "labels_max": 0.75,
        "labels_balance": -(0.75 * np.log(0.75) + 0.25 * np.log(0.25)) / np.log(2),
        "pool_max": 0.8,
        "reliability_min": 0.0,
        "budget_used": 0.25,
        "labelled": np.log(3) / 3,
        "mean_iou": 0.6,
        "reward_1": np.log(4),
        "reward_2": -np.log(2),
        "reward_3": 0.0,
        "classes": np.log(2) / 2,
        "regions_per_query": np.log(24) / 2,
        "pool_size": np.log(10) / 2,
    }
    assert {name: state[name] for name in expected} == pytest.approx(expected, abs=1e-6)


def test_neither_the_order_of_classes_nor_that_of_regions_plays_a_part(make_parts: Make) -> None:
    candidates, _, standing = make_parts(24, 11)
    state_set, _, _ = make_parts(40, 11, seed=1)
    order, regions = np.random.default_rng(0).permutation(11), np.random.default_rng(1).permutation(40)
    by_class = ("labelled", "iou", "iou_known", "promised", "found")
    turned_standing = replace(standing, **{name: getattr(standing, name)[..., order] for name in by_class})
    turned_candidates = replace(candidates, probabilities=candidates.probabilities[:, order])
    turned_set = Predicted(*(getattr(state_set, name)[regions] for name in state_set.__slots__))
    np.testing.assert_array_equal(
        default_state(turned_set, turned_candidates, turned_standing, 4, 6),
        default_state(state_set, candidates, standing, 4, 6),
    )


@pytest.mark.parametrize("classes", [1, 2, 19, 256])
@pytest.mark.parametrize("regions", [0, 1, 30])
def test_the_state_is_as_long_and_as_small_whatever_comes(make_parts: Make, classes: int, regions: int) -> None:
    candidates, _, standing = make_parts(6, classes)
    state_set, _, _ = make_parts(max(1, regions), classes, seed=1)
    for now in (standing, Standing.at_the_start(classes), replace(standing, rewards=(1e9, -1e9, 1.0, 5.0))):
        state = default_state(state_set.rows(slice(regions)), candidates, now, 256, 5000)
        assert state.shape == (1, STATE_FEATURES)
        assert state.dtype == np.float32
        assert np.abs(state).max() <= LIMIT


def test_what_is_not_known_is_zero(make_parts: Make) -> None:
    candidates, _, _ = make_parts(6, 4)
    state = named(default_state(candidates, candidates, Standing.at_the_start(4), 2, 3))
    unknown = [name for name in state if name.partition("_")[0] in {"iou", "labels", "reliability", "reward", "mean"}]
    assert len(unknown) == 14
    assert not any(state[name] for name in unknown)


def test_balance_is_one_for_equal_amounts_and_falls_to_zero_for_a_single_one() -> None:
    assert balance(np.array([2.0, 2.0, 2.0])) == pytest.approx(1.0)
    assert balance(np.array([0.0, 5.0, 0.0])) == 0.0
    assert balance(np.array([4.0])) == 1.0
    assert balance(np.zeros(3)) == 0.0


def test_rewards_keep_their_sign_and_lose_their_size() -> None:
    assert squashed(np.e - 1) == pytest.approx(1.0)
    assert squashed(-(np.e - 1)) == pytest.approx(-1.0)
