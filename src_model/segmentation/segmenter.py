"""The segmenter as the rest of the engine sees it: f_t in the papers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
import torch

from src_model.data.annotation import Labels
from src_model.data.images import LabelSource, Pixels
from src_model.data.region import Region, Size
from src_model.events import FitReport, Progress, ShouldStop, never
from src_model.segmentation.metrics import ConfusionMatrix, Evaluation


class OptionalMap(StrEnum):
    """Maps that cost extra and are made only when asked for."""

    PROBABILITIES = "probabilities"
    BALD = "bald"


@dataclass(frozen=True, slots=True)
class PredictionMaps:
    """What the segmenter says about B equally large images, one forward pass for all maps.

    Maps have one value for each *cell*: a pixel for the FPN, ``cell`` pixels for the fast segmenter. With image
    size H×W the maps are (⌈H/cell height⌉, ⌈W/cell width⌉).

    Attributes
    ----------
    images:
        B image ids.
    classes:
        (B, h, w) uint8, most probable class.
    entropy:
        (B, h, w) float32, Shannon entropy of the softmax in nats.
    margin:
        (B, h, w) float32, p₂/p₁ (best versus second best, BvSB): 1 where undecided.
    probabilities:
        (B, C, h, w) float32, if asked for.
    bald:
        (B, h, w) float32 mutual information in nats, if asked for.
    cell:
        Pixels a value stands for, height and width.
    """

    images: tuple[str, ...]
    classes: torch.Tensor
    entropy: torch.Tensor
    margin: torch.Tensor
    probabilities: torch.Tensor | None = None
    bald: torch.Tensor | None = None
    cell: Size = (1, 1)


@dataclass(frozen=True, slots=True)
class FitTask:
    """What a fit trains on.

    Attributes
    ----------
    labels:
        Label maps, VOID where nothing is known; every labelled pixel inside a crop counts.
    regions:
        All labelled regions; crops are drawn round them.
    newest:
        The regions of the last query.
    updates:
        Gradient steps; None: as many as the configuration says for an ordinary fit.
    """

    labels: LabelSource
    regions: Sequence[Region]
    newest: Sequence[Region]
    updates: int | None = None


class Segmenter(Protocol):
    """A segmentation network with its training; `FPNSegmenter` and `FastSegmenter` implement it.

    All randomness comes from the generators passed in, so that (start weights, calls, seeds) fix every number.
    """

    @property
    def num_classes(self) -> int:
        """C."""

    @property
    def cell(self) -> Size:
        """Pixels one value of a prediction map stands for, height and width."""

    def prepare(self, images: Sequence[str], should_stop: ShouldStop = never) -> Progress[None]:
        """Do once what later calls need of these images (the fast segmenter's frozen features)."""

    def reset(self) -> None:
        """Go back to the start weights; forget the optimiser's state."""

    def scan(
        self,
        images: Sequence[str],
        maps: Collection[OptionalMap] = (),
        rng: np.random.Generator | None = None,
        should_stop: ShouldStop = never,
    ) -> Iterator[PredictionMaps]:
        """Prediction maps of all images, in batches of equal size, each image once, in the order given within a size.

        ``rng`` seeds the stochastic passes of BALD.
        """

    def fit(self, task: FitTask, rng: np.random.Generator, should_stop: ShouldStop = never) -> Progress[FitReport]:
        """Train from the current weights. A batch in which everything is VOID is skipped, never NaN."""

    def evaluate(
        self, images: Sequence[str], labels: LabelSource, should_stop: ShouldStop = never
    ) -> Progress[ConfusionMatrix]:
        """Pixels of each (label, prediction) pair over these images, VOID left out."""

    def evaluate_with_loss(
        self, images: Sequence[str], labels: LabelSource, should_stop: ShouldStop = never
    ) -> Progress[Evaluation]:
        """As `evaluate`, with the loss of the same pass, which costs a little more; without dropout."""

    def class_map(self, image: Pixels) -> Labels:
        """(h, w) uint8 class of each pixel of an (h, w, 3) image that need not belong to the data set."""

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Weights and optimiser state: enough to go on with the same numbers."""

    def load_state_dict(self, state: dict[str, torch.Tensor]) -> None:
        """Restore what `state_dict` gave.

        Raises
        ------
        CheckpointError
            If names or shapes do not fit.
        """


class EvaluatingSegmenter(ABC):
    """What our segmenters share of `Segmenter`: two readings of labelled images from one kind of pass."""

    @property
    @abstractmethod
    def num_classes(self) -> int:
        """C."""

    def evaluate(
        self, images: Sequence[str], labels: LabelSource, should_stop: ShouldStop = never
    ) -> Progress[ConfusionMatrix]:
        """Pixels of each (label, prediction) pair; of the images seen so far when asked to stop."""
        return (yield from self._read(images, labels, None, should_stop))

    def evaluate_with_loss(
        self, images: Sequence[str], labels: LabelSource, should_stop: ShouldStop = never
    ) -> Progress[Evaluation]:
        """As `evaluate`, and what the same pass lost at each label."""
        losses = torch.zeros(self.num_classes, dtype=torch.float64)
        confusion = yield from self._read(images, labels, losses, should_stop)
        return Evaluation(confusion, losses.numpy())

    @abstractmethod
    def _read(
        self, images: Sequence[str], labels: LabelSource, losses: torch.Tensor | None, should_stop: ShouldStop
    ) -> Progress[ConfusionMatrix]:
        """Count the pixels; add to ``losses``, (C,) on the CPU, what they lost, where it is wanted."""
