"""The list of deviations is kept: every test it names exists, and what no other test pins is pinned here."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from src_model.active_learning.assembly import Assembly, assemble, policy_training_roles
from src_model.active_learning.readings import reading_row, weighted_iou
from src_model.checkpoint import load_tensors
from src_model.config import RunConfig, make_run_config, preset_settings
from src_model.dqn.policy import load_policy
from src_model.events import drain
from src_model.policy_training.train_policy import POLICY, train_policy
from src_model.pretraining.supervised import pretrain
from src_model.project.view import ProjectView
from src_model.segmentation.metrics import ConfusionMatrix
from src_model.segmentation.network import SegmentationNetwork, build_network
from src_model.studies.sweep import Line, Study, jobs_of

ROOT = Path(__file__).parents[2]
LIST = ROOT / "docs" / "paper-vs-code.md"
TEXT = LIST.read_text(encoding="utf-8")
ENTRIES = re.split(r"^### (?=\d+\. )", TEXT, flags=re.MULTILINE)[1:]
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)))

# --- the list itself --------------------------------------------------------------------------------------------------


@cache
def names_in(file: str) -> frozenset[str]:
    path = ROOT / file
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_every_test_named_in_the_list_exists() -> None:
    missing = [f"{file}::{name}" for file, name in NAMED if name not in names_in(file)]
    assert len(NAMED) > 100
    assert not missing, "\n".join(missing)


def test_every_mention_of_a_test_is_written_so_that_it_is_checked() -> None:
    checked = sum(TEXT.count(f"`{file}::{name}`") for file, name in NAMED)
    assert TEXT.count("tests/") == checked


def test_entries_are_numbered_in_order() -> None:
    assert [int(entry.partition(".")[0]) for entry in ENTRIES] == list(range(1, len(ENTRIES) + 1))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.partition(".")[0])
def test_every_entry_says_what_both_do_and_why_and_what_pins_it(entry: str) -> None:
    assert re.findall(r"^- \*\*(\w+)\*\*:", entry, flags=re.MULTILINE) == ["They", "We", "Why", "Test"]
    assert re.search(r"^- \*\*Test\*\*:.*`tests/", entry, flags=re.MULTILINE)


@pytest.mark.parametrize("label", [*(f"B{number}" for number in range(1, 23)), *(f"P{n}" for n in range(1, 16))])
def test_every_known_defect_of_the_published_code_is_answered(label: str) -> None:
    (row,) = re.findall(rf"^\| {label} \|.*$", TEXT, flags=re.MULTILINE)
    verdict, entries = (cell.strip() for cell in row.split("|")[3:5])
    assert verdict.partition(" ")[0] in {"kept", "left"}
    assert entries
    assert all(1 <= int(number) <= len(ENTRIES) for number in re.findall(r"\d+", entries))


# --- the network of the preset ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reference_network() -> SegmentationNetwork:
    return build_network(make_run_config(preset_settings("reference", "camvid")).segmentation, 11, seed=0)


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_the_reference_segmenter_is_smaller_than_the_published_one(reference_network: SegmentationNetwork) -> None:
    published = 28_526_027
    assert parameters(reference_network) == 26_121_547 == published - 2_404_480
    # A class costs 512 weights and a bias here, 512·3·3 weights and a bias there.
    assert parameters(reference_network.head) == 11 * 513
    assert 26_121_547 + 8 * 513 == 26_125_651
    assert 28_526_027 + 8 * 4609 == 28_562_899


def test_the_reference_segmenter_normalises_its_decoder_and_joins_by_concatenation(
    reference_network: SegmentationNetwork,
) -> None:
    decoder = reference_network.trunk.get_submodule("decoder")
    assert sum(isinstance(module, nn.GroupNorm) for module in decoder.modules()) == 7
    with torch.no_grad():
        assert reference_network.features(torch.zeros(1, 3, 90, 120)).shape == (1, 4 * 128, 24, 32)
    dropouts = [module for module in reference_network.modules() if isinstance(module, nn.modules.dropout._DropoutNd)]
    assert [module.p for module in dropouts] == [0.0, 0.0]


# --- what a run says and keeps ----------------------------------------------------------------------------------------


def tiny_run(data: Path, **sections: dict[str, Any]) -> RunConfig:
    """The reference in the fast world, on six images."""
    tiny = {
        "data": {
            "path": str(data),
            "reader": "camvid",
            "region": "12x12",
            "split": "random",
            "train_images": 2,
            "state_images": 1,
            "reward_images": 1,
        },
        "segmentation": {"segmenter": "fast", "fast_cell": "4x4", "fast_input": "64x96", "fast_components": 4},
        "acquisition": {"budget": 6, "regions_per_query": 2, "pool_size": 3},
        "dqn": {"batch_size": 2, "episodes": 2},
        "device": "cpu",
        "checkpoint_seconds": 0,
    }
    return make_run_config(preset_settings("reference", "camvid"), tiny, sections)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RALIS_CACHE", str(tmp_path / "cache"))


def test_the_table_weighs_classes_by_the_labels_it_was_read_on() -> None:
    """99 pixels of a class that is always found, 1 of one that never is: f = 100/102 and 2/102 with a pixel each."""
    confusion = ConfusionMatrix(np.array([[99, 0], [1, 0]]))
    common, rare = 1 / np.log(100 / 102 + 1.02), 1 / np.log(2 / 102 + 1.02)
    assert weighted_iou(confusion, 1.02) == pytest.approx(0.99 * common / (common + rare))
    assert confusion.mean_iou() == pytest.approx(0.495)


def test_a_class_without_labels_leaves_its_cell_empty() -> None:
    row = reading_row(ConfusionMatrix(np.array([[3, 1], [0, 0]])), 1.02, ("road", "train"))
    assert row == {
        "mean_iou": 0.75,
        "weighted_iou": 0.75,
        "iou_road": 0.75,
        "iou_train": None,
        "confusion": "3 1;0 0",
    }


def assembled(config: RunConfig) -> Assembly:
    whole = drain(assemble(config))
    assert whole is not None
    return whole


def test_a_policy_file_holds_the_weights_of_the_last_episode(tiny_camvid: Path, tmp_path: Path) -> None:
    config = tiny_run(tiny_camvid)
    assert drain(train_policy(config, tmp_path / "run"))
    with ProjectView.read(tmp_path / "run") as view:
        assert view.checkpoint is not None
        tensors, header = load_tensors(view.checkpoint)
        rows = view.rows()
    assert header["episode"] == 2
    assembly = assembled(config)
    policy = load_policy(tmp_path / "run" / POLICY, assembly.dataset.schema.names, assembly.state_regions())
    for name, tensor in policy.network.state_dict().items():
        assert torch.equal(tensor, tensors[f"learner.network.{name}"])
    assert policy.metrics["final_mean_iou_by_episode"] == [row["mean_iou"] for row in rows if row["step"] == 3]


def test_every_episode_is_measured_before_its_first_query(tiny_camvid: Path, tmp_path: Path) -> None:
    drain(train_policy(tiny_run(tiny_camvid), tmp_path / "run"))
    with ProjectView.read(tmp_path / "run") as view:
        rows = view.rows()
    assert [(row["episode"], row["step"]) for row in rows] == [(e, s) for e in (1, 2) for s in range(4)]
    assert all(row["mean_iou"] is not None for row in rows)
    assert [row["labelled_regions"] for row in rows] == [0, 2, 4, 6] * 2


def test_a_supervised_training_takes_all_the_updates_it_was_given(tiny_camvid: Path, tmp_path: Path) -> None:
    drain(pretrain(tiny_run(tiny_camvid), tmp_path / "full", "all", updates=7))
    assert "updates" in (tmp_path / "full" / "metrics.csv").read_text().splitlines()[0]
    assert load_tensors(tmp_path / "full" / "segmenter.safetensors")[0]["head.adam_updates"] == 7


def test_the_budget_axis_counts_every_image_that_is_not_scored(tiny_camvid: Path) -> None:
    assembly = assembled(tiny_run(tiny_camvid))
    roles = assembly.roles
    asked_or_used = [*roles.train, *roles.state, *roles.reward, *roles.pool]
    assert set(roles.test) == {"0016E5_000001", "0016E5_000002"}
    assert assembly.surroundings().counted_pixels == len(asked_or_used) * 36 * 48


def test_a_policy_is_trained_on_d_t_and_leaves_the_pool_and_the_test_set_alone(tiny_camvid: Path) -> None:
    roles = assembled(tiny_run(tiny_camvid)).roles
    training = policy_training_roles(roles)
    assert training.pool == roles.train
    assert (training.train, training.test) == ((), ())
    assert (training.state, training.reward) == (roles.state, roles.reward)


@pytest.mark.parametrize(("policies", "seeds"), [(None, [0, 1, 2, 3]), (2, [0, 1, 0, 1])])
def test_simulations_share_the_policies_that_a_study_trains(policies: int | None, seeds: list[int]) -> None:
    line = Line(settings={"acquisition": {"name": "dqn"}}, train={}, policies=policies)
    jobs = jobs_of(Study(seeds=4, base={"data": {"split": "ralis"}}, lines={"dqn": line}), Path("out"))
    assert [training.config.seed for training, _ in jobs if training] == seeds
    assert [simulation.config.seed for _, simulation in jobs] == [0, 1, 2, 3]
    for training, simulation in jobs:
        assert training is not None
        assert simulation.config.dqn.policy == training.folder / POLICY
