"""The three kinds of pixels without a class: stored apart, exported alike."""

from __future__ import annotations

import json

import numpy as np
import pytest

from src_model.data.annotation import IGNORED, VOID, Annotation, check_class_indices, for_training
from src_model.data.region import Region
from src_model.exceptions import AnnotationError
from src_model.labelling.unpainted import UNSURE, Doubt, Unpainted, told_apart

PATCH = np.array([[0, VOID, IGNORED], [UNSURE, UNSURE, 1]], dtype=np.uint8)
PAIRS = np.array([[0, 0, 0], [0, 1, 0]], dtype=np.uint8)
CLASSES = ((7, 9), (9, 12))


def test_the_three_kinds_are_stored_apart_and_are_void_to_training() -> None:
    labels, unpainted = told_apart(PATCH, PAIRS, CLASSES)
    assert (unpainted.not_looked_at, unpainted.ignored, unpainted.unsure) == (1, 1, 2)
    assert [(doubt.first, doubt.second, np.argwhere(doubt.mask).tolist()) for doubt in unpainted.doubts] == [
        (7, 9, [[1, 0]]),
        (9, 12, [[1, 1]]),
    ]
    assert for_training(labels).tolist() == [[0, VOID, VOID], [VOID, VOID, 1]]


def test_the_labels_are_accepted_as_an_annotation() -> None:
    labels, _ = told_apart(PATCH, PAIRS, CLASSES)
    annotation = Annotation.from_labels(Region("img", 0, 0, 2, 3), labels)
    check_class_indices(annotation, num_classes=2)
    assert annotation.labels[0, 2] == IGNORED


def test_a_pair_that_was_painted_over_leaves_no_doubt() -> None:
    painted_over = np.where(PATCH == UNSURE, np.uint8(1), PATCH)
    assert told_apart(painted_over, PAIRS, CLASSES)[1].doubts == ()


def test_what_was_written_is_read_back() -> None:
    unpainted = told_apart(PATCH, PAIRS, CLASSES)[1]
    assert Unpainted.from_json(json.loads(json.dumps(unpainted.to_json()))) == unpainted


@pytest.mark.parametrize(
    "damage",
    [
        {"not_looked_at": 1},
        {"not_looked_at": 1, "ignored": 0, "doubts": [{"classes": [1, 2], "shape": [2, 2], "bits": "AAAA"}]},
        {"not_looked_at": 1, "ignored": 0, "doubts": [{"classes": [1], "shape": [2, 2], "bits": ""}]},
        {"not_looked_at": 1, "ignored": 0, "doubts": [{"classes": [1, 2], "shape": [2, 2], "bits": "?"}]},
    ],
    ids=["missing", "corrupt", "one class", "no base64"],
)
def test_damage_is_found_when_the_log_is_read(damage: dict[str, object]) -> None:
    with pytest.raises(AnnotationError, match="to_json"):
        Unpainted.from_json(damage)


def test_nobody_is_unsure_between_a_class_and_itself() -> None:
    with pytest.raises(AnnotationError, match="two classes"):
        Doubt.about(3, 3, np.ones((2, 2), dtype=np.bool_))


def test_a_doubt_about_a_whole_region_takes_few_bytes() -> None:
    mask = np.zeros((128, 128), dtype=np.bool_)
    mask[40:60, 10:50] = True
    doubt = Doubt.about(1, 2, mask)
    assert (doubt.mask == mask).all()
    assert len(doubt.bits) < 100
