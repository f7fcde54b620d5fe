"""The engine worker: one lane beside the main thread, on which one job at a time runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import QObject, QRunnable, QThreadPool, Signal, Slot

from src_model.exceptions import EngineFailure

Job = Callable[[], Any]
"""Slow work that has yet to be started; what it returns is its answer."""

_LONGEST_JOB = 10_000
"""Milliseconds to wait for a job nobody wants any more."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Who hears of a job, always in the main thread.

    Attributes
    ----------
    result:
        Called once with what the job returned.
    failure:
        Called once, instead of ``result``, with what it raised.
    """

    result: Callable[[Any], None]
    failure: Callable[[Exception], None]


class EngineWorker(QObject):
    """Runs jobs off the main thread; the newest job is the one that counts.

    A job that is started while another runs waits for the thread; the older job's answer is dropped, by its generation
    number, and a job that was overtaken before it began is left out. Runnables are our own: superqt's generator worker
    swallows RuntimeError, which torch uses for its failures, and every superqt worker exchanges the warning filters of
    the whole process while it runs, which two lanes at a time would leave exchanged.
    """

    _returned = Signal(int, object)
    _raised = Signal(int, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._generation = 0
        self._abandoned = threading.Event()
        self._answers: Answers | None = None
        self._returned.connect(self._on_returned)
        self._raised.connect(self._on_raised)

    @property
    def busy(self) -> bool:
        """Whether the newest job has yet to answer."""
        return self._answers is not None

    def start(self, job: Job, answers: Answers) -> None:
        """Run this job as soon as the thread is free, instead of whatever was asked for before."""
        self.abandon()
        self._abandoned = threading.Event()
        self._answers = answers
        self._pool.start(_Run(job, self._abandoned, self._generation, self))

    def abandon(self) -> None:
        """Drop the answer of the running job, and what waits behind it."""
        self._abandoned.set()
        self._generation += 1
        self._answers = None

    def close(self) -> None:
        """Abandon what runs and wait for the thread to come free."""
        self.abandon()
        self._pool.waitForDone(_LONGEST_JOB)

    @Slot(int, object)
    def _on_returned(self, generation: int, result: object) -> None:
        if answers := self._due(generation):
            answers.result(result)

    @Slot(int, object)
    def _on_raised(self, generation: int, error: Exception) -> None:
        if answers := self._due(generation):
            answers.failure(error)

    def _due(self, generation: int) -> Answers | None:
        if generation != self._generation:
            return None
        answers, self._answers = self._answers, None
        return answers


class _Run(QRunnable):
    def __init__(self, job: Job, abandoned: threading.Event, generation: int, worker: EngineWorker) -> None:
        super().__init__()
        self._job, self._abandoned, self._generation, self._worker = job, abandoned, generation, worker

    def run(self) -> None:
        if self._abandoned.is_set():
            return
        try:
            result = self._done()
        except Exception as error:  # noqa: BLE001 - the worker boundary: whatever happens becomes an answer
            self._worker._raised.emit(self._generation, error)
        else:
            self._worker._returned.emit(self._generation, result)

    def _done(self) -> object:
        try:
            return self._job()
        except (RuntimeError, MemoryError) as exc:
            raise EngineFailure(
                f"The machine failed: {exc}. Close other programs or choose smaller images, then try again."
            ) from exc
