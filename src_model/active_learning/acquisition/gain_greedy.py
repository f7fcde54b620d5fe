"""Gain-greedy: the candidate whose labels, tried out, lift the metric most. Simulation only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from src_model.active_learning.acquisition.acquisition import CandidatePool, Choice, Context, Statistic
from src_model.active_learning.acquisition.choosing import choose_by_score
from src_model.active_learning.acquisition.required import required
from src_model.config import AcquisitionConfig


@dataclass(frozen=True, slots=True)
class GainGreedyAcquisition:
    """The measured gain of each region alone: an upper line for a policy that looks one step ahead.

    Costs a fit and an evaluation a candidate. Gains of the K regions are taken as if they added up.
    """

    config: AcquisitionConfig
    name: ClassVar[str] = "gain_greedy"
    needs: ClassVar[frozenset[Statistic]] = frozenset({Statistic.GAINS, Statistic.NOTHING})

    def choose(self, pool: CandidatePool, context: Context, rng: np.random.Generator) -> Choice:
        """Prefer the higher gain, which may be negative.

        Raises
        ------
        ConfigurationError
            Outside a simulation, where a gain cannot be measured before the labels are there.
        """
        gains = required(context.gains, Statistic.GAINS, self.name)(pool.regions)
        return choose_by_score(pool, gains, self.config, rng, log_scores=gains)
