"""The three verbs with a segmenter that learns nothing but counts: what is asked, taught, fitted and refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from src_model.active_learning import engine as engine_module
from src_model.active_learning.acquisition.acquisition import CandidatePool
from src_model.active_learning.candidates import Draw, look_at
from src_model.active_learning.engine import ActiveLearningEngine
from src_model.config import RunConfig
from src_model.data.annotation import Annotation
from src_model.data.region import Region
from src_model.dqn.double_dqn import DQNLearner
from src_model.events import Progress, drain
from src_model.exceptions import AnnotationError, EmptyPool, RalisError
from src_model.project.project import Project
from src_model.simulation.episode import run_episode
from src_model.simulation.oracle import GroundTruthOracle

Settings = Callable[..., RunConfig]
EngineIn = Callable[..., tuple[ActiveLearningEngine, Any]]
LearnerFor = Callable[[RunConfig], DQNLearner]


def test_a_region_is_asked_only_once(
    project: Project, settings: Settings, engine_in: EngineIn, oracle: GroundTruthOracle
) -> None:
    engine, _ = engine_in(project, settings(budget=12))
    drain(engine.start())
    seen: list[Region] = []
    while not engine.finished:
        query = drain(engine.query())
        seen += query.regions
        engine.teach(oracle.answer(query.regions))
        drain(engine.fit())
    assert len(seen) == len(set(seen)) == 12


def test_a_budget_larger_than_the_pool_ends_with_the_pool(
    project: Project, settings: Settings, engine_in: EngineIn, oracle: GroundTruthOracle
) -> None:
    engine, _ = engine_in(project, settings(budget=100))
    drain(engine.start())
    assert drain(run_episode(engine, oracle))
    assert len(engine.labelled) == 12
    with pytest.raises(EmptyPool, match="budget"):
        drain(engine.query())


def test_the_last_query_takes_what_is_left_of_the_budget(
    project: Project, settings: Settings, engine_in: EngineIn, oracle: GroundTruthOracle
) -> None:
    engine, _ = engine_in(project, settings(budget=5))
    drain(engine.start())
    drain(run_episode(engine, oracle))
    assert [len(query.regions) for query in project.queries(1)] == [2, 2, 1]


def test_a_stop_during_the_search_leaves_no_query(project: Project, settings: Settings, engine_in: EngineIn) -> None:
    engine, _ = engine_in(project, settings())
    drain(engine.start())
    assert drain(engine.query(lambda: True)) is None
    assert engine.open_query is None
    assert project.queries(1) == []
    assert drain(engine.query()) is not None


def test_a_second_query_waits_for_answers_to_the_first(
    project: Project, settings: Settings, engine_in: EngineIn
) -> None:
    engine, _ = engine_in(project, settings())
    drain(engine.start())
    drain(engine.query())
    with pytest.raises(RalisError, match="still open"):
        drain(engine.query())


def test_a_fit_without_new_labels_is_refused(project: Project, settings: Settings, engine_in: EngineIn) -> None:
    engine, _ = engine_in(project, settings())
    drain(engine.start())
    with pytest.raises(RalisError, match="Label a region first"):
        drain(engine.fit())


def test_labels_that_are_no_class_are_refused_and_change_nothing(
    project: Project, settings: Settings, engine_in: EngineIn
) -> None:
    engine, _ = engine_in(project, settings())
    drain(engine.start())
    query = drain(engine.query())
    wrong = Annotation.from_labels(query.regions[0], np.full((8, 8), 7, dtype=np.uint8))
    with pytest.raises(AnnotationError, match="7"):
        engine.teach([wrong])
    assert len(engine.labelled) == 0
    assert project.annotations(1) == []


def test_a_stopped_fit_records_nothing_and_can_be_repeated(
    project: Project, settings: Settings, engine_in: EngineIn, oracle: GroundTruthOracle
) -> None:
    engine, segmenter = engine_in(project, settings())
    drain(engine.start())
    query = drain(engine.query())
    engine.teach(oracle.answer(query.regions))
    assert drain(engine.fit(lambda: True)).stopped
    assert len(project.rows()) == 1
    drain(engine.fit())
    assert [row["step"] for row in project.rows()] == [0, 1]
    assert segmenter.fits == 1


def test_pipelined_asks_from_the_weights_before_the_fit(
    project: Project, settings: Settings, engine_in: EngineIn, oracle: GroundTruthOracle
) -> None:
    engine, segmenter = engine_in(project, settings())
    drain(engine.start())
    fits_when_asked: list[int] = []
    progress = run_episode(engine, oracle, settings(schedule="pipelined").schedule)
    for event in progress:
        if type(event).__name__ == "QueryReady":
            fits_when_asked.append(segmenter.fits)
    assert fits_when_asked == [0, 0, 1]
    assert len(engine.labelled) == 6


def test_a_skipped_region_is_no_label_and_stays_in_the_pool(
    project: Project, settings: Settings, engine_in: EngineIn, oracle: GroundTruthOracle
) -> None:
    engine, _ = engine_in(project, settings())
    drain(engine.start())
    query = drain(engine.query())
    engine.teach(oracle.answer(query.regions[:1]))
    drain(engine.fit())
    assert len(engine.labelled) == 1
    assert engine.regions_in_pool == 11


def test_every_acquisition_is_offered_the_same_candidates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings, engine_in: EngineIn, learner_for: LearnerFor
) -> None:
    offered: list[Draw] = []

    def watched(draw: Draw, *rest: object) -> Progress[CandidatePool]:
        offered.append(draw)
        return look_at(draw, *rest)  # type: ignore[arg-type]  # Whatever the engine gives is handed on.

    monkeypatch.setattr(engine_module, "look_at", watched)
    for name in ("random", "entropy", "margin", "margin_class_balanced", "impurity", "dqn"):
        config = settings(name)
        with Project.create(tmp_path / name, config) as opened:
            engine, _ = engine_in(opened, config, learner_for(config) if name == "dqn" else None)
            drain(engine.start())
            drain(engine.query())
    assert len(offered) == 6
    assert len(set(offered)) == 1


def test_images_are_looked_at_once_a_step_and_never_after_the_last(
    project: Project, settings: Settings, engine_in: EngineIn, learner_for: LearnerFor, oracle: GroundTruthOracle
) -> None:
    config = settings("dqn")
    engine, segmenter = engine_in(project, config, learner_for(config))
    drain(engine.start())
    drain(run_episode(engine, oracle))
    assert len(segmenter.scanned) == len(project.queries(1)) == 3
    for images in segmenter.scanned:
        assert len(set(images)) == len(images)
        assert {"s1", "s2"} < set(images) <= {"a", "b", "c", "s1", "s2"}


def test_random_looks_at_no_image(
    project: Project, settings: Settings, engine_in: EngineIn, oracle: GroundTruthOracle
) -> None:
    engine, segmenter = engine_in(project, settings("random"))
    drain(engine.start())
    drain(run_episode(engine, oracle))
    assert segmenter.scanned == []
