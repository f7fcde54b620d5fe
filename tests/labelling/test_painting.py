"""Painting on patches small enough to check by eye."""

from __future__ import annotations

import numpy as np
import pytest

from src_model.data.annotation import IGNORED, VOID
from src_model.labelling.painting import assign, fill_rest, held_by, progress, thick_line


def patch_of(rows: list[list[int]]) -> np.ndarray:
    return np.array(rows, dtype=np.uint8)


def test_filling_the_rest_paints_only_what_is_unpainted() -> None:
    patch = patch_of([[0, VOID], [IGNORED, VOID]])
    filled = fill_rest(patch, 2)
    assert filled.tolist() == [[0, 2], [IGNORED, 2]]
    assert filled.dtype == np.uint8
    assert patch[0, 1] == VOID, "the patch that came in is left alone"


def test_assigning_keeps_protected_classes() -> None:
    patch = patch_of([[0, 1, VOID], [0, 1, VOID]])
    mask = np.array([[True, True, True], [False, False, False]])
    assert assign(patch, mask, 2).tolist() == [[2, 2, 2], [0, 1, VOID]]
    assert assign(patch, mask, 2, protected={1}).tolist() == [[2, 1, 2], [0, 1, VOID]]


def test_what_is_protected_is_found_whatever_the_class() -> None:
    patch = patch_of([[0, 1, 252, VOID]])
    assert held_by(patch, frozenset({0, 252})).tolist() == [[True, False, True, False]]
    assert not held_by(patch, ()).any()


def test_pixels_ignored_by_decision_count_as_painted() -> None:
    done = progress(patch_of([[VOID, IGNORED], [VOID, 3]]))
    assert (done.unpainted, done.pixels, done.share) == (2, 4, 0.5)


def test_a_line_of_one_pixel_has_no_holes_in_any_direction() -> None:
    straight = thick_line((3, 5), (1, 0), (1, 4), 1)
    assert straight.astype(int).tolist() == [[0] * 5, [1] * 5, [0] * 5]
    slanting = thick_line((5, 5), (0, 0), (4, 4), 1)
    assert slanting.diagonal().all()
    steep = thick_line((9, 4), (0, 0), (8, 3), 1)
    assert steep.any(axis=1).all()


def test_a_line_is_as_thick_as_it_is_said_to_be() -> None:
    line = thick_line((11, 20), (5, 0), (5, 19), 5)
    assert line.sum(axis=0).tolist() == [5] * 20


def test_two_clicks_on_one_place_make_a_dot() -> None:
    dot = thick_line((5, 5), (2, 2), (2, 2), 3)
    assert dot.astype(int).tolist() == [[0] * 5, [0, 1, 1, 1, 0], [0, 1, 1, 1, 0], [0, 1, 1, 1, 0], [0] * 5]


def test_a_line_that_starts_outside_is_cut_off_at_the_border() -> None:
    line = thick_line((4, 4), (1, -50), (1, 1), 1)
    assert line.astype(int).tolist() == [[0] * 4, [1, 1, 0, 0], [0] * 4, [0] * 4]
    assert not thick_line((4, 4), (-9, -9), (-9, 20), 3).any()


@pytest.mark.parametrize("width", [0.0, 0.2])
def test_a_line_thinner_than_a_pixel_is_a_pixel_thick(width: float) -> None:
    assert thick_line((3, 3), (1, 0), (1, 2), width)[1].all()
