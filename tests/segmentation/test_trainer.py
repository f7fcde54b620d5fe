from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import torch

from src_model.config import SegmentationConfig
from src_model.data.annotation import VOID
from src_model.events import FitReport, Notice, UpdatesDone, drain, never
from src_model.exceptions import EngineFailure
from src_model.segmentation.batches import Batch
from src_model.segmentation.network import build_network
from src_model.segmentation.trainer import Trainer

CPU = torch.device("cpu")


def _batch(seed: int, *, only_void: bool = False) -> Batch:
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8, generator=generator)
    labels = torch.full((2, 32, 32), VOID) if only_void else (pixels[:, 0] > 127).long()
    return Batch(pixels, labels, 0 if only_void else labels.numel())


def _trainer(config: SegmentationConfig, **changes: object) -> Trainer:
    changed = config.model_copy(update=changes)
    return Trainer(build_network(changed, 2, seed=0), changed, CPU)


def _fit(
    trainer: Trainer,
    updates: int = 2,
    make: Callable[[int], Batch] = _batch,
    seed: int = 0,
    should_stop: Callable[[], bool] = never,
    events: list[object] | None = None,
) -> FitReport:
    collect = [] if events is None else events
    return drain(trainer.fit(make, updates, None, seed, should_stop), collect.append)


def _weights(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in trainer._network.state_dict().items()}


def _same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("optimiser", ["adamw", "sgd"])
def test_the_same_seed_gives_the_same_weights_bit_for_bit(tiny_config: SegmentationConfig, optimiser: str) -> None:
    weights = []
    for _ in range(2):
        trainer = _trainer(tiny_config, optimiser=optimiser)
        torch.rand(3)  # the global state must not matter
        _fit(trainer)
        weights.append(_weights(trainer))
    assert _same(*weights)


def test_dropout_follows_the_seed(tiny_config: SegmentationConfig) -> None:
    weights = []
    for seed in (0, 1):
        trainer = _trainer(tiny_config)
        _fit(trainer, seed=seed)
        weights.append(_weights(trainer))
    assert not _same(*weights)


def test_training_leaves_the_global_random_state_alone(tiny_config: SegmentationConfig) -> None:
    trainer = _trainer(tiny_config)
    before = torch.get_rng_state()
    _fit(trainer)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_report_counts_updates_and_crops(tiny_config: SegmentationConfig) -> None:
    events: list[object] = []
    report = _fit(_trainer(tiny_config), updates=3, events=events)
    assert (report.updates, report.images, report.stopped) == (3, 6, False)
    assert report.loss is not None
    assert report.seconds > 0
    assert isinstance(events[-1], UpdatesDone)
    assert (events[-1].done, events[-1].total) == (3, 3)


def test_a_batch_with_only_void_is_skipped_and_nothing_becomes_nan(tiny_config: SegmentationConfig) -> None:
    skipping, plain = _trainer(tiny_config), _trainer(tiny_config)
    report = _fit(skipping, updates=2, make=lambda index: _batch(index, only_void=index == 1))
    _fit(plain, updates=1)
    assert report.updates == 1
    assert _same(_weights(skipping), _weights(plain))


def test_a_fit_with_nothing_but_void_changes_nothing(tiny_config: SegmentationConfig) -> None:
    trainer = _trainer(tiny_config)
    before, events = _weights(trainer), list[object]()
    report = _fit(trainer, make=lambda index: _batch(index, only_void=True), events=events)
    assert report.loss is None
    assert report.updates == 0
    assert _same(_weights(trainer), before)
    assert [event.loss for event in events if isinstance(event, UpdatesDone)] == [0.0]


def test_a_gradient_that_is_not_finite_is_left_out(
    tiny_config: SegmentationConfig, caplog: pytest.LogCaptureFixture
) -> None:
    trainer = _trainer(tiny_config)
    parameter = next(trainer._network.parameters())
    hook = parameter.register_hook(lambda gradient: gradient * float("inf"))
    before = {name: tensor.clone() for name, tensor in trainer._network.named_parameters()}
    assert _fit(trainer, updates=1).updates == 0
    assert _same(before, dict(trainer._network.named_parameters()))
    assert "not finite" in caplog.text
    hook.remove()
    assert _fit(trainer, updates=1).updates == 1


def test_it_stops_between_two_steps_with_whole_weights(tiny_config: SegmentationConfig) -> None:
    asked: list[int] = []

    def after_two() -> bool:
        asked.append(1)
        return len(asked) > 2

    stopped, whole = _trainer(tiny_config), _trainer(tiny_config)
    report = _fit(stopped, updates=50, should_stop=after_two)
    _fit(whole, updates=2)
    assert report.stopped
    assert report.updates == 2
    assert _same(_weights(stopped), _weights(whole))
    assert not stopped._network.training


def test_closing_a_fit_early_leaves_an_idle_network_and_no_thread(
    tiny_config: SegmentationConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("src_model.segmentation.trainer._REPORT_SECONDS", 0.0)
    trainer = _trainer(tiny_config)
    progress = trainer.fit(_batch, 50, None, 0, never)
    next(progress)
    assert not trainer._network.training
    progress.close()
    assert not any(thread.name.startswith("batches") for thread in threading.enumerate())
    assert trainer.fits == 0


def test_reports_come_often_and_do_not_change_the_numbers(
    tiny_config: SegmentationConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rarely, often = _trainer(tiny_config), _trainer(tiny_config)
    _fit(rarely, updates=3)
    monkeypatch.setattr("src_model.segmentation.trainer._REPORT_SECONDS", 0.0)
    events: list[object] = []
    _fit(often, updates=3, events=events)
    assert [event.done for event in events if isinstance(event, UpdatesDone)] == [1, 2, 3]
    assert _same(_weights(rarely), _weights(often))


def test_the_learning_rate_decays_by_a_factor_a_fit(tiny_config: SegmentationConfig) -> None:
    trainer = _trainer(tiny_config, learning_rate=0.01, learning_rate_decay=0.5)
    rates = []
    for _ in range(3):
        _fit(trainer, updates=1)
        rates.append(trainer.optimiser.param_groups[0]["lr"])
    assert rates == [0.01, 0.005, 0.0025]
    trainer.reset()
    assert trainer.learning_rate == 0.01


def test_gradients_are_clipped(tiny_config: SegmentationConfig) -> None:
    """With plain SGD the step is at most learning rate × clip long."""
    trainer = _trainer(
        tiny_config, optimiser="sgd", momentum=0.0, weight_decay=0.0, learning_rate=1.0, gradient_clip=1e-3
    )
    before = _weights(trainer)
    _fit(trainer, updates=1)
    moved = sum(((tensor.detach() - before[name]) ** 2).sum() for name, tensor in trainer._network.named_parameters())
    assert float(moved) ** 0.5 == pytest.approx(1e-3, rel=1e-2)


def test_a_failure_of_torch_is_an_engine_failure(tiny_config: SegmentationConfig) -> None:
    wrong = Batch(torch.zeros(2, 5, 32, 32), torch.zeros(2, 32, 32, dtype=torch.int64), 2048)
    trainer = _trainer(tiny_config)
    with pytest.raises(EngineFailure, match="lower batch_size or crop"):
        _fit(trainer, make=lambda _index: wrong)
    assert not trainer._network.training


def _short_of_memory(trainer: Trainer, error: Exception, most: int) -> list[int]:
    """The network refuses batches of more than ``most`` crops; returns the sizes that it was given in training."""
    forward, seen = trainer._network.forward, []

    def refusing(pixels: torch.Tensor) -> torch.Tensor:
        if trainer._network.training:
            seen.append(len(pixels))
            if len(pixels) > most:
                raise error
        return forward(pixels)

    trainer._network.forward = refusing  # type: ignore[method-assign]  # The machine is played.
    return seen


def _four(seed: int) -> Batch:
    first, second = _batch(2 * seed), _batch(2 * seed + 1)
    return Batch(torch.cat([first.pixels, second.pixels]), torch.cat([first.labels, second.labels]), 4 * 32 * 32)


@pytest.mark.parametrize(
    "error",
    [
        torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: can't allocate memory"),
        MemoryError(),
    ],
)
def test_where_memory_runs_out_the_batch_halves_and_training_goes_on(
    tiny_config: SegmentationConfig, error: Exception
) -> None:
    trainer = _trainer(tiny_config)
    before, events = _weights(trainer), []
    seen = _short_of_memory(trainer, error, most=2)
    report = _fit(trainer, updates=3, make=_four, events=events)
    assert (report.updates, report.images) == (3, 12)
    assert seen == [4, 2, 2, 2, 2, 2, 2], "what fits is remembered"
    (notice,) = [event.text for event in events if isinstance(event, Notice)]
    assert notice.startswith("Memory ran out: batches of 4 crops are learnt 2 crops at a time")
    assert not _same(before, _weights(trainer))
    assert not trainer._network.training


def test_halves_add_up_to_the_gradient_of_the_whole(tiny_config: SegmentationConfig) -> None:
    """As far as normalisation over the batch lets them: here it is frozen."""
    gradients = []
    for parts in (1, 2):
        trainer = _trainer(tiny_config)
        trainer._parts = parts
        for module in trainer._network.modules():
            module.eval()
        batch = _four(0)
        batch.labels[0, :16] = VOID
        loss = trainer._gradient(batch, torch.tensor([1.0, 3.0]), seed=0)
        pieces = [own.grad.flatten() for own in trainer._network.parameters() if own.grad is not None]
        gradients.append(torch.cat([loss.reshape(1), *pieces]))
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-4, atol=1e-6)


def test_where_not_even_the_least_batch_fits_it_is_told(tiny_config: SegmentationConfig) -> None:
    trainer = _trainer(tiny_config)
    seen = _short_of_memory(trainer, RuntimeError("CUDA out of memory."), most=0)
    with pytest.raises(EngineFailure, match="lower batch_size or crop"):
        _fit(trainer, make=_four)
    assert seen[:2] == [4, 2]


def test_another_failure_is_not_tried_again(tiny_config: SegmentationConfig) -> None:
    trainer = _trainer(tiny_config)
    seen = _short_of_memory(trainer, RuntimeError("shapes do not fit"), most=0)
    with pytest.raises(EngineFailure, match="shapes do not fit"):
        _fit(trainer, make=_four)
    assert seen == [4]
