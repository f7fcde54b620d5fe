"""Mask files: the reader takes back what was written, and a failure leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from src_model.data.annotation import IGNORED, VOID
from src_model.data.class_schema import ClassSchema, SemanticClass
from src_model.data.decoding import IndexOrColourMasks
from src_model.data.masks import save_colour_mask, save_mask
from src_model.exceptions import DataError


def schema(*ids: int, ignored: tuple[int, ...] = ()) -> ClassSchema:
    def entry(number: int) -> SemanticClass:
        return SemanticClass(number, f"class {number}", (number % 256, 1, 2))

    return ClassSchema("tiny", tuple(map(entry, ids)), tuple(map(entry, ignored)))


@given(
    arrays.arrays(
        np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.sampled_from([0, 1, 2, VOID, IGNORED])
    ),
    st.sampled_from([schema(0, 1, 2), schema(33, 7, 254), schema(0, 255, 3, ignored=(9,))]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
def test_a_mask_is_read_back_by_the_class_table_it_was_written_with(
    tmp_path: Path, labels: np.ndarray, classes: ClassSchema
) -> None:
    path = tmp_path / "new" / "a.png"
    save_mask(path, labels, classes)
    np.testing.assert_array_equal(IndexOrColourMasks(classes)(path), np.where(labels == IGNORED, VOID, labels))


def test_a_mask_holds_permanent_ids_and_shows_the_colours(tmp_path: Path) -> None:
    save_mask(tmp_path / "a.png", np.array([[0, 1, VOID]], dtype=np.uint8), schema(33, 7))
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "P"
        assert np.asarray(image).tolist() == [[33, 7, 255]]
        assert np.asarray(image.convert("RGB")).tolist() == [[[33, 1, 2], [7, 1, 2], [0, 0, 0]]]


@pytest.mark.parametrize(
    ("labels", "classes", "fault"),
    [
        ([2], schema(0, 1), r"a\.png: \[2\] are no classes of tiny"),
        ([VOID], schema(0, 255), "255 is a class of tiny"),
        ([0], schema(300), "the id 300"),
    ],
)
def test_what_does_not_fit_a_mask_is_refused(
    tmp_path: Path, labels: list[int], classes: ClassSchema, fault: str
) -> None:
    with pytest.raises(DataError, match=fault):
        save_mask(tmp_path / "a.png", np.array([labels], dtype=np.uint8), classes)
    assert list(tmp_path.iterdir()) == []


def test_a_mask_that_cannot_be_written_is_reported_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.png").mkdir()
    with pytest.raises(DataError, match=r"Cannot write .*a\.png"):
        save_mask(tmp_path / "a.png", np.zeros((1, 1), dtype=np.uint8), schema(0))
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def colourful(*colours: tuple[int, int, int], ignored: tuple[tuple[int, int, int], ...] = ()) -> ClassSchema:
    def entries(first: int, of: tuple[tuple[int, int, int], ...]) -> tuple[SemanticClass, ...]:
        return tuple(SemanticClass(number, f"class {number}", colour) for number, colour in enumerate(of, first))

    return ClassSchema("tiny", entries(0, colours), entries(100, ignored))


LABELS = np.array([[0, 1, VOID], [IGNORED, 1, 0]], dtype=np.uint8)
RED, BLUE, BLACK, WHITE = (255, 0, 0), (0, 0, 255), (0, 0, 0), (255, 255, 255)


@pytest.mark.parametrize(
    "classes", [colourful(RED, BLUE, ignored=(BLACK,)), colourful(RED, BLACK, ignored=(RED, WHITE))]
)
def test_a_colour_mask_is_read_back_by_a_table_with_an_ignored_colour(tmp_path: Path, classes: ClassSchema) -> None:
    save_colour_mask(tmp_path / "new" / "a.png", LABELS, classes)
    own = ClassSchema("tiny", classes.classes, classes.ignored[-1:])
    read = IndexOrColourMasks(own)(tmp_path / "new" / "a.png")
    np.testing.assert_array_equal(read, np.where(LABELS == IGNORED, VOID, LABELS))


def test_a_colour_mask_shows_the_colours_and_black_where_nothing_is_labelled(tmp_path: Path) -> None:
    save_colour_mask(tmp_path / "a.png", LABELS, colourful(RED, BLUE))
    with Image.open(tmp_path / "a.png") as image:
        assert np.asarray(image).tolist() == [[[*RED], [*BLUE], [*BLACK]], [[*BLACK], [*BLUE], [*RED]]]


@pytest.mark.parametrize(
    ("classes", "reason"),
    [
        (colourful(RED, RED), "the same colour"),
        (colourful(RED, BLACK), "black is a class"),
        (colourful(RED), "no class"),
    ],
)
def test_a_colour_mask_that_could_not_be_understood_is_refused_and_nothing_is_written(
    tmp_path: Path, classes: ClassSchema, reason: str
) -> None:
    with pytest.raises(DataError, match=reason):
        save_colour_mask(tmp_path / "a.png", LABELS, classes)
    assert not list(tmp_path.iterdir())
