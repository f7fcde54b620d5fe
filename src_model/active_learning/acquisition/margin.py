"""Margin: regions where the two best classes are close (best versus second best)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from src_model.active_learning.acquisition.acquisition import CandidatePool, Choice, Context, Statistic
from src_model.active_learning.acquisition.choosing import choose_by_score
from src_model.active_learning.acquisition.required import measured
from src_model.config import AcquisitionConfig


@dataclass(frozen=True, slots=True)
class MarginAcquisition:
    """Mean p₂/p₁ of a region's pixels, 1 where the segmenter cannot decide (BvSB)."""

    config: AcquisitionConfig
    name: ClassVar[str] = "margin"
    needs: ClassVar[frozenset[Statistic]] = frozenset()

    def choose(self, pool: CandidatePool, context: Context, rng: np.random.Generator) -> Choice:
        """Prefer the higher mean ratio."""
        statistics = measured(pool, self.name)
        scores = statistics.margin_by_class.sum(axis=1) / statistics.counts.sum(axis=1)
        return choose_by_score(pool, scores, self.config, rng)
