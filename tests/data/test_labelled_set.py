"""The labelled set: order, steps, corrections, and the numbers that follow from the labels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src_model.data.annotation import IGNORED, VOID, Annotation
from src_model.data.labelled_set import LabelledSet
from src_model.data.region import Region, RegionGrid
from src_model.exceptions import AnnotationError

SIZE = (4, 6)


def empty(num_classes: int = 3) -> LabelledSet:
    return LabelledSet(lambda _image: SIZE, num_classes)


def annotation(region: Region, *values: int) -> Annotation:
    labels = np.array(values, dtype=np.uint8)
    return Annotation.from_labels(region, np.resize(labels, region.shape))


FIRST = Region("a", 0, 0, 2, 2)
SECOND = Region("a", 2, 2, 2, 4)
THIRD = Region("b", 0, 0, 2, 2)


def test_nothing_is_labelled_at_first() -> None:
    labelled = empty()
    assert len(labelled) == 0
    assert labelled.regions == labelled.steps == labelled.newest(1) == ()
    assert labelled.distributions.shape == (0, 4)
    assert labelled.shares.tolist() == [0, 0, 0]
    assert labelled.class_pixels.tolist() == [0, 0, 0]
    assert labelled.pixels == 0
    assert (labelled.labels("a") == VOID).all()
    assert labelled.labels("a").shape == SIZE


def test_regions_keep_the_order_in_which_they_came() -> None:
    labelled = empty()
    labelled.add([annotation(THIRD, 1), annotation(FIRST, 0)], step=1)
    labelled.add([annotation(SECOND, 2)], step=2)
    assert labelled.regions == (THIRD, FIRST, SECOND)
    assert labelled.steps == (1, 1, 2)
    assert labelled.newest(1) == (THIRD, FIRST)
    assert labelled.newest(2) == (SECOND,)
    assert THIRD in labelled
    assert Region("b", 0, 0, 1, 1) not in labelled


def test_class_pixels_of_regions_are_zero_where_nothing_is_labelled() -> None:
    labelled = empty()
    labelled.add([annotation(FIRST, 0, 1, IGNORED, VOID), annotation(SECOND, 2)], step=1)
    assert labelled.class_pixels_of([SECOND, THIRD, FIRST]).tolist() == [[0, 0, 8], [0, 0, 0], [1, 1, 0]]
    assert labelled.class_pixels_of([]).shape == (0, 3)
    assert empty().class_pixels_of([FIRST]).tolist() == [[0, 0, 0]]


def test_a_label_map_shows_what_is_labelled_and_void_elsewhere() -> None:
    labelled = empty()
    labelled.add([annotation(FIRST, 0, 1, IGNORED, VOID), annotation(SECOND, 2)], step=1)
    expected = np.full(SIZE, VOID)
    expected[0, :2] = 0, 1
    expected[2:, 2:] = 2
    np.testing.assert_array_equal(labelled.labels("a"), expected)
    assert labelled.labels("a") is labelled.labels("a")


def test_what_was_given_is_kept_with_ignored_and_void_apart() -> None:
    labelled = empty()
    labelled.add([annotation(FIRST, 0, 1, IGNORED, VOID)], step=1)
    assert labelled.annotation(FIRST).labels.tolist() == [[0, 1], [IGNORED, VOID]]
    with pytest.raises(AnnotationError, match="not labelled"):
        labelled.annotation(SECOND)


def test_class_fractions_are_those_of_the_published_code() -> None:
    labelled = empty()
    labelled.add([annotation(FIRST, 0, 0, 1, IGNORED), annotation(SECOND, 2)], step=1)
    np.testing.assert_array_equal(labelled.distributions, [[0.5, 0.25, 1e-7, 0.25], [1e-7, 1e-7, 1.0, 1e-7]])
    np.testing.assert_array_equal(labelled.shares, [0.5, 0.25, 1.0])
    np.testing.assert_array_equal(labelled.class_pixels, [2, 1, 8])
    assert labelled.pixels == 12
    assert labelled.distributions.flags.writeable


def test_a_region_labelled_again_is_corrected_in_its_place() -> None:
    labelled = empty()
    labelled.add([annotation(FIRST, 0), annotation(THIRD, 1)], step=1)
    assert (labelled.labels("a")[FIRST.window] == 0).all()
    labelled.add([annotation(FIRST, 2), annotation(SECOND, 1)], step=2)
    assert labelled.regions == (FIRST, THIRD, SECOND)
    assert labelled.steps == (1, 1, 2)
    assert labelled.class_pixels.tolist() == [0, 12, 4]
    assert (labelled.labels("a")[FIRST.window] == 2).all()


def test_of_two_answers_for_one_region_the_last_one_counts() -> None:
    labelled = empty()
    labelled.add([annotation(FIRST, 0), annotation(THIRD, 1), annotation(FIRST, 2)], step=1)
    assert labelled.regions == (FIRST, THIRD)
    assert labelled.class_pixels.tolist() == [0, 4, 4]


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        (annotation(Region("a", 3, 0, 2, 2), 0), "does not fit its image of 4x6"),
        (annotation(Region("a", 0, 5, 2, 2), 0), "does not fit its image of 4x6"),
        (annotation(Region("a", -1, 0, 2, 2), 0), "does not fit its image of 4x6"),
        (Annotation(Region("a", 0, 0, 3, 2), annotation(FIRST, 0).png), "does not fit"),
        (annotation(SECOND, 3), r"\[3\].*3 classes"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_taken(bad: Annotation, fault: str) -> None:
    labelled = empty()
    with pytest.raises(AnnotationError, match=fault):
        labelled.add([annotation(FIRST, 0), bad], step=1)
    assert len(labelled) == 0
    assert (labelled.labels("a") == VOID).all()


@given(st.data())
def test_labelling_every_region_gives_back_the_whole_map(data: st.DataObject) -> None:
    height, width = data.draw(st.tuples(st.integers(1, 12), st.integers(1, 12)))
    truth = np.random.default_rng(data.draw(st.integers(0, 99))).integers(0, 3, size=(height, width), dtype=np.uint8)
    grid = RegionGrid((height, width), data.draw(st.tuples(st.integers(1, 6), st.integers(1, 6))))
    labelled = LabelledSet(lambda _image: (height, width), 3)
    for region in data.draw(st.permutations(grid.regions("a"))):
        labelled.add([Annotation.from_labels(region, truth[region.window])], step=1)
    np.testing.assert_array_equal(labelled.labels("a"), truth)
    np.testing.assert_array_equal(labelled.class_pixels, np.bincount(truth.ravel(), minlength=3))
    assert labelled.pixels == height * width
