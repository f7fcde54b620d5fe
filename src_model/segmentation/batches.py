"""Batches: images and training crops as tensors, the next one made while torch computes on this one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch

from src_model.config import SegmentationConfig
from src_model.data.annotation import VOID
from src_model.data.images import ImageSource
from src_model.data.region import Region, Size
from src_model.segmentation.augmentation import draw_variation, vary
from src_model.segmentation.crops import TrainingOrder, cut, draw_window
from src_model.segmentation.segmenter import FitTask

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Batch:
    """Training crops.

    Attributes
    ----------
    pixels:
        (B, 3, h, w) uint8 RGB.
    labels:
        (B, h, w) int64 class indices or VOID.
    labelled:
        Pixels that are not VOID.
    """

    pixels: torch.Tensor
    labels: torch.Tensor
    labelled: int


class CropBatches:
    """Batches of training crops round labelled regions.

    Batch ``index`` is a function of the task, the seed and the index alone, whenever and by whatever thread it is made.

    Parameters
    ----------
    images:
        Where pixels come from.
    task:
        Labels and regions; at least one region.
    config:
        Size, number and augmentation of the crops.
    num_classes:
        C; any other label is VOID here.
    seed:
        Of everything random.
    """

    def __init__(
        self, images: ImageSource, task: FitTask, config: SegmentationConfig, num_classes: int, seed: int
    ) -> None:
        self._images = images
        self._labels = task.labels
        self._config = config
        self._num_classes = num_classes
        self._seed = seed
        self._order = TrainingOrder(task.regions, task.newest, config.train_on, config.batch_size, seed)

    def make(self, index: int) -> Batch:
        """Batch ``index``."""
        rng = np.random.default_rng((self._seed, index))
        crops = [self._crop(region, rng) for region in self._order.batch(index)]
        labels = torch.stack([labels for _, labels in crops]).to(torch.int64)
        labels[labels >= self._num_classes] = VOID
        return Batch(torch.stack([pixels for pixels, _ in crops]), labels, int((labels != VOID).sum()))

    def _crop(self, region: Region, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        variation = draw_variation(self._config.augmentation, rng)
        known = self._labels.labels(region.image)
        height, width = known.shape
        window = draw_window(region, (height, width), variation.seen(self._config.crop), rng)
        pixels, labels = cut(self._images.image(region.image), known, window)
        # Copies: sources may hand out read-only views, of which torch makes no tensors.
        planes = torch.from_numpy(np.array(pixels.transpose(2, 0, 1), order="C"))
        return vary(planes, torch.from_numpy(labels.copy()), variation, self._config.crop)


def prefetched(make: Callable[[int], T], count: int, ahead: int = 2) -> Generator[T, None, None]:
    """``make(0)`` … ``make(count - 1)`` in order, made by a thread that stays up to ``ahead`` of the consumer.

    What ``make`` raises is raised here in its turn. The thread ends with the generator, also when it is closed early.
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="batches") as thread:
        _compute_alone(thread)
        waiting: deque[Future[T]] = deque()
        try:
            for index in range(min(ahead, count)):
                waiting.append(thread.submit(make, index))
            for index in range(ahead, count + ahead):
                made = waiting.popleft().result()
                if index < count:
                    waiting.append(thread.submit(make, index))
                yield made
        finally:
            thread.shutdown(wait=True, cancel_futures=True)


def _compute_alone(thread: ThreadPoolExecutor) -> None:
    """Have torch compute in that one thread without helpers of its own.

    A second team of OpenMP threads outnumbers the cores, whereupon both teams sleep at every barrier instead of
    spinning: training lost a third of its speed to batches that cost 2 % of its time.
    """
    ours = torch.get_num_threads()
    thread.submit(torch.get_num_threads).result()  # Asked once, it does not take over the default later.
    thread.submit(torch.set_num_threads, 1).result()
    torch.set_num_threads(ours)  # The call also set the default, with which other threads start.


def equal_size_batches(images: ImageSource, ids: Sequence[str], batch_size: int) -> list[tuple[str, ...]]:
    """The ids in batches of images of one size, in the order given within a size."""
    by_size: dict[Size, list[str]] = {}
    for image in ids:
        by_size.setdefault(images.size(image), []).append(image)
    return [
        tuple(group[start : start + batch_size])
        for group in by_size.values()
        for start in range(0, len(group), batch_size)
    ]


def stacked_pixels(images: ImageSource, ids: Sequence[str]) -> torch.Tensor:
    """(B, 3, h, w) uint8 view of equally large images, colours innermost in memory."""
    return torch.from_numpy(np.stack([images.image(image) for image in ids])).permute(0, 3, 1, 2)
