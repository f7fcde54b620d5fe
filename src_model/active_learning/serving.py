"""Serving: a copy of the weights that makes drafts while others are being trained, exchanged between regions only."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Lock

import numpy as np
import numpy.typing as npt
import torch

from src_model.active_learning.assembly import make_segmenter
from src_model.active_learning.embedded_images import EmbeddedImages, WeakDraft
from src_model.config import RunConfig
from src_model.data.annotation import Labels
from src_model.data.dataset import Dataset
from src_model.data.images import ImageSource, Pixels
from src_model.data.region import Region, Size
from src_model.events import ShouldStop, never
from src_model.labelling.examples import Example
from src_model.segmentation.region_confusions import filled_cells
from src_model.segmentation.segmenter import OptionalMap

Weights = dict[str, torch.Tensor]

_KEPT = 4
"""Looks that are remembered; 5 bytes a pixel each."""
_CONTEXT = 1
"""Regions' sizes that a draft sees beyond its region on each side: a network with convolutions is trained on crops, and
nine regions take a fraction of the time of a whole image."""

_OVERRULES = 0.5
"""Probability by examples from which on they are believed, and not the start weights."""


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


class LookStopped(Exception):
    """A look at an image was left in the middle."""


class WindowedImages:
    """Images of a data set and, under ids of their own, windows of them."""

    def __init__(self, images: ImageSource) -> None:
        self._images = images
        self._windows: dict[str, Region] = {}

    @property
    def ids(self) -> Sequence[str]:
        """Those of the images."""
        return self._images.ids

    def window(self, region: Region) -> str:
        """The id of this window."""
        name = f"{region.image}\n{region.row},{region.column},{region.height},{region.width}"
        self._windows[name] = region
        return name

    def size(self, image: str) -> Size:
        """Height and width of an image or a window."""
        return self._windows[image].shape if image in self._windows else self._images.size(image)

    def version(self, image: str) -> str:
        """Of the image."""
        return self._images.version(self._windows[image].image if image in self._windows else image)

    def image(self, image: str) -> Pixels:
        """(h, w, 3) uint8 RGB of an image or a window."""
        region = self._windows.get(image)
        return self._images.image(image) if region is None else self._images.image(region.image)[region.window]


class ServedModel:
    """Drafts for one lane, which takes new weights only when it turns to another region.

    `offer` may be called from another thread; everything else belongs to the lane that drafts.

    Parameters
    ----------
    config:
        Of the segmenter.
    dataset:
        Images and classes.
    device:
        Where drafts are computed.
    """

    def __init__(self, config: RunConfig, dataset: Dataset, device: torch.device) -> None:
        self._images = WindowedImages(dataset)
        self._segmenter = make_segmenter(config, self._images, dataset.schema, device)
        # The cells of frozen features are those of whole images, and are there already.
        self._in_windows = config.segmentation.segmenter == "fpn"
        self._lock = Lock()
        self._offered: tuple[Weights, int] | None = None
        self._step = 0
        self.embedded = EmbeddedImages(config, dataset, device)
        self._examples: tuple[Example, ...] = ()
        self._weak: tuple[str, WeakDraft] | None = None
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

    def show(self, examples: tuple[Example, ...]) -> None:
        """Until the first fit, let these examples say what they are sure of; may be called from another thread."""
        with self._lock:
            self._examples, self._weak = examples, None

    def region(self, region: Region) -> Draft:
        """The draft of a region; a region other than the last one is where new weights come in."""
        if region != self._region:
            self._take_offered()
            self._region = region
        if not self._in_windows:
            return self._by_examples(_part(self._look(region.image), region), region)
        around = _with_context(region, self._images.size(region.image))
        inside = replace(region, row=region.row - around.row, column=region.column - around.column)
        return self._by_examples(_part(self._look(self._images.window(around)), inside), region)

    def image(self, image: str, should_stop: ShouldStop = never) -> Draft:
        """Of a whole image, by the weights in use; seconds for a large one.

        Raises
        ------
        LookStopped
            If it was asked to stop; nothing is remembered of it.
        """
        return self._look(image, should_stop)

    def _by_examples(self, draft: Draft, region: Region) -> Draft:
        """What was shown overrules start weights, which know other images or nothing at all."""
        with self._lock:
            examples, weak = self._examples, self._weak
        if self._step or not examples:
            return draft
        if weak is None or weak[0] != region.image:
            weak = region.image, self.embedded.weak_draft(region.image, examples)
            with self._lock:
                self._weak = weak if self._examples is examples else None
        labels, certainty = weak[1].labels[region.window], weak[1].certainty[region.window]
        wins = certainty > _OVERRULES
        return Draft(
            np.where(wins, labels, draft.labels), np.where(wins, certainty, draft.certainty).astype(np.float32), 0
        )

    def _look(self, image: str, should_stop: ShouldStop = never) -> Draft:
        if image not in self._seen:
            self._seen[image] = self._looked_at(image, should_stop)
            if len(self._seen) > _KEPT:
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

    def _looked_at(self, image: str, should_stop: ShouldStop) -> Draft:
        maps = next(self._segmenter.scan((image,), (OptionalMap.PROBABILITIES,), should_stop=should_stop), None)
        if maps is None:
            raise LookStopped
        assert maps.probabilities is not None
        certainty: npt.NDArray[np.float32] = maps.probabilities[0].amax(dim=0).cpu().numpy()
        height, width = self._images.size(image)
        filled = certainty.repeat(maps.cell[0], axis=0).repeat(maps.cell[1], axis=1)[:height, :width]
        return Draft(filled_cells(maps, 0, height, width), filled, self._step)


def _part(whole: Draft, region: Region) -> Draft:
    return Draft(whole.labels[region.window], whole.certainty[region.window], whole.step)


def _with_context(region: Region, size: Size) -> Region:
    top, left = max(0, region.row - _CONTEXT * region.height), max(0, region.column - _CONTEXT * region.width)
    bottom = min(size[0], region.row + (1 + _CONTEXT) * region.height)
    right = min(size[1], region.column + (1 + _CONTEXT) * region.width)
    return Region(region.image, top, left, bottom - top, right - left)
