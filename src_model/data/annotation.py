"""Annotations: a region with the labels somebody gave it, and what the special label values mean."""

from __future__ import annotations

import io
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image

from src_model.data.doubt import Doubt
from src_model.data.region import Region
from src_model.exceptions import AnnotationError

Labels = npt.NDArray[np.uint8]
"""(h, w) class indices 0 … C-1, or one of the two values below."""

VOID = 255
"""Not labelled; ignored by training and by every metric."""

IGNORED = 254
"""Looked at and left out by decision: VOID to training, but never asked again."""


class Source(StrEnum):
    """Who gave the labels."""

    ORACLE = "oracle"
    HUMAN = "human"


@dataclass(frozen=True, slots=True)
class Annotation:
    """The labels of one region; the patch is kept as PNG bytes (about 1 kB for 128×128).

    Attributes
    ----------
    region:
        Where the labels lie.
    png:
        (height, width) uint8 labels as an indexed PNG.
    source:
        Who gave them.
    doubts:
        Pixels that are VOID because they are one of two classes, and nobody could tell which.
    corrections:
        Strokes and fills that the draft took to become these labels; None where there was no draft, or nobody counted.
    """

    region: Region
    png: bytes
    source: Source = Source.ORACLE
    doubts: tuple[Doubt, ...] = ()
    corrections: int | None = None

    @classmethod
    def from_labels(
        cls,
        region: Region,
        labels: Labels,
        source: Source = Source.ORACLE,
        doubts: tuple[Doubt, ...] = (),
        corrections: int | None = None,
    ) -> Annotation:
        """Encode a (height, width) uint8 patch.

        Raises
        ------
        AnnotationError
            If the patch is not uint8, or it or a doubt is not as large as the region.
        """
        if labels.dtype != np.uint8 or labels.shape != region.shape:
            raise AnnotationError(
                f"Labels of {region} are {labels.dtype} {labels.shape}, expected uint8 {region.shape}. "
                "Paint the whole region layer and accept it again."
            )
        if any(doubt.shape != region.shape for doubt in doubts):
            raise AnnotationError(f"A doubt about {region} is of another size. Paint what is unsure once more.")
        buffer = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(labels)).save(buffer, format="PNG", compress_level=1)
        return cls(region, buffer.getvalue(), source, doubts, corrections)

    @property
    def labels(self) -> Labels:
        """(height, width) uint8 labels, IGNORED and VOID kept apart; yours to change."""
        return _decoded(self.png).copy()


@lru_cache(maxsize=512)
def _decoded(png: bytes) -> Labels:
    # New labels are checked, counted and trained on one after the other, and decoding is most of each.
    with Image.open(io.BytesIO(png)) as image:
        return np.array(image, dtype=np.uint8)


def check_class_indices(annotation: Annotation, num_classes: int) -> None:
    """Refuse label values that are neither a class nor VOID nor IGNORED.

    Raises
    ------
    AnnotationError
        With the values at fault.
    """
    labels = annotation.labels
    foreign = np.unique(labels[(labels >= num_classes) & (labels < IGNORED)])
    if foreign.size:
        raise AnnotationError(
            f"{annotation.region} holds the values {foreign.tolist()}, but there are {num_classes} classes. "
            "Add the classes to the schema or repaint the region."
        )


def for_training(labels: Labels) -> Labels:
    """The same labels with IGNORED turned into VOID."""
    return np.where(labels == IGNORED, np.uint8(VOID), labels)


def class_pixels(labels: Labels, num_classes: int) -> npt.NDArray[np.int64]:
    """(C,) pixels of each class in an (h, w) label map; everything else is left out."""
    # A histogram of bytes takes a quarter of the time of a bincount, which widens every pixel to 64 bits first.
    return np.array(Image.fromarray(labels).histogram()[:num_classes], dtype=np.int64)
