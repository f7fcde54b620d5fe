"""Candidates: drawn from the pool and looked at once, with everything the acquisition needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from src_model.active_learning.acquisition.acquisition import CandidatePool, RegionStatistics, Statistic
from src_model.active_learning.region_statistics import region_statistics, statistics_of
from src_model.data.labelled_set import LabelledSet
from src_model.data.region import Region, RegionGrid
from src_model.dqn.features import action_features
from src_model.dqn.state import state_features
from src_model.events import ImagesScored, Progress, ShouldStop
from src_model.segmentation.segmenter import OptionalMap, Segmenter

_MAPS = {Statistic.PROBABILITIES: OptionalMap.PROBABILITIES, Statistic.BALD: OptionalMap.BALD}


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
) -> Progress[CandidatePool]:
    """One forward pass over the images of the candidates and of D_S gives every statistic that is needed.

    Memory follows the number of candidates and the batch of the segmenter, not the number of images: maps are
    reduced to the rows of regions as they come.
    """
    plain = CandidatePool(draw.regions, draw.regions_per_query, draw.pool_size)
    if Statistic.NOTHING in needs:
        return plain
    with_features = Statistic.FEATURES in needs
    images = sorted({region.image for region in draw.regions} | (set(state_images) if with_features else set()))
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
    statistics = statistics_of(draw.regions, per_image, grid)
    if not with_features:
        return CandidatePool(draw.regions, draw.regions_per_query, draw.pool_size, statistics)
    assert statistics.base is not None
    features = action_features(
        torch.from_numpy(statistics.base),
        torch.from_numpy(labelled.distributions),
        segmenter.num_classes,
        draw.regions_per_query,
        draw.pool_size,
    )
    state = state_features(
        np.concatenate([_base(per_image[image]) for image in state_images]),
        [region for image in state_images for region in grid(image).regions(image)],
    )
    return CandidatePool(
        draw.regions, draw.regions_per_query, draw.pool_size, statistics, features.cpu().numpy(), state
    )


def _base(statistics: RegionStatistics) -> np.ndarray:
    assert statistics.base is not None
    return statistics.base
