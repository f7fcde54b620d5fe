from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch

from src_model.config import SegmentationConfig
from src_model.data.annotation import IGNORED, VOID, Labels
from src_model.exceptions import DataError
from src_model.segmentation.batches import CropBatches, equal_size_batches, prefetched, stacked_pixels
from src_model.segmentation.segmenter import FitTask


def _threads() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("batches")}


def test_made_in_order_and_all() -> None:
    assert list(prefetched(lambda index: index * 10, 5)) == [0, 10, 20, 30, 40]
    assert list(prefetched(lambda index: index, 1)) == [0]
    assert list(prefetched(lambda index: index, 0)) == []


def test_the_next_one_is_made_while_this_one_is_used() -> None:
    made = []
    second = threading.Event()

    def make(index: int) -> int:
        made.append(index)
        if index == 1:
            second.set()
        return index

    batches = prefetched(make, 3)
    next(batches)
    assert second.wait(timeout=5)
    batches.close()


def test_no_more_than_two_wait_in_memory() -> None:
    made: list[int] = []
    batches = prefetched(lambda index: made.append(index), 50)
    next(batches)
    time.sleep(0.05)
    assert len(made) <= 3
    batches.close()


def test_the_thread_ends_with_the_generator() -> None:
    exhausted = prefetched(lambda index: index, 2)
    list(exhausted)
    assert not _threads()
    closed_early = prefetched(lambda index: index, 50)
    next(closed_early)
    assert _threads()
    closed_early.close()
    assert not _threads()


def test_torch_computes_alone_in_the_thread_and_as_before_everywhere_else() -> None:
    ours = torch.get_num_threads()

    def make(index: int) -> int:
        (torch.rand(4 << 18) * 2).sum()  # Large enough for several threads, were they allowed.
        return torch.get_num_threads()

    assert list(prefetched(make, 3)) == [1, 1, 1]
    assert torch.get_num_threads() == ours
    with ThreadPoolExecutor(1) as another:
        assert another.submit(torch.get_num_threads).result() == ours


def test_an_error_while_making_is_raised_in_its_turn() -> None:
    def make(index: int) -> int:
        if index == 1:
            raise DataError("image is damaged")
        return index

    batches = prefetched(make, 3)
    assert next(batches) == 0
    with pytest.raises(DataError, match="damaged"):
        next(batches)
    assert not _threads()


@pytest.mark.parametrize("augmentation", ["flip", "full"])
def test_a_batch_depends_on_seed_and_index_alone(
    streets: Any, tiny_config: SegmentationConfig, augmentation: str
) -> None:
    config = tiny_config.model_copy(update={"augmentation": augmentation})
    task = FitTask(streets, streets.regions(), streets.regions()[:4])
    fifth = CropBatches(streets, task, config, 2, seed=3).make(5)
    crops = CropBatches(streets, task, config, 2, seed=3)
    before = torch.get_rng_state()
    others = [crops.make(index) for index in (0, 7)]
    again = crops.make(5)
    assert torch.equal(again.pixels, fifth.pixels)
    assert torch.equal(again.labels, fifth.labels)
    assert not any(torch.equal(other.pixels, fifth.pixels) for other in others)
    assert not torch.equal(CropBatches(streets, task, config, 2, seed=4).make(5).pixels, fifth.pixels)
    assert torch.equal(torch.get_rng_state(), before)


def test_one_region_alone_is_seen_differently_in_each_batch(streets: Any, tiny_config: SegmentationConfig) -> None:
    crops = CropBatches(streets, FitTask(streets, streets.regions()[:1], []), tiny_config, 2, seed=3)
    first, second = crops.make(0).pixels, crops.make(1).pixels
    assert not torch.equal(first, second)
    assert not torch.equal(first[0], first[1])


def test_a_batch_shows_the_labels_of_its_pixels(streets: Any, tiny_config: SegmentationConfig) -> None:
    """Red is class 1, also after flips and scaling; colours are left alone here."""
    config = tiny_config.model_copy(update={"augmentation": "flip", "crop": (48, 40)})
    task = FitTask(streets, streets.regions(), [])
    batch = CropBatches(streets, task, config, 2, seed=0).make(0)
    assert batch.pixels.shape == (4, 3, 48, 40)
    assert batch.pixels.dtype == torch.uint8
    assert torch.equal(batch.labels == 1, batch.pixels[:, 0] > batch.pixels[:, 2])
    assert batch.labelled == 4 * 48 * 40


def test_a_crop_larger_than_the_image_is_void_beyond_it(streets: Any, tiny_config: SegmentationConfig) -> None:
    config = tiny_config.model_copy(update={"augmentation": "flip", "crop": (64, 96)})
    batch = CropBatches(streets, FitTask(streets, streets.regions(), []), config, 2, seed=0).make(0)
    assert (batch.labels[:, 60:] == VOID).all()
    assert batch.labelled == 4 * 60 * 70


def test_what_is_no_class_is_void(streets: Any, tiny_config: SegmentationConfig) -> None:
    class Ignored:
        def labels(self, image: str) -> Labels:
            return np.full(streets.size(image), IGNORED, dtype=np.uint8)

    batch = CropBatches(streets, FitTask(Ignored(), streets.regions(), []), tiny_config, 2, seed=0).make(0)
    assert (batch.labels == VOID).all()
    assert batch.labelled == 0


def test_images_of_one_size_share_batches_and_keep_their_order(streets_of_sizes: Callable[..., Any]) -> None:
    streets = streets_of_sizes([(8, 9), (9, 8), (8, 9), (8, 9)])
    batches = equal_size_batches(streets, ["street3", "street1", "street0", "street2"], 2)
    assert batches == [("street3", "street0"), ("street2",), ("street1",)]
    pixels = stacked_pixels(streets, batches[0])
    assert pixels.shape == (2, 3, 8, 9)
    assert np.array_equal(pixels[1].permute(1, 2, 0).numpy(), streets.image("street0"))
