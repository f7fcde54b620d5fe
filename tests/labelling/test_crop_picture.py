"""The picture of a labelled region: outlines in the colours of the classes, stripes where there is no class."""

from __future__ import annotations

import numpy as np
import pytest

from src_model.data.annotation import IGNORED, VOID
from src_model.data.class_schema import ClassSchema, SemanticClass
from src_model.labelling.crop_picture import crop_picture
from src_model.labelling.unpainted import UNSURE

RED, GREEN = (200, 0, 0), (0, 200, 0)
SCHEMA = ClassSchema("two", (SemanticClass(0, "road", RED), SemanticClass(1, "car", GREEN)))
GREY = np.full((32, 32, 3), 100, dtype=np.uint8)


def test_classes_are_outlined_on_both_sides_of_where_they_meet_and_nowhere_else() -> None:
    labels = np.zeros((32, 32), dtype=np.uint8)
    labels[:, 16:] = 1
    picture = crop_picture(GREY, labels, SCHEMA, 32)
    assert (picture[:, 14:16] == RED).all()
    assert (picture[:, 16:18] == GREEN).all()
    assert (picture[:, :14] == 100).all()
    assert (picture[:, 18:] == 100).all()


@pytest.mark.parametrize(("shape", "expected"), [((32, 32), (96, 96)), ((200, 100), (96, 48)), ((1, 96), (1, 96))])
def test_a_picture_is_as_long_as_was_asked_for(shape: tuple[int, int], expected: tuple[int, int]) -> None:
    pixels = np.zeros((*shape, 3), dtype=np.uint8)
    assert crop_picture(pixels, np.zeros(shape, np.uint8), SCHEMA, 96).shape == (*expected, 3)


@pytest.mark.parametrize("value", [VOID, IGNORED, UNSURE, UNSURE - 3])
def test_what_has_no_class_is_striped_and_the_picture_shows_between(value: int) -> None:
    picture = crop_picture(GREY, np.full((32, 32), value, np.uint8), SCHEMA, 32)
    share = (picture == 100).all(axis=-1).mean()
    assert 0.5 < share < 0.8


def test_the_three_kinds_without_a_class_look_different() -> None:
    drawn = {tuple(crop_picture(GREY, np.full((8, 8), value, np.uint8), SCHEMA, 8)[0, 0]) for value in (253, 254, 255)}
    assert len(drawn) == 3
