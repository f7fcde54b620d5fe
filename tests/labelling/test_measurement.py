"""Measurement: weights, intervals that hold what they promise, and comparisons that say no more than they know."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src_model.data.region import Region
from src_model.labelling.check_regions import draw_check_regions
from src_model.labelling.intervals import Interval
from src_model.labelling.measurement import (
    LEAST_SUPPORT,
    Change,
    CheckReading,
    Verdict,
    class_text,
    compare,
    gain_text,
    mean_text,
    measure,
)


def reading(counts: np.ndarray, probability: float | np.ndarray = 1.0, per_image: int = 1) -> CheckReading:
    names = tuple(f"img{index // per_image}" for index in range(len(counts)))
    return CheckReading(counts, np.broadcast_to(np.asarray(probability, dtype=np.float64), len(counts)), names)


def street(rng: np.random.Generator, regions: int, skill: float = 0.7) -> np.ndarray:
    """(R, 3, 3) counts of a made-up model: class 2 is rare, in large and small pieces, and hit or missed as a whole."""
    labels = rng.dirichlet([2, 1, 0.05], size=regions) * 1000
    labels[:, 2] *= labels[:, 2] > 10
    hit = rng.beta(4 * skill, 4 * (1 - skill), size=(regions, 3))
    counts = np.zeros((regions, 3, 3))
    for truth in range(3):
        counts[:, truth, truth] = labels[:, truth] * hit[:, truth]
        for other in {0, 1, 2} - {truth}:
            counts[:, truth, other] = labels[:, truth] * (1 - hit[:, truth]) / 2
    return counts.round().astype(np.int64)


def true_iou(counts: np.ndarray) -> np.ndarray:
    hits = np.diagonal(counts.sum(axis=0)).astype(float)
    return hits / (counts.sum(axis=(0, 1)) + counts.sum(axis=(0, 2)) - hits)


def test_iou_of_regions_that_are_all_there_is_that_of_their_pixels() -> None:
    counts = street(np.random.default_rng(0), 40)
    found = measure(reading(counts))
    assert [interval.value for interval in found.iou if interval] == pytest.approx(true_iou(counts).tolist())
    assert found.mean is not None
    assert found.mean.value == pytest.approx(true_iou(counts).mean())
    np.testing.assert_allclose(found.confusion, counts.sum(axis=0))


def test_a_region_drawn_with_half_the_probability_counts_twice() -> None:
    counts = street(np.random.default_rng(0), 10)
    once = measure(reading(counts, np.where(np.arange(10) == 3, 0.25, 0.5)))
    twice = measure(reading(np.concatenate([counts, counts[3:4]])))
    np.testing.assert_allclose(once.confusion, 2 * twice.confusion)
    assert once.mean is not None
    assert twice.mean is not None
    assert once.mean.value == pytest.approx(twice.mean.value)


def test_the_confusion_is_right_on_average_over_every_sample_that_could_be_drawn() -> None:
    counts = street(np.random.default_rng(1), 5)
    samples = list(combinations(range(5), 2))
    # Two of five, each pair equally likely: a region is in with probability 2/5.
    estimates = [measure(reading(counts[list(pair)], 2 / 5)).confusion for pair in samples]
    np.testing.assert_allclose(np.mean(estimates, axis=0), counts.sum(axis=0))


def test_the_confusion_of_drawn_check_regions_is_right_on_average() -> None:
    rng = np.random.default_rng(2)
    counts = street(rng, 12)
    regions = tuple(Region("img", 0, column, 1, 1) for column in range(12))
    total = np.zeros((3, 3))
    for _ in range(4000):
        sample = draw_check_regions(regions, rng, counts.sum(axis=1)).first(4)
        picked = counts[[check.region.column for check in sample]]
        total += np.einsum("r,rij->ij", [1 / check.probability for check in sample], picked)
    np.testing.assert_allclose(total / 4000, counts.sum(axis=0), rtol=0.15)


@pytest.mark.parametrize(("regions", "least", "most"), [(25, 0.9, 0.99), (100, 0.9, 0.99)])
def test_intervals_hold_the_truth_about_95_times_in_100(regions: int, least: float, most: float) -> None:
    rng = np.random.default_rng(regions)
    population = street(rng, 4000)
    truth = true_iou(population)
    held: list[bool] = []
    for _ in range(300):
        found = measure(reading(population[rng.choice(4000, regions, replace=False)], regions / 4000))
        held += [own.low <= value <= own.high for own, value in zip(found.iou, truth.tolist(), strict=True) if own]
    assert len(held) > 600
    assert least < np.mean(held) < most


def test_intervals_of_images_hold_the_truth_where_regions_of_an_image_resemble_each_other() -> None:
    rng = np.random.default_rng(5)
    # Whole images are easy or hard: their regions are copies, so that 80 regions are 20 observations.
    population = np.repeat(street(rng, 1000), 4, axis=0)
    truth, held = true_iou(population), []
    for _ in range(200):
        picked = (rng.choice(1000, 20, replace=False)[:, None] * 4 + np.arange(4)).ravel()
        (first, *_) = measure(reading(population[picked], 0.02, per_image=4)).iou
        assert first is not None
        held.append(first.low <= truth[0] <= first.high)
    assert 0.9 < np.mean(held) <= 0.99


def test_two_equal_models_are_called_different_in_about_one_of_twenty_cases() -> None:
    rng = np.random.default_rng(6)
    changed = [
        compare(first, reading(relabelled(rng, first.counts))).verdict is not Verdict.NO_CHANGE
        for first in (reading(street(rng, 60)) for _ in range(200))
    ]
    assert 0.005 < np.mean(changed) < 0.12


def relabelled(rng: np.random.Generator, counts: np.ndarray, skill: float = 0.7) -> np.ndarray:
    """Another model of this skill on the same labels."""
    support = counts.sum(axis=2)
    hits = np.round(support * rng.beta(4 * skill, 4 * (1 - skill), size=support.shape)).astype(np.int64)
    new = np.zeros_like(counts)
    for truth in range(3):
        left = support[:, truth] - hits[:, truth]
        new[:, truth, truth] = hits[:, truth]
        new[:, truth, (truth + 1) % 3] = left // 2
        new[:, truth, (truth + 2) % 3] = left - left // 2
    return new


def test_a_better_model_is_called_better_and_the_other_way_round_worse() -> None:
    rng = np.random.default_rng(7)
    first = reading(street(rng, 80, skill=0.6))
    second = reading(relabelled(rng, first.counts, skill=0.85))
    there, back = compare(first, second), compare(second, first)
    assert there.verdict is Verdict.BETTER
    assert back.verdict is Verdict.WORSE
    assert there.mean is not None
    assert back.mean is not None
    assert there.mean.value == pytest.approx(-back.mean.value)
    assert there.verdicts[0] is Verdict.BETTER


def test_a_model_is_not_different_from_itself() -> None:
    same = reading(street(np.random.default_rng(8), 60))
    change = compare(same, same)
    assert change.verdict is Verdict.NO_CHANGE
    assert change.mean == Interval(0.0, 0.0, 0.0)


def test_pairing_tells_smaller_differences_than_two_readings_apart() -> None:
    rng = np.random.default_rng(9)
    first = reading(street(rng, 60))
    moved = first.counts.copy()
    moved[:, 0, 0] += moved[:, 0, 1] // 4
    moved[:, 0, 1] -= first.counts[:, 0, 1] // 4
    change, alone = compare(first, reading(moved)), measure(first)
    assert change.mean is not None
    assert alone.mean is not None
    assert change.mean.half_width < alone.mean.half_width / 3


def test_models_read_on_different_regions_are_not_compared() -> None:
    counts = street(np.random.default_rng(0), 20)
    with pytest.raises(ValueError, match="identical check regions"):
        compare(reading(counts), reading(counts[:-1]))
    with pytest.raises(ValueError, match="identical check regions"):
        compare(reading(counts), reading(counts, 0.5))
    with pytest.raises(ValueError, match="identical check regions"):
        compare(reading(counts), reading(counts[::-1].copy()))


def test_a_class_below_the_least_support_is_not_measurable_and_left_out_of_the_mean() -> None:
    counts = street(np.random.default_rng(3), 30)
    counts[:, 2] = 0
    counts[:, :, 2] = 0
    counts[: LEAST_SUPPORT - 1, 2, 2] = 50
    found = measure(reading(counts))
    assert found.iou[2] is None
    assert found.support[2] == LEAST_SUPPORT - 1
    assert found.measured == 2
    assert found.mean is not None
    assert found.mean.value == pytest.approx(true_iou(counts)[:2].mean())
    counts[LEAST_SUPPORT, 2, 2] = 50
    assert measure(reading(counts)).iou[2] is not None


def test_images_are_counted_where_regions_share_one() -> None:
    counts = street(np.random.default_rng(4), 60)
    counts[:, 2] = 0
    counts[:8, 2, 2] = 50
    assert measure(reading(counts)).iou[2] is not None
    assert measure(reading(counts, per_image=4)).iou[2] is None, "eight regions of two images are two observations"


def test_a_class_that_was_never_hit_is_not_thought_to_be_known_exactly() -> None:
    counts = np.zeros((20, 2, 2), dtype=np.int64)
    counts[:, 0, 0] = 100
    counts[:, 1, 0] = 10
    never = measure(reading(counts)).iou[1]
    assert never is not None
    assert never.value == never.low == 0
    assert 0.1 < never.high < 0.3


def test_weights_of_classes_move_the_mean() -> None:
    counts = street(np.random.default_rng(0), 40)
    found = measure(reading(counts), class_weights=(1, 0, 3))
    assert found.mean is not None
    assert found.mean.value == pytest.approx((true_iou(counts) * [0.25, 0, 0.75]).sum())


def test_the_same_reading_gives_the_same_interval() -> None:
    counts = street(np.random.default_rng(0), 40)
    assert measure(reading(counts)).mean == measure(reading(counts)).mean


@pytest.mark.parametrize("classes", [1, 3])
def test_without_check_regions_nothing_is_measurable(classes: int) -> None:
    none = reading(np.zeros((0, classes, classes), dtype=np.int64))
    found = measure(none)
    assert found.iou == (None,) * classes
    assert found.mean is None
    assert compare(none, none).verdict is Verdict.NOT_MEASURABLE
    assert mean_text(found) == "mIoU not measurable yet (0 check regions)"


@given(
    regions=st.integers(0, 30),
    classes=st.integers(1, 5),
    per_image=st.integers(1, 4),
    density=st.floats(0, 1),
    seed=st.integers(0, 10_000),
)
@settings(max_examples=80, deadline=None)
def test_nothing_is_ever_no_number(regions: int, classes: int, per_image: int, density: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 9, (regions, classes, classes)) * (rng.random((regions, classes, classes)) < density)
    first = reading(counts, rng.uniform(0.01, 1, regions), per_image)
    turned = CheckReading(counts[:, :, ::-1].copy(), first.probabilities, first.images)
    found, change = measure(first), compare(first, turned)
    for interval in (*found.iou, found.mean):
        assert interval is None or 0 <= interval.low <= interval.value <= interval.high <= 1
    for interval in (*change.iou, change.mean):
        assert interval is None or interval.low <= interval.value <= interval.high
    assert np.isfinite(found.shares).all()
    assert ((found.shares.sum(axis=1) < 1e-9) | (np.abs(found.shares.sum(axis=1) - 1) < 1e-9)).all()


def test_readings_are_written_as_people_say_them() -> None:
    counts = street(np.random.default_rng(0), 40)
    counts[2:, 2] = 0
    counts[:2, 2, 2] = 5
    found = measure(reading(counts))
    assert class_text("road", found, 0).startswith("IoU road ")
    assert class_text("road", found, 0).endswith(" (40 regions)")
    assert class_text("bicycle", found, 2) == "IoU bicycle: 2 check regions, not measurable"
    assert mean_text(found).endswith("(40 check regions, 2 of 3 classes)")
    assert Interval(0.41, 0.35, 0.47).text == "41 ± 6"
    assert Interval(0.0, 0.0, 0.12).text == "0 (0–12)"


def test_the_gain_is_one_sentence_that_claims_no_more_than_was_measured() -> None:
    up, flat = Interval(0.021, 0.008, 0.034), Interval(-0.013, -0.04, 0.014)
    better = Change(48, (up, None, Interval(-0.1, -0.15, -0.05)), up)
    assert gain_text(better, ("car", "bus", "sky")) == (
        "The last query: better (mIoU +2.1 ± 1.3; car better; sky worse; 48 check regions)."
    )
    assert gain_text(Change(48, (flat,), flat), ("car",)) == (
        "The last query: no change measurable (mIoU −1.3 ± 2.7; 48 check regions)."
    )
    assert gain_text(Change(3, (None,), None), ("car",)) == ("The last query: not measurable yet with 3 check regions.")
