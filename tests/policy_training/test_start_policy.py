"""Training goes on from a policy that is there: its weights, little exploration, and errors where it does not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from src_model.active_learning.acquisition.acquisition import CandidatePool, Choice, Context
from src_model.active_learning.acquisition.dqn import DQNAcquisition
from src_model.config import RunConfig, make_run_config, preset_settings
from src_model.data.readers.camvid import CAMVID
from src_model.dqn.default_query_network import DefaultQueryNetwork
from src_model.dqn.policy import Policy, candidate_values, load_policy, save_policy
from src_model.dqn.query_network import QueryNetwork, ReferenceQueryNetwork
from src_model.events import StepDone, drain
from src_model.exceptions import CheckpointError, ConfigurationError, ProjectError
from src_model.policy_training.train_policy import POLICY, train_policy
from src_model.project.settings_file import read_settings
from src_model.project.view import ProjectView

STATE_REGIONS = 12
BEFORE = {"worlds": [0, 1], "environment_steps": 40}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RALIS_CACHE", str(tmp_path / "cache"))


def run_on(data: Path, features: str = "default", episodes: int = 1, **dqn: Any) -> RunConfig:
    tiny = {
        "data": {"path": data, "reader": "camvid", "split": "random", "region": "12x12", "train_images": 2,
                 "state_images": 1, "reward_images": 1},
        "segmentation": {"segmenter": "fast", "fast_cell": "4x4", "fast_input": "64x96", "fast_components": 4},
        "acquisition": {"name": "dqn", "budget": 6, "regions_per_query": 2, "pool_size": 3},
        "dqn": {"features": features, "batch_size": 2, "episodes": episodes, "updates": 1},
        "device": "cpu",
        "threads": 1,
        "checkpoint_seconds": 0,
    }  # fmt: skip
    return make_run_config(preset_settings("default", "camvid"), tiny, {"dqn": dqn})


def network_for(features: str, seed: int = 7) -> QueryNetwork:
    generator = torch.Generator().manual_seed(seed)
    if features == "default":
        return DefaultQueryNetwork(generator)
    return ReferenceQueryNetwork(len(CAMVID.names), STATE_REGIONS, generator)


def policy_at(path: Path, features: str, seed: int = 7) -> Path:
    save_policy(path, Policy(network_for(features, seed), CAMVID.names, BEFORE))
    return path


def weights_of(path: Path) -> dict[str, torch.Tensor]:
    return load_policy(path, CAMVID.names, STATE_REGIONS).network.state_dict()


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("features", ["default", "reference"])
def test_the_first_query_is_valued_by_the_start_policy_and_later_ones_by_what_was_learned(
    features: str, tiny_camvid: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[CandidatePool, Choice]] = []
    choose = DQNAcquisition.choose

    def watched(rule: DQNAcquisition, candidates: CandidatePool, context: Context, rng: np.random.Generator) -> Choice:
        seen.append((candidates, choose(rule, candidates, context, rng)))
        return seen[-1][1]

    monkeypatch.setattr(DQNAcquisition, "choose", watched)
    start = policy_at(tmp_path / "start.safetensors", features)
    assert drain(train_policy(run_on(tiny_camvid, features, start_policy=start), tmp_path / "out"))
    network = network_for(features).eval()
    agrees = []
    for candidates, choice in seen:
        pools = candidates.action_features if choice.action_features is None else choice.action_features
        assert candidates.state_features is not None
        assert pools is not None
        values = candidate_values(network, candidates.state_features, pools)
        agrees.append(np.allclose(values.ravel(), choice.scores, rtol=1e-5, atol=1e-6))  # pools by turns or together
    assert agrees == [True, False, False]
    assert not same(weights_of(start), weights_of(tmp_path / "out" / POLICY))


def test_where_too_little_is_seen_to_learn_the_policy_stays_what_it_was(tiny_camvid: Path, tmp_path: Path) -> None:
    start = policy_at(tmp_path / "start.safetensors", "default")
    assert drain(train_policy(run_on(tiny_camvid, start_policy=start, batch_size=1000), tmp_path / "refined"))
    assert drain(train_policy(run_on(tiny_camvid, batch_size=1000), tmp_path / "anew"))
    assert same(weights_of(start), weights_of(tmp_path / "refined" / POLICY))
    assert not same(weights_of(start), weights_of(tmp_path / "anew" / POLICY))


def test_the_refined_policy_tells_what_was_seen_before(tiny_camvid: Path, tmp_path: Path) -> None:
    start = policy_at(tmp_path / "start.safetensors", "default")
    drain(train_policy(run_on(tiny_camvid, start_policy=start), tmp_path / "refined"))
    drain(train_policy(run_on(tiny_camvid), tmp_path / "anew"))
    refined, anew = (load_policy(tmp_path / name / POLICY, (), 0) for name in ("refined", "anew"))
    assert refined.seen["before"] == BEFORE
    assert refined.seen["environment_steps"] == anew.seen["environment_steps"] == 3
    assert "before" not in anew.seen


def epsilons(out: Path) -> set[float]:
    with ProjectView.read(out) as view:
        return {float(row["epsilon"]) for row in view.rows() if row["step"]}


def test_it_explores_little_from_the_beginning_and_the_kept_settings_say_so(tiny_camvid: Path, tmp_path: Path) -> None:
    start = policy_at(tmp_path / "start.safetensors", "default")
    drain(train_policy(run_on(tiny_camvid, start_policy=start, epsilon_end=0.02), tmp_path / "refined"))
    assert epsilons(tmp_path / "refined") == {0.02}
    assert read_settings(tmp_path / "refined" / "settings.toml").dqn.epsilon_start == 0.02
    drain(train_policy(run_on(tiny_camvid, epsilon_end=0.02), tmp_path / "anew"))
    assert max(epsilons(tmp_path / "anew")) == 0.9


def test_cut_off_and_started_again_it_ends_with_the_same_weights(tiny_camvid: Path, tmp_path: Path) -> None:
    config = run_on(tiny_camvid, episodes=2, start_policy=policy_at(tmp_path / "start.safetensors", "default"))
    assert drain(train_policy(config, tmp_path / "whole"))
    for place in ((1, 0), (1, 2), (2, 1)):
        training = train_policy(config, tmp_path / "cut")
        next(event for event in training if isinstance(event, StepDone) and (event.episode, event.step) == place)
        training.close()
    assert drain(train_policy(config, tmp_path / "cut"))
    assert same(weights_of(tmp_path / "whole" / POLICY), weights_of(tmp_path / "cut" / POLICY))


def test_a_training_does_not_go_on_from_another_start_policy(tiny_camvid: Path, tmp_path: Path) -> None:
    one, other = (policy_at(tmp_path / f"{seed}.safetensors", "default", seed) for seed in (1, 2))
    drain(train_policy(run_on(tiny_camvid, start_policy=one), tmp_path / "out"))
    with pytest.raises(ProjectError, match=r"dqn\.start_policy"):
        drain(train_policy(run_on(tiny_camvid, start_policy=other), tmp_path / "out"))
    with pytest.raises(ProjectError, match=r"dqn\.start_policy"):
        drain(train_policy(run_on(tiny_camvid), tmp_path / "out"))


@pytest.mark.parametrize(("file", "settings"), [("default", "reference"), ("reference", "default")])
def test_a_start_policy_that_reads_other_features_than_the_settings_say_is_refused(
    file: str, settings: str, tiny_camvid: Path, tmp_path: Path
) -> None:
    start = policy_at(tmp_path / "start.safetensors", file)
    with pytest.raises(ConfigurationError, match=rf"{file} features.*Set dqn\.features to {file}"):
        drain(train_policy(run_on(tiny_camvid, settings, start_policy=start), tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_policy_to_ask_with_is_no_policy_to_start_from(tiny_camvid: Path, tmp_path: Path) -> None:
    named = policy_at(tmp_path / "start.safetensors", "default")
    with pytest.raises(ConfigurationError, match="--start-policy"):
        drain(train_policy(run_on(tiny_camvid, policy=named), tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_start_policy_for_other_images_of_d_s_is_refused(tiny_camvid: Path, tmp_path: Path) -> None:
    start = policy_at(tmp_path / "start.safetensors", "reference")
    config = run_on(tiny_camvid, "reference", start_policy=start)
    larger = config.model_copy(update={"data": config.data.model_copy(update={"region": (18, 24)})})
    with pytest.raises(CheckpointError, match="12 regions of D_S, here are 4"):
        drain(train_policy(larger, tmp_path / "out"))
    assert not (tmp_path / "out").exists()
