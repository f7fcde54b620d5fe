"""Measured gain: what labelling one region alone would bring, found by trying it. Only a simulation can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from src_model.active_learning.readings import reading_of
from src_model.data.annotation import Annotation, Labels
from src_model.data.images import LabelSource
from src_model.data.labelled_set import LabelledSet
from src_model.data.region import Region
from src_model.dqn.reward import Reward
from src_model.events import drain
from src_model.segmentation.segmenter import FitTask, Segmenter
from src_model.simulation.oracle import GroundTruthOracle

_UPDATES = 5
"""Gradient steps of a trial: enough to see a direction, few enough for hundreds of trials a query."""


@dataclass(frozen=True, slots=True)
class _OneMore:
    """Labels collected so far and one region more."""

    labelled: LabelledSet
    annotation: Annotation

    def labels(self, image: str) -> Labels:
        labels = self.labelled.labels(image)
        if image != self.annotation.region.image:
            return labels
        labels = labels.copy()
        labels[self.annotation.region.window] = self.annotation.labels
        return labels


@dataclass(frozen=True, slots=True)
class MeasuredGain:
    """Trains shortly with each candidate added, reads Φ, and goes back. Costs a short fit and a reading a candidate.

    Attributes
    ----------
    segmenter:
        Put back as it was after each trial.
    oracle, truth:
        The true labels of candidates and of the images Φ is read on.
    images:
        D_R.
    reward:
        Reads Φ.
    seed:
        The same for all trials, so that they differ in the region alone.
    """

    segmenter: Segmenter
    oracle: GroundTruthOracle
    truth: LabelSource
    images: Sequence[str]
    reward: Reward
    seed: int

    def of(self, regions: Sequence[Region], labelled: LabelledSet) -> npt.NDArray[np.float64]:
        """(N,) gain in Φ, in points, of labelling each of the regions alone on top of ``labelled``."""
        weights = self.segmenter.state_dict()
        gains = np.zeros(len(regions))
        for position, annotation in enumerate(self.oracle.answer(regions)):
            task = FitTask(
                _OneMore(labelled, annotation),
                (*labelled.regions, annotation.region),
                (annotation.region,),
                _UPDATES,
            )
            drain(self.segmenter.fit(task, np.random.default_rng(self.seed)))
            gains[position] = self._phi()
            self.segmenter.load_state_dict(weights)
        return gains - self._phi()

    def _phi(self) -> float:
        return self.reward.value(reading_of(drain(self.segmenter.evaluate(self.images, self.truth))))
