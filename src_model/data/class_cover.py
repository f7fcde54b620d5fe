"""Class cover: few images that show every class, the rare ones as often as the frequent ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from src_model.data.images import LabelledImages

FloatArray = npt.NDArray[np.float64]
Allowed = Callable[[Sequence[int]], npt.NDArray[np.bool_]]
"""Positions chosen so far → (N,) which may be chosen next."""

_FULL_PRESENCE = 0.001
"""Share of an image's pixels from which on a class counts as present; below it counts in proportion."""
_MOST_READ = 500
"""Masks that are decoded at most; 10 s of 2048×1024 masks."""


def presence(dataset: LabelledImages, images: Sequence[str]) -> FloatArray:
    """(N, C) how much of each class every image shows, 0 … 1.

    A class with 0.1 % of the pixels is there in full. Images without masks show nothing, nor do those beyond the
    first 500.
    """
    shown = np.zeros((len(images), dataset.schema.num_classes))
    for row, image in zip(shown, images[:_MOST_READ], strict=False):
        if dataset.has_labels(image):
            labels = dataset.labels(image)
            row[:] = np.bincount(labels.ravel(), minlength=256)[: len(row)] / labels.size
    return np.minimum(1.0, shown / _FULL_PRESENCE)


def no_preference(dataset: LabelledImages, images: Sequence[str]) -> FloatArray:
    """(N, 1) zeros: with it, `cover` takes the images in the order in which they are given."""
    return np.zeros((len(images), 1))


def cover(shown: FloatArray, count: int, allowed: Allowed | None = None) -> tuple[int, ...]:
    """Positions of ``count`` images, chosen one by one to maximise Σ_c presence_c / (1 + count_c).

    count_c is the presence of the class in what is chosen already, so that a class counts the less the more often it
    has been covered. Of equal images the first is taken. Fewer come back if no more are allowed.

    Parameters
    ----------
    shown:
        (N, C) from `presence`.
    count:
        How many.
    allowed:
        Which images may follow; None: all.
    """
    chosen: list[int] = []
    covered = np.zeros(shown.shape[1])
    free = np.ones(len(shown), dtype=bool)
    while len(chosen) < count:
        eligible = free if allowed is None else free & allowed(chosen)
        if not eligible.any():
            break
        best = int(np.where(eligible, shown @ (1.0 / (1.0 + covered)), -1.0).argmax())
        chosen.append(best)
        covered += shown[best]
        free[best] = False
    return tuple(chosen)


def whole_sequences(sequences: Sequence[str], sizes: Counter[str], most: int) -> Allowed:
    """Allow images of sequences touched already, and of others while the touched ones have at most ``most`` images.

    Parameters
    ----------
    sequences:
        N sequences, one for each candidate.
    sizes:
        Images of each sequence, candidates or not.
    most:
        Images that may be set aside in all.
    """
    names, of_candidate = np.unique(np.array(sequences), return_inverse=True)
    size = np.array([sizes[name] for name in names.tolist()])

    def allowed(chosen: Sequence[int]) -> npt.NDArray[np.bool_]:
        touched = np.isin(np.arange(len(names)), of_candidate[list(chosen)])
        fits: npt.NDArray[np.bool_] = touched | (size[touched].sum() + size <= most)
        return fits[of_candidate]

    return allowed
