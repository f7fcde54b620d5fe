from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src_model.data.annotation import VOID
from src_model.data.region import Region
from src_model.segmentation.crops import RegionOrder, TrainingOrder, cut, draw_window

REGIONS = [Region("a", 0, 10 * index, 10, 10) for index in range(6)]


def test_every_region_has_its_turn_once_a_round() -> None:
    order = RegionOrder(REGIONS, seed=1)
    assert sorted(order.take(0, 6)) == REGIONS
    assert sorted(order.take(6, 6)) == REGIONS
    assert order.take(0, 6) != order.take(6, 6)


def test_a_position_has_the_same_region_whenever_it_is_asked_for() -> None:
    forwards = RegionOrder(REGIONS, seed=1).take(0, 20)
    order = RegionOrder(REGIONS, seed=1)
    assert [order.take(position, 1)[0] for position in reversed(range(20))] == forwards[::-1]


def test_a_mixed_batch_is_half_newest_and_half_earlier() -> None:
    order = TrainingOrder(REGIONS, REGIONS[4:], "mixed", batch_size=4, seed=0)
    for index in range(5):
        newest = [region for region in order.batch(index) if region in REGIONS[4:]]
        assert len(order.batch(index)) == 4
        assert len(newest) == 2
    earlier = Counter(region for index in range(4) for region in order.batch(index) if region in REGIONS[:4])
    assert set(earlier.values()) == {2}


@pytest.mark.parametrize(
    ("train_on", "newest", "seen"),
    [
        ("all", REGIONS[4:], REGIONS),
        ("newest", REGIONS[4:], REGIONS[4:]),
        ("newest", [], REGIONS),
        ("mixed", [], REGIONS),
        ("mixed", REGIONS, REGIONS),
    ],
)
def test_batches_come_from_the_labels_that_the_setting_names(
    train_on: str, newest: list[Region], seen: list[Region]
) -> None:
    order = TrainingOrder(REGIONS, newest, train_on, batch_size=6, seed=0)  # type: ignore[arg-type]
    assert sorted({region for index in range(4) for region in order.batch(index)}) == seen


def test_a_batch_is_no_larger_than_there_are_regions_but_has_two_crops() -> None:
    assert len(TrainingOrder(REGIONS[:3], [], "all", batch_size=8, seed=0).batch(0)) == 3
    assert len(TrainingOrder(REGIONS[:1], [], "all", batch_size=8, seed=0).batch(0)) == 2
    assert len(TrainingOrder(REGIONS, REGIONS[4:], "mixed", batch_size=1, seed=0).batch(0)) == 1


@given(st.data(), st.integers(1, 80), st.integers(1, 80), st.integers(1, 100), st.integers(1, 100), st.integers(0, 99))
def test_a_window_holds_the_centre_of_its_region_and_stays_inside_where_it_can(
    data: st.DataObject, image_height: int, image_width: int, height: int, width: int, seed: int
) -> None:
    row, column = data.draw(st.integers(0, image_height - 1)), data.draw(st.integers(0, image_width - 1))
    region = Region(
        "a", row, column, data.draw(st.integers(1, image_height - row)), data.draw(st.integers(1, image_width - column))
    )
    window = draw_window(region, (image_height, image_width), (height, width), np.random.default_rng(seed))
    assert window.shape == (height, width)
    assert window.row <= region.row + region.height // 2 < window.row + height
    assert window.column <= region.column + region.width // 2 < window.column + width
    assert window.row >= 0
    assert window.row + height <= max(image_height, height)
    assert window.column >= 0
    assert window.column + width <= max(image_width, width)


def test_windows_reach_every_place_that_holds_the_centre() -> None:
    rng = np.random.default_rng(0)
    rows = {draw_window(Region("a", 10, 0, 4, 4), (40, 4), (5, 4), rng).row for _ in range(200)}
    assert rows == {8, 9, 10, 11, 12}


def test_beyond_the_image_pixels_repeat_and_labels_are_void() -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    labels = np.array([[0, 1], [2, 3]], dtype=np.uint8)
    seen, known = cut(pixels, labels, Region("a", 1, 0, 2, 3))
    assert known.tolist() == [[2, 3, VOID], [VOID] * 3]
    assert seen[..., 0].tolist() == [[6, 9, 9], [6, 9, 9]]


def test_inside_the_image_a_cut_is_the_window_itself() -> None:
    rng = np.random.default_rng(0)
    pixels, labels = rng.integers(0, 255, (9, 9, 3), dtype=np.uint8), rng.integers(0, 3, (9, 9), dtype=np.uint8)
    seen, known = cut(pixels, labels, Region("a", 2, 3, 4, 5))
    assert np.array_equal(seen, pixels[2:6, 3:8])
    assert np.array_equal(known, labels[2:6, 3:8])
