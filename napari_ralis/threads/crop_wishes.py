"""Crop wishes: what the light lane makes for the wall of crops and for class cards. Headless."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_ralis.threads.wishes import Sources
from src_model.data.annotation import VOID, Annotation
from src_model.data.images import Pixels
from src_model.data.region import Region
from src_model.labelling.borders import seams
from src_model.labelling.crop_picture import crop_picture
from src_model.labelling.unpainted import UnsurePairs, unpainted

SIDE = 112
"""Pixels of the longer side of a crop."""


@dataclass(frozen=True, slots=True)
class CropWish:
    """A labelled region as a picture: (h, w, 3) uint8 with its labels outlined."""

    annotation: Annotation

    def fulfil(self, sources: Sources) -> Pixels:
        """Cut it out and draw on it."""
        region, schema = self.annotation.region, sources.dataset.schema
        pixels = np.ascontiguousarray(sources.dataset.image(region.image)[region.window])
        return crop_picture(pixels, UnsurePairs(schema).painted(self.annotation), schema, SIDE)


@dataclass(frozen=True, slots=True)
class Looks:
    """What is to be said of a labelled region.

    Attributes
    ----------
    seam:
        Pixels of its border across which a neighbour has another class.
    not_looked_at, ignored:
        Pixels without a class.
    """

    seam: int
    not_looked_at: int
    ignored: int


@dataclass(frozen=True, slots=True)
class LooksWish:
    """`Looks` by region, of everything that is labelled in an image."""

    image: str
    annotations: tuple[Annotation, ...]

    def fulfil(self, sources: Sources) -> dict[Region, Looks]:
        """Lay the labels side by side and compare them across each border."""
        labels = np.full(sources.dataset.size(self.image), VOID, dtype=np.uint8)
        for annotation in self.annotations:
            labels[annotation.region.window] = annotation.labels
        num_classes = sources.dataset.schema.num_classes
        looks = {}
        for annotation in self.annotations:
            own, counts = annotation.region, unpainted(annotation)
            seam = seams(own, labels[own.window], labels, num_classes)
            looks[own] = Looks(int(np.count_nonzero(seam)), counts.not_looked_at, counts.ignored)
        return looks


@dataclass(frozen=True, slots=True)
class DisagreementWish:
    """The share of a region's labelled pixels, 0 … 1, of which the model of this version says something else."""

    annotation: Annotation
    version: int

    def fulfil(self, sources: Sources) -> float:
        """Look at the region, unless that was done already."""
        labels = self.annotation.labels
        known = labels < sources.dataset.schema.num_classes
        said = sources.served.region(self.annotation.region).labels
        return float(np.mean(said[known] != labels[known])) if known.any() else 0.0
