"""Entropy: regions where the segmenter's softmax is flat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from src_model.active_learning.acquisition.acquisition import CandidatePool, Choice, Context, Statistic
from src_model.active_learning.acquisition.choosing import choose_by_score
from src_model.active_learning.acquisition.required import measured
from src_model.config import AcquisitionConfig


@dataclass(frozen=True, slots=True)
class EntropyAcquisition:
    """Mean entropy of a region's pixels in nats (a baseline of Casanova et al., 2020)."""

    config: AcquisitionConfig
    name: ClassVar[str] = "entropy"
    needs: ClassVar[frozenset[Statistic]] = frozenset()

    def choose(self, pool: CandidatePool, context: Context, rng: np.random.Generator) -> Choice:
        """Prefer the higher mean entropy."""
        return choose_by_score(pool, measured(pool, self.name).entropy, self.config, rng)
