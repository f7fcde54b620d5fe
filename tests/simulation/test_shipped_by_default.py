"""The shipped models are what runs start from and ask with, unless somebody names others."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from src_model.active_learning.assembly import assemble
from src_model.checkpoint import load_tensors
from src_model.config import RunConfig, SegmentationConfig, make_run_config, preset_settings, read_toml
from src_model.dqn.default_query_network import DefaultQueryNetwork
from src_model.dqn.policy import Policy, save_policy
from src_model.events import drain
from src_model.exceptions import CheckpointError, ConfigurationError
from src_model.policy_training.train_policy import POLICY as TRAINED
from src_model.policy_training.train_policy import train_policy
from src_model.project.settings_file import read_settings
from src_model.shipped import models
from src_model.shipped.models import CHECKSUMS, FOLDER, POLICY, shipped_segmenter
from src_model.simulation.simulate import simulate

STUDIES = sorted((Path(__file__).parents[2] / "docs" / "studies").rglob("*.toml"))
DATA = {"reader": "camvid", "region": "12x12", "train_images": 0, "state_images": 1, "reward_images": 1}
FAST = {"segmenter": "fast", "fast_cell": "4x4", "fast_input": "64x96", "fast_components": 4, "fast_updates": 2}
ASKED = {"name": "dqn", "budget": 4, "regions_per_query": 2, "pool_size": 2}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RALIS_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def ship(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Path]:
    """Without a call no policy is shipped; with one, an untrained policy for the default features."""
    folder = tmp_path / "shipped"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns(POLICY.file, CHECKSUMS))
    (folder / CHECKSUMS).write_text("")
    monkeypatch.setattr(models, "FOLDER", folder)

    def add() -> Path:
        path = folder / POLICY.file
        save_policy(path, Policy(DefaultQueryNetwork(torch.Generator().manual_seed(0))))
        (folder / CHECKSUMS).write_text(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {POLICY.file}\n")
        return path

    return add


def default_run(*layers: dict[str, Any]) -> RunConfig:
    return make_run_config(preset_settings("default", ""), *layers)


def start_of(**segmentation: Any) -> object:
    return default_run({"segmentation": segmentation}).segmentation.start_weights


def test_the_default_preset_starts_from_the_streets_where_they_fit() -> None:
    assert start_of() == "streets"


@pytest.mark.parametrize(
    "other",
    [
        {"segmenter": "fast"},
        {"encoder": "resnet18", "encoder_weights": "none"},
        {"encoder_weights": "none"},
        {"merge_policy": "cat"},
        {"architecture": "Unet"},
        {"start_weights": "none"},
    ],
    ids=str,
)
def test_another_network_or_another_wish_starts_without_the_streets(other: dict[str, Any]) -> None:
    assert start_of(**other) is None


def test_start_weights_may_be_a_file() -> None:
    assert start_of(start_weights="mine.safetensors") == Path("mine.safetensors")


def test_whoever_asks_the_fast_segmenter_for_streets_is_told_that_it_has_none() -> None:
    with pytest.raises(ConfigurationError, match="fast segmenter"):
        start_of(segmenter="fast", start_weights="streets")


@pytest.mark.parametrize("preset", ["reference", "seed"])
def test_published_presets_start_as_published(preset: str) -> None:
    assert make_run_config(preset_settings(preset, "camvid")).segmentation.start_weights is None


@pytest.mark.parametrize("study", STUDIES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_study_says_itself_what_it_starts_from(study: Path) -> None:
    """The default may change; what a study measured may not."""
    content = read_toml(study)
    for line in content["lines"].values():
        own = {**content["base"]["segmentation"], **line.get("settings", {}).get("segmentation", {})}
        assert own["segmenter"] == "fast" or own["start_weights"] in ("none", "streets")


def test_the_head_starts_from_the_streets_where_a_class_has_the_same_name(tiny_camvid: Path) -> None:
    data = {"path": tiny_camvid, **DATA}
    started = drain(assemble(default_run({"data": data, "device": "cpu", "threads": 1})))
    assert started is not None
    names = started.dataset.schema.names
    shipped, header = load_tensors(shipped_segmenter())
    ours, its = (state["network.head.0.bias"].float() for state in (started.segmenter.state_dict(), shipped))
    for name in ("road", "sky"):
        row = [own.casefold() for own in names].index(name)
        assert ours[row] == its[header["classes"].index(name)]


def test_float16_in_the_file_leaves_the_network_at_float32(tiny_camvid: Path) -> None:
    started = drain(assemble(default_run({"data": {"path": tiny_camvid, **DATA}, "device": "cpu", "threads": 1})))
    assert started is not None
    kinds = {tensor.dtype for tensor in started.segmenter.state_dict().values() if tensor.is_floating_point()}
    assert kinds == {torch.float32}


def test_dqn_without_a_policy_asks_with_the_shipped_one(
    ship: Callable[[], Path], tiny_camvid: Path, tmp_path: Path
) -> None:
    ship()
    layer = {"data": {"path": tiny_camvid, **DATA}, "segmentation": FAST, "acquisition": ASKED, "device": "cpu"}
    assert drain(simulate(default_run(layer, {"threads": 1}), tmp_path / "run"))
    assert read_settings(tmp_path / "run" / "settings.toml").dqn.policy is None
    assert len((tmp_path / "run" / "queried_regions.csv").read_text().splitlines()) == 1 + ASKED["budget"]


def test_training_goes_on_from_the_shipped_policy_if_told_to(
    ship: Callable[[], Path], tiny_camvid: Path, tmp_path: Path
) -> None:
    path = ship()
    layer = {"data": {"path": tiny_camvid, **DATA, "train_images": 1}, "segmentation": FAST, "acquisition": ASKED}
    # More is asked of a batch than is seen: nothing is learned, and what comes out is what it began with.
    config = default_run(layer, {"dqn": {"start_policy": "shipped", "episodes": 1, "batch_size": 1000}, "threads": 1})
    assert drain(train_policy(config, tmp_path / "run"))
    begun, ended = load_tensors(path)[0], load_tensors(tmp_path / "run" / TRAINED)[0]
    assert all(torch.equal(begun[name], ended[name]) for name in begun)
    assert read_settings(tmp_path / "run" / "settings.toml").dqn.start_policy == "shipped"


@pytest.mark.usefixtures("ship")
def test_where_no_policy_is_shipped_training_cannot_go_on_from_it(tiny_camvid: Path, tmp_path: Path) -> None:
    layer = {"data": {"path": tiny_camvid, **DATA, "train_images": 1}, "segmentation": FAST, "acquisition": ASKED}
    with pytest.raises(CheckpointError, match=r"comes without.*--start-policy none"):
        drain(train_policy(default_run(layer, {"dqn": {"start_policy": "shipped"}}), tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_a_shipped_policy_that_was_changed_is_refused(
    ship: Callable[[], Path], tiny_camvid: Path, tmp_path: Path
) -> None:
    path = ship()
    path.write_bytes(path.read_bytes()[:-4])
    layer = {"data": {"path": tiny_camvid, **DATA}, "segmentation": FAST, "acquisition": ASKED, "threads": 1}
    with pytest.raises(CheckpointError, match="damaged"):
        drain(simulate(default_run(layer), tmp_path / "run"))
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("ship")
def test_where_no_policy_is_shipped_dqn_says_what_to_use_instead(tiny_camvid: Path, tmp_path: Path) -> None:
    layer = {"data": {"path": tiny_camvid, **DATA}, "segmentation": FAST, "acquisition": ASKED, "threads": 1}
    with pytest.raises(CheckpointError, match=r"train-worlds.*--acquisition margin_class_balanced"):
        drain(simulate(default_run(layer), tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_the_published_features_do_not_ask_with_a_policy_for_others(
    ship: Callable[[], Path], tiny_camvid: Path, tmp_path: Path
) -> None:
    ship()
    layer = {"data": {"path": tiny_camvid, **DATA}, "segmentation": FAST, "acquisition": ASKED, "threads": 1}
    with pytest.raises(CheckpointError, match="published features"):
        drain(simulate(default_run(layer, {"dqn": {"features": "reference"}}), tmp_path / "run"))


def test_settings_built_without_a_preset_start_from_the_encoder_alone() -> None:
    assert SegmentationConfig().start_weights is None
