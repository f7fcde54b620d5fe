"""The project folder: everything a run needs to go on, kept so that a kill at any moment loses nothing recorded.

Content: ``project.json`` (layout and version), ``settings.toml``, ``log.sqlite`` (the event log, the only truth),
``checkpoint-<number>.safetensors``, ``lock`` with ``lock.json``, and the caches ``metrics.csv``, ``confusion.csv``,
``queried_regions.csv`` and, if there were final trainings, ``final_metrics.csv`` and ``final_confusion.csv``.

Why a kill is safe: a checkpoint gets a name of its own and is whole and synced before it has it (1); the transaction
that holds the step's row also says which checkpoint counts (2); older checkpoints are deleted only then (3), but for
the one whose weights a person is served. A kill before 2 leaves a file that no record names and that the next writer
removes; a kill between 2 and 3 leaves an old one, likewise removed. So the log always names one whole checkpoint, and
`Project.resume` takes back what was recorded after it, because the engine that starts from it will record the same
again. Annotations by a person stay.
``project.json`` is written last when a project is made, so a half-made one is not taken for a project.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from src_model.config import RunConfig
from src_model.data.annotation import Annotation, Source
from src_model.data.answers import Answer
from src_model.events import Query
from src_model.exceptions import ProjectError
from src_model.project.checkpoints import checkpoint_entry, new_checkpoint_path, remove_leftovers, serving_entry
from src_model.project.event_log import Entry, EventLog, Kind
from src_model.project.folder import (
    ABOUT,
    CONFUSION,
    FINAL_CONFUSION,
    FINAL_METRICS,
    LOG,
    METRICS,
    QUERIED_REGIONS,
    SETTINGS,
    cannot_write,
    read_about,
    refuse_what_is_there,
    write_about,
)
from src_model.project.lock import ProjectLock
from src_model.project.records import Cell, annotation_entry, answer_entry, draw_entry, query_entry, row_entry
from src_model.project.settings_file import read_settings, refuse_other_settings, write_settings
from src_model.project.tables import write_confusions, write_metrics, write_queried_regions
from src_model.project.view import ProjectView

_TABLE_SHARE = 0.05

logger = logging.getLogger(__name__)


class Project(ProjectView):
    """A project folder with the right to write in it; use it in a ``with`` block.

    One owner at a time: it may move between threads, but not be shared by them. ``person``: whose answers are recorded.
    """

    def __init__(self, folder: Path, settings: RunConfig, log: EventLog, lock: ProjectLock) -> None:
        super().__init__(folder, settings, log)
        self._lock, self.person = lock, ""
        self._tables_stale = False
        self._tables_due = 0.0
        self._identity = _identity(folder / LOG)

    @classmethod
    def create(cls, folder: Path, settings: RunConfig) -> Project:
        """Make a new project in a folder that is missing, empty or was left half-made.

        Raises
        ------
        ProjectError
            If the folder holds a project or other files, is locked, or cannot be written.
        """
        refuse_what_is_there(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise ProjectError(f"Cannot make the folder {folder}: {exc}. Choose another one.") from exc
        with _locked(folder) as (stack, lock):
            refuse_what_is_there(folder)
            log = EventLog.create(folder / LOG)
            stack.callback(log.close)
            if log.last:
                raise ProjectError(
                    f"{folder} has an event log with records but no {ABOUT}. Take that file from a backup, or choose "
                    "another folder."
                )
            _write_settings(folder, settings)
            write_about(folder)
            stack.pop_all()
            return cls(folder, settings, log, lock)

    @classmethod
    def open(cls, folder: Path) -> Project:
        """Open a project with the settings that lie in it; `resume` before anything is recorded.

        Raises
        ------
        ProjectError
            If this is no project, or it is damaged, locked or was made by a newer version.
        """
        return cls._open(folder, None)

    @classmethod
    def create_or_resume(cls, folder: Path, settings: RunConfig) -> Project:
        """Make a new project, or open the one that was made with the same settings.

        Settings named in ``settings_file.MAY_CHANGE`` (where data lie, device, threads, …) may differ; the new ones
        are kept.

        Raises
        ------
        ProjectError
            If other settings differ (they are named), and as for `create` and `open`.
        """
        if (folder / ABOUT).is_file():
            return cls._open(folder, settings)
        return cls.create(folder, settings)

    @classmethod
    def _open(cls, folder: Path, settings: RunConfig | None) -> Project:
        read_about(folder)
        with _locked(folder) as (stack, lock):
            kept = read_settings(folder / SETTINGS)
            if settings is not None:
                refuse_other_settings(folder / SETTINGS, kept, settings)
            log = EventLog.open(folder / LOG)
            stack.callback(log.close)
            if settings is not None and settings != kept:
                _write_settings(folder, settings)
            project = cls(folder, settings or kept, log, lock)
            remove_leftovers(folder, log)
            stack.pop_all()
            return project

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except ProjectError as exc:
            # What stopped the run matters more than a cache.
            if error is None:
                raise
            logger.warning("%s", exc)

    def close(self) -> None:
        """Bring the tables up to date, let go of the folder and give the lock back; twice is harmless.

        Raises
        ------
        ProjectError
            If a table cannot be written; the log is safe and closed all the same.
        """
        try:
            if self._tables_stale:
                self._tables_stale = False
                self.write_tables()
        finally:
            self._log.close()
            self._lock.release()

    def resume(self) -> Path | None:
        """Take the log back to the checkpoint that counts and return that; None: begin at the beginning.

        Everything recorded before the checkpoint was committed is taken as known to it, everything after as not
        yet done, except annotations by a person and the queries that they answer, which stay in `annotations` and
        `queries`. On a project that is new or ended with a checkpoint, nothing is taken back.

        Raises
        ------
        ProjectError
            If the checkpoint is missing; nothing has been taken back.
        """
        path = self.checkpoint
        newest = self._log.newest(Kind.CHECKPOINT)
        removed = self._log.rewind(0 if newest is None else newest.seq)
        if removed:
            logger.info("%s: %d records after the last checkpoint are taken back and made again", self.folder, removed)
        self._tables_stale = True
        return path

    def record_query(self, episode: int, query: Query, asked: Source = Source.ORACLE) -> None:
        """Record what is asked of whom, on the disk on return; a second one for the same step replaces the first.

        Raises
        ------
        ProjectError
            If the disk is full or refuses; nothing has been recorded.
        ValueError
            If a score is NaN or infinite.
        """
        self._append([query_entry(episode, query, asked)])

    def record_annotations(self, episode: int, step: int, annotations: Sequence[Annotation]) -> None:
        """Record answers, all or none, on the disk on return.

        Raises
        ------
        ProjectError
            If the disk is full or refuses; nothing has been recorded.
        """
        self._append([annotation_entry(episode, step, annotation) for annotation in annotations])

    def record_answers(self, episode: int, answers: Sequence[tuple[int, Answer]]) -> None:
        """Record what was said, each with its step, all or none, on the disk on return.

        Raises
        ------
        ProjectError
            If the disk is full or refuses; nothing has been recorded.
        """
        self._append([answer_entry(episode, step, answer, self.person) for step, answer in answers])

    def record_check_draw(self, episode: int, arrays: Mapping[str, npt.NDArray[np.generic]], note: str) -> None:
        """Record in which order check regions are asked from now on; earlier draws stay.

        Raises
        ------
        ProjectError
            If the disk is full or refuses; nothing has been recorded.
        """
        self._append([draw_entry(episode, arrays, note)])

    def record_serving(self, episode: int, step: int, served: bool, text: str) -> None:
        """Record whether the weights of a step make the drafts from now on, and why; see `last_served`.

        Raises
        ------
        ProjectError
            If the disk is full or refuses; nothing has been recorded.
        """
        self._append([serving_entry(self._log, episode, step, served, text)])

    def record_pace(self, episode: int, step: int, regions_per_query: int) -> None:
        """Record that so many regions are asked at a time from now on, because of how fast a person labels.

        Raises
        ------
        ProjectError
            If the disk is full or refuses; nothing has been recorded.
        """
        self._append([Entry(Kind.PACE, episode, step, {"regions_per_query": regions_per_query}, permanent=True)])

    def record_examples(self, body: Mapping[str, Any]) -> None:
        """Record all examples as they are now; earlier records stay, the newest counts.

        Raises
        ------
        ProjectError
            If the disk is full or refuses; nothing has been recorded.
        """
        self._append([Entry(Kind.EXAMPLES, 1, 0, dict(body), permanent=True)])

    def record_step(self, episode: int, step: int, row: Mapping[str, Cell], checkpoint: Path | None = None) -> None:
        """Record that a step is done, with its readings and, in the same transaction, the checkpoint that knows it.

        Parameters
        ----------
        episode, step:
            Each step has one row.
        row:
            Readings by column of ``metrics.csv``; None for what was not measured.
        checkpoint:
            A file already written under the name that `new_checkpoint_path` gave. From now on it counts, and older
            ones are deleted.

        Raises
        ------
        ProjectError
            If the disk is full or refuses; nothing has been recorded and the older checkpoint counts.
        ValueError
            If a value is NaN or infinite, the step has its row already, or the checkpoint is not in the folder.
        """
        entries = [row_entry(Kind.STEP, episode, step, row)]
        if checkpoint is not None:
            entries.append(checkpoint_entry(self.folder, episode, step, checkpoint))
        self._append(entries)

    def record_final(self, episode: int, step: int, budget: int, row: Mapping[str, Cell]) -> None:
        """Record the readings of a final training with ``budget`` labelled regions, made at ``step``.

        Raises
        ------
        ProjectError
            If the disk is full or refuses; nothing has been recorded.
        ValueError
            If a value is NaN or infinite.
        """
        self._append([row_entry(Kind.FINAL, episode, step, {"budget": budget} | dict(row))])

    def record_measurement(self, episode: int, step: int, body: Mapping[str, Any]) -> None:
        """Record what check regions said of a step, in strict JSON; it stays when the log is taken back.

        Raises
        ------
        ProjectError
            If the disk is full or refuses; nothing has been recorded.
        """
        self._append([Entry(Kind.MEASUREMENT, episode, step, dict(body), permanent=True)])

    def new_checkpoint_path(self) -> Path:
        """A name for the next checkpoint, never that of the one that counts; write the file, then record it."""
        return new_checkpoint_path(self.folder, self._log)

    def record_checkpoint(self, episode: int, step: int, checkpoint: Path) -> None:
        """Let ``checkpoint`` count from now on, without a row: at the start, or after a final training.

        Raises
        ------
        ProjectError
            If the disk is full or refuses; the older checkpoint counts.
        ValueError
            If the checkpoint is not in the folder.
        """
        self._append([checkpoint_entry(self.folder, episode, step, checkpoint)])

    def write_tables(self) -> None:
        """Make the tables again from the log. Done from time to time while a run goes on, and when it closes.

        Raises
        ------
        ProjectError
            If a table cannot be written; the log is not touched.
        """
        rows = self.rows()
        write_metrics(rows, self.folder / METRICS)
        write_confusions(rows, self.folder / CONFUSION)
        write_queried_regions(self.all_queries(), self.folder / QUERIED_REGIONS)
        finals = self.finals()
        if finals:
            write_metrics(finals, self.folder / FINAL_METRICS)
            write_confusions(finals, self.folder / FINAL_CONFUSION)

    def _append(self, entries: Sequence[Entry]) -> None:
        self._refuse_if_gone()
        self._log.append(entries)
        self._tables_stale = True
        kinds = {entry.kind for entry in entries}
        if kinds & {Kind.CHECKPOINT, Kind.SERVED}:
            remove_leftovers(self.folder, self._log)
        if Kind.STEP in kinds:
            self._refresh_tables()

    def _refuse_if_gone(self) -> None:
        # An open file takes writes after it was deleted, and nobody would find them again.
        if _identity(self.folder / LOG) != self._identity:
            raise ProjectError(
                f"The project folder {self.folder} has gone or was replaced while it is open: nothing can be saved. "
                "Put it back where it was and answer again; what is painted stays on the canvas."
            )

    def _refresh_tables(self) -> None:
        # Tables grow with the run; rewriting them may cost a twentieth of its time, not more.
        begin = time.monotonic()
        if begin < self._tables_due:
            return
        try:
            self.write_tables()
        except ProjectError as exc:
            logger.warning("%s", exc)
        else:
            self._tables_stale = False
        end = time.monotonic()
        self._tables_due = end + (end - begin) / _TABLE_SHARE


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from another one of the same name; None if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


@contextmanager
def _locked(folder: Path) -> Iterator[tuple[ExitStack, ProjectLock]]:
    """Hold the lock; what is on the stack is undone unless the body takes it off."""
    lock = ProjectLock(folder)
    lock.acquire()
    with ExitStack() as stack:
        stack.callback(lock.release)
        yield stack, lock


def _write_settings(folder: Path, settings: RunConfig) -> None:
    try:
        write_settings(folder / SETTINGS, settings)
    except OSError as exc:
        raise cannot_write(folder / SETTINGS, exc) from exc
