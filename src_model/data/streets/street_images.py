"""Street images: a data set that is drawn when it is asked for, so that no file need be written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from src_model.data.annotation import Labels
from src_model.data.class_schema import ClassSchema
from src_model.data.images import Pixels
from src_model.data.region import Size
from src_model.data.streets.domain import domain_named
from src_model.data.streets.scene import DRAWING, street_scene
from src_model.exceptions import ConfigurationError, DataError

SEQUENCE_LENGTH = 10
"""Frames a sequence, unless somebody says otherwise."""
_VALIDATION = (5, 1)
"""Of each five sequences, number 1 is for validation: two sequences are enough for both splits."""


@dataclass(frozen=True, slots=True)
class StreetImages:
    """Images of one domain: an `ImageSource` and a `LabelSource`. An image does not depend on how many there are.

    Attributes
    ----------
    domain, size, seed, world:
        As in `street_scene`.
    count:
        Number of images.
    sequence_length:
        Frames a sequence; the last one may be shorter.

    Raises
    ------
    ConfigurationError
        If there is no such domain, or a number is too small.
    """

    domain: str
    count: int
    size_of_all: Size
    seed: int = 0
    world: int = 0
    sequence_length: int = SEQUENCE_LENGTH

    def __post_init__(self) -> None:
        domain_named(self.domain)
        for name, number in (("images", self.count), ("frames a sequence", self.sequence_length)):
            if number < 1:
                raise ConfigurationError(f"{number} {name} are too few. Ask for at least 1.")

    def __len__(self) -> int:
        return self.count

    @property
    def schema(self) -> ClassSchema:
        """Classes of the labels."""
        return domain_named(self.domain).schema

    @property
    def ids(self) -> Sequence[str]:
        """Sorted ids: sequence and frame."""
        return tuple(self._name(number) for number in range(self.count))

    def size(self, image: str) -> Size:
        """Height and width in pixels, the same for all."""
        self._place(image)
        return self.size_of_all

    def version(self, image: str) -> str:
        """What the pixels follow from, besides the image's id and size."""
        self._place(image)
        return f"{DRAWING}/{self.seed}/{self.world}"

    def image(self, image: str) -> Pixels:
        """(h, w, 3) uint8 RGB."""
        return self.scene(image)[0]

    def labels(self, image: str) -> Labels:
        """(h, w) uint8 class indices."""
        return self.scene(image)[1]

    def scene(self, image: str) -> tuple[Pixels, Labels]:
        """Image and labels at the price of one.

        Raises
        ------
        DataError
            If there is no such image.
        """
        sequence, frame = self._place(image)
        return street_scene(self.domain, sequence, frame, self.size_of_all, self.seed, self.world)

    def has_labels(self, image: str) -> bool:
        """All have."""
        self._place(image)
        return True

    def sequence(self, image: str) -> str:
        """What the frames of one drive or flight have in common."""
        return self._sequence_name(self._place(image)[0])

    def published_split(self, image: str) -> str:
        """``train`` or ``val``; whole sequences lie on one side."""
        every, first = _VALIDATION
        return "val" if self._place(image)[0] % every == first else "train"

    def _sequence_name(self, sequence: int) -> str:
        return f"{self.domain}{sequence:06}"

    def _name(self, number: int) -> str:
        sequence, frame = divmod(number, self.sequence_length)
        return f"{self._sequence_name(sequence)}_{frame:06}"

    def _place(self, image: str) -> tuple[int, int]:
        """Sequence and frame."""
        stem, _, last = image.rpartition("_")
        digits = stem.removeprefix(self.domain)
        if digits.isdecimal() and last.isdecimal():
            sequence, frame = int(digits), int(last)
            number = sequence * self.sequence_length + frame
            if number < self.count and self._name(number) == image:
                return sequence, frame
        raise DataError(
            f"There is no image {image!r} among these {self.count}. "
            f"The first is {self._name(0)!r}, the last {self._name(self.count - 1)!r}."
        )
