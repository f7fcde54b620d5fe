"""The state of the default features: D_S, the classes and the episode in numbers whose count never changes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from src_model.dqn.default_features import LIMIT, STATE_NAMES, FloatArray, Predicted, Standing

_TENTHS = (10, 50, 90)


def default_state(
    state_set: Predicted, candidates: Predicted, standing: Standing, regions_per_query: int, pool_size: int
) -> npt.NDArray[np.float32]:
    """State s_t as the default query network sees it.

    Parameters
    ----------
    state_set:
        All regions of D_S, in any order; there may be none.
    candidates:
        Of this step; they tell how the classes are distributed in the pool.
    standing:
        How the episode stands.
    regions_per_query, pool_size:
        K and P: how many are chosen, and out of how many noisy values the best is taken.

    Returns
    -------
    (1, G) float32, in the order of `STATE_NAMES`
    """
    pool_shares = candidates.probabilities.mean(axis=0)
    classes = len(pool_shares)
    labelled = standing.labelled.sum(axis=0)
    known = standing.iou[standing.iou_known]
    rewards = [*standing.rewards[:3], 0.0, 0.0, 0.0][:3]
    values: dict[str, float] = {
        **_spread("entropy", state_set.entropy / 2),
        **_spread("margin", state_set.margin),
        **_spread("impurity", np.log1p(state_set.impurity)),
        **_range("iou", known),
        "iou_known": standing.iou_known.mean(),
        **_range("labels", labelled / max(1, len(standing.labelled))),
        "labels_balance": balance(labelled),
        **_range("pool", pool_shares),
        "pool_balance": balance(pool_shares),
        **_range("reliability", standing.reliability),
        "budget_used": standing.budget_used,
        "labelled": np.log1p(len(standing.labelled)) / 3,
        "mean_iou": known.mean() if len(known) else 0.0,
        **{f"reward_{number}": squashed(reward) for number, reward in enumerate(rewards, start=1)},
        "classes": np.log(classes) / 2,
        "regions_per_query": np.log(regions_per_query) / 2,
        "pool_size": np.log(pool_size) / 2,
    }
    state: npt.NDArray[np.float32] = np.array([[values[name] for name in STATE_NAMES]], dtype=np.float32)
    return state.clip(-LIMIT, LIMIT)


def squashed(value: float) -> float:
    """Points on a logarithmic scale that keeps the sign, and tenths of a point apart."""
    return float(np.sign(value) * np.log1p(abs(value)))


def balance(amounts: FloatArray) -> float:
    """How evenly amounts (C,) are spread: their entropy over that of equal ones; 1 for one class, 0 for nothing."""
    total = amounts.sum()
    if total <= 0:
        return 0.0
    if len(amounts) == 1:
        return 1.0
    shares = np.sort(amounts[amounts > 0]) / total
    return float(-(shares * np.log(shares)).sum() / np.log(len(amounts)))


def _spread(name: str, values: npt.NDArray[np.floating]) -> dict[str, float]:
    """Mean, deviation and tenths of one value of the regions of D_S; zeros if there are none."""
    ordered = np.sort(values.astype(np.float64)) if len(values) else np.zeros(1)
    tenths = dict(zip(_TENTHS, np.percentile(ordered, _TENTHS), strict=True))
    return {
        f"{name}_mean": ordered.mean(),
        f"{name}_std": ordered.std(),
        **{f"{name}_{tenth}": value for tenth, value in tenths.items()},
    }


def _range(name: str, values: FloatArray) -> dict[str, float]:
    """Mean, least and largest of one value of the classes; zeros if there are none."""
    ordered = np.sort(values) if len(values) else np.zeros(1)
    return {f"{name}_mean": ordered.mean(), f"{name}_min": ordered[0], f"{name}_max": ordered[-1]}
