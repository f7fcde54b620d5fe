"""Frozen features: what an encoder that is never trained says of each cell of an image, made once and kept."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from contextlib import suppress
from copy import copy
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TypeVar, cast

import numpy as np
import segmentation_models_pytorch as smp
import torch
import torch.nn.functional as F
from filelock import FileLock
from torch import nn

from src_model.checkpoint import load_tensors, save_tensors
from src_model.config import SegmentationConfig
from src_model.data.images import ImageSource, Pixels
from src_model.data.region import Size
from src_model.events import ImagesPrepared, Progress, ShouldStop, drain, never
from src_model.exceptions import CheckpointError, ConfigurationError, DataError
from src_model.segmentation.cell_labels import cell_grid
from src_model.segmentation.failures import machine_failures
from src_model.segmentation.feature_store import FeatureStore, HalfRows, writing_to
from src_model.segmentation.pretrained import (
    ENCODER_MEAN,
    ENCODER_STD,
    PACKAGED_ENCODER,
    load_packaged_encoder_weights,
)
from src_model.segmentation.projection import PrincipalComponents, Projection

logger = logging.getLogger(__name__)

Item = TypeVar("Item")

LAYOUT = 2
"""Raised whenever the same images and settings would give other features, so that no old file is mistaken for new."""

SAMPLE_IMAGES = 48
SAMPLE_CELLS = 512
"""The projection is fitted on at most so many cells of at most so many images."""


class FrozenFeatures:
    """D numbers for each cell of an image: the five feature maps of `PACKAGED_ENCODER`, pooled, joined and projected.

    The encoder sees an image at one fixed size; its maps are averaged over the cells of the image (interpolated where
    they are coarser than the cells), the channels standardised, each stage of the encoder given the same weight, and
    all reduced to principal components. A cell at a border that the grid does not meet is filled up by repeating the
    last pixels.

    The projection is fitted once, without labels, on an evenly spread sample of the sorted ``images.ids``: at most
    `SAMPLE_IMAGES` images and of each at most `SAMPLE_CELLS` cells. It depends neither on a seed nor on which images
    are prepared first, or by which call, so that all seeds and roles share it.

    With ``cache``, projection and features are files named by a digest of settings and of ids, sizes and
    versions of the images; they are shared by all runs and processes.

    Parameters
    ----------
    images:
        Where pixels come from. Ids must be known to ``images.ids``.
    config:
        ``fast_cell``, ``fast_input`` and ``fast_components``.
    device:
        Where the encoder runs and where features are handed out.
    cache:
        Folder of the files; None keeps features in memory.
    """

    def __init__(
        self, images: ImageSource, config: SegmentationConfig, device: torch.device, cache: Path | None
    ) -> None:
        self._images = images
        self._config = config
        self._device = device
        self._cache = cache
        self._projection: Projection | None = None
        self._store: FeatureStore | None = None

    @property
    def components(self) -> int:
        """D."""
        return self._config.fast_components

    @property
    def stages(self) -> tuple[int, ...]:
        """Channels of each of the encoder's feature maps; F in all."""
        return tuple(cast(list[int], _encoder(self._device).out_channels)[1:])

    def grid(self, image: str) -> Size:
        """Rows and columns of cells of this image."""
        return cell_grid(self._images.size(image), self._config.fast_cell)

    def prepare(self, images: Sequence[str], should_stop: ShouldStop = never) -> Progress[None]:
        """Make and keep the features of these images, those that are not kept already.

        Raises
        ------
        CheckpointError
            If the encoder's weights are missing.
        EngineFailure
            If memory is full or the cache cannot be written.
        """
        if self._projection is None:
            yield from self._fit_projection(ImagesPrepared(0, len(images)), should_stop)
        if should_stop() or self._projection is None:
            return
        for done, image in enumerate(images, start=1):
            if should_stop():
                return
            if image not in self._opened_store:
                self._opened_store.add(image, partial(self._halves, image))
                yield ImagesPrepared(done, len(images))
        yield ImagesPrepared(len(images), len(images))

    def has(self, image: str) -> bool:
        """Whether the features of this image are kept; nothing is made to find out."""
        if self._projection is None and (path := self._projection_path) is not None:
            self._projection = _kept_projection(path)
        return self._projection is not None and image in self._opened_store

    def of_images(self, images: Sequence[str]) -> torch.Tensor:
        """(cells of all images in order, D) float32 on the device; what was not prepared is prepared now."""
        self._ensure(images)
        return self._opened_store.read(images).to(self._device)

    def of_cells(self, image: str, rows: slice, columns: slice) -> torch.Tensor:
        """(cells, D) float32 on the device of a rectangle of cells, row-major."""
        self._ensure([image])
        cells = self._opened_store.rows(image).view(*self.grid(image), self.components)
        return cells[rows, columns].flatten(0, 1).to(self._device, torch.float32)

    def of_pixels(self, pixels: Pixels) -> torch.Tensor:
        """(cells, D) float32 on the device of any (h, w, 3) uint8 image."""
        return self.projection(self._channels_of(pixels))

    @property
    def projection(self) -> Projection:
        """As fitted or as given by `use`."""
        if self._projection is None:
            drain(self._fit_projection(ImagesPrepared(0, 0), never))
        assert self._projection is not None
        return self._projection

    def use(self, projection: Projection) -> None:
        """Project with this from now on (weights learned elsewhere need it); features made with another are left."""
        if self._projection is None or self._projection.digest != projection.digest:
            self._projection = projection
            self._store = None

    def disturbed(self, images: Sequence[str], level: float, rng: np.random.Generator) -> FrozenFeatures:
        """The features of these images in memory, as a worse encoder might give them.

        Parameters
        ----------
        level:
            Deviation of the Gaussian noise, relative to that of each component over these images; 0: none.
        rng:
            Draws the noise, which stays the same for as long as the features are kept.
        """
        self._ensure(images)
        rows = self._opened_store.read(images).numpy()
        if level > 0:
            rows += rng.standard_normal(rows.shape, dtype=np.float32) * np.float32(level) * rows.std(axis=0)
        other = copy(self)
        other._cache, cells = None, {image: len(self._opened_store.rows(image)) for image in images}
        other._store = FeatureStore(cells, self.components, None)
        ends = np.cumsum(list(cells.values()))
        for image, own in zip(images, np.split(rows.astype(np.float16), ends[:-1]), strict=True):
            other._store.add(image, partial(_itself, own))
        return other

    # --- making features ------------------------------------------------------------------------------------------

    def _channels_of(self, pixels: Pixels) -> torch.Tensor:
        """(cells, F) float32. Images go through one by one: what a batch holds besides must not change a number."""
        cell = self._config.fast_cell
        rows, columns = cell_grid(pixels.shape[:2], cell)
        # A copy: sources may hand out read-only views, of which torch makes no tensors.
        planes = torch.from_numpy(np.array(pixels.transpose(2, 0, 1), order="C")).to(self._device)
        missing = (0, columns * cell[1] - pixels.shape[1], 0, rows * cell[0] - pixels.shape[0])
        with machine_failures("Feature extraction", "make fast_input smaller or fast_cell larger."), torch.no_grad():
            filled = F.pad(planes[None].float().div_(255), missing, mode="replicate")
            seen = F.interpolate(filled, size=self._config.fast_input, mode="bilinear")
            maps = _encoder(self._device)((seen - ENCODER_MEAN) / ENCODER_STD)[1:]
            pooled = torch.cat([_pooled(one, (rows, columns)) for one in maps], dim=1)
        return pooled[0].flatten(1).T.contiguous()  # (1, F, rows, columns) -> (cells, F)

    def _halves(self, image: str) -> HalfRows:
        halves: HalfRows = self.of_pixels(self._images.image(image)).to("cpu", torch.float16).numpy()
        return halves

    def _ensure(self, images: Sequence[str]) -> None:
        store = self._store
        if store is None or not all(image in store for image in images):
            drain(self.prepare(images))

    # --- the projection -------------------------------------------------------------------------------------------

    def _fit_projection(self, event: ImagesPrepared, should_stop: ShouldStop) -> Progress[None]:
        """Read the projection from the cache, or fit it; then the first process to finish decides for all."""
        path = self._projection_path
        if path is not None:
            self._projection = _kept_projection(path)
        if self._projection is not None:
            return
        if self.components > sum(self.stages):
            raise ConfigurationError(
                f"fast_components is {self.components}, but the encoder has {sum(self.stages)} channels. Choose fewer."
            )
        if not self._images.ids:
            raise DataError("There is no image to prepare features of. Add images, or load a trained segmenter.")
        moments = PrincipalComponents(self.stages)
        for image in _spread(self._images.ids, SAMPLE_IMAGES):
            if should_stop():
                return
            channels = self._channels_of(self._images.image(image))
            moments.add(channels[_spread(range(len(channels)), SAMPLE_CELLS)])
            yield event
        fitted = moments.projection(self.components)
        self._projection = fitted if path is None else _keep_projection(path, fitted)

    @property
    def _projection_path(self) -> Path | None:
        return None if self._cache is None else self._cache / self._digest / "projection.safetensors"

    @cached_property
    def _digest(self) -> str:
        """Name of everything the features depend on; a device rounds in its own way."""
        ids = self._images.ids
        settings = self._config.model_dump(mode="json", include={"fast_cell", "fast_input", "fast_components"})
        pictures = [(one, *self._images.size(one), self._images.version(one)) for one in ids]
        parts = [LAYOUT, PACKAGED_ENCODER, self._device.type, settings, pictures]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]

    @property
    def _opened_store(self) -> FeatureStore:
        if self._store is None:
            cells = {image: rows * columns for image in self._images.ids for rows, columns in [self.grid(image)]}
            folder = None if self._cache is None else self._cache / self._digest / self.projection.digest
            self._store = FeatureStore(cells, self.components, folder)
        return self._store


def _itself(rows: HalfRows) -> HalfRows:
    return rows


@cache
def _encoder(device: torch.device) -> nn.Module:
    """The encoder with its packaged weights; all instances share it, since nobody trains it."""
    encoder: nn.Module = smp.encoders.get_encoder(PACKAGED_ENCODER, weights=None)
    load_packaged_encoder_weights(encoder)
    with machine_failures("Moving the encoder to the device", "choose --device cpu."):
        return encoder.requires_grad_(False).eval().to(device)


def _pooled(maps: torch.Tensor, grid: Size) -> torch.Tensor:
    """(1, F, h, w) brought to the grid: averaged where it is finer, interpolated where it is coarser."""
    at_least = max(maps.shape[-2], grid[0]), max(maps.shape[-1], grid[1])
    if at_least != maps.shape[-2:]:
        maps = F.interpolate(maps, size=at_least, mode="bilinear")
    return F.adaptive_avg_pool2d(maps, grid)


def _spread(items: Sequence[Item], count: int) -> list[Item]:
    """At most ``count`` of the items, evenly spread, the first and the last among them."""
    places = np.unique(np.linspace(0, len(items) - 1, min(count, len(items))).round().astype(int))
    return [items[place] for place in places]


def _kept_projection(path: Path) -> Projection | None:
    if not path.is_file():
        return None
    try:
        return Projection.from_tensors(load_tensors(path)[0])
    except (CheckpointError, KeyError) as exc:
        logger.warning("The kept projection is made again: %s", exc)
        with suppress(OSError):
            path.unlink()
        return None


def _keep_projection(path: Path, fitted: Projection) -> Projection:
    with writing_to(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name("lock")):
            others = _kept_projection(path)
            if others is None:
                save_tensors(path, fitted.tensors(), {"kind": "projection"})
    return fitted if others is None else others
