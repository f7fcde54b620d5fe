"""Acquisitions as the engine sees them: what they may look at and what they answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
import numpy.typing as npt

from src_model.data.region import Region
from src_model.dqn.default_step import DefaultStep

FloatArray = npt.NDArray[np.floating]
Shares = Callable[[Sequence[Region]], npt.NDArray[np.float64]]
"""True class shares (N, C) of regions; only a simulation has them."""
Gains = Callable[[Sequence[Region]], npt.NDArray[np.float64]]
"""Measured gain (N,) in Φ of labelling each region alone; only a simulation has it."""


class Statistic(StrEnum):
    """What an acquisition needs beyond the class counts, entropy and margin that one forward pass gives."""

    PROBABILITIES = "probabilities"
    IMPURITY = "impurity"
    BALD = "bald"
    ENTROPY_BY_CLASS = "entropy_by_class"
    FEATURES = "features"
    """Action features of the candidates and state features of D_S, for the published query network."""
    DEFAULT_FEATURES = "default_features"
    """The same for a query network that knows no class list; candidates are seen in turn."""
    TRUE_SHARES = "true_shares"
    GAINS = "gains"
    NOTHING = "nothing"
    """Not even a forward pass (random)."""


@dataclass(frozen=True, slots=True)
class RegionStatistics:
    """What the segmenter says about N regions; all counts in pixels.

    Attributes
    ----------
    counts:
        (N, C) float64, predicted pixels of each class.
    entropy:
        (N,) float32, mean entropy in nats.
    margin_by_class:
        (N, C) float64, sum of p₂/p₁ over the pixels predicted as each class (row sum / pixels is the mean margin).
    probabilities:
        (N, C) float64, mean softmax, if asked for.
    impurity:
        (N,) float32, mean of (entropy of the predicted classes in a 33×33 window × entropy), if asked for.
    bald:
        (N,) float32, mean mutual information in nats, if asked for.
    entropy_by_class:
        (N, C) float64, sum of the entropy in nats over the pixels predicted as each class, if asked for.
    base:
        (N, C+1+192) float32, reference features (`src_model.dqn.features`), if asked for.
    """

    counts: npt.NDArray[np.float64]
    entropy: npt.NDArray[np.float32]
    margin_by_class: npt.NDArray[np.float64]
    probabilities: npt.NDArray[np.float64] | None = None
    impurity: npt.NDArray[np.float32] | None = None
    bald: npt.NDArray[np.float32] | None = None
    entropy_by_class: npt.NDArray[np.float64] | None = None
    base: npt.NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class CandidatePool:
    """K pools of P candidate regions each: P_t^k. Candidate (k, p) stands at position k·P + p of every array.

    Attributes
    ----------
    regions:
        N = K·P distinct regions.
    regions_per_query, pool_size:
        K and P.
    statistics:
        Aligned with ``regions``; None if the acquisition needs nothing.
    action_features:
        (K, P, F) float32 for the query network, if asked for: as seen before the first is chosen, and in a decision as
        seen at each choice.
    state_features:
        (S, F_s) float32, what the query network sees of D_S, if asked for.
    step:
        For features that change with what a query holds already; it makes them pool by pool.
    """

    regions: tuple[Region, ...]
    regions_per_query: int
    pool_size: int
    statistics: RegionStatistics | None = None
    action_features: npt.NDArray[np.float32] | None = None
    state_features: npt.NDArray[np.float32] | None = None
    step: DefaultStep | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What an acquisition may know besides the candidates.

    Attributes
    ----------
    labelled_shares:
        (C,) float64, n_c: sum over the labelled regions of the class shares of each (0 where nothing is labelled).
    epsilon:
        Chance of a random choice, for acquisitions that explore.
    true_shares, gains:
        Only in simulation, for the upper lines.
    """

    labelled_shares: npt.NDArray[np.float64]
    epsilon: float = 0.0
    true_shares: Shares | None = None
    gains: Gains | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """K chosen candidates.

    Attributes
    ----------
    positions:
        (K,) int64 positions in ``CandidatePool.regions``, all different.
    scores:
        (K·P,) float64, the score of every candidate, higher is better (for a greedy rule: its score when it was
        chosen, and at the end of the query for the rest).
    action_features:
        (K, P, F) float32, what the query network saw of each pool when it chose from it, if that differs from what
        `CandidatePool` holds.
    state_value:
        V(s), for a query network that has one.
    """

    positions: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float64]
    action_features: npt.NDArray[np.float32] | None = None
    state_value: float | None = None


class Acquisition(Protocol):
    """A rule that chooses K of N candidates. It keeps no state between queries."""

    @property
    def name(self) -> str:
        """As given on the command line."""

    @property
    def needs(self) -> frozenset[Statistic]:
        """What the engine must compute for it."""

    def choose(self, pool: CandidatePool, context: Context, rng: np.random.Generator) -> Choice:
        """Choose K different candidates; with pool-wise choice, one of each pool in pool order.

        The same pool, context and generator state give the same choice.
        """
