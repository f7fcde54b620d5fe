"""Label balance with true shares: what label balance could reach if the segmenter were right. Simulation only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from src_model.active_learning.acquisition.acquisition import CandidatePool, Choice, Context, Statistic
from src_model.active_learning.acquisition.label_balance import choose_for_balance
from src_model.active_learning.acquisition.required import required
from src_model.config import AcquisitionConfig


@dataclass(frozen=True, slots=True)
class LabelBalanceTrueAcquisition:
    """`LabelBalanceAcquisition` with the oracle's class shares in the place of the predicted ones: an upper line."""

    config: AcquisitionConfig
    name: ClassVar[str] = "label_balance_true"
    needs: ClassVar[frozenset[Statistic]] = frozenset({Statistic.TRUE_SHARES, Statistic.NOTHING})

    def choose(self, pool: CandidatePool, context: Context, rng: np.random.Generator) -> Choice:
        """Pool by pool, the candidate whose labels add most.

        Raises
        ------
        ConfigurationError
            Outside a simulation, where nobody knows the shares.
        """
        true_shares = required(context.true_shares, Statistic.TRUE_SHARES, self.name)
        return choose_for_balance(pool, true_shares(pool.regions), context, self.config, rng)
