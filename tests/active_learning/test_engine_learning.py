"""The query network in the engine's loop: what it is rewarded with, what it learns from, and when it does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from src_model.active_learning.acquisition.acquisition import CandidatePool, Choice, Context
from src_model.active_learning.acquisition.dqn import DQNAcquisition
from src_model.active_learning.engine import ActiveLearningEngine
from src_model.config import RunConfig
from src_model.dqn.double_dqn import DQNLearner
from src_model.dqn.query_network import ReferenceQueryNetwork
from src_model.events import QueryReady, drain
from src_model.project.project import Project
from src_model.simulation.episode import run_episode
from src_model.simulation.oracle import GroundTruthOracle

Settings = Callable[..., RunConfig]
EngineIn = Callable[..., tuple[ActiveLearningEngine, Any]]
LearnerFor = Callable[[RunConfig], DQNLearner]


def test_every_sub_action_is_given_the_whole_reward_of_its_query(
    project: Project, settings: Settings, engine_in: EngineIn, learner_for: LearnerFor, oracle: GroundTruthOracle
) -> None:
    config = settings("dqn")
    learner = learner_for(config)
    engine, _ = engine_in(project, config, learner)
    drain(engine.start())
    drain(run_episode(engine, oracle))
    rewards = [row["reward"] for row in project.rows()[1:]]
    assert len(set(rewards)) > 1
    assert learner.replay.state_dict()["rewards"].tolist() == pytest.approx(np.repeat(rewards, 2).tolist())


def test_the_gain_of_a_class_goes_to_those_who_brought_it(
    project: Project, settings: Settings, engine_in: EngineIn, learner_for: LearnerFor, oracle: GroundTruthOracle
) -> None:
    """Every region holds one class; where a query brings one class alone, the gain of the other is for both."""
    config = settings("dqn", 12, dqn={"credit": "class", "reward_baseline": "measured"})
    learner = learner_for(config)
    engine, _ = engine_in(project, config, learner)
    drain(engine.start())
    queries = [event.query for event in run_episode(engine, oracle) if isinstance(event, QueryReady)]
    rows = project.rows()
    expected = []
    for query, before, after in zip(queries, rows, rows[1:], strict=False):
        road, car = (50 * (float(after[name]) - float(before[name])) for name in ("iou_road", "iou_car"))
        of_car = [region.row >= 8 for region in query.regions]
        expected += (
            [2 * car if is_car else 2 * road for is_car in of_car] if len(set(of_car)) == 2 else [road + car] * 2
        )
    assert len({tuple(expected[i : i + 2]) for i in range(0, len(expected), 2)}) > 1
    assert learner.replay.state_dict()["rewards"].tolist() == pytest.approx(expected)
    assert any(one != pytest.approx(other) for one, other in zip(expected[::2], expected[1::2], strict=True))


def test_the_next_candidates_are_seen_before_the_query_network_learns(
    project: Project, settings: Settings, engine_in: EngineIn, learner_for: LearnerFor, oracle: GroundTruthOracle
) -> None:
    config = settings("dqn", dqn={"batch_size": 2})
    engine, _ = engine_in(project, config, learner_for(config))
    drain(engine.start())
    drain(run_episode(engine, oracle))
    assert all(row["q_loss"] is not None for row in project.rows()[1:])


def test_a_policy_in_use_neither_explores_nor_learns(
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    engine_in: EngineIn,
    oracle: GroundTruthOracle,
) -> None:
    contexts: list[Context] = []
    choose = DQNAcquisition.choose

    def watched(rule: DQNAcquisition, candidates: CandidatePool, context: Context, rng: np.random.Generator) -> Choice:
        contexts.append(context)
        return choose(rule, candidates, context, rng)

    monkeypatch.setattr(DQNAcquisition, "choose", watched)
    network = ReferenceQueryNetwork(2, 8, torch.Generator().manual_seed(1)).eval()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    engine, _ = engine_in(project, settings("dqn"), network=network)
    drain(engine.start())
    drain(run_episode(engine, oracle))
    assert [context.epsilon for context in contexts] == [0.0] * 3
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
    assert not any("q_loss" in row for row in project.rows())


@pytest.mark.parametrize("schedule", ["sequential", "pipelined"])
def test_what_is_learned_from_is_what_was_seen_at_each_choice(
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    schedule: str,
    settings: Settings,
    engine_in: EngineIn,
    learner_for: LearnerFor,
    oracle: GroundTruthOracle,
) -> None:
    choices: list[Choice] = []
    begun: list[np.ndarray] = []
    choose = DQNAcquisition.choose

    def watched(rule: DQNAcquisition, candidates: CandidatePool, context: Context, rng: np.random.Generator) -> Choice:
        choices.append(choose(rule, candidates, context, rng))
        begun.append(candidates.action_features)
        return choices[-1]

    monkeypatch.setattr(DQNAcquisition, "choose", watched)
    config = settings("dqn", schedule=schedule, dqn={"features": "default"})
    learner = learner_for(config)
    engine, _ = engine_in(project, config, learner)
    drain(engine.start())
    drain(run_episode(engine, oracle, config.schedule))
    kept = learner.replay.state_dict()
    seen = np.concatenate([choice.action_features for choice in choices])
    np.testing.assert_array_equal(kept["pools"].numpy(), seen.astype(np.float16))
    assert not np.array_equal(seen, np.concatenate(begun))
    assert kept["rows"][:, 1].tolist() == [place % 2 for choice in choices for place in choice.positions.tolist()]
