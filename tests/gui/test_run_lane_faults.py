"""Faults on the run lane: each ends in a message that says what to do, and the lane goes on when it is told to."""

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
from src_model.active_learning.person_run import PersonRun
from src_model.data.annotation import Annotation
from src_model.exceptions import EngineFailure, ProjectError

PATIENCE = 300_000
VERBS = {Job.STARTING: "start", Job.PROPOSING: "propose", Job.LEARNING: "fit"}

pytestmark = pytest.mark.timeout(600)


class Listener:
    """A lane with a project of six images, and all that it said."""

    def __init__(self, qtbot: QtBot, folder: Path, camvid: Path) -> None:
        self.lane, self.qtbot, self.folder = RunLane(), qtbot, folder
        self.heard: list[Message] = []
        self.lane.said.connect(self.heard.append)
        self._settings = {
            "data": {"path": str(camvid), "reader": "camvid", "region": [12, 16]},
            "segmentation": {"segmenter": "fast", "fast_updates": 10},
            "acquisition": {"name": "entropy", "regions_per_query": 2, "pool_size": 2, "budget": 12},
        }

    def open(self, **more: Any) -> None:
        self.lane.open(self.folder, self._settings | more)

    def of(self, kind: type[Message]) -> list[Any]:
        return [message for message in self.heard if isinstance(message, kind)]

    def until(self, true: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(true, timeout=PATIENCE)

    def until_asked(self) -> None:
        """Regions wait, and no further query is on its way."""
        self.until(lambda: any(not place.blind for own in self.of(Standing)[-1:] for place in own.queue))
        self.until_rest()

    def until_rest(self) -> None:
        self.until(lambda: len(self.of(Began)) - 1 == len(self.of(Ended)) + len(self.of(Failed)))

    def label_all_that_is_asked(self) -> list[Any]:
        regions = [place.region for place in self.of(Standing)[-1].queue]
        for region in regions:
            self.lane.accept(Annotation.from_labels(region, np.full(region.shape, 3, dtype=np.uint8)))
        return regions


@pytest.fixture
def listener(qtbot: QtBot, tmp_path: Path, tiny_camvid: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    monkeypatch.setenv("RALIS_CACHE", str(tmp_path / "cache"))
    made = Listener(qtbot, tmp_path / "project", tiny_camvid)
    yield made
    made.lane.close()


@pytest.mark.parametrize("job", list(VERBS))
def test_a_runtime_error_in_any_job_is_told_and_the_job_done_again_when_asked(
    listener: Listener, monkeypatch: pytest.MonkeyPatch, job: Job
) -> None:
    """Generator workers of Qt packages swallow this very type, and torch raises it for its own failures."""

    def broken(*_: object) -> Iterator[None]:
        raise RuntimeError("CUDA out of memory")
        yield

    with monkeypatch.context() as patch:
        if job is not Job.LEARNING:
            patch.setattr(PersonRun, VERBS[job], broken)
        listener.open()
        if job is Job.LEARNING:
            listener.until_asked()
            patch.setattr(PersonRun, VERBS[job], broken)
            listener.label_all_that_is_asked()
        listener.until(lambda: bool(listener.of(Failed)))
    failed = listener.of(Failed)[0]
    assert failed.job is job
    assert isinstance(failed.error, EngineFailure)
    assert str(failed.error).endswith(".")
    listener.lane.retry()
    listener.until_asked()
    listener.label_all_that_is_asked()
    listener.until(lambda: bool(listener.of(Served)))


@pytest.mark.parametrize("job", list(VERBS))
def test_what_is_cancelled_stops_and_is_taken_up_again(
    listener: Listener, monkeypatch: pytest.MonkeyPatch, job: Job
) -> None:
    whole = getattr(PersonRun, VERBS[job])

    def cancelled(run: PersonRun, should_stop: Callable[[], bool]) -> Iterator[Any]:
        listener.lane.cancel()
        return (yield from whole(run, should_stop))

    with monkeypatch.context() as patch:
        patch.setattr(PersonRun, VERBS[job], cancelled)
        listener.open()
        if job is Job.LEARNING:
            listener.until_asked()
            listener.label_all_that_is_asked()
        listener.until(lambda: any(own.job is job and own.stopped for own in listener.of(Ended)))
    assert not listener.of(Failed)
    if job is Job.STARTING:
        assert not listener.of(Opened)
        listener.lane.retry()
    # A check region waits whatever was cancelled, and its answer is what sets the lane going again.
    listener.until(lambda: bool(listener.of(Standing)) and bool(listener.of(Standing)[-1].queue))
    listener.label_all_that_is_asked()
    listener.until_asked()
    listener.label_all_that_is_asked()
    listener.until(lambda: bool(listener.of(Served)))


def test_answers_are_refused_while_the_folder_is_gone_and_heard_when_it_is_back(
    listener: Listener, tmp_path: Path
) -> None:
    listener.open()
    listener.until_asked()
    listener.folder.rename(tmp_path / "elsewhere")
    regions = listener.label_all_that_is_asked()
    listener.until(lambda: len(listener.of(Refused)) == len(regions))
    assert isinstance(listener.of(Refused)[0].error, ProjectError)
    assert "Put it back" in str(listener.of(Refused)[0].error)
    assert listener.lane.is_open
    (tmp_path / "elsewhere").rename(listener.folder)
    assert listener.label_all_that_is_asked() == regions
    listener.until(lambda: {own for message in listener.of(Heard) for own in message.regions} >= set(regions))
    listener.lane.close()
    listener.heard.clear()
    listener.lane.open(listener.folder, None)
    listener.until(lambda: bool(listener.of(Opened)))
    assert {own.region for own in listener.of(Opened)[0].annotations} == set(regions)
