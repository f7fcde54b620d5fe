"""Margin, class-balanced: undecided pixels count for more where a rare class is predicted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from src_model.active_learning.acquisition.acquisition import CandidatePool, Choice, Context, Statistic
from src_model.active_learning.acquisition.choosing import choose_by_score
from src_model.active_learning.acquisition.required import measured
from src_model.config import AcquisitionConfig


@dataclass(frozen=True, slots=True)
class MarginClassBalancedAcquisition:
    """Mean of p₂/p₁ · (ν·s_c + 1)⁻² over a region's pixels.

    s_c is the share, among all candidates, of the class predicted at the pixel; ν is ``config.class_balance``, and
    with ν = 0 this is `MarginAcquisition`.
    """

    config: AcquisitionConfig
    name: ClassVar[str] = "margin_class_balanced"
    needs: ClassVar[frozenset[Statistic]] = frozenset()

    def choose(self, pool: CandidatePool, context: Context, rng: np.random.Generator) -> Choice:
        """Prefer the higher weighted mean ratio."""
        statistics = measured(pool, self.name)
        pool_shares = statistics.counts.sum(axis=0) / statistics.counts.sum()
        weights = (self.config.class_balance * pool_shares + 1.0) ** -2
        scores = statistics.margin_by_class @ weights / statistics.counts.sum(axis=1)
        return choose_by_score(pool, scores, self.config, rng)
