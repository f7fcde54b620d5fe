"""Opening in steps: the same data set, with word of how far it is, and folders that say nothing of classes."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from src_model.config import DataConfig
from src_model.data.annotation import VOID
from src_model.data.class_schema import ClassSchema, SemanticClass
from src_model.data.dataset import Dataset
from src_model.data.readers import open_dataset, opened_in_steps
from src_model.exceptions import DataError

OWN = ClassSchema("own", (SemanticClass(0, "crack", (255, 0, 0)),))


def drained(opening: Generator[tuple[int, int], None, Dataset]) -> tuple[list[tuple[int, int]], Dataset]:
    steps = []
    while True:
        try:
            steps.append(next(opening))
        except StopIteration as end:
            return steps, end.value


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(250):
        Image.new("RGB", (8, 6)).save(folder / f"walk_{number:03}.png")
    return folder


def test_the_data_set_is_the_one_that_is_opened_at_once(tiny_camvid: Path) -> None:
    config = DataConfig(path=tiny_camvid, reader="camvid", image_size=(18, 24))
    _, dataset = drained(opened_in_steps(config))
    at_once = open_dataset(config)
    assert dataset.ids == at_once.ids
    assert [dataset.size(image) for image in dataset.ids] == [(18, 24)] * 8
    np.testing.assert_array_equal(dataset.labels(dataset.ids[0]), at_once.labels(dataset.ids[0]))


def test_every_hundred_headers_are_told_of(pictures: Path) -> None:
    steps, dataset = drained(opened_in_steps(DataConfig(path=pictures), OWN))
    assert steps == [(100, 250), (200, 250)]
    assert len(dataset) == 250
    assert dataset.size(dataset.ids[249]) == (6, 8)


def test_a_folder_that_says_nothing_of_classes_is_opened_with_those_it_will_be_labelled_with(pictures: Path) -> None:
    (pictures / "masks").mkdir()
    (pictures / "images").mkdir()
    (pictures / "walk_000.png").rename(pictures / "images" / "walk_000.png")
    Image.fromarray(np.full((6, 8), 77, dtype=np.uint8)).save(pictures / "masks" / "walk_000.png")
    _, dataset = drained(opened_in_steps(DataConfig(path=pictures), OWN))
    assert dataset.schema is OWN
    assert not dataset.has_labels("walk_000")
    assert (dataset.labels("walk_000") == VOID).all()


def test_a_damaged_image_is_found_by_its_header(pictures: Path) -> None:
    (pictures / "walk_120.png").write_bytes(b"no image")
    with pytest.raises(DataError, match="walk_120"):
        drained(opened_in_steps(DataConfig(path=pictures), OWN))
