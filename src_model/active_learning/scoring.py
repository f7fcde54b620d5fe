"""Scoring: what is read for the tables besides the reward: the test set, labels that were learnt, final trainings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from src_model.active_learning.readings import Row, look_back_images, loss_row, progress_row, reading_row
from src_model.active_learning.reward_set import RewardReading, RewardSet
from src_model.active_learning.surroundings import Surroundings
from src_model.config import RunConfig
from src_model.data.labelled_set import LabelledSet
from src_model.events import Progress, ShouldStop
from src_model.segmentation.segmenter import FitTask, Segmenter


class Scoring:
    """Reads the segmenter for the rows of the tables; decides nothing.

    Parameters
    ----------
    config:
        The run.
    data:
        Its images.
    segmenter:
        f_t; a final training leaves it as it was.
    """

    def __init__(self, config: RunConfig, data: Surroundings, segmenter: Segmenter) -> None:
        self._config = config
        self._data = data
        self._segmenter = segmenter

    def score(self, on_reward_set: RewardReading, due: bool, should_stop: ShouldStop) -> Progress[Row | None]:
        """Columns of the reading: of the test set if there is one and it is due, None if it is not."""
        epsilon, names = self._config.dqn.weighted_epsilon, self._data.schema.names
        if not self._data.roles.test:
            return on_reward_set.row(epsilon, names)
        if not due:
            return None
        confusion = yield from self._segmenter.evaluate(self._data.roles.test, self._data.measured, should_stop)
        return reading_row(confusion, epsilon, names)

    def look_back(self, labelled: LabelledSet, rewarded: Sequence[str], should_stop: ShouldStop) -> Progress[Row]:
        """IoU on labels that were trained on."""
        images = look_back_images(labelled, len(self._data.roles.test) + len(rewarded))
        on_labels = yield from self._segmenter.evaluate(images, labelled, should_stop)
        return {"train_mean_iou": on_labels.mean_iou()}

    def final_training(
        self, step: int, labelled: LabelledSet, rewarded: RewardSet, rng: np.random.Generator, should_stop: ShouldStop
    ) -> Progress[Row | None]:
        """A long training from the start weights at the budgets asked for; the run goes on as if it had not been."""
        before = len(labelled) - len(labelled.newest(step))
        updates = self._config.segmentation.final_updates
        if not any(before < budget <= len(labelled) for budget in self._config.final_at) or not updates:
            return None
        weights = self._segmenter.state_dict()
        self._segmenter.reset()
        task = FitTask(labelled, labelled.regions, labelled.regions, updates)
        report = yield from self._segmenter.fit(task, rng, should_stop)
        row = yield from self._final_row(rewarded, report.class_weights, should_stop)
        self._segmenter.load_state_dict(weights)
        return self.row(step, labelled, row) | {"train_loss": report.loss, "fit_seconds": report.seconds}

    def _final_row(
        self, rewarded: RewardSet, class_weights: Sequence[float] | None, should_stop: ShouldStop
    ) -> Progress[Row]:
        epsilon, names = self._config.dqn.weighted_epsilon, self._data.schema.names
        if self._data.roles.test:
            confusion = yield from self._segmenter.evaluate(self._data.roles.test, self._data.measured, should_stop)
            return reading_row(confusion, epsilon, names)
        scored = yield from rewarded.read(self._segmenter, should_stop)
        return scored.row(epsilon, names) | loss_row(scored.evaluation, class_weights)

    def row(self, step: int, labelled: LabelledSet, scored: Row | None) -> Row:
        """What stands in every row of metrics.csv; a reading that was not taken leaves its cells empty."""
        return progress_row(step, labelled, self._data.counted_pixels, self._data.schema.names) | (scored or {})
