"""Data set: images and masks by stable id, decoded when asked for and remembered within a fixed number of bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from src_model.data.annotation import VOID, Labels
from src_model.data.array_cache import ArrayCache
from src_model.data.class_schema import ClassSchema
from src_model.data.decoding import (
    MaskDecoder,
    UnknownLabels,
    listed_counts,
    read_header,
    read_image,
    scaled_image,
    scaled_labels,
)
from src_model.data.images import Pixels
from src_model.data.region import Size
from src_model.exceptions import DataError


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """Where one image of a data set lies; nothing of it has been read.

    Attributes
    ----------
    id:
        Stable: the file name without its ending, with its folders where names repeat.
    image, mask:
        Files; no mask means that the image is unlabelled.
    sequence:
        Images of one drive or flight share it.
    split:
        ``train``, ``val`` or ``test`` if the data set is published with such parts.
    """

    id: str
    image: Path
    mask: Path | None
    sequence: str
    split: str | None = None


class Dataset:
    """Images and labels of one folder: an `ImageSource` and a `LabelSource`.

    Only headers are read when it is made. Arrays are read-only, since the cache shares them: copy before you write.

    Parameters
    ----------
    schema:
        Classes of the masks.
    records:
        In any order.
    decode_mask:
        Reads a mask file into class indices of ``schema``.
    cache_bytes:
        Memory for decoded images and masks.
    sizes:
        What `read_sizes` has read of these records; None: it is read here.

    Raises
    ------
    DataError
        If two images have the same id, a file is missing or cut off, or a mask is not as large as its image.
    """

    def __init__(
        self,
        schema: ClassSchema,
        records: Iterable[ImageRecord],
        decode_mask: MaskDecoder,
        cache_bytes: int,
        sizes: Mapping[str, Size] | None = None,
    ) -> None:
        self._schema = schema
        self._records = _by_id(records)
        self._decode_mask = decode_mask
        self._cache_bytes = cache_bytes
        self._cache = ArrayCache(cache_bytes)
        self._sizes: Mapping[str, Size] = dict(read_sizes(self._records.values())) if sizes is None else sizes
        self._scaled_to: Size | None = None

    def __len__(self) -> int:
        return len(self._records)

    @property
    def schema(self) -> ClassSchema:
        """Classes of the labels."""
        return self._schema

    @property
    def ids(self) -> Sequence[str]:
        """Sorted ids of all images."""
        return tuple(self._records)

    def size(self, image: str) -> Size:
        """Height and width in pixels, after scaling."""
        record = self._record(image)
        return self._scaled_to or self._sizes[record.id]

    def version(self, image: str) -> str:
        """Bytes of the file: another compressed picture is hardly ever as long, and a copy stays the same."""
        return str(self._record(image).image.stat().st_size)

    def image(self, image: str) -> Pixels:
        """(h, w, 3) uint8 RGB.

        Raises
        ------
        DataError
            If the file is damaged, or there is no such image.
        """
        record = self._record(image)
        return self._cache.get(("image", image), lambda: self._scaled_image(read_image(record.image)))

    def labels(self, image: str) -> Labels:
        """(h, w) uint8 class indices; all VOID if the image has no mask.

        Raises
        ------
        UnknownLabels
            If the mask holds ids or colours that the schema does not know.
        DataError
            If the file is damaged, or there is no such image.
        """
        mask = self._record(image).mask
        if mask is None:
            return np.full(self.size(image), VOID, dtype=np.uint8)
        return self._cache.get(("labels", image), lambda: self._scaled_labels(self._decode_mask(mask)))

    def has_labels(self, image: str) -> bool:
        """Whether the image has a mask."""
        return self._record(image).mask is not None

    def sequence(self, image: str) -> str:
        """What images of one drive or flight have in common."""
        return self._record(image).sequence

    def published_split(self, image: str) -> str | None:
        """``train``, ``val`` or ``test``, or None where the data set has no such parts."""
        return self._record(image).split

    def scaled(self, size: Size) -> Dataset:
        """The same data set with every image brought to this height and width: images bilinear, masks nearest."""
        other = copy(self)
        other._cache = ArrayCache(self._cache_bytes)
        other._scaled_to = size
        return other

    def read_labels(self, images: Iterable[str]) -> Iterator[tuple[str, Labels]]:
        """Decode the masks of these images, so that a bad one is found before a run and not in its middle.

        About 1 ms a mask of 480×360 and 20 ms one of 2048×1024. Yields each image with its labels; bad ones are left
        out and told of after the last.

        Raises
        ------
        DataError
            Naming every id or colour that is not in the schema, with the pixels of all masks together.
        """
        unknown: Counter[str] = Counter()
        files: list[Path] = []
        for image in images:
            try:
                labels = self.labels(image)
            except UnknownLabels as fault:
                unknown.update(fault.pixels)
                files.append(fault.path)
            else:
                yield image, labels
        if files:
            raise DataError(
                f"{len(files)} masks (the first is {files[0]}) hold {listed_counts(unknown)}, which the class table "
                f"{self._schema.name} does not know. Add them to the table (ignored, if they do not matter) or choose "
                "the reader that fits."
            )

    def _record(self, image: str) -> ImageRecord:
        try:
            return self._records[image]
        except KeyError:
            raise DataError(
                f"There is no image {image!r} in this data set of {len(self)}. "
                "Check the name, or open the folder it lies in."
            ) from None

    def _scaled_image(self, pixels: Pixels) -> Pixels:
        return pixels if self._scaled_to in (None, pixels.shape[:2]) else scaled_image(pixels, self._scaled_to)

    def _scaled_labels(self, labels: Labels) -> Labels:
        return labels if self._scaled_to in (None, labels.shape) else scaled_labels(labels, self._scaled_to)


def read_sizes(records: Iterable[ImageRecord]) -> Iterator[tuple[str, Size]]:
    """Height and width of each image by id, from headers alone; its mask is as large.

    Raises
    ------
    DataError
        If a file is missing or cut off, or a mask is not as large as its image.
    """
    for record in records:
        yield record.id, _checked_size(record)


def _by_id(records: Iterable[ImageRecord]) -> dict[str, ImageRecord]:
    found: dict[str, ImageRecord] = {}
    for record in sorted(records, key=lambda record: record.id):
        first = found.setdefault(record.id, record)
        if first is not record:
            raise DataError(
                f"{first.image} and {record.image} are both called {record.id!r}. Rename one, with its mask."
            )
    return found


def _checked_size(record: ImageRecord) -> Size:
    size = read_header(record.image)
    if record.mask is None:
        return size
    of_mask = read_header(record.mask)
    if of_mask != size:
        raise DataError(
            f"{record.mask} is {of_mask[0]}x{of_mask[1]} (height x width), its image {record.image.name} is "
            f"{size[0]}x{size[1]}. Replace the mask, or leave both out."
        )
    return size
