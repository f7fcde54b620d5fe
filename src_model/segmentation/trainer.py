"""The trainer: gradient steps on batches of crops, reported about twice a second, stoppable between two steps."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from src_model.config import SegmentationConfig
from src_model.data.annotation import VOID
from src_model.device import autocast, release_memory, train_mode
from src_model.events import FitReport, Notice, Progress, ShouldStop, UpdatesDone
from src_model.exceptions import ConfigurationError
from src_model.segmentation.batches import Batch, prefetched
from src_model.segmentation.failures import is_out_of_memory, machine_failures
from src_model.segmentation.loss import segmentation_loss
from src_model.segmentation.network import SegmentationNetwork, refuse_lonely_crops
from src_model.segmentation.random_state import seeded

logger = logging.getLogger(__name__)

_REPORT_SECONDS = 0.5
_DROPOUT = 1
"""Tells the random stream of dropout from that of the crops of the same batch."""


@dataclass(slots=True)
class _Tally:
    total: int
    done: int = 0
    updates: int = 0
    crops: int = 0
    stopped: bool = False
    losses: list[torch.Tensor] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    reported: int = 0
    loss: float = 0.0

    def event(self) -> UpdatesDone:
        """Losses are read from the device here, so that steps in between need not wait for it."""
        fresh = self.losses[self.reported :]
        if fresh:
            self.loss = float(torch.stack(fresh).mean())
            self.reported = len(self.losses)
        return UpdatesDone(self.done, self.total, self.loss)

    def report(self, seconds: float) -> FitReport:
        loss = float(torch.stack(self.losses).mean()) if self.losses else None
        return FitReport(self.updates, self.crops, loss, seconds, self.stopped)


class Trainer:
    """Owns the optimiser of one network. The network is in evaluation mode whenever nothing runs.

    Parameters
    ----------
    network:
        On its device.
    config:
        Optimiser, rates, precision.
    device:
        Where the network lies.
    """

    def __init__(self, network: SegmentationNetwork, config: SegmentationConfig, device: torch.device) -> None:
        self._network = network
        self._config = config
        self._device = device
        self._parts = 1
        self.reset()

    def reset(self) -> None:
        """Forget all momentum and go back to the first learning rate."""
        self.optimiser = _make_optimiser(self._network, self._config)
        self.fits = 0

    @property
    def learning_rate(self) -> float:
        """Of the next fit: it decays by a factor a fit."""
        return self._config.learning_rate * self._config.learning_rate_decay**self.fits

    def fit(
        self,
        make: Callable[[int], Batch],
        updates: int,
        weights: torch.Tensor | None,
        seed: int,
        should_stop: ShouldStop,
    ) -> Progress[FitReport]:
        """Train on batches 0 … ``updates`` - 1.

        Parameters
        ----------
        make:
            Makes a batch from its index; called in a thread.
        updates:
            Gradient steps; a batch without labelled pixels takes its turn without making one.
        weights:
            (C,) float32 class weights, or None.
        seed:
            Of dropout.
        should_stop:
            Asked before every step.
        """
        started = time.perf_counter()
        tally = _Tally(updates)
        for group in self.optimiser.param_groups:
            group["lr"] = self.learning_rate
        remedy = "lower batch_size or crop."
        with machine_failures("The training", remedy), closing(prefetched(make, updates)) as batches:
            while tally.done < updates and not tally.stopped:
                with train_mode(self._network, True):
                    self._train_until_report(batches, tally, weights, seed, should_stop)
                yield from tally.notices
                tally.notices.clear()
                yield tally.event()
        self.fits += not tally.stopped
        return tally.report(time.perf_counter() - started)

    def _train_until_report(
        self,
        batches: Iterator[Batch],
        tally: _Tally,
        weights: torch.Tensor | None,
        seed: int,
        should_stop: ShouldStop,
    ) -> None:
        until = time.perf_counter() + _REPORT_SECONDS
        while tally.done < tally.total:
            if should_stop():
                tally.stopped = True
                return
            batch = next(batches)
            if batch.labelled:
                dropout = np.random.default_rng((seed, tally.done, _DROPOUT))
                self._update(batch, tally, weights, int(dropout.integers(2**63)))
            tally.done += 1
            if time.perf_counter() >= until:
                return

    def _update(self, batch: Batch, tally: _Tally, weights: torch.Tensor | None, seed: int) -> None:
        loss = self._gradient_in_memory(batch, tally, weights, seed)
        norm = nn.utils.clip_grad_norm_(self._network.parameters(), self._config.gradient_clip)
        if not torch.isfinite(norm):
            logger.warning("Update %d is left out: its gradient is not finite.", tally.done + 1)
            return
        self.optimiser.step()
        tally.updates += 1
        tally.crops += len(batch.pixels)
        tally.losses.append(loss)

    def _gradient_in_memory(self, batch: Batch, tally: _Tally, weights: torch.Tensor | None, seed: int) -> torch.Tensor:
        """As `_gradient`; where memory runs out, in half as large parts, now and from then on."""
        while True:
            try:
                return self._gradient(batch, weights, seed)
            except (RuntimeError, MemoryError) as exc:
                if not is_out_of_memory(exc) or not self._may_halve(len(batch.pixels)):
                    raise
            # Behind the handler, which keeps the tensors of the failed pass alive.
            self._halve(len(batch.pixels), tally)

    def _gradient(self, batch: Batch, weights: torch.Tensor | None, seed: int) -> torch.Tensor:
        """Set the gradient of the batch's loss and return the loss; part by part, if it does not fit into memory."""
        self.optimiser.zero_grad()
        shares = _loss_shares(batch.labels.tensor_split(self._parts), weights)
        total = torch.zeros((), device=self._device)
        parts = zip(batch.pixels.tensor_split(self._parts), batch.labels.tensor_split(self._parts), shares, strict=True)
        for number, (pixels, labels, share) in enumerate(parts):
            if not share:
                continue
            pixels, labels = (tensor.to(self._device, non_blocking=True) for tensor in (pixels, labels))
            with seeded(self._device, seed + number), autocast(self._device, self._config.mixed_precision):
                logits = self._network(pixels)
            loss = segmentation_loss(logits, labels, weights) * share
            torch.autograd.backward(loss)
            total += loss.detach()
        return total

    def _may_halve(self, crops: int) -> bool:
        """Whether half of the present part is a batch: of two crops, or of one where the network can do with it."""
        if crops // (2 * self._parts) >= 2:
            return True
        try:
            refuse_lonely_crops(self._network, self._config.model_copy(update={"batch_size": 1}))
        except ConfigurationError:
            return False
        return crops >= 2 * self._parts

    def _halve(self, crops: int, tally: _Tally) -> None:
        self.optimiser.zero_grad()
        release_memory(self._device)
        self._parts *= 2
        part = -(-crops // self._parts)
        counted = "one crop" if part == 1 else f"{part} crops"
        text = f"Memory ran out: batches of {crops} crops are learnt {counted} at a time from now on. Training goes on."
        logger.warning("%s", text)
        tally.notices.append(Notice(text))


def _loss_shares(labels: Sequence[torch.Tensor], weights: torch.Tensor | None) -> list[float]:
    """What each part's mean loss counts for in that of the whole batch."""
    if len(labels) == 1:
        return [1.0]
    known = [part[part != VOID] for part in labels]
    counts = [float(len(own)) if weights is None else float(weights.cpu()[own].sum()) for own in known]
    return [count / sum(counts) for count in counts]


def _make_optimiser(network: nn.Module, config: SegmentationConfig) -> torch.optim.Optimizer:
    if config.optimiser == "sgd":
        return torch.optim.SGD(
            network.parameters(), config.learning_rate, momentum=config.momentum, weight_decay=config.weight_decay
        )
    return torch.optim.AdamW(network.parameters(), config.learning_rate, weight_decay=config.weight_decay)
