"""The engine worker: one lane beside the main thread, on which one job at a time runs."""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import Any

from qtpy.QtCore import QObject, Signal, Slot

from src_model.exceptions import EngineFailure

Job = Callable[[], Any]
"""Slow work that has yet to be started; what it returns is its answer. If that is a generator, its steps are told of,
it is left as soon as nobody wants it any more, and what it returns is the answer."""

_PATIENCE = 10.0
"""Seconds to wait at the end for a job nobody wants any more; it can do no harm later either."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Who hears of a job, always in the main thread.

    Attributes
    ----------
    result:
        Called once with what the job returned.
    failure:
        Called once, instead of ``result``, with what it raised.
    progress:
        Called with each step of a generator.
    """

    result: Callable[[Any], None]
    failure: Callable[[Exception], None]
    progress: Callable[[Any], None] = lambda _step: None


class EngineWorker(QObject):
    """Runs jobs off the main thread; the newest job is the one that counts.

    A job that is started while another runs waits for the thread; the older job's answer is dropped, by its generation
    number, and a job that was overtaken before it began is left out. The thread is Python's own, for three reasons:
    superqt's generator worker swallows RuntimeError, which torch uses for its failures; every superqt worker exchanges
    the warning filters of the whole process while it runs, which two lanes at a time would leave exchanged; and a Qt
    thread pool that is destroyed with its window waits for a running job while it keeps that job from running.
    """

    _returned = Signal(int, object)
    _raised = Signal(int, object)
    _went_on = Signal(int, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ralis")
        self._running = Lock()
        self._generation = 0
        self._answers: Answers | None = None
        self._returned.connect(self._on_returned)
        self._raised.connect(self._on_raised)
        self._went_on.connect(self._on_went_on)

    @property
    def busy(self) -> bool:
        """Whether the newest job has yet to answer."""
        return self._answers is not None

    def start(self, job: Job, answers: Answers) -> None:
        """Run this job as soon as the thread is free, instead of whatever was asked for before."""
        self.abandon()
        self._answers = answers
        self._thread.submit(self._run, job, self._generation)

    def abandon(self) -> None:
        """Drop the answer of the running job, and what waits behind it."""
        self._generation += 1
        self._answers = None

    def close(self) -> None:
        """Abandon what runs, for good, and wait a while for it to end; twice is harmless."""
        self.abandon()
        self._thread.shutdown(wait=False, cancel_futures=True)
        if self._running.acquire(timeout=_PATIENCE):
            self._running.release()

    def _run(self, job: Job, generation: int) -> None:
        """What happens off the main thread."""
        with self._running:
            if generation != self._generation:
                return
            try:
                result = job()
                if isinstance(result, Generator):
                    result = self._follow(result, generation)
            except Exception as error:  # noqa: BLE001 - the worker boundary: whatever happens becomes an answer
                self._raised.emit(generation, known_failure(error))
            else:
                self._returned.emit(generation, result)

    def _follow(self, steps: Generator[Any, None, Any], generation: int) -> Any:
        while generation == self._generation:
            try:
                step = next(steps)
            except StopIteration as end:
                return end.value
            self._went_on.emit(generation, step)
        # What is half-made is put away here, and not when somebody collects garbage.
        steps.close()
        return None

    @Slot(int, object)
    def _on_went_on(self, generation: int, step: object) -> None:
        if generation == self._generation and self._answers is not None:
            self._answers.progress(step)

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


def known_failure(error: Exception) -> Exception:
    """The error as it is shown: what torch and Python raise when the machine fails becomes an `EngineFailure`."""
    if not isinstance(error, RuntimeError | MemoryError):
        return error
    failure = EngineFailure(
        f"The machine failed: {error}. Close other programs or choose smaller images, then try again."
    )
    failure.__cause__ = error
    return failure
