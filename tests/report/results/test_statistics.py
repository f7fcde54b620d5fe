"""Numbers small enough to check by hand, and scipy's own test as a second opinion."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from src_model.report.results.statistics import (
    Estimate,
    area_under_curve,
    holm,
    labels_to_reach,
    mean_interval,
    paired_difference,
    rarest_classes,
    share_of_way,
)


def test_the_interval_of_three_values_is_students_t() -> None:
    estimate = mean_interval([1.0, 2.0, 3.0])
    assert estimate.mean == 2.0
    assert estimate.count == 3
    # t(0.975, 2) = 4.302653 and the standard error is 1 / sqrt(3)
    assert estimate.half_width == pytest.approx(4.302653 / math.sqrt(3), rel=1e-6)


def test_one_value_has_no_interval() -> None:
    assert mean_interval([0.25]) == Estimate(0.25, None, 1)


def test_a_mean_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        mean_interval([])


def test_only_the_seeds_that_both_lines_have_are_compared() -> None:
    result = paired_difference({0: 5.0, 1: 7.0, 2: 100.0}, {1: 4.0, 0: 4.0, 9: -50.0})
    assert result is not None
    assert result.seeds == (0, 1)
    assert result.difference.mean == 2.0  # (1 + 3) / 2


def test_lines_without_a_common_seed_have_no_difference() -> None:
    assert paired_difference({0: 1.0}, {1: 1.0}) is None


def test_one_pair_gives_a_difference_but_no_p_value() -> None:
    result = paired_difference({3: 2.0}, {3: 1.5})
    assert result is not None
    assert result.difference == Estimate(0.5, None, 1)
    assert result.p_value is None


def test_equal_lines_are_not_called_different() -> None:
    result = paired_difference({0: 1.0, 1: 2.0}, {0: 1.0, 1: 2.0})
    assert result is not None
    assert result.p_value == 1.0
    assert result.difference.half_width == 0.0


def test_a_difference_without_any_spread_is_certain() -> None:
    result = paired_difference({0: 2.0, 1: 3.0}, {0: 1.0, 1: 2.0})
    assert result is not None
    assert result.p_value == 0.0


@given(
    st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), min_size=2, max_size=20).filter(
        lambda pairs: len({a - b for a, b in pairs}) > 1
    )
)
def test_the_paired_test_agrees_with_scipy(pairs: list[tuple[int, int]]) -> None:
    first, second = (dict(enumerate(map(float, side))) for side in zip(*pairs, strict=True))
    ours = paired_difference(first, second)
    reference = stats.ttest_rel(list(first.values()), list(second.values()))
    interval = reference.confidence_interval(0.95)
    assert ours is not None
    assert ours.p_value == pytest.approx(float(reference.pvalue), rel=1e-9, abs=1e-12)
    assert ours.difference.half_width == pytest.approx((interval.high - interval.low) / 2, rel=1e-9)


def test_holm_multiplies_by_the_tests_left_and_never_falls() -> None:
    # sorted .01 .03 .04 -> times 3, 2, 1 -> .03 .06 .04 -> running maximum .03 .06 .06
    assert holm([0.04, 0.01, 0.03]) == pytest.approx((0.06, 0.03, 0.06))


def test_holm_stays_at_one() -> None:
    assert holm([0.9, 0.6]) == (1.0, 1.0)


def test_holm_of_nothing_is_nothing() -> None:
    assert holm([]) == ()


def test_the_area_of_a_straight_line_is_its_middle_in_points() -> None:
    assert area_under_curve(np.array([0.0, 10.0]), np.array([0.2, 0.4]), 0, 10) == pytest.approx(30.0)


def test_the_area_weighs_readings_by_the_budget_between_them() -> None:
    # trapezoids: 1 wide at 0.5, 3 wide at 1 -> (0.5 + 3) / 4
    area = area_under_curve(np.array([0.0, 1.0, 4.0]), np.array([0.0, 1.0, 1.0]), 0, 4)
    assert area == pytest.approx(87.5)


def test_a_span_may_begin_and_end_between_readings() -> None:
    # the line x / 4 between 1 and 2 has the mean 0.375
    assert area_under_curve(np.array([0.0, 4.0]), np.array([0.0, 1.0]), 1, 2) == pytest.approx(37.5)


def test_a_curve_is_never_extrapolated() -> None:
    budgets, values = np.array([2.0, 4.0]), np.array([0.1, 0.2])
    assert area_under_curve(budgets, values, 1, 4) is None
    assert area_under_curve(budgets, values, 2, 5) is None
    assert area_under_curve(np.empty(0), np.empty(0), 0, 1) is None


def test_the_area_over_a_single_budget_is_the_height_there() -> None:
    assert area_under_curve(np.array([24.0]), np.array([0.3]), 24, 24) == pytest.approx(30.0)


def test_rare_classes_are_those_with_the_fewest_pixels() -> None:
    support = {"road": 900.0, "pole": 10.0, "sign": 3.0, "car": 10.0}
    assert rarest_classes(support, 3) == ("sign", "car", "pole")


def test_labels_to_reach_a_target_are_read_between_two_budgets() -> None:
    budgets, values = np.array([0.0, 100.0, 200.0]), np.array([0.1, 0.2, 0.4])
    assert labels_to_reach(budgets, values, 0.3) == pytest.approx(150.0)


def test_a_target_below_the_first_reading_costs_the_first_budget() -> None:
    assert labels_to_reach(np.array([24.0, 48.0]), np.array([0.3, 0.4]), 0.1) == 24.0


def test_the_first_crossing_counts_even_if_the_curve_falls_again() -> None:
    assert labels_to_reach(np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 0.0]), 0.5) == pytest.approx(0.5)


def test_a_target_that_is_never_reached_is_said_to_be_so() -> None:
    assert labels_to_reach(np.array([0.0, 1.0]), np.array([0.0, 0.4]), 0.5) is None
    assert labels_to_reach(np.empty(0), np.empty(0), 0.5) is None


def test_the_share_of_the_way_may_lie_outside_both_ends() -> None:
    assert share_of_way(46.0, 45.0, 49.0) == pytest.approx(0.25)
    assert share_of_way(44.0, 45.0, 49.0) == pytest.approx(-0.25)


def test_there_is_no_way_to_an_upper_line_that_is_not_above() -> None:
    assert share_of_way(46.0, 45.0, 45.0) is None
