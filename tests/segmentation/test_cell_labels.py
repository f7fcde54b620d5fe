from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src_model.config import DataConfig
from src_model.data.annotation import IGNORED, VOID, Annotation
from src_model.data.labelled_set import LabelledSet
from src_model.data.readers import open_dataset
from src_model.data.region import Region, RegionGrid
from src_model.segmentation.cell_labels import CellLabelMemory, cell_grid, cells_under, class_pixels

sizes = st.tuples(st.integers(1, 25), st.integers(1, 25))
cells = st.tuples(st.integers(1, 7), st.integers(1, 7))


def test_each_cell_counts_the_pixels_of_each_class() -> None:
    labels = np.array(
        [
            [0, 0, 1, VOID],
            [0, 1, 1, IGNORED],
            [1, 1, VOID, VOID],
        ],
        dtype=np.uint8,
    )
    counts = class_pixels(labels, (2, 2), 2)
    assert counts.tolist() == [[3, 1], [0, 2], [0, 2], [0, 0]]


def test_cells_are_those_of_the_image_not_of_the_patch() -> None:
    patch = np.array([[0, 1, 1]], dtype=np.uint8)
    assert class_pixels(patch, (2, 2), 2, corner=(3, 1)).tolist() == [[1, 0], [0, 2]]


def test_a_border_cell_may_be_cut_off() -> None:
    assert cell_grid((360, 480), (10, 10)) == (36, 48)
    assert cell_grid((361, 479), (10, 10)) == (37, 48)


@given(size=sizes, cell=cells, region=cells, seed=st.integers(0, 99))
def test_counts_of_all_regions_add_up_to_those_of_the_image(
    size: tuple[int, int], cell: tuple[int, int], region: tuple[int, int], seed: int
) -> None:
    labels = np.random.default_rng(seed).choice(np.array([0, 1, 2, VOID], dtype=np.uint8), size)
    whole = class_pixels(labels, cell, 3).reshape(*cell_grid(size, cell), 3)
    added = np.zeros_like(whole)
    for part in RegionGrid(size, region).regions("street"):
        rows, columns = cells_under(part, cell)
        counts = class_pixels(labels[part.window], cell, 3, (part.row, part.column))
        added[rows, columns] += counts.reshape(added[rows, columns].shape)
    assert (added == whole).all()
    assert whole.sum() == (labels != VOID).sum()


@pytest.mark.parametrize(("cell", "kind"), [((10, 10), "uint8"), ((20, 20), "int16"), ((200, 200), "int64")])
def test_counts_are_kept_in_the_smallest_type_that_holds_a_cell(cell: tuple[int, int], kind: str, streets: Any) -> None:
    counts = CellLabelMemory(cell, 2).class_pixels(["street0"], streets)
    assert str(counts.dtype) == f"torch.{kind}"
    assert int(counts.sum()) == 60 * 70


def test_masks_of_a_data_set_are_counted_once(tiny_camvid: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = open_dataset(DataConfig(path=tiny_camvid, reader="camvid"))
    memory = CellLabelMemory((10, 10), 11)
    first = memory.class_pixels(dataset.ids, dataset)
    monkeypatch.setattr(dataset, "labels", lambda image: pytest.fail(f"{image} was decoded again"))
    assert (memory.class_pixels(dataset.ids, dataset) == first).all()


def test_labels_that_may_grow_are_counted_each_time() -> None:
    labelled = LabelledSet(lambda image: (2, 4), 2)
    memory = CellLabelMemory((2, 2), 2)
    assert memory.class_pixels(["street"], labelled).tolist() == [[0, 0], [0, 0]]
    labelled.add([Annotation.from_labels(Region("street", 0, 2, 2, 2), np.ones((2, 2), dtype=np.uint8))], step=1)
    assert memory.class_pixels(["street"], labelled).tolist() == [[0, 0], [0, 4]]
