from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from src_model.config import SegmentationConfig
from src_model.data.annotation import IGNORED, VOID, Annotation
from src_model.data.labelled_set import LabelledSet
from src_model.data.region import Region
from src_model.segmentation import labelled_cells
from src_model.segmentation.frozen_features import FrozenFeatures
from src_model.segmentation.labelled_cells import LabelledCells
from src_model.segmentation.projection import Projection

CELL = (10, 10)
CONFIG = SegmentationConfig(segmenter="fast", fast_cell=CELL, fast_input=(32, 32), fast_components=4)


class GivenFeatures(FrozenFeatures):
    """Features without an encoder: the number of the cell in each component."""

    def __init__(self, images: Any) -> None:
        super().__init__(images, CONFIG, torch.device("cpu"), None)
        self.use(Projection(torch.zeros(4), torch.ones(4), torch.eye(4)))

    def of_cells(self, image: str, rows: slice, columns: slice) -> torch.Tensor:
        grid = self.grid(image)
        numbers = torch.arange(grid[0] * grid[1], dtype=torch.float32).view(grid)[rows, columns]
        return numbers.reshape(-1, 1).expand(-1, 4)


@pytest.fixture
def features(streets: Any) -> GivenFeatures:
    return GivenFeatures(streets)


@pytest.fixture
def cells(features: GivenFeatures) -> LabelledCells:
    return LabelledCells(features, CELL, 2)


def _labelled(streets: Any, *annotations: Annotation) -> LabelledSet:
    labelled = LabelledSet(streets.size, 2)
    labelled.add(annotations, step=1)
    return labelled


def _patch(region: Region, value: int) -> Annotation:
    return Annotation.from_labels(region, np.full(region.shape, value, dtype=np.uint8))


def test_rows_hold_the_labels_of_their_cells_region_after_region(cells: LabelledCells, streets: Any) -> None:
    upper, lower = Region("street0", 0, 0, 10, 20), Region("street1", 10, 0, 15, 10)
    rows = cells.rows([upper, lower], _labelled(streets, _patch(upper, 1), _patch(lower, 0)))
    # Images of 60×70 have 7 cells a row; the second region ends in the middle of a cell.
    assert rows.features[:, 0].tolist() == [0, 1, 7, 14]
    assert rows.pixels.tolist() == [[0, 100], [0, 100], [100, 0], [50, 0]]
    assert rows.regions.tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("unlabelled", [VOID, IGNORED])
def test_cells_without_labels_make_no_row(cells: LabelledCells, streets: Any, unlabelled: int) -> None:
    region = Region("street0", 0, 0, 10, 20)
    patch = np.full((10, 20), unlabelled, dtype=np.uint8)
    patch[0, 19] = 1
    rows = cells.rows([region], _labelled(streets, Annotation.from_labels(region, patch)))
    assert (rows.features[:, 0].tolist(), rows.pixels.tolist()) == ([1], [[0, 1]])


def test_labels_may_come_from_any_source(cells: LabelledCells, streets: Any) -> None:
    region = Region("street0", 0, 0, 10, 20)
    assert cells.rows([region], streets).pixels.tolist() == [[100, 0], [100, 0]]


def test_only_new_regions_are_decoded(cells: LabelledCells, streets: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Region("street0", 0, 0, 10, 20), Region("street0", 10, 0, 10, 20)
    labelled = _labelled(streets, _patch(first, 1))
    cells.rows([first], labelled)
    labelled.add([_patch(second, 0)], step=2)
    decoded: list[tuple[int, int]] = []
    count = labelled_cells.class_pixels
    monkeypatch.setattr(labelled_cells, "class_pixels", lambda *given: (decoded.append(given[3]), count(*given))[1])
    assert cells.rows([first, second], labelled).regions.tolist() == [0, 0, 1, 1]
    assert decoded == [(10, 0)]


@pytest.mark.parametrize("from_set", [True, False])
def test_a_correction_is_seen(cells: LabelledCells, streets: Any, from_set: bool) -> None:
    region = Region("street0", 0, 0, 10, 10)
    labelled = _labelled(streets, _patch(region, 1))

    class Copied:
        labels = staticmethod(labelled.labels)

    source = labelled if from_set else Copied()
    assert cells.rows([region], source).pixels.tolist() == [[0, 100]]
    labelled.add([_patch(region, 0)], step=2)
    assert cells.rows([region], source).pixels.tolist() == [[100, 0]]


def test_rows_follow_the_projection(cells: LabelledCells, features: GivenFeatures, streets: Any) -> None:
    region = Region("street0", 10, 0, 10, 10)
    assert cells.rows([region], streets).features.tolist() == [[7] * 4]
    features.use(Projection(torch.zeros(4), torch.ones(4), -torch.eye(4)))
    features.of_cells = lambda *_: torch.full((1, 4), -7.0)  # type: ignore[method-assign]
    assert cells.rows([region], streets).features.tolist() == [[-7] * 4]
