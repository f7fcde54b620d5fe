"""The loss: cross-entropy over labelled pixels, with class weights that lift what is rare."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from src_model.data.annotation import VOID
from src_model.data.images import LabelSource
from src_model.data.region import Region


def segmentation_loss(logits: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
    """Mean cross-entropy over the pixels that are not VOID, each weighted by its class; nan if there are none.

    Parameters
    ----------
    logits:
        (B, C, h, w) float32.
    labels:
        (B, h, w) int64 class indices or VOID.
    weights:
        (C,) float32, or None for equal weights.
    """
    return F.cross_entropy(logits, labels, weight=weights, ignore_index=VOID)


def class_losses(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """(C,) float64 cross-entropy in nats, summed over the pixels of each label: what class weights are put to later.

    Parameters
    ----------
    logits:
        (B, C, h, w) float32.
    labels:
        (B, h, w) class indices of any type; values from C on (VOID, IGNORED) are left out.
    """
    num_classes = logits.shape[1]
    known = labels.to(torch.int64).clamp(max=num_classes)
    losses = F.cross_entropy(logits, known, ignore_index=num_classes, reduction="none")
    # Sums of a million float32 in a row would be off in the third digit.
    return torch.bincount(known.flatten(), losses.flatten().double(), minlength=num_classes + 1)[:num_classes]


def labelled_pixels(labels: LabelSource, regions: Sequence[Region], num_classes: int) -> npt.NDArray[np.int64]:
    """(C,) pixels of each class in the labelled parts of all images that own one of these regions."""
    counts = np.zeros(num_classes, dtype=np.int64)
    for image in sorted({region.image for region in regions}):
        counts += np.bincount(labels.labels(image).ravel(), minlength=num_classes)[:num_classes]
    return counts


def inverse_sqrt_weights(pixels: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """(C,) class weights 1/√f_c with mean 1 over the classes that occur; 1 for those that do not.

    Parameters
    ----------
    pixels:
        (C,) labelled pixels of each class.
    """
    weights = np.ones(len(pixels))
    present = pixels > 0
    if present.any():
        rarity = pixels[present] ** -0.5
        weights[present] = rarity / rarity.mean()
    return weights.astype(np.float32)
