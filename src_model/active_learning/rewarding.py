"""Rewarding: Φ, the readings it is taken from, and what a training was worth by them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from src_model.active_learning.check_events import check_regions_read
from src_model.active_learning.episode_state import EpisodeState
from src_model.active_learning.readings import Row
from src_model.active_learning.reward_set import CheckedRegions, MaskedImages, RewardReading, RewardSet
from src_model.active_learning.surroundings import Surroundings
from src_model.config import DQNConfig
from src_model.dqn.reward import Reading, Reward, class_frequencies, class_weights
from src_model.events import Progress, RewardMeasured, ShouldStop
from src_model.labelling.measurement import Change
from src_model.segmentation.segmenter import Segmenter


@dataclass(frozen=True, slots=True)
class Worth:
    """What a training was worth.

    Attributes
    ----------
    value, reward:
        Φ after it and the gain, in points; None where nothing is measurable.
    teaches:
        Whether the query network may learn from it: not from what cannot be told from zero on check regions.
    change:
        What check regions say of the training; None without them.
    """

    value: float | None
    reward: float | None
    teaches: bool
    change: Change | None = None

    @property
    def row(self) -> Row:
        """Columns reward and phi; where check regions were read also the gain in mean IoU with its interval.

        All in points; ``gain_verdict`` is a `Verdict`.
        """
        row: Row = {"reward": self.reward, "phi": self.value}
        if self.change is None:
            return row
        mean = self.change.mean
        points = dict.fromkeys(("gain", "gain_low", "gain_high"))
        if mean is not None:
            points = {"gain": 100 * mean.value, "gain_low": 100 * mean.low, "gain_high": 100 * mean.high}
        return row | points | {"gain_verdict": str(self.change.verdict)}


@dataclass(frozen=True, slots=True)
class LastFit:
    """A fit that has been measured.

    Attributes
    ----------
    step:
        Its number.
    rewarded:
        What it was read on, so that other weights can be compared with it.
    reading:
        Of the new weights.
    change:
        Against the weights before; None without check regions.
    """

    step: int
    rewarded: RewardSet
    reading: RewardReading
    change: Change | None


class Rewarding:
    """Reads D_R and rewards.

    Parameters
    ----------
    settings:
        Φ, its baseline and class weights.
    data:
        Where D_R lies.
    segmenter:
        f_t.

    Attributes
    ----------
    phi:
        The reward with its class weights; None before the first reading.
    last:
        What the present weights said when they were read last; None if they were not.
    last_fit:
        None before the first fit of this process.
    """

    def __init__(self, settings: DQNConfig, data: Surroundings, segmenter: Segmenter) -> None:
        self._settings = settings
        self._data = data
        self._segmenter = segmenter
        self.phi: Reward | None = None
        self.last: RewardReading | None = None
        self.last_fit: LastFit | None = None

    def reward_set(self) -> RewardSet:
        """D_R as it is now; of check regions those that are labelled."""
        if self._data.checks is not None:
            return CheckedRegions(self._data.checks.sample())
        return MaskedImages(self._data.roles.reward, self._data.measured)

    def begin(self, now: EpisodeState, first: RewardReading) -> None:
        """An episode begins with this reading of the start weights."""
        self.last = first
        self.phi = self._weighted_by(first.evaluation.confusion.support)
        now.reading = first.reading
        if self.phi.needs_first_reading:
            now.before = now.reading

    def read_again(self, rewarded: RewardSet, now: EpisodeState, should_stop: ShouldStop) -> Progress[None]:
        """Read the weights before a training on what is labelled by now, so that a gain compares like with like."""
        last = yield from rewarded.read(self._segmenter, should_stop)
        if should_stop():
            return
        self.last = last
        self.phi = self._weighted_by(last.evaluation.confusion.support)
        now.before = now.reading = last.reading

    def worth(self, step: int, rewarded: RewardSet, before: Reading | None, after: RewardReading) -> Progress[Worth]:
        """What lies between the reading before a training and the one after it."""
        assert self.phi is not None
        teaches, change = True, None
        if after.checked is not None:
            read = check_regions_read(step, self.last, after, self._data.schema.names)
            teaches, change = read.is_told_from_zero, read.change
            yield read
        self.last, self.last_fit = after, LastFit(step, rewarded, after, change)
        reading = after.reading
        if reading is None:
            return Worth(None, None, False, change)
        value, reward = self.phi.value(reading), self.phi.gain(before, reading)
        yield RewardMeasured(self._settings.reward, value, reward)
        return Worth(value, reward, teaches, change)

    def _weighted_by(self, label_pixels: npt.NDArray[np.int64]) -> Reward:
        weights = class_weights(class_frequencies(label_pixels), self._settings.weighted_epsilon)
        return Reward(self._settings.reward, self._settings.reward_baseline, weights)
