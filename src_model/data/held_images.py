"""Held images: a data set in memory, and the same pictures under another class list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from src_model.data.annotation import Labels, class_pixels
from src_model.data.class_recast import ClassRecast
from src_model.data.class_schema import ClassSchema
from src_model.data.images import Pixels
from src_model.data.region import Size
from src_model.exceptions import DataError


@dataclass(frozen=True, eq=False)
class HeldImages:
    """`LabelledImages` whose arrays are all in memory and never change. Two of them are equal only if they are one.

    Attributes
    ----------
    schema:
        Classes of the labels.
    pictures:
        (h, w, 3) uint8 by id.
    label_maps:
        (h, w) uint8 by id.
    sequences:
        Drive or flight by id.
    """

    schema: ClassSchema
    pictures: Mapping[str, Pixels]
    label_maps: Mapping[str, Labels]
    sequences: Mapping[str, str]

    @property
    def ids(self) -> Sequence[str]:
        """Sorted ids of all images."""
        return tuple(sorted(self.label_maps))

    def size(self, image: str) -> Size:
        """Height and width in pixels."""
        height, width = self.labels(image).shape
        return height, width

    def version(self, image: str) -> str:
        """Nothing changes here."""
        return "held"

    def image(self, image: str) -> Pixels:
        """(h, w, 3) uint8 RGB."""
        self.labels(image)
        return self.pictures[image]

    def labels(self, image: str) -> Labels:
        """(h, w) uint8 class indices.

        Raises
        ------
        DataError
            If there is no such image.
        """
        try:
            return self.label_maps[image]
        except KeyError:
            raise DataError(f"There is no image {image!r} among these {len(self.label_maps)}. Check its id.") from None

    def has_labels(self, image: str) -> bool:
        """All have."""
        return image in self.label_maps

    def sequence(self, image: str) -> str:
        """What images of one drive or flight have in common."""
        return self.sequences[image]

    def published_split(self, image: str) -> str | None:
        """There are no published parts."""
        return None

    def class_pixels(self) -> npt.NDArray[np.int64]:
        """(n, C) labelled pixels of each class in each image, in the order of ``ids``."""
        classes = self.schema.num_classes
        counts = [class_pixels(self.label_maps[image], classes) for image in self.ids]
        return np.array(counts, dtype=np.int64).reshape(-1, classes)

    def recast(self, recast: ClassRecast, images: Iterable[str]) -> HeldImages:
        """Some of the images under another class list; pictures are shared, labels are new."""
        label_maps = {image: recast.labels(self.labels(image)) for image in images}
        return HeldImages(recast.schema, self.pictures, label_maps, self.sequences)
