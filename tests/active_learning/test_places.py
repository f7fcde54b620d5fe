"""Places of candidates: where they lie and what is labelled round them."""

from __future__ import annotations

import numpy as np
import pytest

from src_model.active_learning.places import places_of
from src_model.data.annotation import Annotation
from src_model.data.labelled_set import LabelledSet
from src_model.data.region import Region, RegionGrid

SIZES = {"small": (20, 30), "other": (20, 30), "large": (45, 64)}


def grid(image: str) -> RegionGrid:
    return RegionGrid(SIZES[image], (10, 10))


def labelled_with(*regions: Region) -> LabelledSet:
    labelled = LabelledSet(SIZES.__getitem__, 2)
    labelled.add([Annotation.from_labels(region, np.zeros(region.shape, dtype=np.uint8)) for region in regions], 1)
    return labelled


def test_a_place_is_where_the_centre_lies_in_its_image() -> None:
    candidates = [Region("small", 10, 20, 10, 10), Region("large", 40, 60, 5, 4), Region("large", 0, 0, 10, 10)]
    places = places_of(candidates[:1], grid, labelled_with())
    assert (places.row[0], places.column[0], places.area[0]) == pytest.approx((0.75, 25 / 30, 1.0))
    places = places_of(candidates, grid, labelled_with())
    assert places.row == pytest.approx([0.75, 42.5 / 45, 5 / 45])
    assert places.area == pytest.approx([1.0, 0.2, 1.0])


def test_neighbours_are_counted_among_those_there_are() -> None:
    """2×3 regions: the corner has three neighbours, the middle of the upper row five."""
    left_below, right_above = Region("small", 10, 0, 10, 10), Region("small", 0, 20, 10, 10)
    corner, middle = Region("small", 0, 0, 10, 10), Region("small", 0, 10, 10, 10)
    places = places_of([corner, middle, left_below], grid, labelled_with(left_below, right_above))
    assert places.neighbours_labelled == pytest.approx([1 / 3, 2 / 5, 0.0])
    assert places.image_labelled == pytest.approx([1 / 3] * 3)


def test_images_of_one_size_do_not_see_each_others_labels() -> None:
    candidates = [Region("other", 0, 0, 10, 10), Region("small", 0, 0, 10, 10), Region("large", 0, 0, 10, 10)]
    places = places_of(candidates, grid, labelled_with(Region("small", 0, 10, 10, 10)))
    assert places.neighbours_labelled == pytest.approx([0.0, 1 / 3, 0.0])
    assert places.image_labelled == pytest.approx([0.0, 1 / 6, 0.0])


def test_labels_of_no_grid_count_where_their_centre_lies() -> None:
    places = places_of([Region("small", 0, 0, 10, 10)], grid, labelled_with(Region("small", 11, 12, 6, 3)))
    assert places.neighbours_labelled == pytest.approx([1 / 3])
    assert places.image_labelled == pytest.approx([18 / 600])


def test_an_image_of_one_region_has_no_neighbours() -> None:
    only = Region("tiny", 0, 0, 6, 7)
    places = places_of([only], lambda _: RegionGrid((6, 7), (10, 10)), labelled_with())
    assert places.neighbours_labelled.tolist() == [0.0]
    assert (places.row[0], places.column[0], places.area[0]) == pytest.approx((0.5, 0.5, 0.42))
