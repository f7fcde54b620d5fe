"""Random: every candidate is as good as every other; the line all others are compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from src_model.active_learning.acquisition.acquisition import CandidatePool, Choice, Context, Statistic
from src_model.active_learning.acquisition.choosing import choose_by_score
from src_model.config import AcquisitionConfig


@dataclass(frozen=True, slots=True)
class RandomAcquisition:
    """A uniform choice; needs no forward pass (the published baseline makes one all the same)."""

    config: AcquisitionConfig
    name: ClassVar[str] = "random"
    needs: ClassVar[frozenset[Statistic]] = frozenset({Statistic.NOTHING})

    def choose(self, pool: CandidatePool, context: Context, rng: np.random.Generator) -> Choice:
        """Uniform scores: the best of each pool, or of all, is a uniform draw."""
        return choose_by_score(pool, rng.random(len(pool.regions)), self.config, rng)
