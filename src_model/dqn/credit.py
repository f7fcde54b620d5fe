"""Credit: how the reward of a query is shared among the K regions that were asked in it."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from src_model.dqn.reward import Reading, Reward

FloatArray = npt.NDArray[np.float64]


def class_credit(gains: FloatArray, weights: FloatArray, pixels: npt.NDArray[np.integer]) -> FloatArray:
    """Reward of each of N sub-actions: N · Σ_c w_c · ΔIoU_c · (its share of the query's labelled pixels of class c).

    A class that nobody brought is spread evenly. Each class's shares sum to 1, so that the *mean* over the
    sub-actions is the query's reward Σ_c w_c · ΔIoU_c: the same scale as the shared reward, which gives all of it to
    each, and Q-values that do not depend on how many regions a query asks.

    Parameters
    ----------
    gains:
        (C,) ΔIoU_c of the step; what stands where a weight is 0 is never looked at.
    weights:
        (C,) w_c, points that a gain of 1 is worth (`Reward.class_points`); 0 where a class is not supported.
    pixels:
        (N, C) labelled pixels of each class in each region.

    Returns
    -------
    (N,) float64
    """
    count = len(pixels)
    brought = np.asarray(pixels, dtype=np.float64)
    total = brought.sum(axis=0)
    shares = np.divide(brought, total, out=np.full(brought.shape, 1.0 / max(1, count)), where=total > 0)
    worth = np.where(weights > 0, weights * gains, 0.0)
    credit: FloatArray = count * (shares @ worth)
    return credit


def rewards_of(
    credit: Literal["shared", "class"],
    reward: Reward,
    before: Reading | None,
    after: Reading,
    pixels: npt.NDArray[np.integer],
    answered: npt.NDArray[np.bool_],
) -> FloatArray:
    """What each sub-action of a query is rewarded with, in points.

    Parameters
    ----------
    credit:
        ``shared``: each gets the whole reward (published); ``class``: `class_credit` among those that were answered.
    before, after:
        Readings of the reward set round the fit that saw the answers; ``before`` is None as for `Reward.gain`.
    pixels:
        (K, C) labelled pixels of each class in each region.
    answered:
        (K,) bool; who was not answered is rewarded with 0 and takes nothing from the others.

    Returns
    -------
    (K,) float64, whose mean over the answered is the reward of the query

    Raises
    ------
    ConfigurationError
        As for `Reward.gain`.
    """
    whole = reward.gain(before, after)
    if credit == "shared":
        return np.where(answered, whole, 0.0)
    earlier = np.zeros_like(after.iou) if before is None else before.iou
    rewards = np.zeros(len(answered))
    rewards[answered] = class_credit(after.iou - earlier, reward.class_points(after), pixels[answered])
    return rewards
