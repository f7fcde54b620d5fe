"""Projection: from the channels of an encoder to a few principal components."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

Moment = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """Standardise F channels, then keep D principal components, not whitened; float32 on the CPU.

    Attributes
    ----------
    mean, scale:
        (F,) of each channel.
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
    """Collects moments sample by sample, so that memory does not grow with their number; then makes a `Projection`."""

    def __init__(self, channels: int) -> None:
        self._count = 0
        self._sum: Moment = np.zeros(channels)
        self._products: Moment = np.zeros((channels, channels))

    def add(self, sample: torch.Tensor) -> None:
        """Count (n, F) float32 rows in."""
        rows = sample.cpu().numpy().astype(np.float64)
        self._count += len(rows)
        self._sum += rows.sum(axis=0)
        self._products += rows.T @ rows

    def projection(self, components: int) -> Projection:
        """The ``components`` directions of largest variance of the standardised channels.

        The sign of an axis, which eigenvectors leave open, is fixed by making its largest entry positive. Channels
        that never vary are left at 0.
        """
        mean = self._sum / self._count
        covariance = self._products / self._count - np.outer(mean, mean)
        deviation = np.sqrt(np.clip(np.diagonal(covariance), 0, None))
        scale = np.where(deviation > 1e-6, deviation, 1.0)
        axes = np.linalg.eigh(covariance / np.outer(scale, scale)).eigenvectors[:, ::-1][:, :components]
        largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=0)[None], axis=0)
        parts = (mean, scale, axes * np.sign(largest))
        return Projection(*(torch.from_numpy(part.astype(np.float32, order="C")) for part in parts))
