from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from src_model.config import DataConfig, LossWeights, SegmentationConfig
from src_model.data.annotation import VOID, Annotation
from src_model.data.dataset import Dataset
from src_model.data.labelled_set import LabelledSet
from src_model.data.readers import open_dataset
from src_model.data.region import Region, RegionGrid, Size
from src_model.events import ImagesEvaluated, UpdatesDone, drain
from src_model.exceptions import CheckpointError, ConfigurationError
from src_model.segmentation.fast_segmenter import FastSegmenter
from src_model.segmentation.metrics import confusion_matrix
from src_model.segmentation.segmenter import FitTask, OptionalMap, Segmenter

CPU = torch.device("cpu")
CONFIG = SegmentationConfig(
    segmenter="fast", fast_cell=(10, 10), fast_input=(64, 64), fast_components=8, dropout=0.2, mc_passes=5
)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Features are made once for all tests of this file."""
    return tmp_path_factory.mktemp("features")


@pytest.fixture
def make(streets: Any, cache: Path) -> Callable[..., FastSegmenter]:
    def segmenter(**changes: Any) -> FastSegmenter:
        return FastSegmenter(streets, 2, CONFIG.model_copy(update=changes), CPU, seed=0, cache=cache)

    return segmenter


def _fit(segmenter: FastSegmenter, streets: Any, updates: int | None = None, seed: int = 3) -> None:
    regions = streets.regions()
    drain(segmenter.fit(FitTask(streets, regions, regions[:3], updates), np.random.default_rng(seed)))


def _same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_it_is_a_segmenter(make: Callable[..., FastSegmenter]) -> None:
    segmenter: Segmenter = make()
    assert (segmenter.num_classes, segmenter.cell) == (2, (10, 10))


def test_it_learns_two_colours_in_one_fit(make: Callable[..., FastSegmenter], streets: Any) -> None:
    segmenter = make()
    _fit(segmenter, streets)
    assert drain(segmenter.evaluate(streets.ids, streets)).mean_iou() > 0.8


def test_it_starts_uniform_and_names_the_first_class(make: Callable[..., FastSegmenter], streets: Any) -> None:
    segmenter = make()
    _fit(segmenter, streets)
    segmenter.reset()
    [maps] = segmenter.scan(streets.ids)
    assert (maps.classes == 0).all()
    assert torch.allclose(maps.entropy, torch.tensor(np.log(2.0), dtype=torch.float32))
    assert (maps.margin == 1).all()
    assert _same(segmenter.state_dict(), make().state_dict())


def test_the_same_seeds_give_the_same_weights_bit_for_bit(make: Callable[..., FastSegmenter], streets: Any) -> None:
    states = []
    for global_seed in (0, 1):
        torch.manual_seed(global_seed)
        segmenter = make()
        _fit(segmenter, streets, updates=5)
        states.append(segmenter.state_dict())
    assert _same(*states)


def test_dropout_follows_the_generator(make: Callable[..., FastSegmenter], streets: Any) -> None:
    first, second = make(), make()
    _fit(first, streets, seed=3)
    _fit(second, streets, seed=4)
    assert not _same(first.state_dict(), second.state_dict())


def test_the_cache_changes_no_number(make: Callable[..., FastSegmenter], streets: Any) -> None:
    cached, fresh = make(), FastSegmenter(streets, 2, CONFIG, CPU, seed=0)
    for segmenter in (cached, fresh):
        _fit(segmenter, streets, updates=3)
    assert _same(cached.state_dict(), fresh.state_dict())


# --- scan -----------------------------------------------------------------------------------------------------


def test_maps_have_a_value_for_each_cell(make: Callable[..., FastSegmenter], streets: Any) -> None:
    [maps] = make().scan(["street2", "street0"], [OptionalMap.PROBABILITIES])
    assert maps.images == ("street2", "street0")
    assert maps.cell == (10, 10)
    assert maps.classes.shape == maps.entropy.shape == maps.margin.shape == (2, 6, 7)
    assert (maps.classes.dtype, maps.entropy.dtype) == (torch.uint8, torch.float32)
    assert maps.bald is None


def test_maps_agree_with_the_probabilities(make: Callable[..., FastSegmenter], streets: Any) -> None:
    segmenter = make()
    _fit(segmenter, streets, updates=2)
    [maps] = segmenter.scan(streets.ids, [OptionalMap.PROBABILITIES])
    assert maps.probabilities is not None
    assert maps.probabilities.shape == (4, 2, 6, 7)
    assert torch.allclose(maps.probabilities.sum(dim=1), torch.ones(4, 6, 7))
    assert torch.equal(maps.probabilities.argmax(dim=1).to(torch.uint8), maps.classes)
    assert torch.allclose(
        -torch.special.xlogy(maps.probabilities, maps.probabilities).sum(dim=1), maps.entropy, atol=1e-5
    )
    assert torch.allclose(maps.probabilities.amin(dim=1) / maps.probabilities.amax(dim=1), maps.margin, atol=1e-5)


def test_an_image_does_not_depend_on_its_company(
    streets_of_sizes: Callable[[Sequence[Size]], Any],
) -> None:
    streets = streets_of_sizes([(60, 70), (45, 81), (60, 70)])
    segmenter = FastSegmenter(streets, 2, CONFIG, CPU, seed=0)
    _fit(segmenter, streets, updates=5)
    batches = list(segmenter.scan(streets.ids, [OptionalMap.BALD], np.random.default_rng(0)))
    assert [batch.images for batch in batches] == [("street0", "street2"), ("street1",)]
    assert batches[1].classes.shape == (1, 5, 9)
    [alone] = segmenter.scan(["street2"], [OptionalMap.BALD], np.random.default_rng(0))
    assert alone.bald is not None
    assert batches[0].bald is not None
    assert torch.allclose(alone.bald[0], batches[0].bald[1], atol=1e-6)
    assert torch.allclose(alone.entropy[0], batches[0].entropy[1], atol=1e-6)


def test_bald_is_the_disagreement_of_passes_drawn_from_the_generator(
    make: Callable[..., FastSegmenter], streets: Any
) -> None:
    segmenter = make()
    _fit(segmenter, streets, updates=5)

    def bald(seed: int) -> torch.Tensor:
        [maps] = segmenter.scan(streets.ids, [OptionalMap.BALD], np.random.default_rng(seed))
        assert maps.bald is not None
        return maps.bald

    assert bald(0).shape == (4, 6, 7)
    assert (bald(0) > 0).any()
    assert float(bald(0).max()) < np.log(2)
    assert torch.equal(bald(0), bald(0))
    assert not torch.equal(bald(0), bald(1))


def test_bald_without_dropout_is_refused(make: Callable[..., FastSegmenter], streets: Any) -> None:
    with pytest.raises(ConfigurationError, match="dropout above 0"):
        make(dropout=0.0).scan(streets.ids, [OptionalMap.BALD], np.random.default_rng(0))
    with pytest.raises(ValueError, match="give rng"):
        make().scan(streets.ids, [OptionalMap.BALD])


def test_a_scan_stops_when_asked(make: Callable[..., FastSegmenter], streets: Any) -> None:
    assert not list(make().scan(streets.ids, should_stop=lambda: True))


# --- fit ------------------------------------------------------------------------------------------------------


def test_a_fit_reports_its_updates_and_a_falling_loss(make: Callable[..., FastSegmenter], streets: Any) -> None:
    segmenter = make(fast_updates=25, dropout=0.0)
    regions = streets.regions()
    events: list[Any] = []
    report = drain(segmenter.fit(FitTask(streets, regions, regions), np.random.default_rng(0)), events.append)
    assert [(event.done, event.total) for event in events] == [(10, 25), (20, 25), (25, 25)]
    assert all(isinstance(event, UpdatesDone) for event in events)
    assert (report.updates, report.images, report.stopped) == (25, 4, False)
    assert report.loss == events[-1].loss < events[0].loss < np.log(2)


def test_a_fit_goes_on_from_the_weights_it_finds(make: Callable[..., FastSegmenter], streets: Any) -> None:
    once, twice = make(dropout=0.0), make(dropout=0.0)
    _fit(once, streets, updates=8)
    _fit(twice, streets, updates=4)
    _fit(twice, streets, updates=4)
    assert _same(once.state_dict(), twice.state_dict())


def test_a_fit_stops_between_two_updates(make: Callable[..., FastSegmenter], streets: Any) -> None:
    segmenter, reference = make(dropout=0.0), make(dropout=0.0)
    polled: list[int] = []
    task = FitTask(streets, streets.regions(), (), 9)
    stop = lambda: len(polled) >= 3 or polled.append(0) is not None  # noqa: E731
    report = drain(segmenter.fit(task, np.random.default_rng(0), stop))
    assert (report.updates, report.stopped) == (3, True)
    _fit(reference, streets, updates=3)
    assert _same(segmenter.state_dict(), reference.state_dict())


@pytest.mark.parametrize("regions", [(), (Region("street0", 0, 0, 30, 30),)])
def test_without_a_labelled_pixel_nothing_is_trained(
    make: Callable[..., FastSegmenter], regions: tuple[Region, ...]
) -> None:
    class Nothing:
        def labels(self, image: str) -> np.ndarray:
            return np.full((60, 70), VOID, dtype=np.uint8)

    segmenter = make()
    before = segmenter.state_dict()
    report = drain(segmenter.fit(FitTask(Nothing(), regions, regions), np.random.default_rng(0)))
    assert (report.updates, report.loss) == (0, None)
    assert _same(segmenter.state_dict(), before)


def test_newest_training_sees_nothing_else(make: Callable[..., FastSegmenter], streets: Any) -> None:
    both, alone = make(train_on="newest"), make(train_on="all")
    regions = streets.regions()
    drain(both.fit(FitTask(streets, regions, regions[2:5], 4), np.random.default_rng(0)))
    drain(alone.fit(FitTask(streets, regions[2:5], (), 4), np.random.default_rng(0)))
    assert _same(both.state_dict(), alone.state_dict())


def test_half_labelled_cells_count_half(make: Callable[..., FastSegmenter], streets: Any) -> None:
    """Two halves of a region teach what the whole teaches, also where a cell is cut between them."""
    whole, halves = make(dropout=0.0), make(dropout=0.0)
    region = Region("street1", 0, 0, 30, 70)
    parts = [Region("street1", 0, 0, 15, 70), Region("street1", 15, 0, 15, 70)]
    labelled = LabelledSet(streets.size, 2)
    labelled.add([Annotation.from_labels(part, streets.labels("street1")[part.window]) for part in parts], step=1)
    drain(whole.fit(FitTask(streets, [region], (), 5), np.random.default_rng(0)))
    drain(halves.fit(FitTask(labelled, parts, (), 5), np.random.default_rng(0)))
    first, second = whole.state_dict()["head.weights"], halves.state_dict()["head.weights"]
    assert torch.allclose(first, second, atol=1e-4)


# --- evaluation and prediction ----------------------------------------------------------------------------------


def test_the_confusion_is_that_of_cells_filled_with_their_class(
    streets_of_sizes: Callable[[Sequence[Size]], Any],
) -> None:
    streets = streets_of_sizes([(60, 70), (45, 81), (60, 70)])
    segmenter = FastSegmenter(streets, 2, CONFIG, CPU, seed=0)
    _fit(segmenter, streets, updates=2)
    expected = np.zeros((2, 2), dtype=np.int64)
    for image in streets.ids:
        [maps] = segmenter.scan([image])
        filled = np.kron(maps.classes[0].numpy(), np.ones((10, 10), dtype=np.uint8))
        height, width = streets.size(image)
        expected += confusion_matrix(streets.labels(image).copy(), filled[:height, :width].copy(), 2).counts
    events: list[Any] = []
    assert (drain(segmenter.evaluate(streets.ids, streets), events.append).counts == expected).all()
    assert events[-1] == ImagesEvaluated(3, 3)


@pytest.mark.parametrize("loss_weights", LossWeights)
def test_the_loss_read_on_the_labels_of_a_fit_is_the_loss_of_that_fit(
    make: Callable[..., FastSegmenter], streets: Any, loss_weights: LossWeights
) -> None:
    class BlueAndALittleRed:
        def labels(self, image: str) -> np.ndarray:
            labels = streets.labels(image).copy()
            labels[7:][labels[7:] == 1] = VOID
            return labels

    labels, segmenter = BlueAndALittleRed(), make(dropout=0.0, loss_weights=loss_weights)
    task = FitTask(labels, streets.regions(), (), 5)
    class_weights = drain(segmenter.fit(task, np.random.default_rng(0))).class_weights
    assert (class_weights is None) == (loss_weights is LossWeights.NONE)
    read = drain(segmenter.evaluate_with_loss(streets.ids, labels)).mean_loss(class_weights)
    # The loss that a fit reports is that before its last step, hence that of the weights it found.
    assert read == pytest.approx(drain(segmenter.fit(replace(task, updates=1), np.random.default_rng(0))).loss)


def test_an_evaluation_stops_when_asked(make: Callable[..., FastSegmenter], streets: Any) -> None:
    assert drain(make().evaluate(streets.ids, streets, should_stop=lambda: True)).counts.sum() == 0


def test_a_class_map_is_the_prediction_at_full_size(make: Callable[..., FastSegmenter], streets: Any) -> None:
    segmenter = make()
    _fit(segmenter, streets)
    predicted = segmenter.class_map(streets.image("street1"))
    assert (predicted.dtype, predicted.shape) == (np.uint8, (60, 70))
    assert (predicted == streets.labels("street1")).mean() > 0.9
    assert segmenter.class_map(streets.image("street1")[:33, :47]).shape == (33, 47)


def test_a_class_map_is_not_turned(make: Callable[..., FastSegmenter], streets: Any) -> None:
    segmenter = make()
    _fit(segmenter, streets)
    lying = streets.image("street1").transpose(1, 0, 2)
    assert (segmenter.class_map(lying) == streets.labels("street1").T).mean() > 0.9


# --- state ----------------------------------------------------------------------------------------------------


def test_a_restored_segmenter_goes_on_with_the_same_numbers(make: Callable[..., FastSegmenter], streets: Any) -> None:
    whole, first, second = make(), make(), make()
    for segmenter in (whole, first):
        _fit(segmenter, streets, updates=3)
    second.load_state_dict(first.state_dict())
    for segmenter in (whole, second):
        _fit(segmenter, streets, updates=3, seed=5)
    assert _same(whole.state_dict(), second.state_dict())


def test_a_trained_segmenter_predicts_without_its_images(
    make: Callable[..., FastSegmenter], streets: Any, streets_of_sizes: Callable[[Sequence[Size]], Any]
) -> None:
    trained, alone = make(), FastSegmenter(streets_of_sizes([]), 2, CONFIG, CPU, seed=0)
    _fit(trained, streets)
    alone.load_state_dict(trained.state_dict())
    image = streets.image("street0")
    assert (alone.class_map(image) == trained.class_map(image)).all()


def test_weights_from_other_images_bring_their_projection(
    make: Callable[..., FastSegmenter], streets: Any, streets_of_sizes: Callable[[Sequence[Size]], Any]
) -> None:
    others = streets_of_sizes([(50, 50)] * 3)
    elsewhere = FastSegmenter(others, 2, CONFIG, CPU, seed=0)
    _fit(elsewhere, others)
    here = make()
    drain(here.evaluate(streets.ids, streets))
    here.load_state_dict(elsewhere.state_dict())
    assert drain(here.evaluate(streets.ids, streets)).mean_iou() > 0.8


@pytest.mark.parametrize(
    ("other", "fault"),
    [
        (lambda state: state.pop("head.adam_mean"), "head.adam_mean is missing"),
        (lambda state: state.update({"network.weight": torch.zeros(3)}), "network.weight is unknown"),
        (lambda state: state.update({"head.weights": torch.zeros(3, 9)}), r"head.weights is \(3, 9\)"),
    ],
)
def test_a_foreign_state_is_refused_and_nothing_changes(
    make: Callable[..., FastSegmenter], streets: Any, other: Callable[[dict[str, torch.Tensor]], Any], fault: str
) -> None:
    segmenter = make()
    _fit(segmenter, streets, updates=1)
    before = segmenter.state_dict()
    state = {name: tensor * 0 for name, tensor in before.items()}
    other(state)
    with pytest.raises(CheckpointError, match=fault):
        segmenter.load_state_dict(state)
    assert _same(segmenter.state_dict(), before)


def test_on_camvid_a_few_images_already_tell_classes_apart(camvid: Path) -> None:
    dataset = open_dataset(DataConfig(path=camvid, reader="camvid", image_size=(180, 240)))
    images = dataset.ids[:120:15]
    config = CONFIG.model_copy(update={"fast_cell": (5, 5), "fast_input": (180, 240), "fast_components": 64})
    segmenter = FastSegmenter(_Few(dataset, images), 11, config, CPU, seed=0)
    regions = [region for image in images[::2] for region in RegionGrid((180, 240), (90, 80)).regions(image)]
    drain(segmenter.fit(FitTask(dataset, regions, regions, 60), np.random.default_rng(0)))
    assert drain(segmenter.evaluate(images[1::2], dataset)).mean_iou() > 0.3


class _Few:
    def __init__(self, dataset: Dataset, ids: Sequence[str]) -> None:
        self.ids, self.size, self.image = ids, dataset.size, dataset.image
