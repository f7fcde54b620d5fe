from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from src_model.dqn.credit import class_credit, rewards_of
from src_model.dqn.reward import Reading, Reward
from src_model.exceptions import ConfigurationError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

READ = Reading(np.array([0.5, 0.2, np.nan]), np.array([True, True, False]))
LATER = Reading(np.array([0.6, 0.6, np.nan]), np.array([True, True, False]))
MEAN = Reward("mean_iou", "measured")


@st.composite
def queries(draw: st.DrawFn) -> tuple[Floats, Floats, Ints]:
    """Gains (C,), weights (C,) and pixels (K, C); classes and regions without pixels are frequent."""
    regions, classes = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    gains = draw(arrays.arrays(np.float64, classes, elements=st.floats(-1, 1)))
    weights = draw(arrays.arrays(np.float64, classes, elements=st.sampled_from([0.0, 0.3, 20.0, 70.0])))
    pixels = draw(arrays.arrays(np.int64, (regions, classes), elements=st.sampled_from([0, 0, 1, 5, 7200])))
    return gains, weights, pixels


def test_who_brought_a_class_gets_its_gain() -> None:
    """Class 0 gains 2 points, brought as 30 + 10; class 1 gains 4, brought by the third; nobody brought class 2."""
    pixels = np.array([[30, 0, 0], [10, 0, 0], [0, 5, 0]])

    credit = class_credit(np.array([0.1, 0.2, 0.03]), np.array([20.0, 20.0, 100.0]), pixels)

    np.testing.assert_allclose(credit, [3 * 2 * 0.75 + 3, 3 * 2 * 0.25 + 3, 3 * 4 + 3])
    assert credit.mean() == pytest.approx(2 + 4 + 3)


@settings(deadline=None)
@given(queries())
def test_the_mean_over_the_regions_is_the_reward_of_the_query(query: tuple[Floats, Floats, Ints]) -> None:
    gains, weights, pixels = query

    assert class_credit(gains, weights, pixels).mean() == pytest.approx(weights @ gains, abs=1e-9)


@settings(deadline=None)
@given(queries(), st.integers(0, 99))
def test_neither_the_order_of_regions_nor_that_of_classes_matters(
    query: tuple[Floats, Floats, Ints], seed: int
) -> None:
    gains, weights, pixels = query
    rng = np.random.default_rng(seed)
    regions, classes = rng.permutation(len(pixels)), rng.permutation(len(gains))

    turned = class_credit(gains[classes], weights[classes], pixels[np.ix_(regions, classes)])

    np.testing.assert_allclose(turned, class_credit(gains, weights, pixels)[regions], atol=1e-9)


@settings(deadline=None)
@given(queries())
def test_a_class_that_nobody_brought_is_spread_evenly(query: tuple[Floats, Floats, Ints]) -> None:
    gains, weights, pixels = query

    credit = class_credit(gains, weights, np.zeros_like(pixels))

    np.testing.assert_allclose(credit, weights @ gains, atol=1e-9)


@settings(deadline=None)
@given(queries())
def test_what_stands_where_a_class_is_not_supported_is_never_looked_at(query: tuple[Floats, Floats, Ints]) -> None:
    gains, weights, pixels = query
    unread = np.where(weights > 0, gains, np.nan)

    np.testing.assert_array_equal(class_credit(unread, weights, pixels), class_credit(gains, weights, pixels))


@settings(deadline=None)
@given(queries(), st.integers(1, 1000))
def test_shares_count_and_not_the_size_of_regions(query: tuple[Floats, Floats, Ints], scale: int) -> None:
    gains, weights, pixels = query
    enlarged = class_credit(gains, weights, pixels * scale)

    np.testing.assert_allclose(enlarged, class_credit(gains, weights, pixels), atol=1e-9)


def test_the_whole_reward_goes_to_each_answered_region_when_it_is_shared() -> None:
    answered = np.array([True, False, True])

    rewards = rewards_of("shared", MEAN, READ, LATER, np.zeros((3, 3), dtype=np.int64), answered)

    np.testing.assert_allclose(rewards, [25, 0, 25])


def test_a_region_that_was_not_answered_takes_no_part() -> None:
    pixels = np.array([[8, 0, 0], [8, 8, 8], [0, 8, 0]])

    rewards = rewards_of("class", MEAN, READ, LATER, pixels, np.array([True, False, True]))

    np.testing.assert_allclose(rewards, [2 * 5, 0, 2 * 20])


@pytest.mark.parametrize("credit", ["shared", "class"])
@pytest.mark.parametrize(
    "reward",
    [MEAN, Reward("weighted_iou", "measured", np.array([0.2, 0.5, 0.3])), Reward("mean_iou", "zero")],
    ids=["mean", "weighted", "zero"],
)
def test_the_mean_over_the_answered_is_the_gain_of_the_metric(
    credit: Literal["shared", "class"], reward: Reward
) -> None:
    before = None if reward.baseline == "zero" else READ
    pixels = np.array([[8, 3, 1], [0, 0, 0], [0, 8, 9]])

    rewards = rewards_of(credit, reward, before, LATER, pixels, np.ones(3, dtype=bool))

    assert rewards.mean() == pytest.approx(reward.gain(before, LATER))


@pytest.mark.parametrize("credit", ["shared", "class"])
def test_without_answers_and_without_supported_classes_there_is_nothing_to_share(
    credit: Literal["shared", "class"],
) -> None:
    nothing = Reading(np.full(3, np.nan), np.zeros(3, dtype=bool))
    pixels = np.ones((2, 3), dtype=np.int64)

    assert rewards_of(credit, MEAN, READ, LATER, pixels, np.zeros(2, dtype=bool)).tolist() == [0, 0]
    assert rewards_of(credit, MEAN, nothing, nothing, pixels, np.ones(2, dtype=bool)).tolist() == [0, 0]


def test_readings_of_different_classes_are_refused() -> None:
    other = Reading(LATER.iou, np.array([True, False, False]))
    pixels, answered = np.ones((1, 3), dtype=np.int64), np.ones(1, dtype=bool)

    with pytest.raises(ConfigurationError, match="gained or lost classes"):
        rewards_of("class", MEAN, READ, other, pixels, answered)
