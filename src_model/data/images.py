"""Where images and labels come from: small protocols, which data sets on disk and in memory fulfil."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from src_model.data.annotation import Labels
from src_model.data.class_schema import ClassSchema
from src_model.data.region import Size

Pixels = npt.NDArray[np.uint8]
"""(h, w, 3) RGB image."""


class ImageSource(Protocol):
    """Images by stable id; nothing is decoded before it is asked for."""

    @property
    def ids(self) -> Sequence[str]:
        """Sorted ids of all images."""

    def size(self, image: str) -> Size:
        """Height and width in pixels, from the file header alone."""

    def version(self, image: str) -> str:
        """Changes when the picture does, as far as can be told without decoding it; the same on every machine."""

    def image(self, image: str) -> Pixels:
        """(h, w, 3) uint8 RGB."""


class LabelSource(Protocol):
    """Label maps by image id: the ground truth of a data set, or what has been labelled so far."""

    def labels(self, image: str) -> Labels:
        """(h, w) uint8 class indices, VOID where nothing is known."""


class LabelledImages(ImageSource, LabelSource, Protocol):
    """A data set: images, labels and what splits need to know of them."""

    @property
    def schema(self) -> ClassSchema:
        """Classes of the labels."""

    def has_labels(self, image: str) -> bool:
        """Whether the image has a mask."""

    def sequence(self, image: str) -> str:
        """What images of one drive or flight have in common."""

    def published_split(self, image: str) -> str | None:
        """``train``, ``val`` or ``test``, or None where the data set has no such parts."""
