"""Default features: what the query network sees of a candidate, in numbers that know no class list and no image size.

A candidate is R numbers of its own and M *slots*, one for each of the M classes of which labelling it would bring most
that is missing, F_c numbers a slot: fixed lengths whatever C is, so that one policy answers for any class list. The
order of classes plays no part. All numbers lie in about −3 … 3.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

FEATURE_VERSION = "default-1"
"""Changes whenever these numbers change; a policy file of another version is refused."""

SLOTS = 8
"""M: classes described for each candidate, the one with the largest gain first."""

LIMIT = 3.0
"""Largest size of a feature; what can grow beyond is squashed and cut off there."""

SMOOTHING = 0.01
"""Regions of every class taken as labelled from the start, here and in label balance. It keeps the logarithm of an
unseen class finite and sets how little of a new class is worth asking for: a hundredth of a region gains ln 2."""

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
    *("labelled", "labelled_share", "taken", "gain", "relative_gain"),
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


@dataclass(frozen=True, slots=True)
class Predicted:
    """What the segmenter says of N regions.

    Attributes
    ----------
    counts:
        (N, C) predicted pixels of each class.
    probabilities:
        (N, C) mean softmax p̄.
    entropy, impurity:
        (N,) means, in nats and nats².
    margin_by_class, entropy_by_class:
        (N, C) sums of p₂/p₁ and of the entropy over the pixels predicted as each class.
    """

    counts: FloatArray
    probabilities: FloatArray
    entropy: npt.NDArray[np.floating]
    impurity: npt.NDArray[np.floating]
    margin_by_class: FloatArray
    entropy_by_class: FloatArray

    def rows(self, chosen: slice) -> Predicted:
        """The same of some of the regions."""
        return Predicted(*(getattr(self, field.name)[chosen] for field in fields(self)))

    @property
    def margin(self) -> FloatArray:
        """(N,) mean p₂/p₁."""
        means: FloatArray = self.margin_by_class.sum(axis=1) / self.counts.sum(axis=1)
        return means


@dataclass(frozen=True, slots=True)
class Places:
    """Where N candidates lie and what is labelled round them.

    Attributes
    ----------
    area:
        (N,) pixels, relative to a region of full size.
    row, column:
        (N,) centre, 0 … 1 of the image.
    image_labelled:
        (N,) share of the image's pixels that are labelled.
    neighbours_labelled:
        (N,) share of the up to eight regions round it that are labelled; 0 if it has none.
    """

    area: FloatArray
    row: FloatArray
    column: FloatArray
    image_labelled: FloatArray
    neighbours_labelled: FloatArray


@dataclass(frozen=True, slots=True)
class Standing:
    """How an episode stands when a step begins.

    Attributes
    ----------
    labelled:
        (L, C) class shares of the labelled regions, in the order of labelling; rows sum to 1 less what is ignored.
    iou, iou_known:
        (C,) last IoU of each class on D_R in 0 … 1, and whether it could be measured.
    promised, found:
        (C,) sums over the regions that were asked and answered: shares predicted when asked, shares labelled then.
        Older ones may count less.
    budget_used:
        Share of the budget, 0 … 1.
    rewards:
        Of the last steps in points, newest first, at most three.
    """

    labelled: FloatArray
    iou: FloatArray
    iou_known: npt.NDArray[np.bool_]
    promised: FloatArray
    found: FloatArray
    budget_used: float = 0.0
    rewards: tuple[float, ...] = ()

    @classmethod
    def at_the_start(cls, num_classes: int) -> Standing:
        """Nothing labelled, nothing measured."""
        nothing = np.zeros(num_classes)
        return cls(np.zeros((0, num_classes)), nothing, np.zeros(num_classes, dtype=np.bool_), nothing, nothing)

    @property
    def reliability(self) -> FloatArray:
        """(C,) ln of what asked regions held of a class against what was predicted of them; 0: as predicted."""
        ratio = np.log((self.found + SMOOTHING) / (self.promised + SMOOTHING))
        clipped: FloatArray = np.clip(ratio, -LIMIT, LIMIT)
        return clipped
