"""Divergences of the default features: how unlike what is labelled, and unlike the other candidates, a candidate is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from src_model.dqn.default_features import KL_EDGES, LIMIT, FloatArray
from src_model.dqn.features import divergence_blocks

REPRESENTATIVES = 1024
"""Rows that stand for all when there are more: the cost of a step does not follow the number of labels."""

FLOOR = 1e-3
"""Added to every class share. A tail of a thousandth then weighs little, and no divergence exceeds 7 nats."""

BINS = len(KL_EDGES) + 1


def representatives(count: int) -> npt.NDArray[np.int64]:
    """Positions of at most `REPRESENTATIVES` of ``count`` rows, evenly spread over their order."""
    if count <= REPRESENTATIVES:
        return np.arange(count)
    return np.linspace(0, count - 1, REPRESENTATIVES).round().astype(np.int64)


def divergences_to_labelled(shares: FloatArray, labelled: FloatArray) -> FloatArray:
    """KL(candidate ‖ labelled region) of candidates (N, C) and the representatives of labelled regions (L, C).

    Returns
    -------
    (N, 9) float64: the share of the rows compared with whose divergence lies in each bin (zeros where there are none),
    and ln(1 + the least divergence), `LIMIT` where there is nothing to compare with.
    """
    reference = labelled[representatives(len(labelled))]
    return _binned(shares, reference, np.full(len(shares), -1))


def divergences_to_each_other(shares: FloatArray) -> FloatArray:
    """The same (N, 9) for KL(candidate ‖ other candidate), with the representatives of the candidates (N, C)."""
    chosen = representatives(len(shares))
    own = np.full(len(shares), -1)
    own[chosen] = np.arange(len(chosen))
    return _binned(shares, shares[chosen], own)


def _binned(rows: FloatArray, reference: FloatArray, own: npt.NDArray[np.int64]) -> FloatArray:
    """Bins of rows (N, C) against (L, C); ``own`` (N,) is the position of each row in the reference, −1 if nowhere."""
    below = np.zeros((len(rows), BINS + 1))
    least = np.full(len(rows), np.inf)
    for block, tensor in divergence_blocks(torch.from_numpy(rows + FLOOR), torch.from_numpy(reference + FLOOR)):
        divergences = tensor.numpy()
        inside = np.flatnonzero(own[block] >= 0)
        divergences[inside, own[block][inside]] = np.inf
        least[block] = divergences.min(axis=1)
        for number, edge in enumerate(KL_EDGES, start=1):
            below[block, number] = np.count_nonzero(divergences < edge, axis=1)
    others = len(reference) - (own >= 0)
    below[:, -1] = others  # an own divergence, made infinite, was never below an edge
    shares = np.diff(below, axis=1) / np.maximum(others, 1)[:, None]
    return np.column_stack([shares, np.minimum(np.log1p(np.maximum(least, 0.0)), LIMIT)])
