"""A made-up street of two colours, and a network small enough to train in a test."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch

from src_model.config import SegmentationConfig
from src_model.data.annotation import Labels
from src_model.data.images import Pixels
from src_model.data.region import Region, RegionGrid, Size
from src_model.segmentation.fpn_segmenter import FPNSegmenter


class TwoColours:
    """Images blue on the left (class 0) and red on the right (class 1); source of pixels and labels."""

    def __init__(self, sizes: Sequence[Size]) -> None:
        rng = np.random.default_rng(0)
        self._labels: dict[str, Labels] = {}
        self._pixels: dict[str, Pixels] = {}
        for number, (height, width) in enumerate(sizes):
            labels = np.zeros((height, width), dtype=np.uint8)
            labels[:, width // 2 + int(rng.integers(-width // 8, width // 8 + 1)) :] = 1
            colours = np.array([[20, 40, 190], [190, 40, 20]], dtype=np.uint8)
            pixels = colours[labels] + rng.integers(0, 60, size=(height, width, 3), dtype=np.uint8)
            self._labels[f"street{number}"], self._pixels[f"street{number}"] = labels, pixels
            labels.setflags(write=False)
            pixels.setflags(write=False)

    @property
    def ids(self) -> list[str]:
        return sorted(self._labels)

    def size(self, image: str) -> Size:
        height, width = self._labels[image].shape
        return height, width

    def version(self, image: str) -> str:
        return str(self._pixels[image].sum())

    def image(self, image: str) -> Pixels:
        return self._pixels[image]

    def labels(self, image: str) -> Labels:
        return self._labels[image]

    def regions(self, region_size: Size = (30, 30)) -> list[Region]:
        return [region for image in self.ids for region in RegionGrid(self.size(image), region_size).regions(image)]


@pytest.fixture
def streets() -> TwoColours:
    return TwoColours([(60, 70)] * 4)


@pytest.fixture
def streets_of_sizes() -> Callable[[Sequence[Size]], TwoColours]:
    return TwoColours


@pytest.fixture
def tiny_config() -> SegmentationConfig:
    """A network of 2 million parameters in full precision, crops of 64×64, four a batch."""
    return SegmentationConfig(
        encoder="tu-test_efficientnet",
        encoder_weights="none",
        crop=(64, 64),
        batch_size=4,
        updates=2,
        inference_batch=3,
        mc_passes=4,
        mixed_precision=False,
    )


@pytest.fixture
def tiny_segmenter(streets: TwoColours, tiny_config: SegmentationConfig) -> FPNSegmenter:
    return FPNSegmenter(streets, 2, tiny_config, torch.device("cpu"), seed=7)
