from __future__ import annotations

import pytest
import torch

from src_model.config import SegmentationConfig
from src_model.exceptions import EngineFailure
from src_model.segmentation.network import SegmentationNetwork, build_network
from src_model.segmentation.predictor import Predictor, _kept_channels
from src_model.segmentation.segmenter import OptionalMap, PredictionMaps

CPU = torch.device("cpu")
BALD = [OptionalMap.BALD]


@pytest.fixture
def network(tiny_config: SegmentationConfig) -> SegmentationNetwork:
    return build_network(tiny_config, 3, seed=0)


@pytest.fixture
def pixels() -> torch.Tensor:
    return torch.randint(0, 256, (2, 3, 45, 61), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def _maps(
    network: SegmentationNetwork,
    config: SegmentationConfig,
    pixels: torch.Tensor,
    wanted: list[OptionalMap],
    seeds: list[int],
) -> PredictionMaps:
    return Predictor(network, config, CPU).maps([str(seed) for seed in seeds], pixels, wanted, seeds)


def test_all_maps_come_from_the_same_softmax(
    network: SegmentationNetwork, tiny_config: SegmentationConfig, pixels: torch.Tensor
) -> None:
    maps = _maps(network, tiny_config, pixels, [OptionalMap.PROBABILITIES], [0, 1])
    with torch.no_grad():
        expected = network(pixels).softmax(dim=1)
    assert maps.images == ("0", "1")
    assert maps.probabilities is not None
    assert torch.allclose(maps.probabilities, expected, atol=1e-6)
    assert torch.equal(maps.classes.long(), expected.argmax(dim=1))
    assert torch.allclose(maps.entropy, -(expected * expected.log()).sum(dim=1), atol=1e-5)
    assert maps.classes.shape == maps.margin.shape == (2, 45, 61)
    assert (maps.classes.dtype, maps.entropy.dtype, maps.margin.dtype) == (torch.uint8, torch.float32, torch.float32)
    assert maps.bald is None
    assert maps.cell == (1, 1)


def test_classes_alone_are_the_classes_of_the_maps(
    network: SegmentationNetwork, tiny_config: SegmentationConfig, pixels: torch.Tensor
) -> None:
    for config in (tiny_config, tiny_config.model_copy(update={"mixed_precision": True})):
        maps = _maps(network, config, pixels, [], [0, 1])
        assert torch.equal(Predictor(network, config, CPU).classes(pixels), maps.classes)
        assert maps.probabilities is None


def test_bald_is_what_dropout_and_softmax_give_pass_by_pass(
    network: SegmentationNetwork, tiny_config: SegmentationConfig, pixels: torch.Tensor
) -> None:
    """The passes again, one by one, with dropout masks drawn from the seeds of the images."""
    config = tiny_config.model_copy(update={"mc_passes": 6})
    maps = _maps(network, config, pixels, BALD, [11, 12])
    kept = _kept_channels([11, 12], 6, 128, config.dropout)
    assert kept.unique().tolist() == pytest.approx([0.0, 1 / 0.8])
    assert kept.mean().item() == pytest.approx(1.0, abs=0.05)
    with torch.no_grad():
        features = network.features(pixels)
        passes = torch.stack([network.logits(features * factors, (45, 61)).softmax(dim=1) for factors in kept])
    mean = passes.mean(dim=0)
    expected = -(mean * mean.log()).sum(dim=1) + (passes * passes.log()).sum(dim=2).mean(dim=0)
    assert maps.bald is not None
    assert torch.allclose(maps.bald, expected.clamp_min(0), atol=1e-5)
    assert maps.bald.max() > 1e-3


def test_the_bald_of_an_image_does_not_depend_on_its_company(
    network: SegmentationNetwork, tiny_config: SegmentationConfig, pixels: torch.Tensor
) -> None:
    together = _maps(network, tiny_config, pixels, BALD, [11, 12]).bald
    alone = _maps(network, tiny_config, pixels[1:], BALD, [12]).bald
    other_seed = _maps(network, tiny_config, pixels[1:], BALD, [13]).bald
    assert together is not None
    assert alone is not None
    assert other_seed is not None
    assert torch.allclose(together[1], alone[0], atol=1e-5)
    assert not torch.allclose(alone, other_seed, atol=1e-5)


def test_predicting_leaves_mode_randomness_and_statistics_alone(
    network: SegmentationNetwork, tiny_config: SegmentationConfig, pixels: torch.Tensor
) -> None:
    network.train()
    state = torch.get_rng_state()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    _maps(network, tiny_config, pixels, BALD, [1, 2])
    assert network.training
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


def test_a_failure_of_torch_is_an_engine_failure(network: SegmentationNetwork, tiny_config: SegmentationConfig) -> None:
    predictor = Predictor(network, tiny_config, CPU)
    with pytest.raises(EngineFailure, match="lower inference_batch"):
        predictor.classes(torch.zeros(1, 5, 40, 40))
    with pytest.raises(EngineFailure, match="The scan failed"):
        predictor.maps(["a"], torch.zeros(1, 5, 40, 40), [])
