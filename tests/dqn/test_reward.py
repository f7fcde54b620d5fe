from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src_model.dqn.reward import Reading, Reward, class_frequencies, class_weights
from src_model.exceptions import ConfigurationError

pixel_counts = st.lists(st.integers(0, 10**9), min_size=2, max_size=30)


def _reading(*iou: float) -> Reading:
    values = np.array(iou)
    return Reading(values, ~np.isnan(values))


def test_every_class_gets_one_pixel_more_than_it_has() -> None:
    np.testing.assert_allclose(class_frequencies(np.array([0, 1, 5])), [1 / 9, 2 / 9, 6 / 9])


@given(pixel_counts, st.floats(1.0, 3.0))
def test_weights_are_positive_sum_to_one_and_favour_the_rarer_class(counts: list[int], epsilon: float) -> None:
    frequency = class_frequencies(np.array(counts))

    weights = class_weights(frequency, epsilon)

    assert (weights > 0).all()
    assert weights.sum() == pytest.approx(1.0)
    order = np.argsort(frequency)
    assert (np.diff(weights[order]) <= 1e-15).all()
    rarer = frequency[:, None] < 0.99 * frequency[None, :]
    assert (weights[:, None] > weights[None, :])[rarer & (frequency[None, :] > 1e-6)].all()


@given(pixel_counts, st.floats(0.4, 1.1) | st.just(-2.0) | st.just(math.nan) | st.just(math.inf))
def test_an_epsilon_that_makes_a_logarithm_not_positive_is_refused(counts: list[int], epsilon: float) -> None:
    frequency = class_frequencies(np.array(counts))
    if math.isfinite(epsilon) and frequency.min() + epsilon > 1:
        assert np.isfinite(class_weights(frequency, epsilon)).all()
    else:
        with pytest.raises(ConfigurationError, match=r"Choose a value above 1, for example 1\.02"):
            class_weights(frequency, epsilon)


@pytest.mark.parametrize("epsilon", [0.0, 0.5, 0.75])
def test_an_epsilon_below_one_that_would_favour_the_frequent_class_is_refused(epsilon: float) -> None:
    with pytest.raises(ConfigurationError, match=f"weighted_epsilon = {epsilon} makes the logarithm"):
        class_weights(np.array([0.9, 0.1]), epsilon)


def test_the_published_weights_of_a_road_and_a_motorcycle() -> None:
    road, motorcycle = 1 / math.log(0.369 + 1.02), 1 / math.log(0.000987 + 1.02)
    frequency = np.array([0.369, 0.000987])

    np.testing.assert_allclose(
        class_weights(frequency, 1.02), np.array([road, motorcycle]) / (road + motorcycle), rtol=1e-12
    )


def test_mean_iou_leaves_out_classes_without_labels() -> None:
    reward = Reward("mean_iou", "zero")

    assert reward.value(_reading(0.2, math.nan, 0.6)) == pytest.approx(40.0)


def test_weighted_iou_is_scaled_to_the_supported_weights() -> None:
    reward = Reward("weighted_iou", "zero", weights=np.array([0.1, 0.3, 0.6]))

    assert reward.value(_reading(0.5, 0.1, math.nan)) == pytest.approx(100 * (0.05 + 0.03) / 0.4)


def test_with_equal_weights_both_metrics_agree() -> None:
    reading = _reading(0.2, 0.4, math.nan)

    weighted = Reward("weighted_iou", "zero", weights=np.full(3, 1 / 3)).value(reading)

    assert weighted == pytest.approx(Reward("mean_iou", "zero").value(reading))


def test_a_reward_set_without_labels_is_worth_nothing_and_never_nan() -> None:
    assert Reward("mean_iou", "zero").value(_reading(math.nan, math.nan)) == 0.0


def test_a_gain_is_the_difference_in_points() -> None:
    reward = Reward("mean_iou", "measured")

    assert reward.gain(_reading(0.2, 0.4), _reading(0.3, 0.5)) == pytest.approx(10.0)
    assert reward.needs_first_reading


def test_the_published_first_reward_counts_from_zero() -> None:
    reward = Reward("mean_iou", "zero")

    assert reward.gain(None, _reading(0.2, 0.4)) == pytest.approx(30.0)
    assert not reward.needs_first_reading


def test_a_measured_baseline_must_have_been_measured() -> None:
    with pytest.raises(ConfigurationError, match="Evaluate it on the reward set first"):
        Reward("mean_iou", "measured").gain(None, _reading(0.2))


def test_readings_of_different_reward_sets_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="Read the earlier weights on the new reward set first"):
        Reward("mean_iou", "measured").gain(_reading(0.2, math.nan), _reading(0.2, 0.3))


def test_weighted_iou_without_weights_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="needs class weights"):
        Reward("weighted_iou", "zero")
