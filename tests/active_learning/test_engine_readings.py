"""What the engine reads and records of each step: reward, IoU, loss, final trainings; and whose labels it may read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from src_model.active_learning.engine import ActiveLearningEngine
from src_model.config import RunConfig
from src_model.data.images import LabelSource
from src_model.data.splits import Roles
from src_model.dqn.double_dqn import DQNLearner
from src_model.events import drain
from src_model.project.project import Project
from src_model.simulation.episode import run_episode
from src_model.simulation.oracle import GroundTruthOracle

Settings = Callable[..., RunConfig]
EngineIn = Callable[..., tuple[ActiveLearningEngine, Any]]
LearnerFor = Callable[[RunConfig], DQNLearner]
TruthOf = Callable[..., LabelSource]


def test_the_reward_is_the_gain_in_points_from_the_measured_start(
    project: Project, settings: Settings, engine_in: EngineIn, oracle: GroundTruthOracle
) -> None:
    config = settings(dqn={"reward_baseline": "measured"})
    engine, _ = engine_in(project, config)
    drain(engine.start())
    drain(run_episode(engine, oracle))
    rows = project.rows()
    gains = [row["reward"] for row in rows[1:]]
    # Prediction is all road at first: IoU of road 128/256, of car 0, so Φ_0 = 25 points.
    phi = [25.0, *(row["phi"] for row in rows[1:])]
    assert gains == pytest.approx(np.diff(phi).tolist())


def test_the_published_first_reward_counts_from_zero(
    project: Project, settings: Settings, engine_in: EngineIn, oracle: GroundTruthOracle
) -> None:
    engine, _ = engine_in(project, settings(dqn={"reward_baseline": "zero"}))
    drain(engine.start())
    drain(run_episode(engine, oracle))
    first = project.rows()[1]
    assert first["reward"] == first["phi"]


def test_the_iou_on_labels_is_read_with_the_weights_of_the_step(
    project: Project, settings: Settings, engine_in: EngineIn, oracle: GroundTruthOracle
) -> None:
    engine, segmenter = engine_in(project, settings(budget=12))
    drain(engine.start())
    drain(run_episode(engine, oracle))
    first, *_, last = project.rows()
    assert "train_mean_iou" not in first
    # everything is labelled in the end: as many rows are car as there were fits, of 16 of which 8 are road
    predicted_car = segmenter.fits
    assert predicted_car == 6
    assert last["train_mean_iou"] == pytest.approx((2 / 16 + 0 / 14) / 2)


def test_the_iou_on_labels_knows_nothing_of_what_is_not_labelled(
    project: Project, settings: Settings, engine_in: EngineIn, oracle: GroundTruthOracle
) -> None:
    engine, _ = engine_in(project, settings())
    drain(engine.start())
    region = drain(engine.query()).regions[0]
    engine.teach(oracle.answer([region]))
    drain(engine.fit())
    # after one fit the first row is car: of 64 pixels of road 8 are wrong, and car below is never found
    assert project.rows()[1]["train_mean_iou"] == (56 / 64 if region.row == 0 else 0.0)


def test_steps_that_are_not_scored_and_trainings_of_a_policy_do_without_it(
    project: Project, settings: Settings, engine_in: EngineIn, oracle: GroundTruthOracle, roles: Roles
) -> None:
    scored = replace(roles, test=("t1",))
    engine, _ = engine_in(project, settings().model_copy(update={"evaluate_every": 2}), roles=scored)
    drain(engine.start())
    drain(run_episode(engine, oracle))
    rows = project.rows()
    assert [row["step"] for row in rows if "train_mean_iou" in row] == [2, 3]
    assert [row["step"] for row in rows if "confusion" in row] == [0, 2, 3]


def test_the_loss_on_the_reward_set_is_weighted_as_the_training_before_it(
    project: Project, settings: Settings, engine_in: EngineIn, oracle: GroundTruthOracle, roles: Roles, truth: TruthOf
) -> None:
    engine, _ = engine_in(project, settings(final_at=[4]), roles=replace(roles, test=("t1",)), truth=truth(("t1",)))
    drain(engine.start())
    drain(run_episode(engine, oracle))
    # r1 has 128 pixels of road and 128 of car. Car is never found: 3 nats a pixel. Of road, a row of 16 is lost a fit.
    # Before the first training both classes count alike, then road once and car three times.
    road, car = np.array([128, 128 + 32, 128 + 64, 128 + 96]), 3 * 128
    expected = [(road[0] + car) / 256, *((road[1:] + 3 * car) / 512)]
    assert [row["reward_set_loss"] for row in project.rows()] == pytest.approx(expected)
    assert "reward_set_loss" not in project.finals()[0]  # which read the test set


def test_final_trainings_start_anew_and_leave_no_trace(
    project: Project, settings: Settings, engine_in: EngineIn, oracle: GroundTruthOracle
) -> None:
    engine, segmenter = engine_in(project, settings(final_at=[4]))
    drain(engine.start())
    drain(run_episode(engine, oracle))
    assert [row["budget"] for row in project.finals()] == [4]
    assert segmenter.tasks[2].updates == settings().segmentation.final_updates
    assert segmenter.fits == 3
    assert project.finals()[0]["reward_set_loss"] == project.rows()[1]["reward_set_loss"]  # one fit from the start


def test_labels_of_the_state_set_are_never_read(
    project: Project, settings: Settings, engine_in: EngineIn, learner_for: LearnerFor, roles: Roles, truth: TruthOf
) -> None:
    config = settings("dqn")
    hiding = truth(hidden=roles.state)
    engine, _ = engine_in(project, config, learner_for(config), truth=hiding)
    drain(engine.start())
    assert drain(run_episode(engine, GroundTruthOracle(hiding, 2)))


def test_labels_that_are_only_scored_decide_nothing(
    tmp_path: Path,
    settings: Settings,
    engine_in: EngineIn,
    learner_for: LearnerFor,
    oracle: GroundTruthOracle,
    roles: Roles,
    truth: TruthOf,
) -> None:
    config = settings("dqn", dqn={"batch_size": 2})
    runs = []
    for name, turned in (("one", ()), ("other", ("t1",))):
        with Project.create(tmp_path / name, config) as opened:
            scored, facts = replace(roles, test=("t1",)), truth(turned)
            engine, _ = engine_in(opened, config, learner_for(config), roles=scored, truth=facts)
            drain(engine.start())
            drain(run_episode(engine, oracle))
            runs.append((opened.queries(1), opened.rows()))
    (asked_first, first), (asked_then, then) = runs
    assert asked_first == asked_then
    for column in ("reward", "phi", "q_loss", "train_loss", "reward_set_loss"):
        assert [row.get(column) for row in first] == [row.get(column) for row in then]
    assert [row["mean_iou"] for row in first] != [row["mean_iou"] for row in then]
