"""A run that was cut off at any event and started again ends with the numbers of one that was left alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from src_model.active_learning.engine import ActiveLearningEngine
from src_model.config import RunConfig
from src_model.dqn.double_dqn import DQNLearner
from src_model.events import drain
from src_model.project.project import Project
from src_model.simulation.episode import run_episode
from src_model.simulation.oracle import GroundTruthOracle

Settings = Callable[..., RunConfig]
EngineIn = Callable[..., tuple[ActiveLearningEngine, Any]]
LearnerFor = Callable[[RunConfig], DQNLearner]
ToTheEnd = Callable[..., list[dict]]


@pytest.fixture
def run_to_the_end(engine_in: EngineIn, learner_for: LearnerFor, oracle: GroundTruthOracle) -> ToTheEnd:
    """Run, or go on with, an episode; ``stop_after`` events it is abandoned as by a kill."""

    def run(folder: Path, config: RunConfig, stop_after: int | None = None) -> list[dict]:
        with Project.create_or_resume(folder, config) as project:
            engine, _ = engine_in(project, config, learner_for(config) if config.acquisition.name == "dqn" else None)
            drain(engine.start())
            for count, _event in enumerate(run_episode(engine, oracle, config.schedule)):
                if count == stop_after:
                    break
            return project.rows()

    return run


def numbers(rows: list[dict]) -> list[dict]:
    return [{key: value for key, value in row.items() if not key.endswith("_seconds")} for row in rows]


@pytest.mark.parametrize("target", ["double_dqn", "sarsa"])
@pytest.mark.parametrize("schedule", ["sequential", "pipelined"])
@pytest.mark.parametrize("checkpoint_seconds", [0, 1000])
@pytest.mark.parametrize(("acquisition", "features"), [("random", "reference"), ("dqn", "reference"),
                                                     ("dqn", "default")])  # fmt: skip
def test_a_run_that_was_cut_off_ends_with_the_same_numbers(
    tmp_path: Path,
    run_to_the_end: ToTheEnd,
    settings: Settings,
    schedule: str,
    target: str,
    checkpoint_seconds: float,
    acquisition: str,
    features: str,
) -> None:
    config = settings(
        acquisition,
        12,
        schedule=schedule,
        checkpoint_seconds=checkpoint_seconds,
        dqn={"target": target, "batch_size": 2, "epsilon_coin": "sub_action", "features": features},
    )
    whole = run_to_the_end(tmp_path / "whole", config)
    for events in (1, 4, 9):
        run_to_the_end(tmp_path / "cut", config, stop_after=events)
    cut = run_to_the_end(tmp_path / "cut", config)
    assert numbers(cut) == numbers(whole)
    assert len(whole) == 7
