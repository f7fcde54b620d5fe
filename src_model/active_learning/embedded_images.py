"""Embedded images: what a frozen encoder sees in each, made before there is a label, and what looks like what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from src_model.active_learning.assembly import feature_cache
from src_model.config import RunConfig, SegmentationConfig
from src_model.data.annotation import Labels
from src_model.data.dataset import Dataset
from src_model.data.region import Region, Size, grids
from src_model.events import Progress, ShouldStop, never
from src_model.labelling.examples import Example, Spot
from src_model.labelling.likeness import FloatArray, best_cells, cell_regions, class_probabilities, unit_rows
from src_model.segmentation.batches import equal_size_batches
from src_model.segmentation.frozen_features import FrozenFeatures

_CELLS_A_SIDE = 4
"""Of a region: finer cells find nothing more on CamVid and take more room."""
_COMPONENTS = 64
_AREA = 2**17
"""Pixels at which the encoder sees an image: 256×512."""
_STRIDE = 32
_CELLS_AT_ONCE = 2**16
"""16 MB of features."""


@dataclass(frozen=True, slots=True)
class Alike:
    """A region that looks like something, and the spot in it that does so most; ``likeness`` is a cosine."""

    region: Region
    spot: Spot
    likeness: float


@dataclass(frozen=True, slots=True, eq=False)
class WeakDraft:
    """What examples say of an image: (H, W) class of the nearest example, and its probability."""

    labels: Labels
    certainty: npt.NDArray[np.float32]


class EmbeddedImages:
    """Vectors of the cells of images, kept in the cache that all runs share, so that reopening costs nothing.

    Owned by one thread; another one makes its own from the same settings and finds the same files. Memory is that of
    a few images, whatever their number.

    Parameters
    ----------
    config:
        Of the run. Where the fast segmenter is trained, its features serve here too.
    dataset, device:
        Where images come from and where the encoder runs.
    """

    def __init__(self, config: RunConfig, dataset: Dataset, device: torch.device) -> None:
        self._dataset = dataset
        self._settings = embedding_settings(config, dataset)
        self._features = FrozenFeatures(dataset, self._settings, device, feature_cache())
        self._grid = grids(dataset.size, config.data.region)

    def prepare(self, images: Sequence[str], should_stop: ShouldStop = never) -> Progress[None]:
        """Embed these images, those that are not embedded already; a stop loses one image at most."""
        yield from self._features.prepare(images, should_stop)

    def has(self, image: str) -> bool:
        """Whether this image is embedded."""
        return self._features.has(image)

    def vectors(self, spots: Sequence[Spot]) -> FloatArray:
        """(n, D) vectors of length 1 of the cells in which these spots lie."""
        height, width = self._settings.fast_cell
        cells = [
            self._features.of_cells(
                spot.image,
                slice(spot.row // height, spot.row // height + 1),
                slice(spot.column // width, spot.column // width + 1),
            )
            for spot in spots
        ]
        if not cells:
            return np.zeros((0, self._features.components), dtype=np.float32)
        return unit_rows(torch.cat(cells).cpu().numpy())

    def looks(self, images: Sequence[str]) -> FloatArray:
        """(n, 2·D) what images look like as a whole: the mean of the upper and of the lower half, length 1 each."""
        rows = [np.zeros((0, 2 * self._features.components), dtype=np.float32)]
        for image in images:
            down, across = self._features.grid(image)
            cells = self._features.of_images([image]).cpu().numpy().reshape(down, across, -1)
            halves = np.stack([cells[: -(-down // 2)].mean(axis=(0, 1)), cells[down // 2 :].mean(axis=(0, 1))])
            rows.append(unit_rows(halves).reshape(1, -1))
        return np.concatenate(rows)

    def alike(
        self, spots: Sequence[Spot], images: Sequence[str], count: int, avoided: frozenset[Region] = frozenset()
    ) -> tuple[Alike, ...]:
        """The ``count`` regions that hold what looks most like one of these spots, the likest first, one an image.

        Parameters
        ----------
        spots:
            In embedded images.
        images:
            Where to look; those that are not embedded yet are passed over.
        avoided:
            Regions that are not wanted.
        """
        wanted, found = self.vectors(spots), list[Alike]()
        for batch in self._batches([image for image in images if self.has(image)]):
            found += self._best_of(batch, wanted, avoided)
        return tuple(sorted(found, key=lambda own: (-own.likeness, own.region))[:count])

    def shares(self, regions: Sequence[Region], examples: Sequence[Example]) -> npt.NDArray[np.float64]:
        """(n, C) how much of each class regions of embedded images are believed to show, by nearest examples."""
        classes = self._dataset.schema.num_classes
        shares = np.zeros((len(regions), classes))
        places = {region: place for place, region in enumerate(regions)}
        images = dict.fromkeys(region.image for region in regions)
        for batch in self._batches([image for image in images if self.has(image)]):
            means = self._region_means(batch, examples, classes)
            for image, of_image in zip(batch, means, strict=True):
                cut = self._grid(image).regions(image)
                held = [(places[region], own) for own, region in enumerate(cut) if region in places]
                shares[[place for place, _ in held]] = of_image[[own for _, own in held]]
        return shares

    def weak_draft(self, image: str, examples: Sequence[Example]) -> WeakDraft:
        """What the nearest examples say of each pixel of an image, which is embedded if it is not."""
        cell, (height, width) = self._settings.fast_cell, self._dataset.size(image)
        rows, columns = self._features.grid(image)
        probabilities = self._probabilities((image,), examples).reshape(rows, columns, -1)
        classes, certainty = probabilities.argmax(axis=2).astype(np.uint8), probabilities.max(axis=2)
        filled = [values.repeat(cell[0], axis=0).repeat(cell[1], axis=1) for values in (classes, certainty)]
        return WeakDraft(filled[0][:height, :width], filled[1][:height, :width])

    def _best_of(self, batch: Sequence[str], wanted: FloatArray, avoided: frozenset[Region]) -> list[Alike]:
        """The best region of each of these images, which are equally large."""
        grid, cell = self._grid(batch[0]), self._settings.fast_cell
        across = self._features.grid(batch[0])[1]
        scores = (self._unit(batch) @ wanted.T).max(axis=1).reshape(len(batch), -1)
        cells = best_cells(scores, self._cell_regions(batch[0]), len(grid))
        of_regions = np.where(cells < 0, -np.inf, np.take_along_axis(scores, np.maximum(cells, 0), axis=1))
        for number, image in enumerate(batch):
            unwanted = [own for own, region in enumerate(grid.regions(image)) if region in avoided]
            of_regions[number, unwanted] = -np.inf
        found = []
        for number, best in enumerate(of_regions.argmax(axis=1).tolist()):
            if np.isfinite(of_regions[number, best]):
                region = grid.regions(batch[number])[best]
                row, column = divmod(int(cells[number, best]), across)
                spot = Spot(
                    batch[number], *_inside(region, row * cell[0] + cell[0] // 2, column * cell[1] + cell[1] // 2)
                )
                found.append(Alike(region, spot, float(of_regions[number, best])))
        return found

    def _region_means(self, batch: Sequence[str], examples: Sequence[Example], classes: int) -> FloatArray:
        """(B, regions, C) mean probabilities over the cells of each region of equally large images."""
        regions, count = self._cell_regions(batch[0]), len(self._grid(batch[0]))
        probabilities = self._probabilities(batch, examples).reshape(len(batch), -1, classes)
        sums = np.zeros((count, len(batch), classes), dtype=np.float32)
        np.add.at(sums, regions, probabilities.transpose(1, 0, 2))
        held = np.maximum(np.bincount(regions, minlength=count), 1).astype(np.float32)
        return np.asarray(sums.transpose(1, 0, 2) / held[None, :, None])

    def _probabilities(self, images: Sequence[str], examples: Sequence[Example]) -> FloatArray:
        shown = self.vectors([own.spot for own in examples])
        indices = [own.index for own in examples]
        return class_probabilities(self._unit(images), shown, indices, self._dataset.schema.num_classes)

    def _unit(self, images: Sequence[str]) -> FloatArray:
        return unit_rows(self._features.of_images(images).cpu().numpy())

    def _cell_regions(self, image: str) -> npt.NDArray[np.intp]:
        return cell_regions(self._features.grid(image), self._settings.fast_cell, self._grid(image))

    def _batches(self, images: Sequence[str]) -> list[tuple[str, ...]]:
        cells = max((rows * columns for rows, columns in map(self._features.grid, images)), default=1)
        return equal_size_batches(self._dataset, images, max(1, _CELLS_AT_ONCE // cells))


def embedding_settings(config: RunConfig, dataset: Dataset) -> SegmentationConfig:
    """How images are embedded: sixteen cells a region, seen small, in the shape of the images."""
    if config.segmentation.segmenter == "fast":
        return config.segmentation
    height, width = dataset.size(dataset.ids[0])
    side = (_AREA / (height * width)) ** 0.5
    cell = tuple(max(1, side // _CELLS_A_SIDE) for side in config.data.region)
    return SegmentationConfig(
        segmenter="fast",
        fast_cell=(cell[0], cell[1]),
        fast_input=(_strides(height * side), _strides(width * side)),
        fast_components=_COMPONENTS,
    )


def _strides(length: float) -> int:
    return max(1, round(length / _STRIDE)) * _STRIDE


def _inside(region: Region, row: int, column: int) -> Size:
    return min(row, region.row + region.height - 1), min(column, region.column + region.width - 1)
