"""The fast segmenter: a linear head on frozen features of cells; a whole step in a fraction of a second."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from src_model.config import LossWeights, SegmentationConfig
from src_model.data.annotation import Labels
from src_model.data.images import ImageSource, LabelSource, Pixels
from src_model.data.region import Size
from src_model.device import torch_generator
from src_model.events import FitReport, ImagesEvaluated, Progress, ShouldStop, UpdatesDone, never
from src_model.segmentation.batches import equal_size_batches
from src_model.segmentation.cell_labels import CellLabelMemory, cell_grid
from src_model.segmentation.failures import machine_failures
from src_model.segmentation.frozen_features import FrozenFeatures
from src_model.segmentation.labelled_cells import CellRows, LabelledCells
from src_model.segmentation.linear_head import LinearHead, TrainingBlocks, class_losses, mean_loss
from src_model.segmentation.loss import inverse_sqrt_weights
from src_model.segmentation.metrics import ConfusionMatrix
from src_model.segmentation.projection import Projection
from src_model.segmentation.segmenter import EvaluatingSegmenter, FitTask, OptionalMap, PredictionMaps
from src_model.segmentation.segmenter_state import check_fit
from src_model.segmentation.uncertainty import Disagreement, passes_rng, pixel_statistics

_HEAD = "head."
_PROJECTION = "projection."

_CELLS_AT_ONCE = 8192
"""Cells a batch: few enough to stay in the processor's cache, which makes an evaluation twice as fast."""

_BLOCKS = 32
"""Draws of dropout an update. A single draw for all rows is noise enough to cost a point of IoU."""

_REPORT_EVERY = 10
_REMEDY = "make fast_cell larger or fast_components fewer."


class FastSegmenter(EvaluatingSegmenter):
    """`Segmenter` whose encoder is never trained: features are made once an image, a fit is a logistic regression.

    Of the settings it follows those called ``fast_…``, ``loss_weights``, ``weight_decay`` (an L2 penalty),
    ``train_on``, ``dropout`` (of the features, trained and used for BALD) and ``mc_passes``. The encoder is always the
    packaged one, with its packaged weights; architecture, crops, augmentation, batch size, optimiser and the decay of
    the learning rate have no counterpart here. The labels of a cell are the shares of its labelled pixels; its
    prediction fills it.

    The start weights are zero, hence the same for every seed: all classes equally probable, the first one named.

    Parameters
    ----------
    images:
        Where pixels come from; decoded once an image, or never if the cache has its features.
    num_classes:
        C.
    config:
        Settings.
    device:
        Where to compute.
    seed:
        Accepted for the sake of the common constructor; nothing at the start is random.
    cache:
        Folder for features, shared by runs and processes; None keeps them in memory.
    features:
        Features of ``images`` that are there already; None: made here.
    """

    def __init__(
        self,
        images: ImageSource,
        num_classes: int,
        config: SegmentationConfig,
        device: torch.device,
        seed: int,
        cache: Path | None = None,
        features: FrozenFeatures | None = None,
    ) -> None:
        self._images = images
        self._num_classes = num_classes
        self._config = config
        self._features = features or FrozenFeatures(images, config, device, cache)
        self._head = LinearHead(num_classes, config.fast_components, device)
        self._training_rows = LabelledCells(self._features, config.fast_cell, num_classes)
        self._class_pixels = CellLabelMemory(config.fast_cell, num_classes)

    @property
    def num_classes(self) -> int:
        """C."""
        return self._num_classes

    @property
    def cell(self) -> Size:
        """Pixels a value of a prediction map stands for."""
        return self._config.fast_cell

    def prepare(self, images: Sequence[str], should_stop: ShouldStop = never) -> Progress[None]:
        """Make the features of these images: about 0.1 s each once, then they are in the cache."""
        yield from self._features.prepare(images, should_stop)

    def reset(self) -> None:
        """Back to zero weights: a uniform prediction, of which class 0 is named. The projection stays."""
        self._head.reset()

    def scan(
        self,
        images: Sequence[str],
        maps: Collection[OptionalMap] = (),
        rng: np.random.Generator | None = None,
        should_stop: ShouldStop = never,
    ) -> Iterator[PredictionMaps]:
        """Prediction maps in batches of equal size. A stochastic pass drops the same features in all images.

        Raises
        ------
        ConfigurationError
            If BALD is asked of a head without dropout.
        ValueError
            If BALD is asked without ``rng``.
        """
        passes = None
        if OptionalMap.BALD in maps:
            generator = torch_generator(passes_rng(rng, self._config.dropout))
            passes = self._kept_features(generator, self._config.mc_passes)
        return self._scan(images, OptionalMap.PROBABILITIES in maps, passes, should_stop)

    def _scan(
        self, images: Sequence[str], with_probabilities: bool, passes: torch.Tensor | None, should_stop: ShouldStop
    ) -> Iterator[PredictionMaps]:
        for batch in self._batches(images):
            if should_stop():
                return
            with machine_failures("The scan", _REMEDY):
                maps = self._maps(batch, with_probabilities, passes)
            yield maps

    def _maps(self, images: tuple[str, ...], with_probabilities: bool, passes: torch.Tensor | None) -> PredictionMaps:
        features = self._features.of_images(images)
        grid = (len(images), *self._features.grid(images[0]))
        # One tall image of a single column: (C, n) -> (1, C, n, 1), classes outermost in memory.
        found = pixel_statistics(self._head.logits(features)[None, :, :, None], with_probabilities=with_probabilities)
        bald = None
        if passes is not None:
            disagreement = Disagreement()
            for kept in passes:
                disagreement.add(self._head.logits(features, kept[0])[None, :, :, None])
            bald = disagreement.mutual_information().view(grid)
        probabilities = None
        if found.probabilities is not None:
            probabilities = found.probabilities.view(self._num_classes, *grid).transpose(0, 1).contiguous()
        return PredictionMaps(
            images,
            found.classes.view(grid),
            found.entropy.view(grid),
            found.margin.view(grid),
            probabilities,
            bald,
            self.cell,
        )

    def fit(self, task: FitTask, rng: np.random.Generator, should_stop: ShouldStop = never) -> Progress[FitReport]:
        """Go on from the current weights and moments with full-batch steps on all labelled cells of the task.

        Each pixel counts the same (times the weight of its class), whatever part of its cell is labelled. Without a
        labelled pixel nothing is done. Losses, of every tenth update, include dropout.
        """
        started = time.perf_counter()
        total = self._config.fast_updates if task.updates is None else task.updates
        with machine_failures("The training", _REMEDY):
            prepared = self._training_blocks(task)
        if prepared is None:
            return FitReport(0, 0, None, time.perf_counter() - started)
        blocks, class_weights = prepared
        generator, loss, done = torch_generator(rng), None, 0
        while done < total and not should_stop():
            with machine_failures("The training", _REMEDY):
                kept = self._kept_features(generator, len(blocks.features))
                logits = self._head.update(blocks, kept, self._config.fast_learning_rate, self._config.weight_decay)
            done += 1
            if done % _REPORT_EVERY == 0 or done == total:
                loss = mean_loss(logits, blocks.targets)
                yield UpdatesDone(done, total, loss)
        images = len({region.image for region in task.regions})
        used = None if class_weights is None else tuple(class_weights.tolist())
        return FitReport(done, images, loss, time.perf_counter() - started, stopped=done < total, class_weights=used)

    def _read(
        self, images: Sequence[str], labels: LabelSource, losses: torch.Tensor | None, should_stop: ShouldStop
    ) -> Progress[ConfusionMatrix]:
        """As if every cell were filled with its class and, for the loss, with its probabilities."""
        counts, done = torch.zeros((self._num_classes, self._num_classes), dtype=torch.int64), 0
        for batch in self._batches(images):
            if should_stop():
                break
            with machine_failures("The evaluation", _REMEDY):
                logits = self._head.logits(self._features.of_images(batch))
                pixels = self._class_pixels.class_pixels(batch, labels)
                # Of max and argmax, which give the same, torch computes the first several times faster on a CPU.
                counts.index_add_(0, logits.max(dim=0).indices.cpu(), pixels.to(torch.int64))
                if losses is not None:
                    losses += class_losses(logits, pixels).cpu()
            done += len(batch)
            yield ImagesEvaluated(done, len(images))
        return ConfusionMatrix(counts.T.contiguous().numpy())

    def class_map(self, image: Pixels) -> Labels:
        """(h, w) uint8 class of each pixel of any (h, w, 3) uint8 image: that of its cell."""
        height, width = image.shape[:2]
        with machine_failures("The prediction", _REMEDY):
            classes = self._head.logits(self._features.of_pixels(image)).max(dim=0).indices
        cells = classes.to("cpu", torch.uint8).numpy().reshape(cell_grid((height, width), self.cell))
        filled: Labels = cells.repeat(self.cell[0], axis=0).repeat(self.cell[1], axis=1)
        return np.ascontiguousarray(filled[:height, :width])

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Copies on the CPU of the head, its optimiser's moments and the projection, which prediction needs as well."""
        head = {_HEAD + name: tensor for name, tensor in self._head.state_dict().items()}
        return head | {_PROJECTION + name: tensor for name, tensor in self._features.projection.tensors().items()}

    def load_state_dict(self, state: dict[str, torch.Tensor]) -> None:
        """Restore what `state_dict` gave. With a projection other than its own, features are made anew when needed.

        Raises
        ------
        CheckpointError
            If names or shapes do not fit; nothing is changed.
        """
        channels, components = sum(self._features.stages), self._features.components
        wanted = {_HEAD + name: tensor for name, tensor in self._head.state_dict().items()}
        wanted |= {_PROJECTION + name: torch.empty(channels) for name in ("mean", "scale")}
        wanted[_PROJECTION + "basis"] = torch.empty(channels, components)
        check_fit(wanted, state, "Choose a file made with --segmenter fast and the same classes and fast_components.")
        self._head.load_state_dict(_below(_HEAD, state))
        self._features.use(Projection.from_tensors(_below(_PROJECTION, state)))

    # --- parts of a fit ---------------------------------------------------------------------------------------

    def _training_blocks(self, task: FitTask) -> tuple[TrainingBlocks, torch.Tensor | None] | None:
        """All rows with what they count, and the weights of the classes in it; None without a labelled pixel."""
        if not task.regions:
            return None
        rows = self._training_rows.rows(task.regions, task.labels)
        class_weights = self._class_weights(rows.pixels)
        balanced = rows.pixels if class_weights is None else rows.pixels * class_weights
        weights = balanced * self._row_weights(rows, task)[:, None]
        used = weights.any(dim=1)
        if not used.any():
            return None
        if used.all():
            return TrainingBlocks.dealt(rows.features, weights, _BLOCKS), class_weights
        return TrainingBlocks.dealt(rows.features[used], weights[used], _BLOCKS), class_weights

    def _class_weights(self, pixels: torch.Tensor) -> torch.Tensor | None:
        if self._config.loss_weights is LossWeights.NONE:
            return None
        labelled = pixels.sum(dim=0, dtype=torch.float64).to("cpu", torch.int64).numpy()
        return torch.from_numpy(inverse_sqrt_weights(labelled)).to(pixels.device)

    def _row_weights(self, rows: CellRows, task: FitTask) -> torch.Tensor:
        """(n,) weights by which ``train_on`` prefers the newest regions; ``mixed`` gives them half of all."""
        if self._config.train_on == "all":
            return rows.pixels.new_ones(len(rows.pixels))
        newest = set(task.newest)
        of_newest = torch.tensor([region in newest for region in task.regions])[rows.regions].to(rows.pixels.device)
        if self._config.train_on == "newest":
            return of_newest.to(torch.float32)
        pixels = rows.pixels.sum(dim=1)
        total, fresh = pixels.sum(), pixels[of_newest].sum()
        if fresh in (0, total):
            return torch.ones_like(pixels)
        return torch.where(of_newest, total / fresh, total / (total - fresh))

    def _kept_features(self, generator: torch.Generator, draws: int) -> torch.Tensor:
        """(draws, 1, D) factors of dropout; drawn on the CPU, so that every device drops the same."""
        dropout = self._config.dropout
        kept = torch.rand((draws, 1, self._features.components), generator=generator) >= dropout
        return (kept / (1 - dropout)).to(self._head.device)

    def _batches(self, images: Sequence[str]) -> list[tuple[str, ...]]:
        cells = max((rows * columns for rows, columns in map(self._features.grid, images)), default=1)
        return equal_size_batches(self._images, images, max(1, _CELLS_AT_ONCE // cells))


def _below(prefix: str, state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}
