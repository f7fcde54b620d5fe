"""Candidates: drawn from the pool and looked at once, with everything the acquisition needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from src_model.active_learning.acquisition.acquisition import CandidatePool, RegionStatistics, Statistic
from src_model.active_learning.places import places_of
from src_model.active_learning.region_statistics import region_statistics, statistics_of
from src_model.data.labelled_set import LabelledSet
from src_model.data.region import Region, RegionGrid
from src_model.dqn.default_features import Places, Predicted, Standing
from src_model.dqn.default_state import default_state
from src_model.dqn.default_step import DefaultStep
from src_model.dqn.features import action_features
from src_model.dqn.state import state_features
from src_model.events import ImagesScored, Progress, ShouldStop
from src_model.segmentation.segmenter import OptionalMap, Segmenter

_MAPS = {Statistic.PROBABILITIES: OptionalMap.PROBABILITIES, Statistic.BALD: OptionalMap.BALD}
_FOR_DEFAULT_FEATURES = frozenset({Statistic.PROBABILITIES, Statistic.IMPURITY, Statistic.ENTROPY_BY_CLASS})


@dataclass(frozen=True, slots=True)
class Draw:
    """Candidate regions before anything is known of them: K pools of P, candidate (k, p) at position k·P + p."""

    regions: tuple[Region, ...]
    regions_per_query: int
    pool_size: int


def look_at(
    draw: Draw,
    needs: frozenset[Statistic],
    segmenter: Segmenter,
    grid: Callable[[str], RegionGrid],
    state_images: Sequence[str],
    labelled: LabelledSet,
    rng: np.random.Generator,
    should_stop: ShouldStop,
    standing: Standing | None = None,
) -> Progress[CandidatePool]:
    """One forward pass over the images of the candidates and of D_S gives every statistic that is needed.

    Memory follows the number of candidates and the batch of the segmenter, not the number of images: maps are
    reduced to the rows of regions as they come.

    Parameters
    ----------
    standing:
        How the episode stands, for the default features; None: at its start.
    """
    plain = CandidatePool(draw.regions, draw.regions_per_query, draw.pool_size)
    if Statistic.NOTHING in needs:
        return plain
    if Statistic.DEFAULT_FEATURES in needs:
        needs |= _FOR_DEFAULT_FEATURES
    with_state = not needs.isdisjoint({Statistic.FEATURES, Statistic.DEFAULT_FEATURES})
    images = sorted({region.image for region in draw.regions} | (set(state_images) if with_state else set()))
    maps = [optional for statistic, optional in _MAPS.items() if statistic in needs]
    per_image: dict[str, RegionStatistics] = {}
    for batch in segmenter.scan(images, maps, rng, should_stop):
        per_image.update(
            zip(
                batch.images, region_statistics(batch, grid(batch.images[0]), needs, segmenter.num_classes), strict=True
            )
        )
        yield ImagesScored(len(per_image), len(images))
    if should_stop():
        return plain
    pool = replace(plain, statistics=statistics_of(draw.regions, per_image, grid))
    if not with_state:
        return pool
    regions = [region for image in state_images for region in grid(image).regions(image)]
    if Statistic.DEFAULT_FEATURES in needs:
        state_set = statistics_of(regions, per_image, grid) if regions else None
        standing = standing or Standing.at_the_start(segmenter.num_classes)
        return _with_default_features(pool, state_set, places_of(draw.regions, grid, labelled), standing)
    base = np.concatenate([_base(per_image[image]) for image in state_images])
    return _with_reference_features(pool, state_features(base, regions), labelled, segmenter.num_classes)


def _with_default_features(
    pool: CandidatePool, state_set: RegionStatistics | None, places: Places, standing: Standing
) -> CandidatePool:
    sizes = pool.regions_per_query, pool.pool_size
    candidates = _predicted(pool.statistics)
    step = DefaultStep(candidates, places, standing, *sizes)
    seen = candidates.rows(slice(0)) if state_set is None else _predicted(state_set)
    state = default_state(seen, candidates, standing, *sizes)
    return replace(pool, action_features=step.all_pools(), state_features=state, step=step)


def _with_reference_features(
    pool: CandidatePool, state: npt.NDArray[np.float32], labelled: LabelledSet, num_classes: int
) -> CandidatePool:
    assert pool.statistics is not None
    features = action_features(
        torch.from_numpy(_base(pool.statistics)),
        torch.from_numpy(labelled.distributions),
        num_classes,
        pool.regions_per_query,
        pool.pool_size,
    )
    return replace(pool, action_features=features.cpu().numpy(), state_features=state)


def _base(statistics: RegionStatistics) -> npt.NDArray[np.float32]:
    assert statistics.base is not None
    return statistics.base


def _predicted(statistics: RegionStatistics | None) -> Predicted:
    assert statistics is not None
    assert statistics.probabilities is not None
    assert statistics.impurity is not None
    assert statistics.entropy_by_class is not None
    return Predicted(
        statistics.counts,
        statistics.probabilities,
        statistics.entropy,
        statistics.impurity,
        statistics.margin_by_class,
        statistics.entropy_by_class,
    )
