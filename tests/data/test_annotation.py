"""Annotations: the patch survives, and what does not fit is refused with the value at fault."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from src_model.data.annotation import IGNORED, VOID, Annotation, check_class_indices, for_training
from src_model.data.region import Region
from src_model.exceptions import AnnotationError

PATCHES = arrays.arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12)))


@given(PATCHES)
def test_a_patch_comes_back_as_it_was_given(labels: np.ndarray) -> None:
    annotation = Annotation.from_labels(Region("a", 3, 5, *labels.shape), labels)
    np.testing.assert_array_equal(annotation.labels, labels)


@pytest.mark.parametrize("labels", [np.zeros((2, 3), dtype=np.uint8), np.zeros((3, 2), dtype=np.int64)])
def test_a_patch_of_another_size_or_kind_is_refused(labels: np.ndarray) -> None:
    with pytest.raises(AnnotationError, match=r"expected uint8 \(3, 2\)"):
        Annotation.from_labels(Region("a", 0, 0, 3, 2), labels)


def test_values_that_are_no_class_are_named() -> None:
    labels = np.array([[0, 2, 7, VOID, IGNORED]], dtype=np.uint8)
    annotation = Annotation.from_labels(Region("a", 0, 0, 1, 5), labels)
    with pytest.raises(AnnotationError, match=r"\[2, 7\].*2 classes"):
        check_class_indices(annotation, 2)
    check_class_indices(annotation, 8)


def test_training_does_not_tell_ignored_from_unlabelled() -> None:
    assert for_training(np.array([1, IGNORED, VOID], dtype=np.uint8)).tolist() == [1, VOID, VOID]
