"""The worker: jobs run elsewhere, answers arrive in the main thread, and no failure is swallowed."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from dataclasses import replace
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from napari_ralis.threads.engine_worker import Answers, EngineWorker
from src_model.exceptions import DataError, EngineFailure

PATIENCE = 30_000
"""Milliseconds; nothing here takes more than a few."""


class Heard:
    """Keeps what a job answers, and in which thread."""

    def __init__(self) -> None:
        self.results: list[Any] = []
        self.failures: list[Exception] = []
        self.threads: list[threading.Thread] = []

    @property
    def answers(self) -> Answers:
        return Answers(result=self._on_result, failure=self._on_failure)

    def _on_result(self, result: Any) -> None:
        self.results.append(result)
        self.threads.append(threading.current_thread())

    def _on_failure(self, error: Exception) -> None:
        self.failures.append(error)
        self.threads.append(threading.current_thread())


@pytest.fixture
def worker(qapp: object) -> Iterator[EngineWorker]:
    worker = EngineWorker()
    yield worker
    worker.close()


def failing(error: BaseException) -> Any:
    def job() -> None:
        raise error

    return job


def test_a_job_runs_in_another_thread_and_answers_in_the_main_one(worker: EngineWorker, qtbot: QtBot) -> None:
    heard = Heard()
    worker.start(threading.current_thread, heard.answers)
    assert worker.busy
    qtbot.waitUntil(lambda: not worker.busy, timeout=PATIENCE)
    assert heard.results != [threading.main_thread()]
    assert heard.threads == [threading.main_thread()]


@pytest.mark.parametrize("error", [RuntimeError("CUDA out of memory"), MemoryError("no more")])
def test_a_failure_of_the_machine_is_heard_as_an_engine_failure(
    worker: EngineWorker, qtbot: QtBot, error: Exception
) -> None:
    heard = Heard()
    worker.start(failing(error), heard.answers)
    qtbot.waitUntil(lambda: not worker.busy, timeout=PATIENCE)
    (failure,) = heard.failures
    assert isinstance(failure, EngineFailure)
    assert failure.__cause__ is error
    assert str(error) in str(failure)


@pytest.mark.parametrize("error", [DataError("mask.png is cut off. Copy it again."), KeyError("our bug")])
def test_other_errors_arrive_as_they_are(worker: EngineWorker, qtbot: QtBot, error: Exception) -> None:
    heard = Heard()
    worker.start(failing(error), heard.answers)
    qtbot.waitUntil(lambda: not worker.busy, timeout=PATIENCE)
    assert heard.failures == [error]
    assert heard.results == []


def test_only_the_newest_job_answers_and_those_overtaken_in_the_queue_never_run(
    worker: EngineWorker, qtbot: QtBot
) -> None:
    heard, begun, go_on, ran = Heard(), threading.Event(), threading.Event(), []

    def slow() -> str:
        begun.set()
        go_on.wait(5)
        return "oldest"

    worker.start(slow, heard.answers)
    assert begun.wait(5)
    worker.start(lambda: ran.append("overtaken"), heard.answers)
    worker.start(lambda: "newest", heard.answers)
    go_on.set()
    qtbot.waitUntil(lambda: not worker.busy, timeout=PATIENCE)
    qtbot.wait(20)
    assert heard.results == ["newest"]
    assert ran == []


def test_close_waits_for_what_runs_drops_its_answer_and_starts_nothing_more(worker: EngineWorker, qtbot: QtBot) -> None:
    heard, begun, done, ran = Heard(), threading.Event(), threading.Event(), []

    def slow() -> None:
        begun.set()
        done.wait(0.05)
        done.set()

    worker.start(slow, heard.answers)
    assert begun.wait(5)
    worker.start(lambda: ran.append("queued"), heard.answers)
    worker.close()
    worker.close()
    assert done.is_set()
    qtbot.wait(20)
    assert heard.results == heard.failures == ran == []


def test_the_steps_of_a_generator_are_told_of_in_the_main_thread_before_its_answer(
    worker: EngineWorker, qtbot: QtBot
) -> None:
    heard = Heard()
    steps: list[Any] = []

    def job() -> Generator[int, None, str]:
        yield from (1, 2)
        return "done"

    def on_step(step: int) -> None:
        steps.append((step, threading.current_thread(), list(heard.results)))

    worker.start(job, replace(heard.answers, progress=on_step))
    qtbot.waitUntil(lambda: not worker.busy, timeout=PATIENCE)
    assert steps == [(1, threading.main_thread(), []), (2, threading.main_thread(), [])]
    assert heard.results == ["done"]


def test_a_generator_that_nobody_wants_any_more_is_left_and_puts_its_things_away(
    worker: EngineWorker, qtbot: QtBot
) -> None:
    put_away = threading.Event()

    def job() -> Generator[int, None, None]:
        try:
            while True:
                yield 0
        finally:
            put_away.set()

    heard = Heard()
    steps: list[int] = []
    worker.start(job, replace(heard.answers, progress=steps.append))
    qtbot.waitUntil(lambda: bool(steps), timeout=PATIENCE)
    worker.abandon()
    assert put_away.wait(5)
    before = len(steps)
    qtbot.wait(20)
    assert len(steps) == before
    assert heard.results == []


def test_what_a_generator_raises_is_heard(worker: EngineWorker, qtbot: QtBot) -> None:
    def job() -> Generator[int, None, None]:
        yield 1
        raise DataError("No such folder. Choose another.")

    heard = Heard()
    worker.start(job, heard.answers)
    qtbot.waitUntil(lambda: not worker.busy, timeout=PATIENCE)
    assert isinstance(heard.failures[0], DataError)
