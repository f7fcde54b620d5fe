"""Serving: a copy of the weights that makes drafts while others are being trained, exchanged between regions only."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

import numpy as np
import numpy.typing as npt
import torch

from src_model.data.annotation import Labels
from src_model.data.region import Region, Size
from src_model.segmentation.region_confusions import filled_cells
from src_model.segmentation.segmenter import OptionalMap, Segmenter

Weights = dict[str, torch.Tensor]

_KEPT_IMAGES = 4
"""Neighbouring regions of a query often lie in one image; 5 bytes a pixel each."""


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """What the served weights say of a region or an image.

    Attributes
    ----------
    labels:
        (h, w) uint8 most probable class.
    certainty:
        (h, w) float32 in 0 … 1, its probability.
    step:
        Of the fit the weights come from; 0: the start weights.
    """

    labels: Labels
    certainty: npt.NDArray[np.float32]
    step: int


class ServedModel:
    """Drafts for one lane, which takes new weights only when it turns to another region.

    `offer` may be called from another thread; everything else belongs to the lane that drafts.

    Parameters
    ----------
    segmenter:
        A network of its own, that nobody trains.
    sizes:
        Height and width of an image.
    """

    def __init__(self, segmenter: Segmenter, sizes: Callable[[str], Size]) -> None:
        self._segmenter = segmenter
        self._sizes = sizes
        self._lock = Lock()
        self._offered: tuple[Weights, int] | None = None
        self._step = 0
        self._region: Region | None = None
        self._seen: OrderedDict[str, Draft] = OrderedDict()

    @property
    def step(self) -> int:
        """Of the fit the weights in use come from."""
        return self._step

    def offer(self, weights: Weights, step: int) -> None:
        """Weights for the next region; if others wait still, these take their place."""
        with self._lock:
            self._offered = weights, step

    def region(self, region: Region) -> Draft:
        """The draft of a region; a region other than the last one is where new weights come in.

        A view of its image, which is looked at as a whole: the image after the first costs nothing.
        """
        if region != self._region:
            self._take_offered()
            self._region = region
        whole = self.image(region.image)
        return Draft(whole.labels[region.window], whole.certainty[region.window], whole.step)

    def image(self, image: str) -> Draft:
        """Of a whole image, by the weights in use; the last few are remembered."""
        if image not in self._seen:
            self._seen[image] = self._looked_at(image)
            if len(self._seen) > _KEPT_IMAGES:
                self._seen.popitem(last=False)
        self._seen.move_to_end(image)
        return self._seen[image]

    def _take_offered(self) -> None:
        with self._lock:
            offered, self._offered = self._offered, None
        if offered is not None:
            self._segmenter.load_state_dict(offered[0])
            self._step = offered[1]
            self._seen.clear()

    def _looked_at(self, image: str) -> Draft:
        (maps,) = self._segmenter.scan((image,), (OptionalMap.PROBABILITIES,))
        assert maps.probabilities is not None
        certainty: npt.NDArray[np.float32] = maps.probabilities[0].amax(dim=0).cpu().numpy()
        height, width = self._sizes(image)
        filled = certainty.repeat(maps.cell[0], axis=0).repeat(maps.cell[1], axis=1)[:height, :width]
        return Draft(filled_cells(maps, 0, height, width), filled, self._step)
