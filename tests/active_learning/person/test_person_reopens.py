"""What a person finds again after reopening: the drafts of the model they saw last, and their K."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from person_kit import Painted, Settings, answer_query, opened, proposals

from src_model.active_learning.check_events import ServingDecided
from src_model.active_learning.person_run import PersonRun
from src_model.config import RunConfig
from src_model.data.region import Region
from src_model.events import FitReport, Notice, drain
from src_model.project.project import Project
from src_model.segmentation.segmenter import FitTask

Spoil = Callable[[PersonRun], None]


def serving(run: PersonRun) -> ServingDecided:
    return next(event for event in run.fit() if isinstance(event, ServingDecided))


def spoil(run: PersonRun) -> None:
    """From now on fits go wrong: afterwards every class is the same to the network."""
    learn = run._assembly.segmenter
    fit = learn.fit

    def spoilt(task: FitTask, *rest: object) -> Iterator[object]:
        report: FitReport = yield from fit(task, *rest)  # type: ignore[arg-type]  # Handed on.
        learn.reset()
        return report

    learn.fit = spoilt  # type: ignore[method-assign, assignment]  # A fit that goes wrong.


def learn_well(run: PersonRun, painted: Painted, fits: int = 3) -> int:
    """With every check region labelled; the step of the last fit, which is served."""
    run.accept([painted(region) for region in run.check_candidates])
    for _ in range(fits):
        answer_query(run, painted)
        decided = serving(run)
        assert decided.served
    return decided.step


def checkpoints(folder: Path) -> int:
    return len(list(folder.glob("checkpoint-*.safetensors")))


def said_at_the_start(run: PersonRun) -> list[str]:
    return [event.text for event in run.start() if isinstance(event, Notice)]


@pytest.fixture
def held_back(tmp_path: Path, settings: Settings, painted: Painted) -> tuple[Path, Region, np.ndarray, str, int]:
    """A project closed while the newest weights were held back: a region, its draft, what was told, the step served."""
    folder = tmp_path / "run"
    with opened(folder, settings()) as run:
        good = learn_well(run, painted)
        spoil(run)
        answer_query(run, painted)
        decided = serving(run)
        assert not decided.served
        region = proposals(run)[0]
        draft = run.served.region(region)
        assert draft.step == good
        return folder, region, draft.certainty, decided.text, good


def test_weights_that_were_held_back_are_still_held_back_after_reopening(
    held_back: tuple[Path, Region, np.ndarray, str, int], painted: Painted
) -> None:
    folder, region, certainty, text, good = held_back
    assert checkpoints(folder) == 2
    with PersonRun.open(folder) as run:
        assert text in said_at_the_start(run)
        assert run.serving == text
        draft = run.served.region(region)
        assert draft.step == good
        np.testing.assert_array_equal(draft.certainty, certainty)
        # The next training goes on from the newest weights, and is compared with those that are served.
        spoil(run)
        answer_query(run, painted)
        decided = serving(run)
        assert not decided.served
        assert f"step {good}" in decided.text
    with opened(folder) as run:
        assert run.served.region(region).step == good
        answer_query(run, painted)
        run._assembly.segmenter.load_state_dict(run._in_service._weights)
        decided = serving(run)
        assert decided.served
    assert checkpoints(folder) == 1
    with opened(folder) as run:
        assert run.served.region(region).step == decided.step
        assert run.serving == decided.text


@pytest.mark.parametrize("older", [False, True])
def test_where_the_served_weights_are_gone_the_newest_are_served_and_it_is_said(
    held_back: tuple[Path, Region, np.ndarray, str, int], older: bool
) -> None:
    """Somebody has tidied up, or the project was labelled before the log told which file holds them."""
    folder, region, _, _, good = held_back
    if older:
        with sqlite3.connect(folder / "log.sqlite") as log:
            for seq, body in log.execute("SELECT seq, body FROM events WHERE kind = 'served'").fetchall():
                plain = {key: value for key, value in json.loads(body).items() if key in ("served", "text")}
                log.execute("UPDATE events SET body = ? WHERE seq = ?", (json.dumps(plain), seq))
        log.close()
    else:
        min(folder.glob("checkpoint-*.safetensors"), key=lambda path: int(path.stem.split("-")[1])).unlink()
    with PersonRun.open(folder) as run:
        (said,) = [text for text in said_at_the_start(run) if "Drafts" in text]
        assert f"that of step {good} was better" in said
        assert run.serving == said
        assert run.served.region(region).step == good + 1


def test_start_weights_that_the_first_training_made_worse_are_served_again(
    tmp_path: Path, settings: Settings, painted: Painted, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    with opened(folder, settings()) as run:
        run.accept([painted(region) for region in run.check_candidates])
        answer_query(run, painted)
        run._project.record_serving(1, 1, False, "Drafts stay with the model of step 0.")
        monkeypatch.setattr(run._project, "record_serving", lambda *_: None)
        drain(run.fit())
        region = proposals(run)[0]
    with opened(folder) as run:
        draft = run.served.region(region)
        assert draft.step == 0
        assert np.ptp(draft.certainty) == 0, "start weights of this head know nothing"
        assert run._engine.fitted_step == 1


def test_a_kill_between_checkpoint_and_verdict_leaves_the_drafts_as_they_were(
    tmp_path: Path, settings: Settings, painted: Painted, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    with opened(folder, settings()) as run:
        good = learn_well(run, painted)
        answer_query(run, painted)
        with monkeypatch.context() as patch:
            patch.setattr(Project, "record_serving", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                drain(run.fit())
        region = proposals(run)[0]
    with PersonRun.open(folder) as run:
        assert any("the program ended before" in text for text in said_at_the_start(run))
        assert run.served.region(region).step == good
        answer_query(run, painted)
        assert serving(run).step == good + 2
        assert run.serving.startswith("Drafts ")


def test_the_k_that_a_fast_person_has_reached_is_there_after_reopening(
    tmp_path: Path, settings: Callable[..., RunConfig], painted: Painted
) -> None:
    folder = tmp_path / "run"
    with opened(folder, settings()) as run:
        answer_query(run, painted)
        fit = run.fit()
        next(fit)
        run.accept([painted(asked.region) for asked in run.queue(99)[:3]])
        drain(fit)
        assert run.regions_per_query == 3
    with opened(folder) as run:
        assert run.regions_per_query == 3
        drain(run.propose())
        assert len(run.queries[-1].regions) == 3
        # One who keeps up again is asked fewer, and that is kept as well.
        run.accept([painted(asked.region) for asked in run.queue(99)])
        drain(run.fit())
        assert run.regions_per_query == 2
    with opened(folder) as run:
        assert run.regions_per_query == 2
