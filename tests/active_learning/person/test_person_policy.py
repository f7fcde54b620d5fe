"""The policy in a person's run: it learns from gains that check regions tell from zero, and from nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from src_model import events
from src_model.active_learning.person_run import PersonRun
from src_model.config import RunConfig
from src_model.data.annotation import Annotation
from src_model.events import FitReport, PolicyUpdated, drain
from src_model.labelling.measurement import Verdict
from src_model.project.view import ProjectView
from src_model.segmentation.segmenter import FitTask

Settings = Callable[..., RunConfig]
Painted = Callable[..., Annotation]


@pytest.fixture
def config(settings: Settings) -> RunConfig:
    """The shipped policy asks two regions at a time, and learns as soon as it has seen two."""
    return settings(acquisition={"name": "dqn"}, dqn={"batch_size": 2, "replay_capacity": 200})


def opened(folder: Path, config: RunConfig | None = None) -> PersonRun:
    run = PersonRun.open(folder, config)
    drain(run.start())
    return run


def policy_of(run: PersonRun) -> dict[str, torch.Tensor]:
    learner = run._engine._learner
    assert learner is not None
    return {name: tensor.clone() for name, tensor in learner.state_dict().items()}


def moved(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor], part: str = "network.") -> bool:
    return any(not torch.equal(before[name], after[name]) for name in before if name.startswith(part))


def check_everything(run: PersonRun, painted: Painted) -> None:
    run.accept([painted(region) for region in run.check_candidates])


def answer_query(run: PersonRun, painted: Painted) -> None:
    drain(run.propose())
    run.accept([painted(asked.region) for asked in run.queue(99) if not asked.blind][:2])


def learns_nothing(run: PersonRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """A training after which the network is as it was: its gain is zero."""

    def idle(task: FitTask, *rest: object) -> Iterator[events.Event]:
        return FitReport(1, 1, 0.5, 0.0)
        yield

    monkeypatch.setattr(run._assembly.segmenter, "fit", idle)


def last_row(folder: Path) -> dict[str, Any]:
    with ProjectView.read(folder) as view:
        return dict(view.rows()[-1])


def test_a_gain_that_is_told_from_zero_moves_the_policy(tmp_path: Path, config: RunConfig, painted: Painted) -> None:
    with opened(tmp_path / "run", config) as run:
        check_everything(run, painted)
        before = policy_of(run)
        answer_query(run, painted)
        said = list(run.fit())
        assert any(isinstance(event, PolicyUpdated) for event in said)
        assert moved(before, policy_of(run))
    row = last_row(tmp_path / "run")
    assert row["gain_verdict"] == Verdict.BETTER
    assert 0 < row["gain_low"] <= row["gain"] <= row["gain_high"]
    assert row["gain"] == pytest.approx(row["reward"])
    assert row["q_loss"] is not None


def test_a_gain_that_cannot_be_told_from_zero_does_not_move_the_policy(
    tmp_path: Path, config: RunConfig, painted: Painted, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path / "run", config) as run:
        check_everything(run, painted)
        answer_query(run, painted)
        drain(run.fit())
        before = policy_of(run)
        learns_nothing(run, monkeypatch)
        answer_query(run, painted)
        said = list(run.fit())
        assert not any(isinstance(event, PolicyUpdated) for event in said)
        after = policy_of(run)
        assert all(torch.equal(before[name], after[name]) for name in before)
    row = last_row(tmp_path / "run")
    assert row["gain_verdict"] not in (Verdict.BETTER, Verdict.WORSE)
    assert row["gain_low"] <= 0 <= row["gain_high"]
    assert row["reward"] == 0
    assert row.get("q_loss") is None


def test_without_enough_check_regions_the_policy_stays_as_it_was_shipped(
    tmp_path: Path, config: RunConfig, painted: Painted
) -> None:
    with opened(tmp_path / "run", config) as run:
        before = policy_of(run)
        for _ in range(2):
            answer_query(run, painted)
            drain(run.fit())
        assert not moved(before, policy_of(run))
    row = last_row(tmp_path / "run")
    assert (row["reward"], row["gain"], row["gain_low"]) == (None, None, None)
    assert row["gain_verdict"] == Verdict.NOT_MEASURABLE


def test_after_gains_that_taught_nothing_the_policy_goes_on_learning_from_the_next_that_does(
    tmp_path: Path, config: RunConfig, painted: Painted, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path / "run", config) as run:
        check_everything(run, painted)
        with monkeypatch.context() as patch:
            learns_nothing(run, patch)
            for _ in range(3):
                answer_query(run, painted)
                drain(run.fit())
        before = policy_of(run)
        answer_query(run, painted)
        drain(run.fit())
        after = policy_of(run)
        assert moved(before, after)
        gain = last_row(tmp_path / "run")["reward"]
        # The two transitions of one query: those of the gains that taught nothing were never stored.
        assert after["replay.rewards"].sum().item() == pytest.approx(2 * gain, abs=0.02)


def test_what_the_policy_has_learned_is_there_again_when_the_project_is_opened(
    tmp_path: Path, config: RunConfig, painted: Painted
) -> None:
    with opened(tmp_path / "run", config) as run:
        check_everything(run, painted)
        shipped = policy_of(run)
        answer_query(run, painted)
        drain(run.fit())
        learned = policy_of(run)
    with opened(tmp_path / "run") as run:
        again = policy_of(run)
        assert moved(shipped, again)
        assert learned.keys() == again.keys()
        assert all(torch.equal(learned[name], again[name]) for name in learned)
        answer_query(run, painted)
        drain(run.fit())
