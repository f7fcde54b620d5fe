"""What the labels of a fit weigh in the fast segmenter: rare classes, and the newest beside the older ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

from src_model.config import SegmentationConfig
from src_model.data.region import Region, Size
from src_model.events import drain
from src_model.segmentation.fast_segmenter import FastSegmenter
from src_model.segmentation.segmenter import FitTask, OptionalMap

CPU = torch.device("cpu")
CONFIG = SegmentationConfig(
    segmenter="fast", fast_cell=(10, 10), fast_input=(64, 64), fast_components=8, dropout=0.0, mc_passes=5
)


class Alike:
    """Four images of the same pixels, so that features tell nothing; labels as given, the same in all pixels' cells."""

    ids = ("street0", "street1", "street2", "street3")

    def __init__(self, streets: Any, labels: dict[str, np.ndarray]) -> None:
        self._pixels, self._labels = streets.image("street0"), labels

    def size(self, image: str) -> Size:
        return 60, 70

    def version(self, image: str) -> str:
        return ""

    def image(self, image: str) -> np.ndarray:
        pixels: np.ndarray = self._pixels
        return pixels

    def labels(self, image: str) -> np.ndarray:
        return self._labels[image]


def _probability(alike: Alike, newest: Sequence[str], **changes: Any) -> float:
    """Mean probability of class 1 after a long fit on the four images, one region each."""
    config = CONFIG.model_copy(update=changes)
    segmenter = FastSegmenter(alike, 2, config, CPU, seed=0)
    regions = {image: Region(image, 0, 0, 60, 70) for image in alike.ids}
    task = FitTask(alike, list(regions.values()), [regions[image] for image in newest], 150)
    drain(segmenter.fit(task, np.random.default_rng(0)))
    [maps] = segmenter.scan(["street0"], [OptionalMap.PROBABILITIES])
    assert maps.probabilities is not None
    return float(maps.probabilities[:, 1].mean())


def test_class_weights_lift_the_rare_class(streets: Any) -> None:
    one_in_five = np.tile(np.array([0, 0, 0, 0, 1], dtype=np.uint8), (60, 14))
    alike = Alike(streets, dict.fromkeys(Alike.ids, one_in_five))
    assert _probability(alike, ()) == pytest.approx(1 / 5, abs=0.01)
    # Weights 1/√4 and 1/√1 make four to one two to one.
    assert _probability(alike, (), loss_weights="inverse_sqrt") == pytest.approx(1 / 3, abs=0.01)


@pytest.mark.parametrize(
    ("train_on", "newest", "expected"),
    [
        ("all", ["street3"], 1 / 4),
        ("mixed", ["street3"], 1 / 2),
        ("newest", ["street3"], 1),
        ("mixed", [], 1 / 4),
        ("mixed", Alike.ids, 1 / 4),
    ],
)
def test_the_newest_labels_count_as_the_settings_say(
    streets: Any, train_on: str, newest: Sequence[str], expected: float
) -> None:
    labels = {image: np.full((60, 70), int(image == "street3"), dtype=np.uint8) for image in Alike.ids}
    assert _probability(Alike(streets, labels), newest, train_on=train_on) == pytest.approx(expected, abs=0.02)
