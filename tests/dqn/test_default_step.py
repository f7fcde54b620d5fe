"""The candidates of a step as the default query network sees them: by hand, and in any class list and order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src_model.dqn.default_features import (
    ACTION_FEATURES,
    LIMIT,
    REGION_FEATURES,
    REGION_NAMES,
    SLOT_FEATURES,
    SLOT_NAMES,
    SLOTS,
    Places,
    Predicted,
    Standing,
)
from src_model.dqn.default_step import DefaultStep, standardised

Make = Callable[..., tuple[Predicted, Places, Standing]]

ONE_HOT = np.array([1.0, 0.0])


def of_region(vector: np.ndarray) -> dict[str, float]:
    return dict(zip(REGION_NAMES, vector[:REGION_FEATURES].tolist(), strict=True))


def slots(vector: np.ndarray) -> list[dict[str, float]]:
    rows = vector[REGION_FEATURES:].reshape(SLOTS, SLOT_FEATURES)
    return [dict(zip(SLOT_NAMES, row.tolist(), strict=True)) for row in rows]


@pytest.fixture
def two_candidates() -> DefaultStep:
    """One pool of two candidates of 100 pixels and two classes; one region of the first class is labelled."""
    candidates = Predicted(
        counts=np.array([[90.0, 10.0], [50.0, 50.0]]),
        probabilities=np.array([[0.75, 0.25], [0.5, 0.5]]),
        entropy=np.array([0.4, 0.8]),
        impurity=np.array([0.0, np.e - 1]),
        margin_by_class=np.array([[45.0, 5.0], [10.0, 40.0]]),
        entropy_by_class=np.array([[18.0, 8.0], [20.0, 60.0]]),
    )
    places = Places(np.array([1.0, 0.5]), *(np.array([0.25, number]) for number in (0.1, 0.2, 0.3, 0.4)))
    standing = Standing(
        labelled=np.array([[1.0, 0.0]]),
        iou=np.array([0.8, 0.5]),
        iou_known=np.array([True, False]),
        promised=np.array([1.0, 0.5]),
        found=np.array([1.0, 0.04]),
    )
    return DefaultStep(candidates, places, standing, 1, 2)


def test_the_numbers_of_a_region_are_those_worked_out_by_hand(two_candidates: DefaultStep) -> None:
    first, second = map(of_region, two_candidates.all_pools()[0])
    gains = [np.log(1 + 0.75 / 1.01) + np.log(26), np.log(1 + 0.5 / 1.01) + np.log(51)]
    rarity = (6 * 140 / 200 + 1) ** -2, (6 * 60 / 200 + 1) ** -2
    assert first["entropy"] == pytest.approx(0.2)
    assert first["margin"] == pytest.approx(0.5)
    assert (first["impurity"], second["impurity"]) == (0.0, pytest.approx(1.0))
    assert first["gain"] == pytest.approx(np.log1p(gains[0]) / 1.6)
    assert second["weighted_margin"] == pytest.approx(0.1 * rarity[0] + 0.4 * rarity[1])
    for name in ("entropy_z", "impurity_z", "gain_z"):
        assert (first[name], second[name]) == pytest.approx((-1.0, 1.0))
    assert (first["margin_z"], second["margin_z"]) == (0.0, 0.0)
    assert (first["cost"], second["cost"]) == pytest.approx((0.0, np.log(0.5)))
    for name, number in {"row": 0.1, "column": 0.2, "image_labelled": 0.3, "neighbours_labelled": 0.4}.items():
        assert (first[name], second[name]) == pytest.approx((0.25, number))


def test_the_numbers_of_a_slot_are_those_worked_out_by_hand(two_candidates: DefaultStep) -> None:
    rare, common, *others = slots(two_candidates.all_pools()[0, 0])
    mean_total = (np.log(1 + 0.75 / 1.01) + np.log(26) + np.log(1 + 0.5 / 1.01) + np.log(51)) / 2
    assert rare == pytest.approx(
        {
            "exists": 1.0,
            "share": 0.25,
            "root_share": 0.5,
            "predicted_share": 0.1,
            "excess": np.log(0.251 / 0.376),
            "margin": 0.5,
            "entropy": 0.4,
            "pool_share": np.sqrt(0.375),
            "iou": 0.0,
            "iou_known": 0.0,
            "reliability": np.log(0.05 / 0.51),
            "labelled": 0.0,
            "labelled_share": 0.0,
            "taken": 0.0,
            "gain": np.log(26) / 2,
            "relative_gain": np.log(26) / mean_total,
        },
        abs=1e-6,
    )
    expected = {
        "share": 0.75,
        "predicted_share": 0.9,
        "iou": 0.8,
        "iou_known": 1.0,
        "reliability": 0.0,
        "labelled": np.log(101) / 4,
        "labelled_share": 1.0,
        "gain": np.log(1 + 0.75 / 1.01) / 2,
    }
    assert {name: common[name] for name in expected} == pytest.approx(expected)
    assert not any(value for slot in others for value in slot.values())


def test_what_the_query_holds_already_lowers_what_more_of_it_is_worth(make_parts: Make) -> None:
    step = DefaultStep(*make_parts(12, 5), 3, 4)
    taken = np.array([0.0, 0.0, 2.0, 0.0, 0.0])
    before, after = step.all_pools()[1], step.pool(1, taken)
    shares = step.probabilities[4:8, 2]
    for candidate in range(4):
        (was,), (now,) = ([slot for slot in slots(row[candidate]) if slot["share"] == np.float32(shares[candidate])]
                          for row in (before, after))  # fmt: skip
        assert (was["taken"], now["taken"]) == (0.0, pytest.approx(np.log(3)))
        assert now["gain"] < was["gain"]
        assert now["labelled"] > was["labelled"]
    assert [of_region(row)["turn"] for row in after] == pytest.approx([1 / 3] * 4)
    same = [name for name in REGION_NAMES if name not in {"gain", "gain_z", "turn"}]
    places = [REGION_NAMES.index(name) for name in same]
    np.testing.assert_array_equal(before[:, places], after[:, places])


def test_a_pool_by_itself_is_seen_as_among_all(make_parts: Make) -> None:
    step = DefaultStep(*make_parts(12, 5), 3, 4)
    np.testing.assert_array_equal(step.pool(0, np.zeros(5)), step.all_pools()[0])


def test_looking_changes_nothing(make_parts: Make) -> None:
    step = DefaultStep(*make_parts(12, 5), 3, 4)
    before = step.all_pools()
    step.pool(2, np.arange(5.0))
    np.testing.assert_array_equal(step.all_pools(), before)


def test_the_classes_described_are_those_of_largest_gain_first(make_parts: Make) -> None:
    candidates, places, standing = make_parts(20, 30)
    for row in DefaultStep(candidates, places, standing, 4, 5).all_pools().reshape(20, -1):
        gains = [slot["gain"] for slot in slots(row)]
        assert gains == sorted(gains, reverse=True)
    gain = np.log1p(candidates.probabilities / (standing.labelled.sum(axis=0) + 0.01))
    first = DefaultStep(candidates, places, standing, 4, 5).all_pools()[0, 0]
    assert slots(first)[0]["gain"] == pytest.approx(gain[0].max() / 2)
    assert slots(first)[-1]["gain"] == pytest.approx(np.sort(gain[0])[-SLOTS] / 2)


def with_classes_in(order: np.ndarray, candidates: Predicted, standing: Standing) -> tuple[Predicted, Standing]:
    by_class: dict[str, Any] = {
        name: getattr(candidates, name)[:, order]
        for name in ("counts", "probabilities", "margin_by_class", "entropy_by_class")
    }
    of_episode: dict[str, Any] = {
        name: getattr(standing, name)[..., order] for name in ("labelled", "iou", "iou_known", "promised", "found")
    }
    return replace(candidates, **by_class), replace(standing, **of_episode)


@settings(deadline=None, max_examples=40)
@given(st.data(), st.sampled_from([1, 2, 7, 11, 19, 66]), st.integers(0, 10_000))
def test_the_order_of_classes_plays_no_part(make_parts: Make, data: st.DataObject, classes: int, seed: int) -> None:
    candidates, places, standing = make_parts(12, classes, seed)
    order = np.array(data.draw(st.permutations(range(classes))))
    taken = np.random.default_rng(seed).exponential(1.0, classes)
    turned = DefaultStep(*_with_places(with_classes_in(order, candidates, standing), places), 3, 4)
    step = DefaultStep(candidates, places, standing, 3, 4)
    np.testing.assert_array_equal(turned.all_pools(), step.all_pools())
    np.testing.assert_array_equal(turned.pool(2, taken[order]), step.pool(2, taken))


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_classes_plays_no_part_among_those_of_no_gain(make_parts: Make, seed: int) -> None:
    """Eleven of twelve classes are predicted nowhere: which of them are described must not depend on their place."""
    candidates, places, standing = make_parts(6, 12)
    only = np.eye(12)[np.zeros(6, dtype=int)]
    candidates = replace(candidates, probabilities=only, counts=720 * only, margin_by_class=only, entropy_by_class=only)
    order = np.random.default_rng(seed).permutation(12)
    turned = DefaultStep(*_with_places(with_classes_in(order, candidates, standing), places), 2, 3)
    np.testing.assert_array_equal(turned.all_pools(), DefaultStep(candidates, places, standing, 2, 3).all_pools())


def _with_places(parts: tuple[Predicted, Standing], places: Places) -> tuple[Predicted, Places, Standing]:
    return parts[0], places, parts[1]


@pytest.mark.parametrize("classes", [1, 7, 19, 256])
def test_the_size_of_images_plays_no_part(make_parts: Make, classes: int) -> None:
    candidates, places, standing = make_parts(12, classes)
    larger = replace(
        candidates,
        counts=9 * candidates.counts,
        margin_by_class=9 * candidates.margin_by_class,
        entropy_by_class=9 * candidates.entropy_by_class,
    )
    of_larger = DefaultStep(larger, places, standing, 3, 4).all_pools()
    np.testing.assert_allclose(of_larger, DefaultStep(candidates, places, standing, 3, 4).all_pools(), atol=1e-6)


EXTREMES: dict[str, Callable[[Predicted, Standing], tuple[Predicted, Standing]]] = {
    "drawn": lambda candidates, standing: (candidates, standing),
    "all images equal": lambda candidates, standing: (
        replace(candidates, **{name: np.repeat(getattr(candidates, name)[:1], len(candidates.entropy), axis=0)
                               for name in ("counts", "probabilities", "entropy", "impurity", "margin_by_class",
                                            "entropy_by_class")}), standing),
    "certain": lambda candidates, standing: (
        replace(candidates, probabilities=np.eye(candidates.counts.shape[1])[candidates.counts.argmax(axis=1)],
                entropy=0 * candidates.entropy, impurity=0 * candidates.impurity,
                margin_by_class=0 * candidates.counts, entropy_by_class=0 * candidates.counts), standing),
    "beyond measure": lambda candidates, standing: (
        replace(candidates, entropy=1e9 + candidates.entropy, impurity=1e9 * candidates.impurity,
                entropy_by_class=1e9 * candidates.counts),
        replace(standing, promised=1e9 * standing.promised, rewards=(1e9, -1e9, 0.0))),
    "at the start": lambda candidates, standing: (candidates, Standing.at_the_start(len(standing.iou))),
}  # fmt: skip


@pytest.mark.parametrize("extreme", EXTREMES)
@pytest.mark.parametrize("classes", [1, 2, 8, 19, 256])
@pytest.mark.parametrize(("pools", "size"), [(3, 4), (1, 1)])
def test_features_are_numbers_of_about_one_whatever_comes(
    make_parts: Make, extreme: str, classes: int, pools: int, size: int
) -> None:
    candidates, places, standing = make_parts(pools * size, classes)
    candidates, standing = EXTREMES[extreme](candidates, standing)
    step = DefaultStep(candidates, places, standing, pools, size)
    taken = 300 * np.ones(classes)
    for features in (step.all_pools(), step.pool(pools - 1, taken)):
        assert features.shape[-2:] == (size, ACTION_FEATURES)
        assert features.dtype == np.float32
        assert np.abs(features).max() <= LIMIT


def test_equal_images_are_equal_to_the_network(make_parts: Make) -> None:
    candidates, standing = EXTREMES["all images equal"](*make_parts(12, 19)[::2])
    places = Places(*np.ones((5, 12)))
    rows = DefaultStep(candidates, places, standing, 3, 4).all_pools().reshape(12, -1)
    np.testing.assert_array_equal(rows, np.repeat(rows[:1], 12, axis=0))
    assert all(of_region(rows[0])[f"{name}_z"] == 0.0 for name in ("entropy", "margin", "gain", "weighted_margin"))


@pytest.mark.parametrize("value", [0.1, 1e-9, 1e9, -0.3])
def test_equal_values_have_no_deviation_whatever_their_mean_rounds_to(value: float) -> None:
    assert not standardised(np.full(1201, value)).any()


def test_deviations_are_cut_off_at_three() -> None:
    assert standardised(np.array([0.0] * 99 + [1.0]))[-1] == LIMIT
    assert standardised(ONE_HOT).tolist() == [1.0, -1.0]
