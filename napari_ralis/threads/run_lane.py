"""The run lane: the heavy one. It owns a person's run; answers go in, messages come out, and nothing else."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Thread, current_thread
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal, Slot

from napari_ralis.sitting import Place
from napari_ralis.threads.engine_worker import known_failure
from napari_ralis.threads.manners import HEAVY, give_way
from napari_ralis.threads.run_messages import (
    Began,
    Ended,
    Failed,
    Happened,
    Heard,
    Job,
    Knows,
    Machine,
    Measured,
    Message,
    Opened,
    Refused,
    Served,
    ShowcaseReady,
    Standing,
)
from napari_ralis.threads.torch_beside_opengl import import_engine
from src_model.data.annotation import Annotation
from src_model.data.region import Region
from src_model.events import Event, Progress, QueryReady, ShouldStop
from src_model.labelling.examples import Examples
from src_model.labelling.skipping import SkipReason

if TYPE_CHECKING:
    from src_model.active_learning.person_run import PersonRun

_PATIENCE = 60.0
"""Seconds to wait at the end: a piece of work is over within one, the writing of a checkpoint may take a few."""
_LOOK_AHEAD = 3
"""Queries' worth of regions that the main thread is told of."""

Settings = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Command:
    regions: tuple[Region, ...]
    do: Callable[[PersonRun], None]


class RunLane(QObject):
    """One thread for one project. It proposes when few regions wait and learns when a query is answered, by itself.

    Answers are taken between the pieces of whatever goes on, so that they are on the disk within a piece. The thread is
    Python's own for the reasons given in `EngineWorker`. Signals of this object are emitted in the main thread.
    """

    said = Signal(object)
    """A `Message`."""
    _spoken = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._changed = Condition()
        self._commands: deque[_Command] = deque()
        self._thread: Thread | None = None
        self._closing = self._paused = self._cancelled = self._held = self._stirred = False
        self._showcase_said = False
        self._spoken.connect(self._on_spoken)

    # --- the main thread's side -------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether a project is being opened or worked on."""
        return self._thread is not None and self._thread.is_alive()

    def open(self, folder: Path, settings: Settings | None, person: str = "") -> None:
        """Open the project in this folder, or make it with these settings; `Opened` or `Failed` follows.

        Parameters
        ----------
        settings:
            Nested, laid over those of `person_settings`; None: a project that is there, as it was made.
        person:
            Who answers; empty: nobody knows.
        """
        self.close()
        self._closing = self._paused = self._cancelled = self._held = self._showcase_said = False
        self._thread = Thread(target=self._live, args=(folder, settings, person), name="ralis-run", daemon=True)
        self._thread.start()

    def accept(self, annotation: Annotation) -> None:
        """A person's labels."""
        self._command((annotation.region,), lambda run: run.accept([annotation]))

    def skip(self, region: Region, reason: SkipReason) -> None:
        """A region is passed over."""
        self._command((region,), lambda run: run.skip(region, reason))

    def take_back(self, region: Region) -> None:
        """What was said to a region is undone."""
        self._command((), lambda run: run.take_back([region]))

    def look(self) -> None:
        """Somebody looks at the images: embed them; `ShowcaseReady` follows."""
        self._command((), lambda run: run.first_look.want())

    def show(self, examples: Examples) -> None:
        """What a person has shown to be what, all of it."""
        self._command((), lambda run: run.show(examples))

    def pause(self, wanted: bool) -> None:
        """Let the machine rest; answers are taken all the same."""
        with self._changed:
            self._paused = wanted
            self._stir()

    def cancel(self) -> None:
        """Stop what goes on; it is taken up again when the next answer comes in."""
        with self._changed:
            self._cancelled, self._paused = True, False
            self._stir()

    def retry(self) -> None:
        """Do again what failed."""
        with self._changed:
            self._held = False
            self._stir()

    def close(self) -> None:
        """Take the answers that are on their way, stop, close the project and wait for that; twice is harmless."""
        thread, self._thread = self._thread, None
        with self._changed:
            self._closing = True
            self._stir()
        if thread is not None:
            thread.join(_PATIENCE)

    def _stir(self) -> None:
        self._stirred = True
        self._changed.notify_all()

    def _command(self, regions: tuple[Region, ...], do: Callable[[PersonRun], None]) -> None:
        with self._changed:
            self._commands.append(_Command(regions, do))
            self._stir()

    @Slot(object)
    def _on_spoken(self, spoken: tuple[Thread, Message]) -> None:
        speaker, message = spoken
        # What a closed project still says is of no interest, least of all to one that was opened after it.
        if speaker is self._thread:
            self.said.emit(message)

    # --- the thread's side ------------------------------------------------------------------------------------

    def _live(self, folder: Path, settings: Settings | None, person: str) -> None:
        self._say(Began(Job.OPENING))
        try:
            import_engine()
            # Not before: for the import somebody waits. Threads that torch makes from here on are as nice.
            give_way(HEAVY)
            from src_model.active_learning.person_run import PersonRun
            from src_model.labelling.person_settings import person_settings

            config = None if settings is None else person_settings(settings)
            with PersonRun.open(folder, config, person) as run:
                self._serve(run, folder)
        except Exception as error:  # noqa: BLE001 - the worker boundary: whatever happens becomes a message
            self._say(Failed(Job.OPENING, known_failure(error)))

    def _serve(self, run: PersonRun, folder: Path) -> None:
        while not self._work(run, Job.STARTING):
            if not self._wait_while_held():
                return
        served, dataset = run.served, run.dataset
        past = run.history.measured, run.history.losses
        first = run.first_look.pool, run.first_look.examples
        self._say(
            Opened(
                folder,
                run.config,
                dataset,
                served,
                run.blind,
                run.annotations,
                *first,
                *past,
                run.answers,
                run.proposed,
                run.person,
            )
        )
        if run.serving:
            self._say(Knows(run.serving))
        self._say(Machine(*run.machine))
        self._say_standing(run)
        while not self._closing:
            self._take_commands(run)
            job = self._due(run)
            if job is None:
                self._wait()
            else:
                self._work(run, job)
        self._take_commands(run)

    def _due(self, run: PersonRun) -> Job | None:
        if self._held or self._closing:
            return None
        status = run.status
        if status.should_embed and not run.first_look.examples.finished:
            return Job.EMBEDDING
        if status.should_propose:
            return Job.PROPOSING
        if status.fit_is_due:
            return Job.LEARNING
        return Job.EMBEDDING if status.should_embed else None

    def _work(self, run: PersonRun, job: Job) -> bool:
        """Do a job piece by piece; False if it failed or was stopped."""
        # A project that was cancelled while it was opened is not to be started.
        self._cancelled = self._cancelled and job is Job.STARTING
        self._say(Began(job))
        verbs: dict[Job, Callable[[ShouldStop], Progress[object]]] = {
            Job.STARTING: run.start,
            Job.PROPOSING: run.propose,
            Job.LEARNING: run.fit,
            Job.EMBEDDING: run.embed,
        }
        try:
            for event in verbs[job](self._should_stop):
                self._say_event(event)
                if isinstance(event, QueryReady):
                    # More queries may follow; nobody waits for those.
                    self._say_standing(run)
                if job is not Job.STARTING:
                    self._between(run)
        except Exception as error:  # noqa: BLE001 - the worker boundary: whatever happens becomes a message
            # Labelling goes on without a look at this image.
            self._held = job is not Job.EMBEDDING
            self._say(Failed(job, known_failure(error)))
            return False
        stopped = self._should_stop()
        # What was cancelled waits for the next answer; where nothing is left to answer none would ever come.
        self._held = self._cancelled and (job is Job.STARTING or bool(run.queue(1)))
        self._say(Ended(job, stopped))
        if job is Job.EMBEDDING and run.first_look.showcase_is_ready and not self._showcase_said:
            self._showcase_said = True
            self._say(ShowcaseReady(run.first_look.showcase()))
        if job is not Job.STARTING:
            self._say_standing(run)
            self._say(Machine(*run.machine))
        return not stopped

    def _between(self, run: PersonRun) -> None:
        self._take_commands(run)
        while self._paused and not self._should_stop():
            self._wait()
            self._take_commands(run)

    def _take_commands(self, run: PersonRun) -> None:
        taken = False
        while self._commands:
            command = self._commands.popleft()
            taken = True
            try:
                command.do(run)
            except Exception as error:  # noqa: BLE001 - the worker boundary: whatever happens becomes a message
                self._say(Refused(command.regions, known_failure(error)))
            else:
                self._held = False
                self._say(Heard(command.regions))
        if taken:
            self._say_standing(run)

    def _wait(self) -> None:
        """Until something is asked of the lane."""
        with self._changed:
            while not self._stirred:
                self._changed.wait()
            self._stirred = False

    def _wait_while_held(self) -> bool:
        """False: the lane is being closed."""
        with self._changed:
            while self._held and not self._closing:
                self._changed.wait()
        self._cancelled = False
        return not self._closing

    def _should_stop(self) -> bool:
        return self._cancelled or self._closing

    def _say_event(self, event: Event) -> None:
        from src_model.active_learning.check_events import CheckRegionsRead, KnowledgeTold, ServingDecided

        if isinstance(event, CheckRegionsRead):
            self._say(Measured(event.step, event.measurement, event.change, event.text))
        elif isinstance(event, ServingDecided):
            self._say(Served(event.step, event.served, event.text, event.regions))
        elif isinstance(event, KnowledgeTold):
            self._say(Knows(event.text))
        else:
            self._say(Happened(event))

    def _say_standing(self, run: PersonRun) -> None:
        status = run.status
        asked = run.queue(_LOOK_AHEAD * run.regions_per_query)
        queue = tuple(Place(own.region, own.blind) for own in asked)
        counts = status.check_regions, status.unseen, status.fit_is_due
        self._say(Standing(queue, *counts, run.queries, run.regions_per_query))

    def _say(self, message: Message) -> None:
        self._spoken.emit((current_thread(), message))
