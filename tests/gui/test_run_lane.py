"""The run lane: a person's run on a thread of its own, fed with answers and read by its messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from napari_ralis.threads.run_lane import RunLane
from napari_ralis.threads.run_messages import (
    Began,
    Ended,
    Failed,
    Heard,
    Job,
    Message,
    Opened,
    Refused,
    Served,
    Standing,
)
from src_model.data.annotation import Annotation
from src_model.exceptions import EngineFailure

PATIENCE = 180_000


class Listener:
    """A lane and all that it said."""

    def __init__(self, qtbot: QtBot) -> None:
        self.lane, self.qtbot = RunLane(), qtbot
        self.heard: list[Message] = []
        self.lane.said.connect(self.heard.append)

    def of(self, kind: type[Message]) -> list[Any]:
        return [message for message in self.heard if isinstance(message, kind)]

    def until(self, true: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(true, timeout=PATIENCE)

    def open(self, folder: Path, camvid: Path, **more: Any) -> None:
        data = {"path": str(camvid), "reader": "camvid", "region": [12, 16]}
        segmentation = {"segmenter": "fast", "fast_updates": 10}
        acquisition = {"name": "random", "regions_per_query": 2, "pool_size": 2, "budget": 12}
        self.lane.open(folder, {"data": data, "segmentation": segmentation, "acquisition": acquisition} | more)

    def label_all_that_is_asked(self) -> None:
        for place in self.of(Standing)[-1].queue:
            patch = np.full(place.region.shape, 3, dtype=np.uint8)
            self.lane.accept(Annotation.from_labels(place.region, patch))


@pytest.fixture
def listener(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    monkeypatch.setenv("RALIS_CACHE", str(tmp_path / "cache"))
    made = Listener(qtbot)
    yield made
    made.lane.close()


def test_it_proposes_and_learns_by_itself_and_answers_are_heard(
    listener: Listener, tiny_camvid: Path, tmp_path: Path
) -> None:
    listener.open(tmp_path / "project", tiny_camvid)
    listener.until(lambda: any(not place.blind for own in listener.of(Standing) for place in own.queue))
    listener.label_all_that_is_asked()
    listener.until(lambda: bool(listener.of(Served)))
    assert {region for own in listener.of(Heard) for region in own.regions}
    jobs = [own.job for own in listener.of(Began)]
    assert jobs[:2] == [Job.OPENING, Job.STARTING]
    assert {Job.PROPOSING, Job.LEARNING} <= set(jobs)


def test_an_answer_that_cannot_be_taken_is_refused_and_the_lane_lives_on(
    listener: Listener, tiny_camvid: Path, tmp_path: Path
) -> None:
    listener.open(tmp_path / "project", tiny_camvid)
    listener.until(lambda: bool(listener.of(Standing)) and bool(listener.of(Standing)[-1].queue))
    place = listener.of(Standing)[-1].queue[0]
    listener.lane.accept(Annotation.from_labels(place.region, np.full(place.region.shape, 77, dtype=np.uint8)))
    listener.until(lambda: bool(listener.of(Refused)))
    assert listener.of(Refused)[0].regions == (place.region,)
    assert listener.lane.is_open


def test_a_folder_that_is_not_there_is_a_failure_that_says_what_to_do(listener: Listener, tmp_path: Path) -> None:
    listener.open(tmp_path / "project", tmp_path / "nothing")
    listener.until(lambda: bool(listener.of(Failed)))
    assert listener.of(Failed)[0].job is Job.OPENING
    assert str(listener.of(Failed)[0].error).endswith(".")
    assert not (tmp_path / "project").exists()


def test_a_training_that_fails_with_a_machine_error_is_told_and_done_again_when_asked(
    listener: Listener, tiny_camvid: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from src_model.active_learning.engine import ActiveLearningEngine

    whole = ActiveLearningEngine.fit

    def broken(*_: object) -> Iterator[None]:
        raise RuntimeError("CUDA out of memory")
        yield

    listener.open(tmp_path / "project", tiny_camvid)
    listener.until(lambda: any(not place.blind for own in listener.of(Standing) for place in own.queue))
    monkeypatch.setattr(ActiveLearningEngine, "fit", broken)
    listener.label_all_that_is_asked()
    listener.until(lambda: bool(listener.of(Failed)) and listener.of(Standing)[-1].fit_is_due)
    (failed, *_) = listener.of(Failed)
    assert failed.job is Job.LEARNING
    assert isinstance(failed.error, EngineFailure)
    monkeypatch.setattr(ActiveLearningEngine, "fit", whole)
    listener.lane.retry()
    listener.until(lambda: bool(listener.of(Served)))


def test_a_cancelled_training_leaves_its_labels_to_the_next(
    listener: Listener, tiny_camvid: Path, tmp_path: Path
) -> None:
    listener.open(tmp_path / "project", tiny_camvid, segmentation={"segmenter": "fast", "fast_updates": 100_000})
    listener.until(lambda: any(not place.blind for own in listener.of(Standing) for place in own.queue))
    listener.label_all_that_is_asked()
    listener.until(lambda: Job.LEARNING in [own.job for own in listener.of(Began)])
    listener.lane.cancel()
    listener.until(lambda: any(own.job is Job.LEARNING and own.stopped for own in listener.of(Ended)))
    assert listener.of(Opened)
    assert not listener.of(Served)
    listener.until(lambda: listener.of(Standing)[-1].unseen > 0)
