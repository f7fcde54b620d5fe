"""Doubts: pixels that are one of two classes, packed small and read back whole."""

from __future__ import annotations

import json

import numpy as np
import pytest

from src_model.data.annotation import Annotation
from src_model.data.doubt import Doubt
from src_model.data.region import Region
from src_model.exceptions import AnnotationError

MASK = np.array([[True, False, False], [True, True, False]])


def test_what_was_written_is_read_back() -> None:
    doubt = Doubt.about(3, 5, MASK)
    again = Doubt.from_json(json.loads(json.dumps(doubt.to_json())))
    assert again == doubt
    assert (again.mask == MASK).all()


@pytest.mark.parametrize(
    "damage",
    [
        {"classes": [1, 2], "shape": [2, 2]},
        {"classes": [1, 2], "shape": [2, 2], "bits": "AAAA"},
        {"classes": [1], "shape": [2, 2], "bits": ""},
        {"classes": [1, 2], "shape": [2, 2], "bits": "?"},
    ],
    ids=["missing", "corrupt", "one class", "no base64"],
)
def test_damage_is_found_when_the_log_is_read(damage: dict[str, object]) -> None:
    with pytest.raises(AnnotationError, match="to_json"):
        Doubt.from_json(damage)


def test_nobody_is_unsure_between_a_class_and_itself() -> None:
    with pytest.raises(AnnotationError, match="two classes"):
        Doubt.about(3, 3, MASK)


def test_a_doubt_about_a_region_of_another_size_is_refused() -> None:
    with pytest.raises(AnnotationError, match="another size"):
        Annotation.from_labels(Region("img", 0, 0, 3, 3), np.zeros((3, 3), np.uint8), doubts=(Doubt.about(1, 2, MASK),))


def test_a_doubt_about_a_whole_region_takes_few_bytes() -> None:
    mask = np.zeros((128, 128), dtype=np.bool_)
    mask[40:60, 10:50] = True
    doubt = Doubt.about(1, 2, mask)
    assert (doubt.mask == mask).all()
    assert len(doubt.bits) < 100
