"""Readings: what one evaluation of the segmenter says, for the reward and for the table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from src_model.data.labelled_set import LabelledSet
from src_model.dqn.reward import Reading, class_frequencies, class_weights
from src_model.project.tables import CONFUSION
from src_model.segmentation.metrics import ConfusionMatrix, Evaluation

_LOOK_BACK = 16
_LOOK_BACK_SHARE = 8
"""Images at most, and one for so many that are scored: what they cost must not show beside the evaluation itself."""

Counted = npt.NDArray[np.bool_]
"""(C,) which classes enter a mean."""

Row = dict[str, float | int | str | None]
"""One line of metrics.csv."""


def reading_of(confusion: ConfusionMatrix) -> Reading:
    """IoU of each class as the reward sees it."""
    return Reading(confusion.iou(), confusion.supported)


def weighted_iou(confusion: ConfusionMatrix, epsilon: float, counted: Counted | None = None) -> float:
    """Weighted mean IoU in 0..1; class frequencies are those of the labels that were read (the seed, eq. 2)."""
    weights = class_weights(class_frequencies(confusion.support), epsilon)
    return confusion.weighted_iou(weights if counted is None else weights * counted)


def reading_row(
    confusion: ConfusionMatrix, epsilon: float, class_names: Sequence[str], counted: Counted | None = None
) -> Row:
    """Columns mean_iou, weighted_iou and iou_<class> in 0..1; None where the labels do not hold a class.

    ``confusion`` is the matrix they were read from, as text: what the IoU of a class does not tell. With ``counted``
    only these classes count, and where there are none the means are None as well.
    """
    row: Row = {"mean_iou": confusion.mean_iou(), "weighted_iou": weighted_iou(confusion, epsilon)}
    if counted is not None:
        means = confusion.weighted_iou(counted.astype(np.float64)), weighted_iou(confusion, epsilon, counted)
        row = dict(zip(row, means, strict=True)) if counted.any() else dict.fromkeys(row)
    measured = confusion.supported if counted is None else counted
    for name, value, supported in zip(class_names, confusion.iou(), measured, strict=True):
        row[f"iou_{name}"] = float(value) if supported else None
    return row | {CONFUSION: ";".join(" ".join(map(str, counts)) for counts in confusion.counts.tolist())}


def loss_row(on_reward_set: Evaluation, class_weights: Sequence[float] | None = None) -> Row:
    """Column reward_set_loss: mean cross-entropy on D_R in nats, the classes weighted as in the training before."""
    return {"reward_set_loss": on_reward_set.mean_loss(class_weights)}


def look_back_images(labelled: LabelledSet, scored: int) -> tuple[str, ...]:
    """Images on whose labels the training IoU is read: a few, evenly spaced in the order of labelling.

    Parameters
    ----------
    labelled:
        What has been trained on.
    scored:
        How many images the evaluation beside it reads.
    """
    images = tuple(dict.fromkeys(region.image for region in labelled.regions))
    most = min(_LOOK_BACK, max(1, scored // _LOOK_BACK_SHARE))
    stride = -(-len(images) // most) or 1
    return images[::stride]


def progress_row(step: int, labelled: LabelledSet, counted_pixels: int, class_names: Sequence[str]) -> Row:
    """Columns of the budget axis and share_<class>, the mean share of each class in a labelled region."""
    shares = labelled.shares / max(1, len(labelled))
    return {
        "step": step,
        "labelled_regions": len(labelled),
        "labelled_pixels": labelled.pixels,
        "labelled_fraction": labelled.pixels / counted_pixels,
        **{f"share_{name}": float(share) for name, share in zip(class_names, shares, strict=True)},
    }
