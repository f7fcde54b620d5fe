"""Outcome maps: hits, false alarms and misses of one class, and its IoU by region."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src_model.data.annotation import IGNORED, VOID
from src_model.data.region import RegionGrid
from src_model.labelling.outcome_maps import outcome_map, region_iou


def test_each_pixel_is_a_hit_a_false_alarm_a_miss_or_nothing() -> None:
    predictions = np.array([[1, 1, 0, 0, 1, 1]], dtype=np.uint8)
    labels = np.array([[1, 0, 1, 0, VOID, IGNORED]], dtype=np.uint8)
    assert outcome_map(predictions, labels, 1, 2).tolist() == [[1, 2, 3, 0, 0, 0]]


def test_a_map_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="differ in shape"):
        outcome_map(np.zeros((2, 2), dtype=np.uint8), np.zeros((2, 3), dtype=np.uint8), 0, 1)


def test_iou_by_region_is_no_number_where_nobody_labelled_the_class() -> None:
    outcomes = np.array([[1, 1, 0, 2], [1, 3, 2, 0], [3, 3, 0, 0], [3, 3, 0, 0]], dtype=np.uint8)
    found = region_iou(outcomes, RegionGrid((4, 4), (2, 2)))
    np.testing.assert_array_equal(found, [[0.75, np.nan], [0.0, np.nan]])
    assert found.dtype == np.float32


@given(height=st.integers(1, 40), width=st.integers(1, 40), cell=st.integers(1, 15), seed=st.integers(0, 999))
@settings(max_examples=60, deadline=None)
def test_iou_by_region_is_that_of_each_region_alone(height: int, width: int, cell: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.choice(np.array([0, 1, VOID], dtype=np.uint8), (height, width))
    predictions = rng.integers(0, 2, (height, width), dtype=np.uint8)
    grid = RegionGrid((height, width), (cell, cell))
    found = region_iou(outcome_map(predictions, labels, 1, 2), grid)
    for region, value in zip(grid.regions("img"), found.ravel().tolist(), strict=True):
        said, there = predictions[region.window] == 1, labels[region.window] == 1
        known = labels[region.window] != VOID
        if not there.any():
            assert np.isnan(value)
        else:
            assert value == pytest.approx((said & there).sum() / ((said & known) | there).sum())
