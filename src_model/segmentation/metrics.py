"""Metrics: one confusion matrix, and every IoU that is read from it; the loss that the same pass has seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from math import isfinite

import numpy as np
import numpy.typing as npt
import torch


@dataclass(frozen=True, slots=True, eq=False)
class ConfusionMatrix:
    """How many pixels of each class were predicted as which; the source of every IoU in this project.

    A class is *supported* when at least one pixel carries its label (TP + FN > 0). Classes without support are left out
    of every mean, so that a reward set in which a class is absent still has a number.

    Attributes
    ----------
    counts:
        (C, C) int64 pixels; rows are labels, columns are predictions.
    """

    counts: npt.NDArray[np.int64]

    @classmethod
    def empty(cls, num_classes: int) -> ConfusionMatrix:
        """No pixel of any class."""
        return cls(np.zeros((num_classes, num_classes), dtype=np.int64))

    def __add__(self, other: ConfusionMatrix) -> ConfusionMatrix:
        return ConfusionMatrix(self.counts + other.counts)

    def added(self, *others: ConfusionMatrix) -> ConfusionMatrix:
        """The pixels of this matrix and of all others together."""
        return reduce(ConfusionMatrix.__add__, others, self)

    @property
    def num_classes(self) -> int:
        """C."""
        return len(self.counts)

    @property
    def support(self) -> npt.NDArray[np.int64]:
        """(C,) int64 pixels that carry each label."""
        support: npt.NDArray[np.int64] = self.counts.sum(axis=1)
        return support

    @property
    def supported(self) -> npt.NDArray[np.bool_]:
        """(C,) bool, classes with at least one labelled pixel."""
        return self.support > 0

    def iou(self) -> npt.NDArray[np.float64]:
        """(C,) float64 TP / (TP + FP + FN) in 0..1; nan, here alone, for classes without support."""
        hits = np.diagonal(self.counts)
        union = self.support + self.counts.sum(axis=0) - hits
        iou: npt.NDArray[np.float64] = np.full(self.num_classes, np.nan)
        np.divide(hits, union, out=iou, where=self.supported)
        return iou

    def mean_iou(self) -> float:
        """Mean IoU of the supported classes in 0..1; 0 where no class is."""
        return self.weighted_iou(np.ones(self.num_classes))

    def weighted_iou(self, weights: npt.NDArray[np.floating]) -> float:
        """Σ w_c IoU_c / Σ w_c over the supported classes, in 0..1; 0 where these weights sum to 0.

        Parameters
        ----------
        weights:
            (C,) non-negative, of any scale.
        """
        supported = self.supported
        kept = np.asarray(weights, dtype=np.float64)[supported]
        total = kept.sum()
        return float(kept @ self.iou()[supported] / total) if total > 0 else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What one pass over labelled images says of them.

    Losses are kept by label, so that any weights of the classes can be put to them afterwards.

    Attributes
    ----------
    confusion:
        Pixels of each (label, prediction) pair.
    losses:
        (C,) float64 nats, -ln p of the label, summed over the pixels that carry it.
    """

    confusion: ConfusionMatrix
    losses: npt.NDArray[np.float64]

    def mean_loss(self, class_weights: Sequence[float] | None = None) -> float | None:
        """Mean cross-entropy in nats over the labelled pixels, as a training with these weights counts them.

        None where no pixel is labelled, or where the network has said something that is no number.

        Parameters
        ----------
        class_weights:
            C non-negative weights of any scale; None: all pixels count the same.
        """
        support = self.confusion.support
        weights = np.ones(len(support)) if class_weights is None else np.asarray(class_weights, dtype=np.float64)
        total = float(weights @ support)
        mean = float(weights @ self.losses) / total if total > 0 else np.nan
        return mean if isfinite(mean) else None


def confusion_matrix(
    labels: torch.Tensor | npt.NDArray[np.integer],
    predictions: torch.Tensor | npt.NDArray[np.integer],
    num_classes: int,
) -> ConfusionMatrix:
    """Count the (label, prediction) pairs of any number of pixels in one pass.

    Parameters
    ----------
    labels:
        Class indices of any shape; everything outside 0 … C-1 (VOID, IGNORED) is left out.
    predictions:
        Class indices 0 … C-1 of the same shape.
    num_classes:
        C.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    truth = _tensor(labels)
    guess = _tensor(predictions).to(truth.device)
    if truth.shape != guess.shape:
        raise ValueError(f"labels {tuple(truth.shape)} and predictions {tuple(guess.shape)} differ in shape")
    # One slot more than there are pairs collects what is left out, which is cheaper than selecting the rest.
    counted = (truth >= 0) & (truth < num_classes)
    pairs = torch.where(counted, truth.to(torch.int64) * num_classes + guess, num_classes**2)
    counts = torch.bincount(pairs.flatten(), minlength=num_classes**2 + 1)[:-1]
    return ConfusionMatrix(counts.reshape(num_classes, num_classes).cpu().numpy())


def _tensor(values: torch.Tensor | npt.NDArray[np.integer]) -> torch.Tensor:
    if isinstance(values, torch.Tensor):
        return values
    # A copy of read-only arrays, for torch warns of them.
    return torch.from_numpy(np.require(values, requirements=["C", "W"]))
