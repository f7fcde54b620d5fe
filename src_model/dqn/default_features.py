"""Default features: what the query network sees of a candidate, in numbers that know no class list and no image size.

A candidate is R numbers of its own and M *slots*, one for each of the M classes of which labelling it would bring most
that is missing, F_c numbers a slot: fixed lengths whatever C is, so that one policy answers for any class list. The
order of classes plays no part. All numbers lie in about −3 … 3.
"""

from __future__ import annotations

FEATURE_VERSION = "default-1"
"""Changes whenever these numbers change; a policy file of another version is refused."""

SLOTS = 8
"""M: classes described for each candidate, the one with the largest gain first."""

KL_EDGES = (0.02, 0.05, 0.126, 0.316, 0.79, 1.99, 5.0)
"""Nats between the eight bins of Kullback-Leibler divergences, evenly spaced in their logarithm."""

REGION_NAMES = (
    *("entropy", "margin", "impurity", "gain", "weighted_margin"),
    *("entropy_z", "margin_z", "impurity_z", "gain_z", "weighted_margin_z"),
    *("cost", "row", "column", "image_labelled", "neighbours_labelled", "turn"),
    *(f"kl_labelled_{number}" for number in range(len(KL_EDGES) + 1)),
    "kl_labelled_least",
    *(f"kl_candidates_{number}" for number in range(len(KL_EDGES) + 1)),
    "kl_candidates_least",
)
"""The first R numbers of a candidate, in order."""

SLOT_NAMES = (
    "exists",
    *("share", "root_share", "predicted_share", "excess", "margin", "entropy"),
    *("pool_share", "iou", "iou_known", "reliability"),
    *("labelled", "labelled_share", "taken", "gain"),
)
"""The F_c numbers of a slot, in order; slot m begins at R + m·F_c. ``exists`` is 0 in slots beyond the C-th."""

STATE_NAMES = (
    *(f"{map_name}_{what}" for map_name in ("entropy", "margin", "impurity") for what in ("mean", "std", 10, 50, 90)),
    *("iou_mean", "iou_min", "iou_max", "iou_known"),
    *("labels_balance", "labels_min", "labels_max", "pool_balance", "pool_min", "pool_max"),
    *("reliability_mean", "reliability_min", "reliability_max"),
    *("budget_used", "labelled", "mean_iou", "reward_1", "reward_2", "reward_3"),
    *("classes", "regions_per_query", "pool_size"),
)
"""The G numbers of the state, in order."""

REGION_FEATURES = len(REGION_NAMES)
"""R."""
SLOT_FEATURES = len(SLOT_NAMES)
"""F_c."""
ACTION_FEATURES = REGION_FEATURES + SLOTS * SLOT_FEATURES
"""F: length of a candidate's vector."""
STATE_FEATURES = len(STATE_NAMES)
"""G: the state is (1, G)."""
