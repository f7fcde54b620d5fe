"""Outcome maps: where a model is right and wrong about one class, pixel by pixel and region by region."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt

from src_model.data.annotation import Labels
from src_model.data.region import RegionGrid

OutcomeMap = npt.NDArray[np.uint8]
"""(h, w) values of `Outcome`."""


class Outcome(IntEnum):
    """What became of a pixel. 0 is everything that does not concern the class, so that it stays transparent."""

    NEITHER = 0
    """Neither labelled nor predicted as the class, or without a label (VOID, IGNORED)."""
    HIT = 1
    """True positive."""
    FALSE_ALARM = 2
    """False positive: predicted, but labelled as another class."""
    MISS = 3
    """False negative: labelled, but predicted as another class."""


def outcome_map(predictions: Labels, labels: Labels, index: int, num_classes: int) -> OutcomeMap:
    """Hits, false alarms and misses of one class; pixels without a label are left out.

    Parameters
    ----------
    predictions, labels:
        (h, w) uint8 class indices; labels from ``num_classes`` on (VOID, IGNORED) are no class.
    index:
        Of the class.
    num_classes:
        C.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    if predictions.shape != labels.shape:
        raise ValueError(f"predictions {predictions.shape} and labels {labels.shape} differ in shape")
    # Sums of uint8 are several times faster than choosing by mask.
    said, there = (predictions == index).view(np.uint8), (labels == index).view(np.uint8)
    counted = (labels < num_classes).view(np.uint8)
    outcomes: OutcomeMap = said * counted * np.uint8(Outcome.FALSE_ALARM) + there * np.uint8(Outcome.MISS)
    outcomes -= said * there * np.uint8(Outcome.FALSE_ALARM + Outcome.MISS - Outcome.HIT)
    return outcomes


def region_iou(outcomes: OutcomeMap, grid: RegionGrid) -> npt.NDArray[np.float32]:
    """IoU of the class in each region of the grid.

    Returns
    -------
    (rows, columns) float32 in 0 … 1; NaN where no pixel of the region carries the label, even if some were predicted.
    """
    rows, columns = len(grid.row_edges) - 1, len(grid.column_edges) - 1
    band = np.repeat(np.arange(rows, dtype=np.int32) * columns, np.diff(grid.row_edges))
    of_pixel = band[:, None] + np.repeat(np.arange(columns, dtype=np.int32), np.diff(grid.column_edges))
    counts = np.bincount((of_pixel * len(Outcome) + outcomes).ravel(), minlength=rows * columns * len(Outcome))
    _, hits, alarms, misses = counts.reshape(rows, columns, len(Outcome)).transpose(2, 0, 1)
    iou = np.full(hits.shape, np.nan, dtype=np.float32)
    np.divide(hits, hits + alarms + misses, out=iou, where=hits + misses > 0, casting="same_kind")
    return iou
