"""The oracle: answers a query with the true labels, in the place of a person."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from src_model.data.annotation import Annotation, Source
from src_model.data.images import LabelSource
from src_model.data.region import Region


class GroundTruthOracle:
    """The only part of a simulation that reads the labels of the pool.

    Parameters
    ----------
    truth:
        Label maps of the data set.
    num_classes:
        C.
    """

    def __init__(self, truth: LabelSource, num_classes: int) -> None:
        self._truth = truth
        self._num_classes = num_classes

    def answer(self, regions: Sequence[Region]) -> tuple[Annotation, ...]:
        """The true labels of these regions."""
        return tuple(
            Annotation.from_labels(
                region, np.ascontiguousarray(self._truth.labels(region.image)[region.window]), Source.ORACLE
            )
            for region in regions
        )

    def shares(self, regions: Sequence[Region]) -> npt.NDArray[np.float64]:
        """(N, C) true class shares of these regions: what the upper lines may know and no acquisition else."""
        result = np.zeros((len(regions), self._num_classes))
        for position, region in enumerate(regions):
            labels = self._truth.labels(region.image)[region.window]
            counts = np.bincount(labels.ravel(), minlength=256)[: self._num_classes]
            result[position] = counts / region.pixels
        return result
