"""Likeness: cosines, best places of regions, images that differ most and probabilities by example, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from src_model.data.region import RegionGrid
from src_model.labelling.likeness import best_cells, cell_regions, class_probabilities, most_different, unit_rows

EAST, NORTH, WEST = [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]


def rows(*values: list[float]) -> np.ndarray:
    return np.array(values, dtype=np.float32)


def test_rows_get_length_one_and_zeros_stay() -> None:
    np.testing.assert_allclose(unit_rows(rows([3.0, 4.0], [0.0, 0.0])), [[0.6, 0.8], [0.0, 0.0]])


def test_a_cell_belongs_to_the_region_of_its_centre() -> None:
    # Columns of cells at 0–3, 4–7, 8–11 with centres 2, 6, 10; regions begin at 0 and 6.
    found = cell_regions((2, 3), (4, 4), RegionGrid((8, 12), (8, 6)))
    assert found.tolist() == [0, 1, 1, 0, 1, 1]


def test_the_last_cell_may_reach_beyond_the_image() -> None:
    assert cell_regions((1, 3), (4, 4), RegionGrid((4, 9), (4, 4))).tolist() == [0, 1, 1]


def test_the_best_cell_of_each_region_is_found_and_empty_regions_have_none() -> None:
    scores = np.array([[0.1, 0.9, 0.4, 0.3], [0.5, 0.2, 0.0, 0.6]], dtype=np.float32)
    assert best_cells(scores, np.array([0, 0, 2, 2]), 3).tolist() == [[1, -1, 2], [0, -1, 3]]


def test_each_image_is_as_far_as_can_be_from_those_before() -> None:
    line = rows([0.0, 0.0], [1.0, 0.0], [10.0, 0.0], [6.0, 0.0])
    assert most_different(line, 4, first=[0]) == [0, 2, 3, 1]
    assert most_different(line, 2, first=[3, 1, 0]) == [3, 1]


def test_equal_images_are_all_chosen_once() -> None:
    assert sorted(most_different(rows(EAST, EAST, EAST), 5)) == [0, 1, 2]
    assert most_different(np.zeros((0, 2), dtype=np.float32), 3) == []


def test_the_nearest_example_decides_and_what_is_like_none_stays_improbable() -> None:
    examples = rows(EAST, NORTH, EAST)
    found = class_probabilities(rows(EAST, NORTH, WEST), examples, [4, 1, 4], 6)
    assert found.argmax(axis=1)[:2].tolist() == [4, 1]
    assert (found[:2].max(axis=1) > 0.9).all()
    assert found[2].sum() < 0.1
    assert not found[:, [0, 2, 3, 5]].any(), "nothing is said of classes that nobody has shown"


def test_a_second_example_of_a_class_adds_to_the_first() -> None:
    alone = class_probabilities(rows(NORTH), rows(EAST), [0], 2)
    both = class_probabilities(rows(NORTH), rows(EAST, NORTH), [0, 0], 2)
    assert both[0, 0] > 0.9 > alone[0, 0]


@pytest.mark.parametrize("count", [0, 3])
def test_without_examples_nothing_is_probable(count: int) -> None:
    assert not class_probabilities(np.ones((count, 2), dtype=np.float32), rows()[:, None].reshape(0, 2), [], 2).any()
