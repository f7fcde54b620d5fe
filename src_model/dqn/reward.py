"""The reward: gain of a metric on the reward set, in points (hundredths of IoU)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from src_model.exceptions import ConfigurationError

FloatArray = npt.NDArray[np.float64]


def class_frequencies(pixels: npt.NDArray[np.integer]) -> FloatArray:
    """Share of each class among labelled pixels (C,), from its count (C,) with one pixel added to every class.

    The added pixel keeps the frequency of a class that was never labelled above 0.
    """
    smoothed = np.asarray(pixels, dtype=np.float64) + 1.0
    frequencies: FloatArray = smoothed / smoothed.sum()
    return frequencies


def class_weights(frequency: FloatArray, epsilon: float) -> FloatArray:
    """Weights (C,) that favour rare classes: w_c = 1/ln(f_c + ε), scaled to sum 1.

    Jodeiri Rad & Armenakis, 2022, who leave ε and the scaling open. A logarithm that is not positive turns the
    weights' order round (the frequent classes gain), so that such an ε is refused.

    Parameters
    ----------
    frequency:
        (C,) share f_c of the pixels.
    epsilon:
        ε; above 1 it is always safe.

    Raises
    ------
    ConfigurationError
        If ln(f_c + ε) is not positive for every class.
    """
    shifted = np.asarray(frequency, dtype=np.float64) + epsilon
    # Written so that NaN is refused as well.
    if not np.all(np.isfinite(shifted) & (shifted > 1.0)):
        raise ConfigurationError(
            f"weighted_epsilon = {epsilon} makes the logarithm of a class weight zero or negative: the rarest class "
            f"has frequency {float(np.min(frequency)):.3g}. Choose a value above 1, for example 1.02."
        )
    inverse = 1.0 / np.log(shifted)
    weights: FloatArray = inverse / inverse.sum()
    return weights


@dataclass(frozen=True, slots=True)
class Reading:
    """IoU of each class on the reward set at one moment.

    Attributes
    ----------
    iou:
        (C,) in 0 … 1; what stands where a class is not supported is never looked at.
    supported:
        (C,) bool, the class has labelled pixels (TP + FN > 0).
    """

    iou: FloatArray
    supported: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Reward:
    """How the readings of a segmenter become a reward: r_t = Φ_t − Φ_{t−1}.

    Attributes
    ----------
    metric:
        Φ: ``mean_iou`` or ``weighted_iou``.
    baseline:
        Φ_0 of an episode: ``zero`` (published code, which makes the first reward an outlier) or ``measured``.
    weights:
        (C,) of `class_weights`; only ``weighted_iou`` needs them. One reward, one set of weights: both readings of
        a gain are always weighted alike.

    Raises
    ------
    ConfigurationError
        If ``weighted_iou`` is asked for without weights.
    """

    metric: Literal["mean_iou", "weighted_iou"]
    baseline: Literal["zero", "measured"]
    weights: FloatArray | None = None

    def __post_init__(self) -> None:
        if self.metric == "weighted_iou" and self.weights is None:
            raise ConfigurationError(
                "The reward weighted_iou needs class weights. Compute them from the labels of the reward set, "
                "or choose the reward mean_iou."
            )

    @property
    def needs_first_reading(self) -> bool:
        """Whether the segmenter must be read before the first query."""
        return self.baseline == "measured"

    def value(self, reading: Reading) -> float:
        """Φ in points (0 … 100) over the supported classes; 0 if there are none."""
        if not reading.supported.any():
            return 0.0
        used = self._raw_weights(reading)[reading.supported]
        return 100.0 * float(used @ reading.iou[reading.supported] / used.sum())

    def class_points(self, reading: Reading) -> FloatArray:
        """(C,) points of Φ that a class brings when its IoU rises from 0 to 1; 0 where it is not supported.

        Σ_c points_c · IoU_c = Φ, so that the gains of all classes add up to the reward.
        """
        weights = np.where(reading.supported, self._raw_weights(reading), 0.0)
        points: FloatArray = 100.0 * weights / max(weights.sum(), np.finfo(np.float64).tiny)
        return points

    def gain(self, before: Reading | None, after: Reading) -> float:
        """Reward in points for the step between two readings of the same reward set.

        Parameters
        ----------
        before:
            Reading before the step; None only for the first step of an episode whose baseline is ``zero``.

        Raises
        ------
        ConfigurationError
            If a first reading is missing, or the two support different classes: then the reward set has changed
            between them.
        """
        if before is None:
            if self.needs_first_reading:
                raise ConfigurationError(
                    "The reward baseline is `measured`, but the segmenter was not read before the first query. "
                    "Evaluate it on the reward set first, or choose the baseline zero."
                )
            return self.value(after)
        if not np.array_equal(before.supported, after.supported):
            raise ConfigurationError(
                "The reward set gained or lost classes between two readings. "
                "Read the earlier weights on the new reward set first."
            )
        return self.value(after) - self.value(before)

    def _raw_weights(self, reading: Reading) -> FloatArray:
        return np.ones(len(reading.iou)) if self.metric == "mean_iou" or self.weights is None else self.weights
