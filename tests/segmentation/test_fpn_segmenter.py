from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from src_model.config import LossWeights, SegmentationConfig
from src_model.data.annotation import VOID, Labels
from src_model.events import ImagesEvaluated, drain
from src_model.exceptions import CheckpointError, ConfigurationError
from src_model.segmentation.fpn_segmenter import FPNSegmenter
from src_model.segmentation.metrics import confusion_matrix
from src_model.segmentation.segmenter import FitTask, OptionalMap, Segmenter
from src_model.segmentation.segmenter_state import save_start_weights

CPU = torch.device("cpu")


def _task(streets: Any, updates: int | None = None) -> FitTask:
    regions = streets.regions()
    return FitTask(streets, regions, regions[:3], updates)


def _same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_it_is_a_segmenter(tiny_segmenter: FPNSegmenter) -> None:
    segmenter: Segmenter = tiny_segmenter
    assert (segmenter.num_classes, segmenter.cell) == (2, (1, 1))
    assert drain(segmenter.prepare(["street0"])) is None


def test_it_learns_two_colours_in_a_few_updates(streets: Any, tiny_config: SegmentationConfig) -> None:
    config = tiny_config.model_copy(update={"encoder": "tu-tf_efficientnet_lite0", "encoder_weights": "packaged"})
    segmenter = FPNSegmenter(streets, 2, config, CPU, seed=0)
    before = drain(segmenter.evaluate(streets.ids, streets)).mean_iou()
    report = drain(segmenter.fit(_task(streets, updates=6), np.random.default_rng(0)))
    assert report.updates == 6
    assert before < 0.7
    assert drain(segmenter.evaluate(streets.ids, streets)).mean_iou() > 0.9


def test_the_same_seeds_give_the_same_weights_bit_for_bit(streets: Any, tiny_config: SegmentationConfig) -> None:
    states = []
    for global_seed in (0, 1):
        torch.manual_seed(global_seed)
        segmenter = FPNSegmenter(streets, 2, tiny_config, CPU, seed=7)
        drain(segmenter.fit(_task(streets), np.random.default_rng(3)))
        states.append(segmenter.state_dict())
    assert _same(*states)


def test_another_generator_gives_other_weights(tiny_segmenter: FPNSegmenter, streets: Any) -> None:
    drain(tiny_segmenter.fit(_task(streets), np.random.default_rng(3)))
    first = tiny_segmenter.state_dict()
    tiny_segmenter.reset()
    drain(tiny_segmenter.fit(_task(streets), np.random.default_rng(4)))
    assert not _same(first, tiny_segmenter.state_dict())


@pytest.mark.parametrize("optimiser", ["adamw", "sgd"])
def test_a_restored_segmenter_goes_on_with_identical_numbers(
    streets: Any, tiny_config: SegmentationConfig, optimiser: str
) -> None:
    config = tiny_config.model_copy(update={"optimiser": optimiser, "learning_rate_decay": 0.5})
    whole, restored = (FPNSegmenter(streets, 2, config, CPU, seed) for seed in (7, 8))
    drain(whole.fit(_task(streets), np.random.default_rng(0)))
    restored.load_state_dict(whole.state_dict())
    for segmenter in (whole, restored):
        drain(segmenter.fit(_task(streets), np.random.default_rng(1)))
    assert _same(whole.state_dict(), restored.state_dict())


def test_a_state_is_a_copy_and_can_be_taken_before_any_fit(tiny_segmenter: FPNSegmenter, streets: Any) -> None:
    start = tiny_segmenter.state_dict()
    kept = {name: tensor.clone() for name, tensor in start.items()}
    drain(tiny_segmenter.fit(_task(streets), np.random.default_rng(0)))
    assert _same(start, kept)
    tiny_segmenter.load_state_dict(start)
    assert _same(tiny_segmenter.state_dict(), kept)


def test_reset_goes_back_to_the_start_weights_exactly(
    tiny_segmenter: FPNSegmenter, streets: Any, tiny_config: SegmentationConfig
) -> None:
    start = tiny_segmenter.state_dict()
    drain(tiny_segmenter.fit(_task(streets), np.random.default_rng(0)))
    assert not _same(tiny_segmenter.state_dict(), start)
    tiny_segmenter.reset()
    assert _same(tiny_segmenter.state_dict(), start)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"network.head.0.weight": None}, "head.0.weight is missing"),
        ({"network.head.0.weight": torch.zeros(3, 128, 1, 1)}, r"\(3, 128, 1, 1\) instead of"),
        ({"optimiser.head.0.weight.exp_avg": torch.zeros(5)}, "does not belong"),
        ({"optimiser.nothing.exp_avg": torch.zeros(5)}, "does not belong"),
        ({"fits": None}, "not the state of an FPN segmenter"),
    ],
)
def test_a_foreign_state_is_refused_and_nothing_changes(
    tiny_segmenter: FPNSegmenter, changes: dict[str, torch.Tensor | None], message: str
) -> None:
    before = tiny_segmenter.state_dict()
    altered = {name: tensor for name, tensor in {**before, **changes}.items() if tensor is not None}
    with pytest.raises(CheckpointError, match=message):
        tiny_segmenter.load_state_dict(altered)
    assert _same(tiny_segmenter.state_dict(), before)


def test_start_weights_are_where_it_starts_and_where_reset_leads(
    tiny_segmenter: FPNSegmenter, streets: Any, tiny_config: SegmentationConfig, tmp_path: Path
) -> None:
    path = tmp_path / "start.safetensors"
    drain(tiny_segmenter.fit(_task(streets), np.random.default_rng(0)))
    trained = tiny_segmenter.state_dict()
    save_start_weights(path, trained, ["blue", "red"], tiny_config)
    config = tiny_config.model_copy(update={"start_weights": path})
    segmenter = FPNSegmenter(streets, 2, config, CPU, seed=0, class_names=["blue", "red"])
    network = {name: tensor for name, tensor in trained.items() if name.startswith("network.")}
    assert _same({name: segmenter.state_dict()[name] for name in network}, network)
    drain(segmenter.fit(_task(streets), np.random.default_rng(0)))
    segmenter.reset()
    assert _same({name: segmenter.state_dict()[name] for name in network}, network)


def test_a_scan_yields_each_image_once_in_batches_of_one_size(
    streets_of_sizes: Callable[..., Any], tiny_config: SegmentationConfig
) -> None:
    streets = streets_of_sizes([(60, 70), (45, 33), (60, 70), (60, 70), (60, 70)])
    segmenter = FPNSegmenter(streets, 2, tiny_config, CPU, seed=0)
    found = list(segmenter.scan(streets.ids))
    assert [maps.images for maps in found] == [("street0", "street2", "street3"), ("street4",), ("street1",)]
    assert [tuple(maps.entropy.shape) for maps in found] == [(3, 60, 70), (1, 60, 70), (1, 45, 33)]


def test_bald_depends_on_the_generator_and_not_on_the_batch_size(streets: Any, tiny_config: SegmentationConfig) -> None:
    def bald(batch: int, seed: int) -> torch.Tensor:
        config = tiny_config.model_copy(update={"inference_batch": batch})
        segmenter = FPNSegmenter(streets, 2, config, CPU, seed=0)
        found = segmenter.scan(streets.ids, [OptionalMap.BALD], np.random.default_rng(seed))
        return torch.cat([maps.bald for maps in found if maps.bald is not None])

    reference = bald(4, seed=0)
    assert reference.shape == (4, 60, 70)
    assert torch.allclose(bald(1, seed=0), reference, atol=1e-5)
    assert not torch.allclose(bald(4, seed=1), reference, atol=1e-5)


def test_bald_without_dropout_or_generator_is_refused_at_once(streets: Any, tiny_config: SegmentationConfig) -> None:
    segmenter = FPNSegmenter(streets, 2, tiny_config.model_copy(update={"dropout": 0.0}), CPU, seed=0)
    with pytest.raises(ConfigurationError, match="dropout above 0"):
        segmenter.scan(streets.ids, [OptionalMap.BALD], np.random.default_rng(0))
    with pytest.raises(ValueError, match="give rng"):
        FPNSegmenter(streets, 2, tiny_config, CPU, seed=0).scan(streets.ids, [OptionalMap.BALD])


def test_a_scan_stops_when_asked(tiny_segmenter: FPNSegmenter, streets: Any) -> None:
    assert list(tiny_segmenter.scan(streets.ids, should_stop=lambda: True)) == []


def test_evaluation_counts_what_the_maps_show(tiny_segmenter: FPNSegmenter, streets: Any) -> None:
    events: list[object] = []
    matrix = drain(tiny_segmenter.evaluate(streets.ids, streets), events.append)
    classes = torch.cat([maps.classes for maps in tiny_segmenter.scan(streets.ids)])
    labels = np.stack([streets.labels(image) for image in streets.ids])
    assert np.array_equal(matrix.counts, confusion_matrix(labels, classes, 2).counts)
    assert events == [ImagesEvaluated(3, 4), ImagesEvaluated(4, 4)]


def test_the_loss_is_that_of_the_probabilities_at_the_labels(tiny_segmenter: FPNSegmenter, streets: Any) -> None:
    scanned = tiny_segmenter.scan(streets.ids, [OptionalMap.PROBABILITIES])
    maps = torch.cat([found.probabilities for found in scanned if found.probabilities is not None])
    labels = np.stack([streets.labels(image) for image in streets.ids])
    losses = -np.log(np.where(labels == 0, maps[:, 0].numpy(), maps[:, 1].numpy()))
    evaluation = drain(tiny_segmenter.evaluate_with_loss(streets.ids, streets))
    assert (evaluation.confusion.counts == drain(tiny_segmenter.evaluate(streets.ids, streets)).counts).all()
    assert evaluation.losses == pytest.approx([losses[labels == 0].sum(), losses[labels == 1].sum()], rel=1e-5)
    assert evaluation.mean_loss() == pytest.approx(losses.mean(), rel=1e-5)


def test_evaluation_leaves_void_out_and_stops_when_asked(tiny_segmenter: FPNSegmenter, streets: Any) -> None:
    class TopRow:
        def labels(self, image: str) -> Labels:
            labels = streets.labels(image).copy()
            labels[1:] = VOID
            return labels

    top = drain(tiny_segmenter.evaluate_with_loss(streets.ids, TopRow()))
    assert top.confusion.counts.sum() == 4 * 70
    assert 0 < top.losses.sum() < drain(tiny_segmenter.evaluate_with_loss(streets.ids, streets)).losses.sum() / 10
    assert drain(tiny_segmenter.evaluate(streets.ids, streets, should_stop=lambda: True)).counts.sum() == 0
    assert drain(tiny_segmenter.evaluate([], streets)).mean_iou() == 0.0


def test_a_foreign_image_of_any_size_gets_a_class_map(tiny_segmenter: FPNSegmenter, streets: Any) -> None:
    for size in ((1, 1), (37, 101)):
        classes = tiny_segmenter.class_map(np.zeros((*size, 3), dtype=np.uint8))
        assert classes.shape == size
        assert classes.dtype == np.uint8
    maps = next(iter(tiny_segmenter.scan(["street0"])))
    assert np.array_equal(tiny_segmenter.class_map(streets.image("street0")), maps.classes[0].numpy())


def test_a_fit_without_regions_does_nothing(tiny_segmenter: FPNSegmenter, streets: Any) -> None:
    before = tiny_segmenter.state_dict()
    report = drain(tiny_segmenter.fit(FitTask(streets, [], []), np.random.default_rng(0)))
    assert (report.updates, report.loss) == (0, None)
    assert _same(tiny_segmenter.state_dict(), before)


def test_as_many_updates_as_configured_or_asked_for(tiny_segmenter: FPNSegmenter, streets: Any) -> None:
    assert drain(tiny_segmenter.fit(_task(streets), np.random.default_rng(0))).updates == 2
    assert drain(tiny_segmenter.fit(_task(streets, updates=1), np.random.default_rng(0))).updates == 1


def test_class_weights_change_the_training(streets: Any, tiny_config: SegmentationConfig) -> None:
    class MostlyBlue:
        def labels(self, image: str) -> Labels:
            labels = streets.labels(image).copy()
            labels[10:][labels[10:] == 1] = VOID
            return labels

    task = FitTask(MostlyBlue(), streets.regions(), [])
    states = []
    for weights in LossWeights:
        config = tiny_config.model_copy(update={"loss_weights": weights})
        segmenter = FPNSegmenter(streets, 2, config, CPU, seed=0)
        report = drain(segmenter.fit(task, np.random.default_rng(0)))
        states.append(segmenter.state_dict())
        rarer_is_heavier = report.class_weights is not None and report.class_weights[1] > report.class_weights[0]
        assert rarer_is_heavier == (weights is LossWeights.INVERSE_SQRT)
    assert not _same(*states)


@pytest.mark.parametrize("architecture", ["DeepLabV3Plus", "Unet", "Segformer"])
def test_other_architectures_train_and_scan(streets: Any, tiny_config: SegmentationConfig, architecture: str) -> None:
    config = tiny_config.model_copy(update={"architecture": architecture, "mixed_precision": True})
    segmenter = FPNSegmenter(streets, 2, config, CPU, seed=0)
    assert drain(segmenter.fit(_task(streets, updates=1), np.random.default_rng(0))).updates == 1
    maps = next(iter(segmenter.scan(streets.ids, [OptionalMap.BALD], np.random.default_rng(0))))
    assert maps.bald is not None
    assert torch.isfinite(maps.bald).all()
    assert maps.bald.max() > 0
