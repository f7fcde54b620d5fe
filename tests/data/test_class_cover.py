"""Class cover: rare classes first, then in turn; whole sequences where that is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np

from src_model.data.class_cover import cover, no_preference, presence, whole_sequences
from src_model.data.dataset import Dataset


def test_each_choice_maximises_presence_over_one_plus_count() -> None:
    shown = np.array([[1, 0, 0], [1, 1, 0], [1, 1, 0], [0, 0, 1]], dtype=float)
    # First image 1 (2 classes), then image 3 (a new class is worth 1, images 0 and 2 are worth ½ and 1: 2 comes first).
    assert cover(shown, 4) == (1, 2, 3, 0)


def test_an_image_is_chosen_once_and_no_more_than_there_are() -> None:
    assert sorted(cover(np.zeros((3, 2)), 5)) == [0, 1, 2]


def test_without_preference_the_order_given_decides(dataset_of: Callable[..., Dataset]) -> None:
    dataset = dataset_of({"a": None, "b": None})
    assert cover(no_preference(dataset, ["b", "a"]), 2) == (0, 1)


def test_a_thousandth_of_the_pixels_makes_a_class_present(dataset_of: Callable[..., Dataset]) -> None:
    labels = np.zeros((50, 100), dtype=np.uint8)
    labels[0, :5] = 1
    labels[1, :1] = 2
    dataset = dataset_of({"a": labels, "b": None})
    np.testing.assert_allclose(presence(dataset, ["a", "b"]), [[1, 1, 0.2], [0, 0, 0]])


def test_no_more_images_are_set_aside_than_allowed() -> None:
    allowed = whole_sequences(["s", "s", "t", "u"], Counter(s=4, t=3, u=1), most=5)
    assert allowed([]).tolist() == [True, True, True, True]
    assert allowed([0]).tolist() == [True, True, False, True]
    assert allowed([2]).tolist() == [False, False, True, True]
    assert cover(np.array([[9.0], [1], [8], [0]]), 4, allowed) == (0, 1, 3)
