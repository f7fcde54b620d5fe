"""Choosing: from the scores of all candidates to K of them, shared by every rule.

Two ways, by ``config.choice``. *Pool-wise*, as published: the best candidate of each of the K pools, independently.
*Global*: the best K of all N, with Gumbel noise on the log scores (``config.noise`` is 1/β; the published power
acquisition draws in proportion to score^β) and a cap of regions an image. Equal scores go to the lower position;
positions are a random order already.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from src_model.active_learning.acquisition.acquisition import CandidatePool, Choice, FloatArray
from src_model.config import AcquisitionConfig
from src_model.data.region import Region

Positions = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float64]


class Greedy(Protocol):
    """A rule whose scores change with each candidate it has taken."""

    def scores(self, positions: Positions) -> Scores:
        """Scores (n,) of these candidates now, not negative."""

    def take(self, position: int) -> None:
        """Hear that the candidate belongs to the query from now on."""


def choose_by_score(
    pool: CandidatePool,
    scores: FloatArray,
    config: AcquisitionConfig,
    rng: np.random.Generator,
    log_scores: FloatArray | None = None,
) -> Choice:
    """Choose K of N candidates by scores that do not depend on each other.

    Parameters
    ----------
    scores:
        (N,), finite, higher is better.
    log_scores:
        (N,) what noise is added to with global choice; None: the logarithm of ``scores``, which must then not be
        negative. Scores that can be (Q values, gains) count as logarithms themselves.
    """
    if config.choice == "pool_wise":
        best = scores.reshape(pool.regions_per_query, pool.pool_size).argmax(axis=1)  # (K, P) -> (K,)
        positions = best + pool.pool_size * np.arange(pool.regions_per_query)
    else:
        keys = _noisy(scores if log_scores is None else log_scores, config.noise, rng, log=log_scores is None)
        positions = _best_within_cap(keys, _image_codes(pool.regions), pool.regions_per_query, config)
    return Choice(positions.astype(np.int64), scores.astype(np.float64))


def choose_in_turn(
    pool: CandidatePool, rule: Greedy, config: AcquisitionConfig, rng: np.random.Generator
) -> tuple[Positions, Scores]:
    """Choose K of N candidates one after the other: pool by pool, or each time of all that are left.

    Returns
    -------
    positions, scores
        (K,) in the order chosen, and the score each had at its turn.
    """
    left = _Left(pool, config)
    positions = np.empty(pool.regions_per_query, dtype=np.int64)
    scores = np.empty(pool.regions_per_query, dtype=np.float64)
    for turn in range(pool.regions_per_query):
        candidates = left.at(turn)
        current = rule.scores(candidates)
        keys = current if config.choice == "pool_wise" else _noisy(current, config.noise, rng, log=True)
        place = int(keys.argmax())
        positions[turn], scores[turn] = candidates[place], current[place]
        left.remove(int(candidates[place]))
        rule.take(int(candidates[place]))
    return positions, scores


class _Left:
    """Candidates that may still be chosen at a turn."""

    def __init__(self, pool: CandidatePool, config: AcquisitionConfig) -> None:
        self._pool_size = pool.pool_size
        self._pool_wise = config.choice == "pool_wise"
        self._cap = config.max_regions_per_image
        self._images = _image_codes(pool.regions)
        self._free = np.ones(len(pool.regions), dtype=np.bool_)
        self._taken = np.zeros(len(pool.regions), dtype=np.int64)  # by image code

    def at(self, turn: int) -> Positions:
        if self._pool_wise:
            return np.arange(turn * self._pool_size, (turn + 1) * self._pool_size)
        if self._cap is not None:
            below_cap = np.flatnonzero(self._free & (self._taken[self._images] < self._cap))
            if below_cap.size:
                return below_cap
        return np.flatnonzero(self._free)

    def remove(self, position: int) -> None:
        self._free[position] = False
        self._taken[self._images[position]] += 1


def _image_codes(regions: Sequence[Region]) -> Positions:
    """(N,) a number for the image of each region."""
    return np.unique([region.image for region in regions], return_inverse=True)[1].astype(np.int64)


def _noisy(values: FloatArray, noise: float, rng: np.random.Generator, *, log: bool) -> FloatArray:
    if noise == 0.0:
        return values
    # A score of 0 stays far below every other, but its logarithm must not be -inf.
    logarithms = np.log(np.maximum(values, np.finfo(np.float64).tiny)) if log else values
    return logarithms + noise * rng.gumbel(size=values.shape)


def _best_within_cap(keys: FloatArray, images: Positions, count: int, config: AcquisitionConfig) -> Positions:
    order = np.argsort(-keys, kind="stable")
    if config.max_regions_per_image is None:
        return order[:count]
    within = _rank_in_group(images[order]) < config.max_regions_per_image
    # A cap that leaves fewer than K lifts for the best of the rest: a query is K regions whatever happens.
    return np.concatenate([order[within], order[~within]])[:count]


def _rank_in_group(groups: Positions) -> Positions:
    """How many earlier entries of the same group each entry has."""
    by_group = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[by_group], prepend=-1))
    sizes = np.diff(starts, append=len(groups))
    ranks = np.empty(len(groups), dtype=np.int64)
    ranks[by_group] = np.arange(len(groups)) - np.repeat(starts, sizes)
    return ranks
