from __future__ import annotations

from pathlib import Path

import pytest
import torch

from src_model.checkpoint import save_tensors
from src_model.config import SegmentationConfig
from src_model.exceptions import CheckpointError, ConfigurationError
from src_model.segmentation.network import SegmentationNetwork, build_network
from src_model.segmentation.segmenter_state import (
    check_fit,
    load_start_weights,
    network_state,
    save_start_weights,
)


@pytest.fixture
def source(tiny_config: SegmentationConfig) -> SegmentationNetwork:
    return build_network(tiny_config, 3, seed=1)


@pytest.fixture
def saved(source: SegmentationNetwork, tiny_config: SegmentationConfig, tmp_path: Path) -> Path:
    """Made with classes Road, car and tree, in this order."""
    path = tmp_path / "start.safetensors"
    state = {**network_state(source), "optimiser.head.0.weight.step": torch.tensor(3.0)}
    save_start_weights(path, state, ["Road", "car", "tree"], tiny_config)
    return path


def test_rows_of_the_head_follow_the_names_of_the_classes(
    source: SegmentationNetwork, saved: Path, tiny_config: SegmentationConfig
) -> None:
    fresh = build_network(tiny_config, 4, seed=2).state_dict()
    network = build_network(tiny_config, 4, seed=2)
    load_start_weights(network, saved, ["tree", "bicycle", "road", "sky"])
    own, given = network.state_dict(), source.state_dict()
    for part in ("head.0.weight", "head.0.bias"):
        assert torch.equal(own[part][0], given[part][2])
        assert torch.equal(own[part][2], given[part][0])
        assert torch.equal(own[part][[1, 3]], fresh[part][[1, 3]])
    assert all(torch.equal(own[name], given[name]) for name in own if not name.startswith("head."))


def test_classes_of_other_names_start_from_the_mean_of_those_that_become_them(
    source: SegmentationNetwork, saved: Path, tiny_config: SegmentationConfig
) -> None:
    network = build_network(tiny_config, 2, seed=2)
    load_start_weights(network, saved, ["vehicle", "road"], {"car": "vehicle", "TREE": "Vehicle"})
    assert torch.allclose(network.head[0].weight[0], source.head[0].weight[[1, 2]].mean(dim=0))
    assert torch.equal(network.head[0].weight[1], source.head[0].weight[0])


def test_other_classes_of_the_same_number_are_mapped_as_well(
    source: SegmentationNetwork, saved: Path, tiny_config: SegmentationConfig
) -> None:
    network = build_network(tiny_config, 3, seed=2)
    load_start_weights(network, saved, ["tree", "car", "road"])
    assert torch.equal(network.head[0].weight, source.head[0].weight[[2, 1, 0]])


def test_weights_of_another_architecture_are_refused_and_nothing_changes(
    saved: Path, tiny_config: SegmentationConfig
) -> None:
    for changes in ({"architecture": "Unet"}, {"merge_policy": "cat"}):
        network = build_network(tiny_config.model_copy(update=changes), 3, seed=2)
        before = network_state(network)
        with pytest.raises(CheckpointError, match="was made with FPN, tu-test_efficientnet, add"):
            load_start_weights(network, saved, ["Road", "car", "tree"])
        assert all(torch.equal(before[name], tensor) for name, tensor in network_state(network).items())


def test_a_file_of_something_else_is_refused(tiny_config: SegmentationConfig, tmp_path: Path) -> None:
    path = tmp_path / "policy.safetensors"
    save_tensors(path, {"weight": torch.zeros(2)}, {"kind": "policy"})
    with pytest.raises(CheckpointError, match="holds no segmenter"):
        load_start_weights(build_network(tiny_config, 3, seed=0), path, ["a", "b", "c"])


def test_a_missing_file_is_refused(tiny_config: SegmentationConfig, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"nothing\.safetensors"):
        load_start_weights(build_network(tiny_config, 3, seed=0), tmp_path / "nothing.safetensors", ["a"])


def test_classes_without_names_cannot_be_mapped(saved: Path, tiny_config: SegmentationConfig) -> None:
    with pytest.raises(ConfigurationError, match="Give a class schema"):
        load_start_weights(build_network(tiny_config, 3, seed=0), saved, [])


def test_differences_are_named() -> None:
    wanted = {"a": torch.zeros(2), "b": torch.zeros(3)}
    given = {"b": torch.zeros(4), "c": torch.zeros(1)}
    with pytest.raises(
        CheckpointError, match=r"3 differences: a is missing; b is \(4,\) instead of \(3,\); c is unknown"
    ):
        check_fit(wanted, given, "Train anew.")
