"""Wishes: what the light lane makes for the canvas, one piece at a time. Headless."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from src_model.data.annotation import VOID, Annotation, Labels, for_training
from src_model.data.dataset import Dataset
from src_model.data.images import Pixels
from src_model.data.region import Region, RegionGrid
from src_model.labelling.outcome_maps import OutcomeMap, outcome_map, region_iou
from src_model.labelling.superpixels import Superpixels, superpixels_of

if TYPE_CHECKING:
    from src_model.active_learning.serving import ServedModel

_SUPERPIXEL = 80.0
"""Pixels of a superpixel."""
_SURROUNDINGS = 0.25
"""A thumbnail shows this part of the region's side round it."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where everything comes from: images, and the model that is served. The light lane's alone."""

    dataset: Dataset
    served: ServedModel


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
        region = self.region
        more = round(_SURROUNDINGS * max(region.shape))
        top, left = max(0, region.row - more), max(0, region.column - more)
        around = pixels[top : region.row + region.height + more, left : region.column + region.width + more]
        return Picture(np.ascontiguousarray(around), superpixels_of(pixels[region.window], _SUPERPIXEL))


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
        seen = sources.served.image(self.image)
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
        seen, size = sources.served.image(self.image), sources.dataset.size(self.image)
        labels = np.full(size, VOID, dtype=np.uint8)
        for annotation in self.checks:
            labels[annotation.region.window] = for_training(annotation.labels)
        outcomes = outcome_map(seen.labels, labels, self.index, sources.dataset.schema.num_classes)
        grid = RegionGrid(size, self.region_size)
        return Outcomes(outcomes, region_iou(outcomes, grid), grid)


class Wish(Hashable, Protocol):
    """Anything that the light lane can make; equal wishes are made once."""

    def fulfil(self, sources: Sources) -> Any:
        """Make it, off the main thread."""


Made = Any
"""What the wish's ``fulfil`` returns."""
