"""Choice grounds: what an acquisition knew of what it chose, and what others would have chosen in its place.

All of it comes from the scan that the choice was made from; no random number and no forward pass is spent on it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from src_model.active_learning.acquisition.acquisition import (
    Acquisition,
    CandidatePool,
    Choice,
    Context,
    RegionStatistics,
)
from src_model.active_learning.acquisition.entropy import EntropyAcquisition
from src_model.active_learning.acquisition.random import RandomAcquisition
from src_model.config import AcquisitionConfig
from src_model.data.grounds import Ground, Grounds
from src_model.data.region import Region

_DIGITS = 6
"""Kept of each number: more than anybody reads, and half the size in the log."""


def grounds_of(
    pool: CandidatePool,
    choice: Choice,
    context: Context,
    config: AcquisitionConfig,
    rng: Callable[[], np.random.Generator],
) -> Grounds:
    """Say why this choice was made.

    Parameters
    ----------
    rng:
        Gives the generator that chose, in the state it had before, again for each rule: what `random` would have asked
        is what it would have asked in a run of its own.
    """
    chosen = choice.positions
    ranks = _ranks(choice.scores)[chosen]
    labelled = context.labelled_shares
    if pool.statistics is None:
        regions = tuple(Ground(int(rank)) for rank in ranks)
    else:
        regions = _looked_at(pool.statistics, chosen, ranks, labelled)
    return Grounds(
        rule=config.name,
        candidates=len(pool.regions),
        regions=regions,
        state_value=choice.state_value,
        labelled=_plain(labelled),
        others=_others(pool, context, config, rng),
    )


def _looked_at(
    statistics: RegionStatistics,
    chosen: npt.NDArray[np.int64],
    ranks: npt.NDArray[np.int64],
    labelled: npt.NDArray[np.float64],
) -> tuple[Ground, ...]:
    pixels = np.maximum(statistics.counts.sum(axis=1), 1.0)
    margins = statistics.margin_by_class.sum(axis=1) / pixels
    expected = statistics.counts / pixels[:, None] if statistics.probabilities is None else statistics.probabilities
    shares = expected[chosen]
    common = labelled / labelled.sum() if labelled.sum() > 0 else np.zeros(len(labelled))
    columns = (statistics.entropy[chosen], margins[chosen], _places(margins)[chosen], 1.0 - shares @ common)
    entropy, margin, doubt, rarity = map(_plain, columns)
    rows = zip(ranks.tolist(), entropy, margin, doubt, rarity, map(_plain, shares), strict=True)
    return tuple(Ground(*row) for row in rows)


def _others(
    pool: CandidatePool, context: Context, config: AcquisitionConfig, rng: Callable[[], np.random.Generator]
) -> tuple[tuple[str, tuple[Region, ...]], ...]:
    rules: list[Acquisition] = [RandomAcquisition(config)]
    if pool.statistics is not None:
        rules.append(EntropyAcquisition(config))
    return tuple(
        (rule.name, tuple(pool.regions[place] for place in rule.choose(pool, context, rng()).positions))
        for rule in rules
    )


def _ranks(scores: npt.NDArray[np.floating]) -> npt.NDArray[np.int64]:
    """(N,) 1 + how many are higher."""
    falling = np.sort(-scores)
    return np.searchsorted(falling, -scores, side="left") + 1


def _places(values: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """(N,) 0: the lowest … 1: the highest; equal ones share the middle of their places."""
    rising = np.sort(values)
    lower, not_higher = (np.searchsorted(rising, values, side=side) for side in ("left", "right"))
    places: npt.NDArray[np.float64] = (lower + not_higher - 1) / 2 / max(1, len(values) - 1)
    return places


def _plain(values: npt.NDArray[np.floating]) -> tuple[float, ...]:
    return tuple(np.asarray(values, dtype=np.float64).round(_DIGITS).tolist())
