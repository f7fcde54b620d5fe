"""The shipped models: whole, small, described, and a clear word where one is not."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from src_model.checkpoint import load_tensors
from src_model.dqn.direct_query_network import DirectQueryNetwork, label_balance_weights
from src_model.dqn.policy import load_policy
from src_model.exceptions import CheckpointError
from src_model.shipped import models
from src_model.shipped.models import (
    CHECKSUMS,
    FOLDER,
    MODELS,
    POLICY,
    SEGMENTER,
    ShippedModel,
    is_shipped,
    shipped,
    shipped_policy,
    shipped_segmenter,
)

MEGABYTES_AT_MOST = 25
HERE = [model for model in MODELS if is_shipped(model)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped files that may be broken."""
    copy = tmp_path / "shipped"
    shutil.copytree(FOLDER, copy)
    monkeypatch.setattr(models, "FOLDER", copy)
    return copy


def test_segmenter_and_policy_are_shipped() -> None:
    assert all(is_shipped(model) for model in MODELS)
    assert shipped_segmenter() == FOLDER / SEGMENTER.file
    assert shipped_policy() == FOLDER / POLICY.file


def test_the_policy_answers_for_any_classes_and_is_no_rule_in_disguise() -> None:
    for names in (("road", "sky"), tuple(f"class {number}" for number in range(66))):
        policy = load_policy(shipped_policy(), names, state_regions=7)
        assert isinstance(policy.network, DirectQueryNetwork)
    weights = policy.network.direct.weight[0].detach().numpy()
    assert np.abs(weights - label_balance_weights()).max() > 0.05
    assert policy.seen["environment_steps"] >= 20_000


@pytest.mark.parametrize("model", HERE, ids=lambda model: model.file)
def test_a_shipped_model_is_whole_small_and_has_a_card(model: ShippedModel) -> None:
    path = shipped(model)
    tensors, _ = load_tensors(path)
    assert all(bool(tensor.isfinite().all()) for tensor in tensors.values())
    assert path.stat().st_size <= MEGABYTES_AT_MOST * 2**20
    assert "napari-ralis " in path.with_suffix(".md").read_text(encoding="utf-8")


def test_no_model_lies_there_without_a_checksum_and_a_name() -> None:
    listed = {line.split()[1] for line in (FOLDER / CHECKSUMS).read_text().splitlines()}
    assert {path.name for path in FOLDER.glob("*.safetensors")} == listed <= {model.file for model in MODELS}


def test_the_segmenter_knows_the_classes_of_cityscapes() -> None:
    _, header = load_tensors(shipped_segmenter())
    assert len(header["classes"]) == 19
    assert (header["classes"][0], header["encoder"]) == ("road", "tu-tf_efficientnet_lite0")


def test_a_changed_file_is_refused_with_the_command_that_makes_it_again(folder: Path) -> None:
    path = folder / SEGMENTER.file
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"damaged.*napari-ralis pretrain-streets --out models"):
        shipped_segmenter()


def test_a_missing_file_is_refused_with_the_command_that_makes_it_again(folder: Path) -> None:
    (folder / SEGMENTER.file).unlink()
    with pytest.raises(CheckpointError, match=r"cannot be read.*napari-ralis pretrain-streets --out models"):
        shipped_segmenter()


def test_a_version_without_a_policy_says_what_to_use_instead(folder: Path) -> None:
    (folder / CHECKSUMS).write_text("")
    assert not is_shipped(POLICY)
    with pytest.raises(CheckpointError, match=r"comes without.*train-worlds.*--acquisition margin_class_balanced"):
        shipped_policy()


def test_without_the_list_of_checksums_nothing_is_trusted(folder: Path) -> None:
    (folder / CHECKSUMS).unlink()
    with pytest.raises(CheckpointError, match="Install napari-ralis again"):
        shipped_segmenter()
