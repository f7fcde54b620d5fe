"""Region confusions: one matrix a region, whatever images and cells they lie in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
import torch

from src_model.data.annotation import VOID, Labels
from src_model.data.region import Region
from src_model.events import drain
from src_model.segmentation.metrics import confusion_matrix
from src_model.segmentation.region_confusions import read_regions, region_confusions
from src_model.segmentation.segmenter import PredictionMaps

RNG = np.random.default_rng(0)
TRUTH = {name: RNG.choice(np.array([0, 1, 2, VOID], dtype=np.uint8), (7, 9)) for name in "ab"}
CELLS = {name: RNG.integers(0, 3, (4, 3), dtype=np.uint8) for name in "ab"}
GUESS = {name: cells.repeat(2, axis=0).repeat(3, axis=1)[:7, :9] for name, cells in CELLS.items()}
REGIONS = (Region("b", 0, 0, 3, 4), Region("a", 4, 5, 3, 4), Region("b", 2, 2, 5, 5))


class CellSegmenter:
    """Says what stands in CELLS, in cells of 2×3 pixels."""

    num_classes = 3

    def scan(self, images: Sequence[str], should_stop: Any) -> Iterator[PredictionMaps]:
        for image in images:
            if should_stop():
                return
            cells = torch.from_numpy(CELLS[image][None])
            empty = torch.zeros(cells.shape)
            yield PredictionMaps((image,), cells, empty, empty, cell=(2, 3))


class Truth:
    def labels(self, image: str) -> Labels:
        return TRUTH[image]


def one_by_one() -> list[list[list[int]]]:
    return [
        confusion_matrix(TRUTH[region.image][region.window].copy(), GUESS[region.image][region.window].copy(), 3)
        .counts.astype(int)
        .tolist()
        for region in REGIONS
    ]


def test_each_region_has_the_confusion_of_its_own_pixels() -> None:
    counts = drain(read_regions(CellSegmenter(), REGIONS, Truth()))  # type: ignore[arg-type]
    assert counts is not None
    assert counts.tolist() == one_by_one()


def test_half_a_reading_is_none() -> None:
    calls = iter([False, True])
    assert drain(read_regions(CellSegmenter(), REGIONS, Truth(), lambda: next(calls))) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("regions", [(), (Region("a", 0, 0, 7, 9),)])
def test_any_number_of_regions_has_a_matrix_each(regions: tuple[Region, ...]) -> None:
    counts = region_confusions(TRUTH["a"], GUESS["a"], regions, 3)
    assert counts.shape == (len(regions), 3, 3)
    assert counts.sum() == len(regions) * (TRUTH["a"] != VOID).sum()
