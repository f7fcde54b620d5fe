"""Wishes: what the light lane makes for the canvas, one piece at a time. Headless."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from src_model.data.annotation import VOID, Annotation, Labels, for_training
from src_model.data.dataset import Dataset
from src_model.data.decoding import scaled_image
from src_model.data.images import Pixels
from src_model.data.region import Region, RegionGrid
from src_model.events import ShouldStop, never
from src_model.labelling.examples import Spot
from src_model.labelling.outcome_maps import OutcomeMap, outcome_map, region_iou
from src_model.labelling.superpixels import Superpixels, superpixels_of

if TYPE_CHECKING:
    from src_model.active_learning.embedded_images import Alike
    from src_model.active_learning.serving import Draft, ServedModel

_SUPERPIXEL = 80.0
"""Pixels of a superpixel."""
_SURROUNDINGS = 0.25
"""A thumbnail shows this part of the region's side round it."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where everything comes from: images, and the model that is served. The light lane's alone.

    Attributes
    ----------
    overtaken:
        Asked by what takes seconds: whether something more urgent waits.
    """

    dataset: Dataset
    served: ServedModel
    overtaken: ShouldStop = never


class Overtaken(Exception):
    """A wish was left in the making; it is begun anew in its turn."""


@dataclass(frozen=True, slots=True)
class ImageWish:
    """The pixels of an image: (h, w, 3) uint8, shared and not to be written to."""

    image: str

    def fulfil(self, sources: Sources) -> Pixels:
        """Decode it."""
        return sources.dataset.image(self.image)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A region as it is shown.

    Attributes
    ----------
    thumbnail:
        (h, w, 3) uint8 with a little of the surroundings.
    superpixels:
        Of the region.
    """

    thumbnail: Pixels
    superpixels: Superpixels


@dataclass(frozen=True, slots=True)
class PictureWish:
    """A `Picture` of a region."""

    region: Region

    def fulfil(self, sources: Sources) -> Picture:
        """Cut it out, and cut it along its edges."""
        pixels = sources.dataset.image(self.region.image)
        return Picture(_thumbnail(pixels, self.region), superpixels_of(pixels[self.region.window], _SUPERPIXEL))


@dataclass(frozen=True, slots=True)
class ThumbnailWish:
    """The thumbnail of a `Picture` alone, for regions that are only looked at."""

    region: Region

    def fulfil(self, sources: Sources) -> Pixels:
        """Cut it out."""
        return _thumbnail(sources.dataset.image(self.region.image), self.region)


def _thumbnail(pixels: Pixels, region: Region) -> Pixels:
    more = round(_SURROUNDINGS * max(region.shape))
    top, left = max(0, region.row - more), max(0, region.column - more)
    around = pixels[top : region.row + region.height + more, left : region.column + region.width + more]
    return np.ascontiguousarray(around)


@dataclass(frozen=True, slots=True, eq=False)
class DraftMade:
    """What the served model says of a region.

    Attributes
    ----------
    labels, certainty:
        (h, w) most probable class, and its probability.
    shares:
        (C,) of the region each class is expected to fill.
    step:
        Of the fit the model comes from.
    """

    labels: Labels
    certainty: npt.NDArray[np.float32]
    shares: npt.NDArray[np.float64]
    step: int


@dataclass(frozen=True, slots=True)
class DraftWish:
    """A `DraftMade` of a region. ``version`` counts models: the same wish with a newer one is another wish."""

    region: Region
    version: int

    def fulfil(self, sources: Sources) -> DraftMade:
        """Look at its image, unless that was done already."""
        made = sources.served.region(self.region)
        classes = sources.dataset.schema.num_classes
        shares = np.bincount(made.labels.ravel(), minlength=classes)[:classes] / made.labels.size
        return DraftMade(made.labels.copy(), made.certainty.copy(), shares, made.step)


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What the served model says of an image: (h, w) classes, and (h, w) float32 doubt, 1 where undecided."""

    classes: Labels
    uncertainty: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class PredictionWish:
    """A `Prediction` of an image by the model of this version."""

    image: str
    version: int

    def fulfil(self, sources: Sources) -> Prediction:
        """Look at it, unless that was done already."""
        seen = _seen(sources, self.image)
        classes = sources.dataset.schema.num_classes
        # 1/C is the least that the most probable class can have.
        doubt = (1.0 - seen.certainty) / (1.0 - 1.0 / classes) if classes > 1 else np.zeros_like(seen.certainty)
        return Prediction(seen.labels.copy(), doubt.astype(np.float32))


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """Hits and misses of one class on an image, and its IoU a region."""

    outcomes: OutcomeMap
    region_iou: npt.NDArray[np.float32]
    grid: RegionGrid


@dataclass(frozen=True, slots=True)
class OutcomesWish:
    """`Outcomes` of a class on the labelled check regions of an image.

    Attributes
    ----------
    checks:
        The labels of these regions.
    region_size:
        Height and width of the regions of the grid.
    """

    image: str
    index: int
    checks: tuple[Annotation, ...]
    region_size: tuple[int, int]
    version: int

    def fulfil(self, sources: Sources) -> Outcomes:
        """Compare labels and prediction; where there are no labels, nothing is said."""
        seen, size = _seen(sources, self.image), sources.dataset.size(self.image)
        labels = np.full(size, VOID, dtype=np.uint8)
        for annotation in self.checks:
            labels[annotation.region.window] = for_training(annotation.labels)
        outcomes = outcome_map(seen.labels, labels, self.index, sources.dataset.schema.num_classes)
        grid = RegionGrid(size, self.region_size)
        return Outcomes(outcomes, region_iou(outcomes, grid), grid)


@dataclass(frozen=True, slots=True)
class TileWish:
    """A window of an image, small: (h, w, 3) uint8 of ``shape``."""

    window: Region
    shape: tuple[int, int]

    def fulfil(self, sources: Sources) -> Pixels:
        """Cut it out and scale it."""
        pixels = sources.dataset.image(self.window.image)[self.window.window]
        return pixels if pixels.shape[:2] == self.shape else scaled_image(pixels, self.shape)


@dataclass(frozen=True, slots=True)
class LikenessWish:
    """Regions that look like one of these spots, the likest first, as tuples of `Alike`.

    Attributes
    ----------
    images:
        Where to look, as far as they have been embedded.
    attempt:
        The same wish later, when more has been embedded, is another wish.
    """

    spots: tuple[Spot, ...]
    avoided: frozenset[Region]
    images: tuple[str, ...]
    count: int
    attempt: int = 0

    def fulfil(self, sources: Sources) -> tuple[Alike, ...]:
        """Compare them with everything."""
        return sources.served.embedded.alike(self.spots, self.images, self.count, self.avoided)


def _seen(sources: Sources, image: str) -> Draft:
    """A look at a whole image, left as soon as something else is more urgent."""
    from src_model.active_learning.serving import LookStopped  # late: it brings torch

    try:
        return sources.served.image(image, sources.overtaken)
    except LookStopped as stopped:
        raise Overtaken from stopped


class Wish(Hashable, Protocol):
    """Anything that the light lane can make; equal wishes are made once."""

    def fulfil(self, sources: Sources) -> Any:
        """Make it, off the main thread."""


Made = Any
"""What the wish's ``fulfil`` returns."""
