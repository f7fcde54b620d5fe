"""Impurity: regions where many predicted classes meet and the segmenter is unsure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from src_model.active_learning.acquisition.acquisition import CandidatePool, Choice, Context, Statistic
from src_model.active_learning.acquisition.choosing import choose_by_score
from src_model.active_learning.acquisition.required import measured, required
from src_model.config import AcquisitionConfig
from src_model.data.region import Size

WINDOW = 33
"""Height and width in pixels of the neighbourhood whose classes are counted."""


@dataclass(frozen=True, slots=True)
class ImpurityAcquisition:
    """Mean of (entropy of the predicted classes in a 33×33 window × entropy of the softmax)."""

    config: AcquisitionConfig
    name: ClassVar[str] = "impurity"
    needs: ClassVar[frozenset[Statistic]] = frozenset({Statistic.IMPURITY})

    def choose(self, pool: CandidatePool, context: Context, rng: np.random.Generator) -> Choice:
        """Prefer the higher mean product."""
        scores = required(measured(pool, self.name).impurity, Statistic.IMPURITY, self.name)
        return choose_by_score(pool, scores, self.config, rng)


def window_cells(cell: Size) -> Size:
    """Cells, an odd number of at least 3, that come nearest to the window for cells of this size in pixels."""
    height, width = (max(3, 2 * round((WINDOW / side - 1) / 2) + 1) for side in cell)
    return height, width


def class_entropy_map(classes: torch.Tensor, window: Size) -> torch.Tensor:
    """Entropy of the classes in a window round each place.

    Parameters
    ----------
    classes:
        (…, h, w) uint8, images by themselves.
    window:
        Height and width, odd; at the border only the part inside the map counts.

    Returns
    -------
    torch.Tensor
        (…, h, w) float32, nats. One class at a time, so that memory does not follow their number.
    """
    # With n_c of T places: -Σ n_c/T ln(n_c/T) = ln T - Σ n_c ln n_c / T.
    weighted_logs = torch.zeros(classes.shape, dtype=torch.float32, device=classes.device)
    for present in torch.unique(classes):
        counts = _window_sums(classes == present, window).to(torch.float32)
        weighted_logs += counts * counts.clamp(min=1.0).log()
    totals = _window_sums(torch.ones_like(classes), window).to(torch.float32)
    return torch.clamp(totals.log() - weighted_logs / totals, min=0.0)


def _window_sums(values: torch.Tensor, window: Size) -> torch.Tensor:
    return _running_sums(_running_sums(values, window[0], axis=-2), window[1], axis=-1)


def _running_sums(values: torch.Tensor, window: int, axis: int) -> torch.Tensor:
    """Exact int32 sums over ``window`` places along an axis, as differences of one cumulative sum."""
    length, half = values.shape[axis], window // 2
    sums = torch.cumsum(values, axis, dtype=torch.int32)
    before = torch.zeros_like(sums.narrow(axis, 0, 1)).repeat_interleave(half + 1, dim=axis)
    after = sums.narrow(axis, length - 1, 1).repeat_interleave(half, dim=axis)
    padded = torch.cat([before, sums, after], dim=axis)  # place i stands at i + half + 1
    return padded.narrow(axis, window, length) - padded.narrow(axis, 0, length)
