"""Labelled set: what has been labelled, at which step, and the label maps and class shares that follow from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy

import numpy as np
import numpy.typing as npt

from src_model.data.annotation import VOID, Annotation, Labels, check_class_indices, for_training
from src_model.data.array_cache import ArrayCache
from src_model.data.region import Region, Size
from src_model.exceptions import AnnotationError

ABSENT = 1e-7
"""Fraction that a class without pixels has in `LabelledSet.distributions`."""

_MAP_BYTES = 256 * 2**20


class LabelledSet:
    """L_t, in the order of labelling; a `LabelSource` for training. Owned by one thread.

    Parameters
    ----------
    sizes:
        Height and width of an image.
    num_classes:
        C.
    map_bytes:
        Memory for composed label maps.
    """

    def __init__(self, sizes: Callable[[str], Size], num_classes: int, map_bytes: int = _MAP_BYTES) -> None:
        self._sizes = sizes
        self._num_classes = num_classes
        self._annotations: dict[Region, Annotation] = {}
        self._places: dict[Region, int] = {}
        self._by_image: dict[str, list[Region]] = {}
        self._steps: list[int] = []
        self._counts = np.zeros((0, num_classes + 1), dtype=np.int64)
        self._maps = ArrayCache(map_bytes)

    def __len__(self) -> int:
        """L: regions labelled."""
        return len(self._annotations)

    def __contains__(self, region: Region) -> bool:
        return region in self._annotations

    def add(self, annotations: Iterable[Annotation], step: int) -> None:
        """Take labels, all of them or none. A region that is known already is corrected: it keeps its place and step.

        Raises
        ------
        AnnotationError
            If labels do not fit their region, the region does not fit its image, or a value is no class.
        """
        checked = self._checked(annotations)
        for annotation, _ in checked:
            region = annotation.region
            if region not in self._places:
                self._places[region] = len(self._places)
                self._by_image.setdefault(region.image, []).append(region)
                self._steps.append(step)
            self._annotations[region] = annotation
            self._maps.forget(region.image)
        fresh = np.zeros((len(self._places) - len(self._counts), self._num_classes + 1), dtype=np.int64)
        self._counts = np.concatenate([self._counts, fresh])
        for annotation, counts in checked:
            self._counts[self._places[annotation.region]] = counts

    def remove(self, regions: Iterable[Region]) -> None:
        """Forget the labels of these regions, all of them or none.

        Raises
        ------
        AnnotationError
            If one is not labelled.
        """
        gone = {region: self.annotation(region) for region in regions}
        kept = [place for region, place in self._places.items() if region not in gone]
        self._counts = self._counts[kept]
        self._steps = [self._steps[place] for place in kept]
        self._annotations = {region: own for region, own in self._annotations.items() if region not in gone}
        self._places = {region: place for place, region in enumerate(self._annotations)}
        self._by_image = {}
        for region in self._annotations:
            self._by_image.setdefault(region.image, []).append(region)
        for region in gone:
            self._maps.forget(region.image)

    def copy(self) -> LabelledSet:
        """The same labels, on which later changes of this set have no effect; composed maps are shared."""
        other = copy(self)
        other._annotations, other._places, other._steps = dict(self._annotations), dict(self._places), [*self._steps]
        other._by_image = {image: [*regions] for image, regions in self._by_image.items()}
        other._maps = self._maps.copy()
        return other

    @property
    def regions(self) -> tuple[Region, ...]:
        """All labelled regions in the order of labelling."""
        return tuple(self._annotations)

    @property
    def steps(self) -> tuple[int, ...]:
        """Step at which each region was labelled first, aligned with `regions`."""
        return tuple(self._steps)

    def newest(self, step: int) -> tuple[Region, ...]:
        """The regions labelled at this step, in order."""
        return tuple(region for region, own in zip(self._annotations, self._steps, strict=True) if own == step)

    def annotation(self, region: Region) -> Annotation:
        """What was given for this region, with IGNORED and VOID kept apart.

        Raises
        ------
        AnnotationError
            If it is not labelled.
        """
        try:
            return self._annotations[region]
        except KeyError:
            raise AnnotationError(f"{region} is not labelled. Label it first.") from None

    def labels(self, image: str) -> Labels:
        """(h, w) uint8 class indices where the image is labelled, VOID elsewhere and where somebody chose to ignore.

        Read-only: copy before you write.
        """
        regions = self._by_image.get(image)
        if regions is None:
            return np.full(self._sizes(image), VOID, dtype=np.uint8)
        return self._maps.get(image, lambda: self._composed(image, regions))

    @property
    def distributions(self) -> npt.NDArray[np.float64]:
        """(L, C+1) fractions of each region's pixels; the last slot holds what is ignored, absent classes have 1e-7.

        Not renormalised, as in the published code (`reference_action_features` takes them so).
        """
        fractions = self._counts / self._counts.sum(axis=1, keepdims=True)
        return np.where(self._counts == 0, ABSENT, fractions)

    @property
    def shares(self) -> npt.NDArray[np.float64]:
        """(C,) sum over the regions of the share of each class: n_c of label balance."""
        fractions = self._counts / self._counts.sum(axis=1, keepdims=True)
        total: npt.NDArray[np.float64] = fractions[:, :-1].sum(axis=0)
        return total

    @property
    def class_pixels(self) -> npt.NDArray[np.int64]:
        """(C,) labelled pixels of each class."""
        total: npt.NDArray[np.int64] = self._counts[:, :-1].sum(axis=0)
        return total

    def class_pixels_of(self, regions: Iterable[Region]) -> npt.NDArray[np.int64]:
        """(N, C) labelled pixels of each class in each of these regions; zeros where one is not labelled."""
        places = np.array([self._places.get(region, -1) for region in regions], dtype=np.int64)
        pixels = np.zeros((len(places), self._num_classes), dtype=np.int64)
        pixels[places >= 0] = self._counts[places[places >= 0], :-1]
        return pixels

    @property
    def pixels(self) -> int:
        """Area of all labelled regions, with what is ignored in them: what the budget counts."""
        return sum(region.pixels for region in self._annotations)

    def refuse_misfits(self, annotations: Iterable[Annotation]) -> None:
        """Raise `AnnotationError` for what `add` would refuse, and take nothing."""
        self._checked(annotations)

    def _checked(self, annotations: Iterable[Annotation]) -> list[tuple[Annotation, npt.NDArray[np.int64]]]:
        return [(annotation, self._checked_counts(annotation)) for annotation in annotations]

    def _checked_counts(self, annotation: Annotation) -> npt.NDArray[np.int64]:
        region, labels = annotation.region, annotation.labels
        height, width = self._sizes(region.image)
        inside = 0 <= region.row <= height - region.height and 0 <= region.column <= width - region.width
        if not inside or labels.shape != region.shape or not region.pixels:
            raise AnnotationError(
                f"{region} with labels of {labels.shape} does not fit its image of {height}x{width}. "
                "Check that --image-size is what it was, and label the region again."
            )
        counts = np.bincount(labels.ravel(), minlength=256)
        known = counts[: self._num_classes]
        if counts[self._num_classes : -2].any():
            check_class_indices(annotation, self._num_classes)
        return np.append(known, counts[-2:].sum())

    def _composed(self, image: str, regions: Iterable[Region]) -> Labels:
        labels = np.full(self._sizes(image), VOID, dtype=np.uint8)
        for region in regions:
            labels[region.window] = for_training(self._annotations[region].labels)
        return labels
