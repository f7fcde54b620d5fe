"""The predictor: from pixels to classes and uncertainty maps, one pass of the trunk for all of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch

from src_model.config import SegmentationConfig
from src_model.data.region import Size
from src_model.device import autocast, train_mode
from src_model.segmentation.failures import machine_failures
from src_model.segmentation.loss import class_losses
from src_model.segmentation.network import SegmentationNetwork
from src_model.segmentation.segmenter import OptionalMap, PredictionMaps
from src_model.segmentation.uncertainty import Disagreement, pixel_statistics

_REMEDY = "lower inference_batch or scale the images down (image_size)."


class Predictor:
    """Inference with a network that somebody else owns and trains.

    Parameters
    ----------
    network:
        On its device.
    config:
        Precision and number of stochastic passes.
    device:
        Where the network lies.
    """

    def __init__(self, network: SegmentationNetwork, config: SegmentationConfig, device: torch.device) -> None:
        self._network = network
        self._config = config
        self._device = device

    def classes(self, pixels: torch.Tensor) -> torch.Tensor:
        """(B, h, w) uint8 most probable class of (B, 3, h, w) pixels in 0..255."""
        with machine_failures("The prediction", _REMEDY), torch.no_grad(), self._evaluating():
            logits = self._network.logits(self._features(pixels), _size(pixels))
            # Of max and argmax, which give the same, torch computes the first several times faster on a CPU.
            return logits.max(dim=1).indices.to(torch.uint8)

    def classes_and_losses(self, pixels: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """As `classes`, and the `class_losses` of the same pass.

        Parameters
        ----------
        pixels:
            (B, 3, h, w) in 0..255.
        labels:
            (B, h, w) uint8, VOID where nothing is known.
        """
        with machine_failures("The evaluation", _REMEDY), torch.no_grad(), self._evaluating():
            logits = self._network.logits(self._features(pixels), _size(pixels))
            return logits.max(dim=1).indices.to(torch.uint8), class_losses(logits, labels.to(logits.device))

    def maps(
        self, images: Sequence[str], pixels: torch.Tensor, wanted: Collection[OptionalMap], seeds: Sequence[int] = ()
    ) -> PredictionMaps:
        """All prediction maps of a batch.

        Parameters
        ----------
        images:
            B ids.
        pixels:
            (B, 3, h, w) in 0..255.
        wanted:
            Maps that cost extra.
        seeds:
            B seeds of the stochastic passes, for BALD: an image's map does not depend on its company in the batch.
        """
        with machine_failures("The scan", _REMEDY), torch.no_grad(), self._evaluating():
            features = self._features(pixels)
            logits = self._network.logits(features, _size(pixels))
            found = pixel_statistics(logits, with_probabilities=OptionalMap.PROBABILITIES in wanted)
            del logits
            bald = self._bald(features, _size(pixels), seeds) if OptionalMap.BALD in wanted else None
            return PredictionMaps(tuple(images), found.classes, found.entropy, found.margin, found.probabilities, bald)

    def _evaluating(self) -> AbstractContextManager[object]:
        # Walking through all modules costs more than a millisecond, and a network at rest is in this mode already.
        return train_mode(self._network, False) if self._network.training else nullcontext()

    def _features(self, pixels: torch.Tensor) -> torch.Tensor:
        with autocast(self._device, self._config.mixed_precision):
            return self._network.features(pixels.to(self._device))

    def _bald(self, features: torch.Tensor, size: Size, seeds: Sequence[int]) -> torch.Tensor:
        kept = _kept_channels(seeds, self._config.mc_passes, features.shape[1], self._network.dropout.p)
        disagreement = Disagreement()
        for factors in kept.to(features.device):  # (B, D, 1, 1)
            disagreement.add(self._network.logits(features * factors, size))
        return disagreement.mutual_information()


def _kept_channels(seeds: Sequence[int], passes: int, channels: int, dropout: float) -> torch.Tensor:
    """(T, B, D, 1, 1) float32 factors: 0 for a dropped channel, 1/(1-p) for a kept one."""
    draws = np.stack([np.random.default_rng(seed).random((passes, channels), dtype=np.float32) for seed in seeds], 1)
    return torch.from_numpy((draws >= dropout) / np.float32(1 - dropout))[..., None, None]


def _size(pixels: torch.Tensor) -> Size:
    return pixels.shape[-2], pixels.shape[-1]
