"""The three kinds of pixels without a class: stored apart, exported alike."""

from __future__ import annotations

import numpy as np
import pytest

from src_model.data.annotation import IGNORED, VOID, Annotation, check_class_indices, for_training
from src_model.data.class_schema import ClassSchema, SemanticClass
from src_model.data.region import Region
from src_model.exceptions import AnnotationError
from src_model.labelling.unpainted import UNSURE, Unpainted, UnsurePairs, unpainted

SCHEMA = ClassSchema("two", (SemanticClass(7, "rider", (9, 9, 9)), SemanticClass(9, "bicycle", (99, 9, 9))))
PAIRS = ((7, 9), (9, 12))
PATCH = np.array([[0, VOID, IGNORED], [UNSURE, UNSURE - 1, 1]], dtype=np.uint8)
REGION = Region("img", 0, 0, 2, 3)


def annotation() -> Annotation:
    labels, doubts = UnsurePairs(SCHEMA, PAIRS).told_apart(PATCH)
    return Annotation.from_labels(REGION, labels, doubts=doubts)


def test_the_three_kinds_are_stored_apart_and_are_void_to_training() -> None:
    stored = annotation()
    assert unpainted(stored) == Unpainted(not_looked_at=1, ignored=1, unsure=2)
    assert [(doubt.first, doubt.second, np.argwhere(doubt.mask).tolist()) for doubt in stored.doubts] == [
        (7, 9, [[1, 0]]),
        (9, 12, [[1, 1]]),
    ]
    assert for_training(stored.labels).tolist() == [[0, VOID, VOID], [VOID, VOID, 1]]
    check_class_indices(stored, num_classes=2)


def test_a_region_is_painted_again_as_it_was_also_where_pairs_came_in_another_order() -> None:
    assert UnsurePairs(SCHEMA, PAIRS).painted(annotation()).tolist() == PATCH.tolist()
    others = UnsurePairs(SCHEMA, PAIRS[::-1])
    patch = others.painted(annotation())
    assert patch.tolist() == [[0, VOID, IGNORED], [UNSURE - 1, UNSURE, 1]]
    assert others.told_apart(patch)[1] == annotation().doubts[::-1]


def test_a_pair_is_one_whichever_class_comes_first_and_keeps_its_value() -> None:
    pairs = UnsurePairs(SCHEMA)
    assert pairs.value(9, 7) == UNSURE
    assert pairs.value(9, 12) == UNSURE - 1
    assert pairs.value(7, 9) == UNSURE
    assert pairs.all == PAIRS
    assert pairs.names == {UNSURE: "rider or bicycle", UNSURE - 1: "bicycle or class 12"}


def test_a_pair_that_was_painted_over_leaves_no_doubt() -> None:
    painted_over = np.where(PATCH <= UNSURE, np.uint8(1), PATCH)
    assert UnsurePairs(SCHEMA, PAIRS).told_apart(painted_over)[1] == ()


def test_a_value_whose_pair_was_lost_is_not_looked_at() -> None:
    labels, doubts = UnsurePairs(SCHEMA).told_apart(PATCH)
    assert labels.tolist() == [[0, VOID, IGNORED], [VOID, VOID, 1]]
    assert doubts == ()


def test_nobody_is_unsure_between_a_class_and_itself() -> None:
    with pytest.raises(AnnotationError, match="two classes"):
        UnsurePairs(SCHEMA).value(7, 7)


def test_more_pairs_than_fit_beside_the_classes_are_refused() -> None:
    many = ClassSchema("many", tuple(SemanticClass(id, f"class {id}", (0, 0, 0)) for id in range(252)))
    pairs = UnsurePairs(many, [(0, 1), (0, 2)])
    with pytest.raises(AnnotationError, match="leave the pixels unpainted"):
        pairs.value(0, 3)
    assert pairs.value(0, 2) == 252
