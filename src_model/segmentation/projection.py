"""Projection: from the channels of an encoder to a few principal components."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

Moment = npt.NDArray[np.float64]

_CONSTANT = 1e-6
"""A channel that deviates less from its mean is taken for a constant."""


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """Standardise F channels, then keep D principal components, not whitened; float32 on the CPU.

    Attributes
    ----------
    mean, scale:
        (F,) what is subtracted from each channel, and what it is then divided by.
    basis:
        (F, D) orthonormal columns, the component of largest variance first.
    """

    mean: torch.Tensor
    scale: torch.Tensor
    basis: torch.Tensor

    def __call__(self, channels: torch.Tensor) -> torch.Tensor:
        """Turn (n, F) into (n, D), on the device of ``channels``."""
        mean, scale, basis = (part.to(channels.device) for part in (self.mean, self.scale, self.basis))
        return (channels - mean) / scale @ basis

    def tensors(self) -> dict[str, torch.Tensor]:
        """Copies by name, for checkpoints."""
        return {"mean": self.mean.clone(), "scale": self.scale.clone(), "basis": self.basis.clone()}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, torch.Tensor]) -> Projection:
        """Make one from what `tensors` gave."""
        return cls(*(tensors[name].to("cpu", torch.float32, copy=True) for name in ("mean", "scale", "basis")))

    @property
    def digest(self) -> str:
        """Short name that two projections share only if they are equal."""
        parts = (part.contiguous().numpy().tobytes() for part in (self.mean, self.scale, self.basis))
        return hashlib.sha256(b"".join(parts)).hexdigest()[:16]


class PrincipalComponents:
    """Collects moments sample by sample, so that memory does not grow with their number; then makes a `Projection`.

    Every stage of the encoder counts alike: channels are brought to a variance of 1 over the number of channels of
    their stage. Otherwise the deepest stage, which has most channels and sees least detail, would fill the components.

    Parameters
    ----------
    stages:
        Channels of each stage, in the order of the columns of the samples; they sum to F.
    """

    def __init__(self, stages: Sequence[int]) -> None:
        self._spread: Moment = np.sqrt(np.repeat(np.asarray(stages, dtype=np.float64), stages))
        self._count = 0
        self._sum: Moment = np.zeros(sum(stages))
        self._products: Moment = np.zeros((sum(stages), sum(stages)))

    def add(self, sample: torch.Tensor) -> None:
        """Count (n, F) float32 rows in."""
        rows = sample.cpu().numpy().astype(np.float64)
        self._count += len(rows)
        self._sum += rows.sum(axis=0)
        self._products += rows.T @ rows

    def projection(self, components: int) -> Projection:
        """The ``components`` directions of largest variance, all scaled by one factor to a mean variance of 1.

        The sign of an axis, which eigenvectors leave open, is fixed by making its largest entry positive. Channels
        that never vary are left at 0.
        """
        mean = self._sum / self._count
        covariance = self._products / self._count - np.outer(mean, mean)
        deviation = np.sqrt(np.clip(np.diagonal(covariance), 0, None))
        scale = np.where(deviation > _CONSTANT, deviation, 1.0) * self._spread
        variances, axes = np.linalg.eigh(covariance / np.outer(scale, scale))
        variances, axes = variances[::-1][:components], axes[:, ::-1][:, :components]
        scale *= np.sqrt(max(variances.mean(), _CONSTANT))
        largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=0)[None], axis=0)
        parts = (mean, scale, axes * np.sign(largest))
        return Projection(*(torch.from_numpy(part.astype(np.float32, order="C")) for part in parts))
