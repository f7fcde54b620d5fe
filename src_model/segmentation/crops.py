"""Training crops: whose turn it is, where the crop lies round a labelled region, and what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from src_model.data.annotation import VOID, Labels
from src_model.data.images import Pixels
from src_model.data.region import Region, Size


class RegionOrder:
    """An endless order of regions: shuffled, each once, shuffled anew.

    A function of seed and position alone: whoever asks for position i, whenever, gets the same region.

    Parameters
    ----------
    regions:
        At least one.
    seed:
        Of the shuffling.
    """

    def __init__(self, regions: Sequence[Region], seed: int) -> None:
        self._regions = tuple(regions)
        self._seed = seed
        self._round = -1
        self._shuffled: tuple[Region, ...] = ()

    def take(self, start: int, count: int) -> list[Region]:
        """The regions at ``count`` positions from ``start`` on."""
        return [self._at(position) for position in range(start, start + count)]

    def _at(self, position: int) -> Region:
        number, offset = divmod(position, len(self._regions))
        if number != self._round:
            order = np.random.default_rng((self._seed, number)).permutation(len(self._regions))
            self._round, self._shuffled = number, tuple(self._regions[index] for index in order)
        return self._shuffled[offset]


class TrainingOrder:
    """Which labelled regions each batch is cropped round.

    Batches are as large as configured, but no larger than there are regions (at least two crops, for the sake of
    batch normalisation): a second crop of the same few regions teaches little.

    Parameters
    ----------
    regions, newest:
        All labelled regions; those of the last query. Without newest ones, all count alike.
    train_on:
        ``all``, ``newest``, or ``mixed``: half of every batch from the newest, half from the earlier ones.
    batch_size:
        Crops a batch.
    seed:
        Of the shuffling.
    """

    def __init__(
        self,
        regions: Sequence[Region],
        newest: Sequence[Region],
        train_on: Literal["all", "newest", "mixed"],
        batch_size: int,
        seed: int,
    ) -> None:
        recent = frozenset(newest)
        earlier = tuple(region for region in regions if region not in recent)
        if train_on == "all" or not recent:
            sources: tuple[Sequence[Region], ...] = (regions,)
        elif train_on == "newest" or not earlier:
            sources = (newest,)
        else:
            sources = (newest, earlier)
        crops = min(batch_size, max(2, sum(map(len, sources))))
        self._shares = (crops - crops // 2, crops // 2) if len(sources) == 2 else (crops,)
        self._orders = tuple(RegionOrder(source, seed + number) for number, source in enumerate(sources))

    def batch(self, index: int) -> list[Region]:
        """Regions of batch ``index``."""
        return [
            region
            for order, share in zip(self._orders, self._shares, strict=True)
            for region in order.take(index * share, share)
        ]


def draw_window(region: Region, image_size: Size, size: Size, rng: np.random.Generator) -> Region:
    """A window of ``size`` that holds the centre of ``region``, uniform among those inside the image.

    Where the image is smaller than the window, the window starts at its edge and reaches beyond it.
    """
    centre_row, centre_column = region.row + region.height // 2, region.column + region.width // 2
    row = _draw_origin(centre_row, image_size[0], size[0], rng)
    column = _draw_origin(centre_column, image_size[1], size[1], rng)
    return Region(region.image, row, column, *size)


def _draw_origin(centre: int, length: int, size: int, rng: np.random.Generator) -> int:
    last = max(0, min(centre, length - size))
    first = min(last, max(0, centre - size + 1))
    return int(rng.integers(first, last, endpoint=True))


def cut(pixels: Pixels, labels: Labels, window: Region) -> tuple[Pixels, Labels]:
    """The (height, width, 3) pixels and (height, width) labels inside a window.

    Beyond the image its border pixels are repeated and labels are VOID.
    """
    seen, known = pixels[window.window], labels[window.window]
    beyond = [(0, wanted - there) for wanted, there in zip(window.shape, known.shape, strict=True)]
    if any(after for _, after in beyond):
        return np.pad(seen, [*beyond, (0, 0)], mode="edge"), np.pad(known, beyond, constant_values=VOID)
    return seen, known
