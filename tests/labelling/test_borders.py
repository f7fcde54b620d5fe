"""Borders of a region: where neighbouring labels disagree, and where an object goes on."""

from __future__ import annotations

import numpy as np
import pytest

from src_model.data.annotation import IGNORED, VOID
from src_model.data.region import Region, RegionGrid
from src_model.labelling.borders import SEAM, Side, adjoining, class_at, leaving_sides, seams
from src_model.labelling.unpainted import UNSURE

REGION = Region("img", 10, 10, 10, 10)
GRID = RegionGrid((30, 30), (10, 10))


def around(**sides: int) -> np.ndarray:
    """(30, 30): a label on each side of the region, VOID elsewhere."""
    labels = np.full((30, 30), VOID, dtype=np.uint8)
    places = {
        "top": np.s_[:10, 10:20],
        "bottom": np.s_[20:, 10:20],
        "left": np.s_[10:20, :10],
        "right": np.s_[10:20, 20:],
    }
    for side, value in sides.items():
        labels[places[side]] = value
    return labels


def test_a_seam_is_where_another_class_lies_across_the_border() -> None:
    marked = seams(REGION, np.zeros((10, 10), np.uint8), around(top=0, bottom=1, left=0, right=2), 3)
    expected = np.zeros((10, 10), dtype=bool)
    expected[-1, :] = expected[:, -1] = True
    assert (marked == expected).all()


def test_an_outline_that_crosses_the_border_slantwise_is_no_seam() -> None:
    patch = np.zeros((10, 10), np.uint8)
    patch[:, :5] = 1
    labels = around(bottom=0)
    labels[20:, 10 : 15 + SEAM - 1] = 1
    assert not seams(REGION, patch, labels, 3).any(), "it moves by less than a seam's length"
    labels[20:, 10 : 15 + SEAM] = 1
    assert np.argwhere(seams(REGION, patch, labels, 3)).tolist() == [[9, column] for column in range(5, 5 + SEAM)]


@pytest.mark.parametrize("value", [VOID, IGNORED, UNSURE, UNSURE - 2])
def test_what_has_no_class_contradicts_nobody(value: int) -> None:
    assert not seams(REGION, np.full((10, 10), value, np.uint8), around(top=0, left=1), 3).any()
    assert not seams(REGION, np.zeros((10, 10), np.uint8), around(top=value), 3).any()


def test_a_region_in_the_corner_of_the_image_has_no_seams_there() -> None:
    labels = np.full((10, 10), 1, np.uint8)
    assert not seams(Region("img", 0, 0, 10, 10), np.zeros((10, 10), np.uint8), labels, 3).any()


def car(*windows: tuple[slice, slice]) -> np.ndarray:
    patch = np.zeros((10, 10), np.uint8)
    for window in windows:
        patch[window] = 1
    return patch


def test_the_object_under_the_cursor_leaves_where_it_touches_the_border_longest() -> None:
    patch = car(np.s_[4:10, 6:10])
    assert leaving_sides(patch, 1, (5.0, 7.0))[:2] == (Side.RIGHT, Side.BOTTOM)


def test_of_two_objects_of_a_class_the_one_under_the_cursor_counts() -> None:
    patch = car(np.s_[0:2, 5:7], np.s_[4:10, 0:2])
    assert leaving_sides(patch, 1, (1.0, 6.0))[:2] == (Side.TOP, Side.LEFT)
    assert leaving_sides(patch, 1, (8.0, 1.0))[0] is Side.LEFT


def test_with_nothing_of_the_class_under_the_cursor_any_of_it_counts_and_then_the_nearest_side() -> None:
    assert leaving_sides(car(np.s_[4:6, 8:10]), 1, (0.0, 0.0))[0] is Side.RIGHT
    assert leaving_sides(car(), 1, (4.0, 1.0)) == (Side.LEFT, Side.TOP, Side.BOTTOM, Side.RIGHT)
    assert leaving_sides(car(), 1, (-3.0, 5.0))[0] is Side.TOP, "off the region"


def test_the_class_at_a_point_is_one_that_is_painted() -> None:
    patch = car(np.s_[0:2, 0:2])
    patch[5, 5] = UNSURE
    assert class_at(patch, (0.6, 0.6), 2) == 1
    assert class_at(patch, (5.0, 5.0), 2) is None
    assert class_at(patch, (5.0, 50.0), 2) is None


def test_the_region_beyond_is_the_one_that_the_object_reaches() -> None:
    assert adjoining(REGION, GRID, Side.RIGHT, car(np.s_[2:4, 9:10]), 1) == Region("img", 10, 20, 10, 10)
    wide = Region("img", 0, 0, 10, 30)
    patch = np.zeros((10, 30), np.uint8)
    patch[-1, 22:28] = 1
    assert adjoining(wide, GRID, Side.BOTTOM, patch, 1) == Region("img", 10, 20, 10, 10)
    assert adjoining(wide, GRID, Side.BOTTOM, np.zeros((10, 30), np.uint8), 1) == Region("img", 10, 10, 10, 10)
    assert adjoining(wide, GRID, Side.TOP, patch, 1) is None
