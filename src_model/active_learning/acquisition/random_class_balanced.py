"""Random, class-balanced: a class is drawn, then a region that is predicted to hold it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from src_model.active_learning.acquisition.acquisition import CandidatePool, Choice, Context, Statistic
from src_model.active_learning.acquisition.choosing import Positions, Scores, choose_in_turn
from src_model.active_learning.acquisition.required import measured
from src_model.config import AcquisitionConfig


@dataclass(frozen=True, slots=True)
class RandomClassBalancedAcquisition:
    """Uniform over the predicted classes, then in proportion to each region's predicted share of the class.

    A class is drawn for each of the K regions, out of those predicted anywhere in its pool (with global choice:
    anywhere in the candidates left). The score is the chance of a candidate at a first draw from all of them.
    """

    config: AcquisitionConfig
    name: ClassVar[str] = "random_class_balanced"
    needs: ClassVar[frozenset[Statistic]] = frozenset()

    def choose(self, pool: CandidatePool, context: Context, rng: np.random.Generator) -> Choice:
        """Draw K regions without replacement."""
        counts = measured(pool, self.name).counts
        shares = counts / counts.sum(axis=1, keepdims=True)
        positions, _ = choose_in_turn(pool, _Lottery(shares, rng), self.config, rng)
        return Choice(positions, _chances(shares))


@dataclass(frozen=True, slots=True)
class _Lottery:
    shares: npt.NDArray[np.float64]
    rng: np.random.Generator

    def scores(self, positions: Positions) -> Scores:
        shares = self.shares[positions]
        drawn = self.rng.choice(np.flatnonzero(shares.any(axis=0)))
        # The largest of share / Exp(1) falls on each candidate with probability proportional to its share.
        return np.asarray(shares[:, drawn] / self.rng.standard_exponential(len(positions)), dtype=np.float64)

    def take(self, position: int) -> None:
        """Draws do not depend on each other."""


def _chances(shares: npt.NDArray[np.float64]) -> Scores:
    present = shares[:, shares.any(axis=0)]
    return np.asarray((present / present.sum(axis=0)).mean(axis=1), dtype=np.float64)
