"""Region features of the reference method: what the query network sees of one region, and the kernels that make them.

A *base vector* has C+1+192 values: pixels predicted as each class (1e-7 where there are none; the last slot counts
pixels without a class), then minimum, mean and maximum of the entropy pooled to 8×8, each row-major. An *action
vector* adds 64: 32 bins of the Kullback-Leibler divergences from the candidate to the labelled regions, and 32 bins
of those to all candidates of the step. Source: Casanova et al., ICLR 2020, and its published code.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

FEATURE_VERSION = "reference-1"
"""Changes whenever these numbers change; a policy file of another version is refused."""

ABSENT = 1e-7
"""Stands for 0 pixels, so that every logarithm exists."""

POOLED_SIDE = 8
KL_BINS = 32
ENTROPY_FEATURES = 3 * POOLED_SIDE**2
KL_FEATURES = 2 * KL_BINS

_BLOCK_PIXELS = 1 << 22
_BLOCK_DISTANCES = 1 << 22
# Nats. Far above what the order of summation changes (about 1e-14), far below what moves a histogram.
_ROUNDING = 1e-13


def base_length(num_classes: int) -> int:
    """Length of a base vector: C+1+192."""
    return num_classes + 1 + ENTROPY_FEATURES


def action_length(num_classes: int) -> int:
    """Length of an action vector: C+1+192+64."""
    return base_length(num_classes) + KL_FEATURES


def reference_state_features(
    prediction: npt.NDArray[np.integer], entropy: npt.NDArray[np.floating], num_classes: int
) -> npt.NDArray[np.float32]:
    """Base vectors of N equally large regions.

    Parameters
    ----------
    prediction:
        (N, h, w) predicted class of each pixel; values outside 0 … C-1 (VOID) count in the last slot.
    entropy:
        (N, h, w) entropy of the softmax in nats.

    Returns
    -------
    (N, C+1+192) float32
    """
    return base_features(_class_tensor(prediction), _tensor(entropy, np.float32), num_classes).cpu().numpy()


def reference_action_features(
    prediction: npt.NDArray[np.integer],
    entropy: npt.NDArray[np.floating],
    labelled_distributions: npt.NDArray[np.floating],
    num_classes: int,
    regions_per_query: int,
) -> npt.NDArray[np.float32]:
    """Action vectors of the N = K·P candidates of one step, candidate (k, p) at position k·P + p.

    Parameters
    ----------
    prediction, entropy:
        (N, h, w), as for `reference_state_features`.
    labelled_distributions:
        (L, C+1) class fractions of the labelled regions, 1e-7 where absent, last slot: pixels without a class.
    regions_per_query:
        K; it must divide N.

    Returns
    -------
    (K, P, C+1+192+64) float32
    """
    base = base_features(_class_tensor(prediction), _tensor(entropy, np.float32), num_classes)
    labelled = _tensor(labelled_distributions, np.float64)
    pool_size = len(base) // regions_per_query
    return action_features(base, labelled, num_classes, regions_per_query, pool_size).cpu().numpy()


def base_features(classes: torch.Tensor, entropy: torch.Tensor, num_classes: int, cell_pixels: int = 1) -> torch.Tensor:
    """Base vectors of N equally large regions, in blocks, on the device of the maps (for MPS: on the CPU).

    Parameters
    ----------
    classes:
        (N, h, w) uint8; values from C upwards count in the last slot.
    entropy:
        (N, h, w) float32, nats.
    cell_pixels:
        Pixels each value of the maps stands for; the counts are multiplied by it.

    Returns
    -------
    (N, C+1+192) float32
    """
    if classes.ndim != 3 or classes.shape != entropy.shape or 0 in classes.shape[1:]:
        raise ValueError(f"classes {tuple(classes.shape)} and entropy {tuple(entropy.shape)} must both be (N, h, w)")
    classes, entropy = _on_capable_device(classes), _on_capable_device(entropy)
    features = torch.empty((len(classes), base_length(num_classes)), dtype=torch.float32, device=classes.device)
    rows = max(1, _BLOCK_PIXELS // classes[:1].numel()) if len(classes) else 1
    for start in range(0, len(classes), rows):
        block = slice(start, start + rows)
        features[block, : num_classes + 1] = _class_counts(classes[block], num_classes, cell_pixels)
        features[block, num_classes + 1 :] = _pooled_entropy(entropy[block])
    return features


def action_features(
    base: torch.Tensor,
    labelled_distributions: torch.Tensor,
    num_classes: int,
    regions_per_query: int,
    pool_size: int,
) -> torch.Tensor:
    """Base vectors with both divergence histograms appended, shaped into pools.

    Parameters
    ----------
    base:
        (N, C+1+192), N = K·P.
    labelled_distributions:
        (L, C+1) class fractions of the labelled regions; with L = 0 their 32 bins are zeros.

    Returns
    -------
    (K, P, C+1+192+64) float32
    """
    if len(base) != regions_per_query * pool_size:
        raise ValueError(f"{len(base)} candidates are not {regions_per_query} pools of {pool_size}")
    base = _on_capable_device(base)
    counts = base[:, : num_classes + 1]
    to_labelled = kl_histograms(counts, labelled_distributions.to(base.device))
    to_candidates = kl_histograms(counts, counts)
    features = torch.cat([base, to_labelled, to_candidates], dim=1)
    return features.reshape(regions_per_query, pool_size, -1)  # (K·P, F) -> (K, P, F)


def kl_histograms(predicted_counts: torch.Tensor, reference: torch.Tensor, bins: int = KL_BINS) -> torch.Tensor:
    """Histogram of KL(p ‖ q_j) over all j, for each p; bins span that row's own minimum and maximum.

    Parameters
    ----------
    predicted_counts:
        (N, C+1) positive; normalised here.
    reference:
        (L, C+1) positive; normalised here.

    Returns
    -------
    (N, bins) float32, counts divided by L; zeros if L = 0.
    """
    device = _on_capable_device(predicted_counts).device
    histograms = torch.zeros((len(predicted_counts), bins), dtype=torch.float32, device=device)
    for block, divergences in divergence_blocks(predicted_counts, reference):
        histograms[block] = _row_histograms(divergences, bins) / len(reference)
    return histograms


def divergence_blocks(predicted_counts: torch.Tensor, reference: torch.Tensor) -> Iterator[tuple[slice, torch.Tensor]]:
    """KL(p ‖ q_j) of all pairs, rows of p at a time: which rows, and (B, L) float64 in nats; nothing if L = 0.

    KL(p ‖ q) = Σ p ln p − p·ln q, so that all divergences of a block of rows are one matrix product. float64
    keeps a divergence on its side of a bin edge. Memory is bounded by the block, whatever N and L are.

    Parameters
    ----------
    predicted_counts, reference:
        As for `kl_histograms`.
    """
    p = _distributions(predicted_counts)
    log_q = _distributions(reference.to(p.device)).log().T.contiguous()  # (C+1, L)
    total = log_q.shape[1]
    if total == 0:
        return
    negative_entropy = (p * p.log()).sum(dim=1, keepdim=True)
    rows = max(1, _BLOCK_DISTANCES // total)
    for start in range(0, len(p), rows):
        block = slice(start, start + rows)
        yield block, torch.addmm(negative_entropy[block], p[block], log_q, alpha=-1)


def _row_histograms(values: torch.Tensor, bins: int) -> torch.Tensor:
    """(B, bins) counts of (B, L) values as `numpy.histogram` counts each row; ``values`` is overwritten.

    A row of equal values gets the range ±0.5 round them, and the last bin includes its upper edge. Values that lie
    on an edge up to rounding go to the bin above, whichever way the product that made them was summed.
    """
    low, high = torch.aminmax(values, dim=1, keepdim=True)
    equal = high - low <= 10 * _ROUNDING
    low = torch.where(equal, low - 0.5, low)
    width = torch.where(equal, 1.0, high - low)
    index = values.sub_(low - _ROUNDING).mul_(bins / width).clamp_(0, bins - 1).to(torch.int32)
    index += torch.arange(len(index), dtype=torch.int32, device=index.device)[:, None] * bins
    return torch.bincount(index.flatten(), minlength=len(index) * bins).reshape(len(index), bins)


def _distributions(counts: torch.Tensor) -> torch.Tensor:
    """Rows of positive numbers as float64 rows of sum 1."""
    positive = _on_capable_device(counts).to(torch.float64).clamp_min(ABSENT)
    return positive / positive.sum(dim=1, keepdim=True)


def _class_counts(classes: torch.Tensor, num_classes: int, cell_pixels: int) -> torch.Tensor:
    """(B, C+1) pixels of each class of (B, h, w) maps, `ABSENT` for none."""
    slots = num_classes + 1
    index = classes.flatten(1).to(torch.int32).clamp_(max=num_classes)
    index += torch.arange(len(index), dtype=torch.int32, device=index.device)[:, None] * slots
    counts = torch.bincount(index.flatten(), minlength=len(index) * slots).reshape(len(index), slots)
    return torch.where(counts == 0, ABSENT, counts * float(cell_pixels))


def _pooled_entropy(entropy: torch.Tensor) -> torch.Tensor:
    """(B, 192): minimum, mean and maximum of (B, h, w) maps over an 8×8 raster."""
    cropped = entropy[:, : _pooled_extent(entropy.shape[1]), : _pooled_extent(entropy.shape[2])]
    lowest, mean, highest = _pooled_evenly(cropped) if _is_even(cropped) else _pooled_adaptively(cropped)
    # The published code takes the minimum as 5 - max(5 - H), which rounds small entropies: the same numbers here.
    return torch.cat([(5 - (5 - lowest)).flatten(1), mean.flatten(1), highest.flatten(1)], dim=1)


def _pooled_extent(length: int) -> int:
    """Pixels of one axis that are pooled.

    The published windows have ``length // 8`` pixels and drop what is left. Where that does not make eight of them
    (regions under 8 pixels, or a rest as long as a window) the whole axis is pooled adaptively.
    """
    window, rest = divmod(length, POOLED_SIDE)
    return window * POOLED_SIDE if rest < window else length


def _is_even(maps: torch.Tensor) -> bool:
    return maps.shape[1] % POOLED_SIDE == 0 and maps.shape[2] % POOLED_SIDE == 0


Pooled = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def _pooled_evenly(maps: torch.Tensor) -> Pooled:
    """Minimum, mean, maximum (B, 8, 8) over equal windows; rows first, which is several times faster."""
    height, width = maps.shape[1] // POOLED_SIDE, maps.shape[2] // POOLED_SIDE
    by_rows = maps.reshape(-1, POOLED_SIDE, height, POOLED_SIDE * width)
    cells = (-1, POOLED_SIDE, POOLED_SIDE, width)
    return (
        by_rows.amin(dim=2).reshape(cells).amin(dim=3),
        by_rows.mean(dim=2).reshape(cells).mean(dim=3),
        by_rows.amax(dim=2).reshape(cells).amax(dim=3),
    )


def _pooled_adaptively(maps: torch.Tensor) -> Pooled:
    """Minimum, mean, maximum (B, 8, 8) over windows that cover the whole map and overlap where they must."""
    lowest = -functional.adaptive_max_pool2d(-maps, POOLED_SIDE)
    return (
        lowest,
        functional.adaptive_avg_pool2d(maps, POOLED_SIDE),
        functional.adaptive_max_pool2d(maps, POOLED_SIDE),
    )


def _on_capable_device(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor itself, or its CPU copy if it lies on MPS, which lacks float64 and uneven adaptive pooling."""
    return tensor.cpu() if tensor.device.type == "mps" else tensor


def _tensor(array: npt.NDArray[np.generic], dtype: npt.DTypeLike) -> torch.Tensor:
    return torch.from_numpy(np.require(array, dtype, ["C", "W"]))


def _class_tensor(prediction: npt.NDArray[np.integer]) -> torch.Tensor:
    return _tensor(np.where((prediction < 0) | (prediction > 255), 255, prediction).astype(np.uint8), np.uint8)
