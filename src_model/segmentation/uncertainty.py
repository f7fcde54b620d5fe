"""Uncertainty: entropy, margin and mutual information of class probabilities; the class axis is always axis 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from src_model.exceptions import ConfigurationError

_FLOOR = 1e-10
"""Added inside logarithms of probabilities, as in the published BALD."""


@dataclass(frozen=True, slots=True)
class PixelStatistics:
    """What one forward pass says about each pixel (or cell).

    Attributes
    ----------
    classes:
        (B, h, w) uint8, most probable class; the lower index where two are equal.
    entropy:
        (B, h, w) float32 Shannon entropy of the softmax, nats.
    margin:
        (B, h, w) float32 p₂/p₁, best versus second best: 1 where undecided (0 with a single class).
    probabilities:
        (B, C, h, w) float32 softmax, if asked for.
    """

    classes: torch.Tensor
    entropy: torch.Tensor
    margin: torch.Tensor
    probabilities: torch.Tensor | None = None


def pixel_statistics(logits: torch.Tensor, *, with_probabilities: bool = False) -> PixelStatistics:
    """Class, entropy and margin from (B, C, h, w) float32 logits in one go.

    With the logits z shifted so that the best is 0, p₂/p₁ = e^z₂ and H = ln Σe^z - Σ z·e^z / Σe^z: one exponential a
    logit and no sorting, cheaper than softmax and argmax one after the other. Not differentiable.
    """
    best, classes = logits.max(dim=1)
    shifted = logits - best.unsqueeze(1)
    odds = shifted.exp()
    total = odds.sum(dim=1)
    entropy = total.log() - shifted.mul_(odds).sum(dim=1).div_(total)
    probabilities = odds / total.unsqueeze(1) if with_probabilities else None
    margin = odds.scatter_(1, classes.unsqueeze(1), 0.0).amax(dim=1)
    return PixelStatistics(classes.to(torch.uint8), entropy.clamp_(min=0), margin, probabilities)


def softmax_entropy(probabilities: torch.Tensor) -> torch.Tensor:
    """Shannon entropy in nats of (B, C, …) probabilities, as (B, …)."""
    return -(probabilities * (probabilities + _FLOOR).log()).sum(dim=1)


def mutual_information(mean_probabilities: torch.Tensor, mean_entropy: torch.Tensor) -> torch.Tensor:
    """Mutual information between class and weights, H[mean_t p_t] - mean_t H[p_t] (BALD).

    Parameters
    ----------
    mean_probabilities:
        (B, C, …) mean of the probabilities over the stochastic passes.
    mean_entropy:
        (B, …) mean over the passes of each pass's entropy, nats.

    Returns
    -------
    (B, …) nats; rounding may leave values just below 0.
    """
    return softmax_entropy(mean_probabilities) - mean_entropy


def passes_rng(rng: np.random.Generator | None, dropout: float) -> np.random.Generator:
    """What the stochastic passes of BALD draw from, once it is certain that they can differ.

    Raises
    ------
    ConfigurationError
        If nothing is dropped.
    ValueError
        If there is no ``rng``.
    """
    if not dropout:
        raise ConfigurationError("BALD needs dropout above 0 in the segmenter; set it, or ask by another rule.")
    if rng is None:
        raise ValueError("BALD draws at random: give rng")
    return rng


class Disagreement:
    """Σp and ΣH over stochastic passes, added pass by pass, so that memory does not grow with their number."""

    def __init__(self) -> None:
        self._passes = 0
        self._probabilities = torch.zeros(())
        self._entropy = torch.zeros(())

    def add(self, logits: torch.Tensor) -> None:
        """Count the (B, C, h, w) float32 logits of one pass in."""
        log_probabilities = logits.log_softmax(dim=1)
        probabilities = log_probabilities.exp()
        entropy = -log_probabilities.mul_(probabilities).sum(dim=1)
        if self._passes:
            self._probabilities += probabilities
            self._entropy += entropy
        else:
            self._probabilities, self._entropy = probabilities, entropy
        self._passes += 1

    def mutual_information(self) -> torch.Tensor:
        """(B, h, w) float32 mutual information of the passes so far, nats, never negative."""
        information = mutual_information(self._probabilities / self._passes, self._entropy / self._passes)
        return information.clamp_(min=0)
