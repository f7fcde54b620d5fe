"""What a rule knew is kept with its query, and nothing that is kept changes what is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from src_model.active_learning import engine as engine_module
from src_model.active_learning.acquisition.acquisition import CandidatePool, Choice, Context, RegionStatistics
from src_model.active_learning.choice_grounds import grounds_of
from src_model.active_learning.engine import ActiveLearningEngine
from src_model.config import AcquisitionConfig, RunConfig
from src_model.data.region import Region
from src_model.dqn.double_dqn import DQNLearner
from src_model.events import Query, drain
from src_model.project.project import Project
from src_model.project.view import ProjectView
from src_model.simulation.episode import run_episode
from src_model.simulation.oracle import GroundTruthOracle

Settings = Callable[..., RunConfig]
EngineIn = Callable[..., tuple[ActiveLearningEngine, Any]]

REGIONS = tuple(Region("a", 0, 8 * column, 8, 8) for column in range(4))
STATISTICS = RegionStatistics(
    counts=np.array([[64.0, 0], [32, 32], [0, 64], [64, 0]]),
    entropy=np.array([0.1, 0.6, 0.3, 0.2], dtype=np.float32),
    margin_by_class=np.array([[6.4, 0], [25.6, 25.6], [0, 32], [3.2, 0]]),
)
POOL = CandidatePool(REGIONS, 2, 2, STATISTICS)
CHOICE = Choice(np.array([1, 2]), np.array([0.0, 5.0, 7.0, 5.0]), state_value=1.5)


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def test_ranks_doubt_and_rarity_are_those_of_the_candidates() -> None:
    grounds = grounds_of(POOL, CHOICE, Context(np.array([3.0, 1.0])), AcquisitionConfig(name="dqn"), rng)
    first, second = grounds.regions
    assert (first.rank, second.rank) == (2, 1), "the two fives share a place"
    assert (first.entropy, second.entropy) == (0.6, 0.3)
    assert (first.margin, second.margin) == (0.8, 0.5)
    assert (first.doubt, second.doubt) == (1.0, pytest.approx(2 / 3, abs=1e-6))
    # Three of four labels are of class 0.
    assert (first.rarity, second.rarity) == (0.5, 0.75)
    assert (first.shares, second.shares) == ((0.5, 0.5), (0.0, 1.0))
    assert (grounds.candidates, grounds.state_value, grounds.labelled) == (4, 1.5, (3.0, 1.0))


def test_candidates_that_are_equally_doubtful_are_neither_sure_nor_unsure() -> None:
    equal = replace(STATISTICS, margin_by_class=STATISTICS.counts)
    pool = replace(POOL, statistics=equal)
    grounds = grounds_of(pool, CHOICE, Context(np.zeros(2)), AcquisitionConfig(name="dqn"), rng)
    assert [own.doubt for own in grounds.regions] == [0.5, 0.5]


def test_classes_are_those_expected_where_probabilities_are_known() -> None:
    known = replace(STATISTICS, probabilities=np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.8, 0.2]]))
    pool = replace(POOL, statistics=known)
    grounds = grounds_of(pool, CHOICE, Context(np.array([3.0, 1.0])), AcquisitionConfig(name="dqn"), rng)
    assert [own.shares for own in grounds.regions] == [(0.6, 0.4), (0.3, 0.7)]
    assert [own.rarity for own in grounds.regions] == [0.45, 0.6]


def test_entropy_would_have_asked_the_flattest_of_each_pool_and_before_a_label_everything_is_rare() -> None:
    grounds = grounds_of(POOL, CHOICE, Context(np.zeros(2)), AcquisitionConfig(name="dqn"), rng)
    assert dict(grounds.others)["entropy"] == (REGIONS[1], REGIONS[2])
    assert [own.rarity for own in grounds.regions] == [1.0, 1.0]


def test_a_rule_that_does_not_look_keeps_ranks_only() -> None:
    pool = CandidatePool(REGIONS, 2, 2)
    grounds = grounds_of(pool, CHOICE, Context(np.zeros(2)), AcquisitionConfig(name="random"), rng)
    assert grounds.at_random
    assert grounds.regions[0].entropy is None
    assert grounds.regions[0].shares == ()
    assert [name for name, _ in grounds.others] == ["random"]


def queries(folder: Path) -> list[Query]:
    with ProjectView.read(folder) as view:
        return view.queries(1)


def played(engine_in: EngineIn, folder: Path, config: RunConfig, learner: DQNLearner | None = None) -> list[Query]:
    with Project.create(folder, config) as project:
        engine, segmenter = engine_in(project, config, learner)
        drain(engine.start())
        assert drain(run_episode(engine, GroundTruthOracle(_Halves(), 2)))
        scans = len(segmenter.scanned)
    asked = queries(folder)
    assert asked
    assert scans >= len(asked) or config.acquisition.name == "random"
    return asked


class _Halves:
    def labels(self, _image: str) -> np.ndarray:
        return np.repeat(np.array([0, 1], dtype=np.uint8), 8)[:, None].repeat(16, axis=1)


RULES = ("entropy", "margin_class_balanced", "label_balance", "random", "random_class_balanced", "dqn")


@pytest.mark.parametrize("rule", RULES)
def test_what_is_kept_changes_no_query(
    rule: str,
    tmp_path: Path,
    settings: Settings,
    engine_in: EngineIn,
    learner_for: Callable[[RunConfig], DQNLearner],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    features = {"dqn": {"features": "default"}} if rule == "dqn" else {}
    config = settings(rule, 8, **features)
    learners = [learner_for(config) if rule == "dqn" else None for _ in range(2)]
    kept = played(engine_in, tmp_path / "kept", config, learners[0])
    monkeypatch.setattr(engine_module, "grounds_of", lambda *_: None)
    bare = played(engine_in, tmp_path / "bare", config, learners[1])
    assert all(query.grounds is not None for query in kept)
    assert all(query.grounds is None for query in bare)
    assert [(own.step, own.regions, own.scores) for own in kept] == [
        (own.step, own.regions, own.scores) for own in bare
    ]
    if rule == "dqn":
        assert all(query.grounds is not None and query.grounds.state_value is not None for query in kept)


@pytest.mark.parametrize("other", ["random", "entropy"])
def test_what_another_rule_would_have_asked_is_what_it_asks_first_in_a_run_of_its_own(
    other: str, tmp_path: Path, settings: Settings, engine_in: EngineIn
) -> None:
    first = played(engine_in, tmp_path / "margin", settings("margin_class_balanced", 4))[0]
    own = played(engine_in, tmp_path / other, settings(other, 4))[0]
    assert first.grounds is not None
    assert dict(first.grounds.others)[other] == own.regions


def test_grounds_survive_the_log_and_a_checkpoint(
    tmp_path: Path, settings: Settings, engine_in: EngineIn, oracle: GroundTruthOracle
) -> None:
    config = settings("margin_class_balanced", 8)
    with Project.create(tmp_path / "run", config) as project:
        engine, _ = engine_in(project, config)
        drain(engine.start())
        first = drain(engine.query())
        assert first is not None
        assert first.grounds is not None
        second = drain(engine.propose())
        engine.teach(oracle.answer(first.regions))
        drain(engine.fit())
    assert queries(tmp_path / "run") == [first, second]
    with Project.open(tmp_path / "run") as project:
        engine, _ = engine_in(project, config)
        drain(engine.start())
        assert engine.open_queries == (second,), "out of the checkpoint"
