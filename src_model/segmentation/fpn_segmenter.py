"""The FPN segmenter: a whole network, trained on crops and read at full resolution."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch

from src_model.config import STREETS, LossWeights, SegmentationConfig
from src_model.data.annotation import Labels
from src_model.data.images import ImageSource, LabelSource, Pixels
from src_model.data.region import Size
from src_model.events import FitReport, ImagesEvaluated, Progress, ShouldStop, never
from src_model.exceptions import CheckpointError
from src_model.segmentation.batches import CropBatches, equal_size_batches, prefetched, stacked_pixels
from src_model.segmentation.failures import machine_failures
from src_model.segmentation.interruption import ForwardStopped, interruptible
from src_model.segmentation.loss import inverse_sqrt_weights, labelled_pixels
from src_model.segmentation.metrics import ConfusionMatrix, confusion_matrix
from src_model.segmentation.network import SegmentationNetwork, build_network, refuse_lonely_crops
from src_model.segmentation.predictor import Predictor
from src_model.segmentation.segmenter import EvaluatingSegmenter, FitTask, OptionalMap, PredictionMaps
from src_model.segmentation.segmenter_state import (
    checked_optimiser_state,
    load_network_state,
    load_optimiser_state,
    load_start_weights,
    network_state,
    optimiser_state,
)
from src_model.segmentation.trainer import Trainer
from src_model.segmentation.uncertainty import passes_rng
from src_model.shipped.models import shipped_segmenter

_FITS = "fits"


class FPNSegmenter(EvaluatingSegmenter):
    """`Segmenter` over a network of segmentation-models-pytorch; FPN is the default architecture.

    On a CPU the same start weights, tasks and seeds give the same weights bit for bit, as long as torch uses the same
    number of threads; a GPU adds in varying order.

    Parameters
    ----------
    images:
        Where pixels come from. During a fit it is also called from another thread, like the labels of the task.
    num_classes:
        C.
    config:
        Network, training and inference.
    device:
        Where to compute.
    seed:
        Of all start weights that are not pre-trained.
    class_names:
        C names, needed for ``start_weights``.
    class_aliases:
        What start weights may call these classes: foreign name to own name.

    Raises
    ------
    ConfigurationError
        If there is no such network, there are no such weights for it, or its batches are too small for it.
    CheckpointError
        If start weights are missing or do not fit.
    """

    def __init__(
        self,
        images: ImageSource,
        num_classes: int,
        config: SegmentationConfig,
        device: torch.device,
        seed: int,
        class_names: Sequence[str] = (),
        class_aliases: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        network = build_network(config, num_classes, seed)
        if config.start_weights is not None:
            file = shipped_segmenter() if config.start_weights == STREETS else Path(config.start_weights)
            load_start_weights(network, file, class_names, class_aliases)
        self._start = network_state(network)
        layout = torch.channels_last if device.type == "cuda" else torch.contiguous_format
        with machine_failures("Moving the network to the device", "choose a smaller encoder or --device cpu."):
            self._network = network.to(device).to(memory_format=layout)
        with machine_failures("The look at a first crop", "lower crop."):
            refuse_lonely_crops(self._network, config)
        self._images = images
        self._num_classes = num_classes
        self._config = config
        self._device = device
        self._trainer = Trainer(self._network, config, device)
        self._predictor = Predictor(self._network, config, device)

    @property
    def num_classes(self) -> int:
        """C."""
        return self._num_classes

    @property
    def cell(self) -> Size:
        """Prediction maps have a value for every pixel."""
        return 1, 1

    @property
    def network(self) -> SegmentationNetwork:
        """The network itself, in evaluation mode whenever nothing runs; for benchmarks and export."""
        return self._network

    def prepare(self, images: Sequence[str], should_stop: ShouldStop = never) -> Progress[None]:
        """Nothing: this segmenter looks at images afresh each time."""
        yield from ()

    def reset(self) -> None:
        """Go back to the start weights; forget the optimiser's state."""
        load_network_state(self._network, self._start)
        self._trainer.reset()

    def scan(
        self,
        images: Sequence[str],
        maps: Collection[OptionalMap] = (),
        rng: np.random.Generator | None = None,
        should_stop: ShouldStop = never,
    ) -> Iterator[PredictionMaps]:
        """Prediction maps of all images; what BALD draws depends on ``rng`` and the place of the image alone.

        Raises
        ------
        ConfigurationError
            If BALD is asked of a network without dropout.
        ValueError
            If BALD is asked without ``rng``.
        """
        seeds = {image: 0 for image in images}
        if OptionalMap.BALD in maps:
            drawn = passes_rng(rng, self._config.dropout).integers(2**63, size=len(images))
            seeds = dict(zip(images, drawn.tolist(), strict=True))
        return self._scan(images, maps, seeds, should_stop)

    def _scan(
        self, images: Sequence[str], maps: Collection[OptionalMap], seeds: dict[str, int], should_stop: ShouldStop
    ) -> Iterator[PredictionMaps]:
        batches = equal_size_batches(self._images, images, self._config.inference_batch)
        with closing(prefetched(lambda index: stacked_pixels(self._images, batches[index]), len(batches))) as decoded:
            for ids, pixels in zip(batches, decoded, strict=True):
                if should_stop():
                    return
                try:
                    with interruptible(self._network, should_stop):
                        found = self._predictor.maps(ids, pixels, maps, [seeds[image] for image in ids])
                except ForwardStopped:
                    return
                yield found

    def fit(self, task: FitTask, rng: np.random.Generator, should_stop: ShouldStop = never) -> Progress[FitReport]:
        """Train from the current weights on crops round the task's regions; without regions, do nothing."""
        if not task.regions:
            return FitReport(0, 0, None, 0.0)
        weights = None
        if self._config.loss_weights is LossWeights.INVERSE_SQRT:
            pixels = labelled_pixels(task.labels, task.regions, self._num_classes)
            weights = torch.from_numpy(inverse_sqrt_weights(pixels)).to(self._device)
        seed = int(rng.integers(2**63))
        crops = CropBatches(self._images, task, self._config, self._num_classes, seed)
        updates = self._config.updates if task.updates is None else task.updates
        report = yield from self._trainer.fit(crops.make, updates, weights, seed, should_stop)
        return replace(report, class_weights=None if weights is None else tuple(weights.tolist()))

    def _read(
        self, images: Sequence[str], labels: LabelSource, losses: torch.Tensor | None, should_stop: ShouldStop
    ) -> Progress[ConfusionMatrix]:
        """At full resolution."""
        batches = equal_size_batches(self._images, images, self._config.inference_batch)

        def decode(index: int) -> tuple[torch.Tensor, torch.Tensor]:
            known = np.stack([labels.labels(image) for image in batches[index]])
            return stacked_pixels(self._images, batches[index]), torch.from_numpy(known)

        total, done = ConfusionMatrix.empty(self._num_classes), 0
        with closing(prefetched(decode, len(batches))) as decoded:
            for pixels, known in decoded:
                if should_stop():
                    break
                known = known.to(self._device)
                try:
                    with interruptible(self._network, should_stop):
                        predicted, of_batch = self._predicted(pixels, known, losses is not None)
                except ForwardStopped:
                    break
                if losses is not None and of_batch is not None:
                    losses += of_batch.cpu()
                total += confusion_matrix(known, predicted, self._num_classes)
                done += len(pixels)
                yield ImagesEvaluated(done, len(images))
        return total

    def _predicted(
        self, pixels: torch.Tensor, known: torch.Tensor, with_losses: bool
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        return (
            self._predictor.classes_and_losses(pixels, known)
            if with_losses
            else (self._predictor.classes(pixels), None)
        )

    def class_map(self, image: Pixels) -> Labels:
        """(h, w) uint8 class of each pixel of any (h, w, 3) uint8 image."""
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None]
        classes: Labels = self._predictor.classes(pixels)[0].cpu().numpy()
        return classes

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Copies of weights, optimiser state and the number of fits (which sets the learning rate), on the CPU."""
        remembered = optimiser_state(self._trainer.optimiser, self._network)
        return {**network_state(self._network), **remembered, _FITS: torch.tensor(self._trainer.fits)}

    def load_state_dict(self, state: dict[str, torch.Tensor]) -> None:
        """Restore what `state_dict` gave; nothing is changed if it does not fit.

        Raises
        ------
        CheckpointError
            If names or shapes do not fit.
        """
        if _FITS not in state:
            raise CheckpointError("This is not the state of an FPN segmenter. Choose a file made with --segmenter fpn.")
        remembered = checked_optimiser_state(self._network, state)
        load_network_state(self._network, state)
        load_optimiser_state(self._trainer.optimiser, self._network, remembered)
        self._trainer.fits = int(state[_FITS])
