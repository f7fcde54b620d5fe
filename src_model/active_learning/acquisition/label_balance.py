"""Label balance: the K regions that together even out what has been labelled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from src_model.active_learning.acquisition.acquisition import CandidatePool, Choice, Context, Statistic
from src_model.active_learning.acquisition.choosing import Positions, Scores, choose_in_turn
from src_model.active_learning.acquisition.required import measured, required
from src_model.config import AcquisitionConfig
from src_model.dqn.default_features import SMOOTHING


@dataclass(frozen=True, slots=True)
class LabelBalanceAcquisition:
    """Greedy for Σ_c log(n_c + p̄_c): labels collected so far, plus predicted shares of what this query has chosen.

    n_c counts regions; p̄_c is the mean softmax of the class over a region. The score of a candidate is what it would
    add to the sum.
    """

    config: AcquisitionConfig
    name: ClassVar[str] = "label_balance"
    needs: ClassVar[frozenset[Statistic]] = frozenset({Statistic.PROBABILITIES})

    def choose(self, pool: CandidatePool, context: Context, rng: np.random.Generator) -> Choice:
        """Pool by pool (or out of all that are left), the candidate that adds most to what is there by then."""
        shares = required(measured(pool, self.name).probabilities, Statistic.PROBABILITIES, self.name)
        return choose_for_balance(pool, shares, context, self.config, rng)


def choose_for_balance(
    pool: CandidatePool,
    shares: npt.NDArray[np.float64],
    context: Context,
    config: AcquisitionConfig,
    rng: np.random.Generator,
) -> Choice:
    """Choose K candidates by the class shares (N, C) they would bring."""
    balance = _Balance(shares, context.labelled_shares + SMOOTHING)
    positions, scores_at_turn = choose_in_turn(pool, balance, config, rng)
    scores = balance.scores(np.arange(len(pool.regions)))
    scores[positions] = scores_at_turn
    return Choice(positions, scores)


class _Balance:
    def __init__(self, shares: npt.NDArray[np.float64], labelled: npt.NDArray[np.float64]) -> None:
        self._shares = shares
        self._labelled = labelled

    def scores(self, positions: Positions) -> Scores:
        gains: Scores = np.log1p(self._shares[positions] / self._labelled).sum(axis=1)
        return gains

    def take(self, position: int) -> None:
        self._labelled = self._labelled + self._shares[position]
