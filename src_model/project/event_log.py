"""The event log: what happened in a project, in order, in one SQLite file that survives a kill.

A transaction is on the disk when `EventLog.append` returns (write-ahead log with ``synchronous=FULL``; where the
drive refuses that, as network drives do, a rollback journal). Records are never altered; only `EventLog.rewind`
removes some, and never the permanent ones.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from src_model.exceptions import ProjectError
from src_model.project.log_faults import damaged, damaged_record, explained

SCHEMA = 1
"""Version of the tables, kept in SQLite's ``user_version``."""

APPLICATION = 0x52414C53
"""SQLite's ``application_id`` of our files ("RALS")."""

_TABLES = f"""
BEGIN;
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {SCHEMA};
CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    time TEXT NOT NULL,
    episode INTEGER NOT NULL,
    step INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    blob BLOB,
    permanent INTEGER NOT NULL
);
CREATE INDEX by_kind ON events (kind, episode, step);
CREATE UNIQUE INDEX one_row_a_step ON events (episode, step) WHERE kind = 'step';
COMMIT;
"""
_INSERT = "INSERT INTO events (time, episode, step, kind, body, blob, permanent) VALUES (?, ?, ?, ?, ?, ?, ?)"
_SELECT = """
SELECT seq, time, episode, step, kind, body, blob, permanent FROM events
WHERE kind = ? AND (? IS NULL OR episode = ?)
"""
_REWIND = """
DELETE FROM events WHERE seq > ? AND NOT permanent AND NOT (
    kind = 'query' AND EXISTS (
        SELECT 1 FROM events AS kept
        WHERE kept.permanent AND kept.episode = events.episode AND kept.step = events.step
    )
)
"""
_SECONDS_TO_WAIT = 30.0


class Kind(StrEnum):
    """What a record tells."""

    QUERY = "query"
    ANNOTATION = "annotation"
    CHECK = "check"
    CHECK_DRAW = "check draw"
    SKIP = "skip"
    TAKEN_BACK = "taken back"
    EXAMPLES = "examples"
    STEP = "step"
    MEASUREMENT = "measurement"
    FINAL = "final"
    CHECKPOINT = "checkpoint"
    SERVED = "served"
    PACE = "pace"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be recorded.

    Attributes
    ----------
    kind, episode, step:
        What it is and where it belongs; episodes and steps as the engine counts them.
    body:
        Strict JSON.
    blob:
        Bytes that would be clumsy in JSON.
    permanent:
        Survives every rewind: work of a person.
    """

    kind: Kind
    episode: int
    step: int
    body: dict[str, Any]
    blob: bytes | None = None
    permanent: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """An entry in the log: ``seq`` rises and is never used twice, ``time`` is UTC in ISO format."""

    seq: int
    time: str
    entry: Entry


class EventLog:
    """The log of one project. One owner at a time: the project's lock keeps other writers out.

    Use `create`, `open` or `open_to_read`, and `close` at the end. It may move between threads, not be shared.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection

    @classmethod
    def create(cls, path: Path) -> EventLog:
        """Make an empty log, or open the one that a process left which died while creating it.

        Raises
        ------
        ProjectError
            If the file cannot be written, or something else has that name.
        """
        with explained(path), _closed_on_failure(_connect(path)) as connection:
            if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
                connection.executescript(_TABLES)
            _check(path, connection)
            _choose_journal(connection)
        return cls(path, connection)

    @classmethod
    def open(cls, path: Path) -> EventLog:
        """Open for reading and appending, after a check of the whole file.

        Raises
        ------
        ProjectError
            If the file is missing, damaged, foreign or made by a newer version.
        """
        _require(path)
        with explained(path), _closed_on_failure(_connect(path)) as connection:
            _check(path, connection)
            _check_pages(path, connection)
            _choose_journal(connection)
        return cls(path, connection)

    @classmethod
    def open_to_read(cls, path: Path) -> EventLog:
        """Open for reading only, also while another process appends.

        Raises
        ------
        ProjectError
            As for `open`.
        """
        _require(path)
        with explained(path), _closed_on_failure(_connect(path)) as connection:
            _check(path, connection)
            connection.execute("PRAGMA query_only=ON")
        return cls(path, connection)

    def append(self, entries: Sequence[Entry]) -> int:
        """Record all of ``entries`` or none of them; they are on the disk on return.

        Returns
        -------
        int
            ``seq`` of the last one, or of the newest record if there are no entries.

        Raises
        ------
        ProjectError
            If the disk is full or refuses; nothing has been recorded.
        ValueError
            If a body is not strict JSON (NaN, infinity), or the step has its row already.
        """
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        values = [
            (time, entry.episode, entry.step, entry.kind, _to_json(entry.body), entry.blob, entry.permanent)
            for entry in entries
        ]
        with explained(self._path), self._transaction():
            self._connection.executemany(_INSERT, values)
        return self.last

    @property
    def last(self) -> int:
        """``seq`` of the newest record, 0 if there is none."""
        with explained(self._path):
            return int(self._connection.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()[0])

    def records(self, kind: Kind, episode: int | None = None) -> list[Record]:
        """All records of a kind in the order in which they were made, of one episode or of all.

        Raises
        ------
        ProjectError
            If a record is damaged.
        """
        with explained(self._path):
            rows = self._connection.execute(_SELECT + " ORDER BY seq", (kind, episode, episode)).fetchall()
        return [self._decoded(row) for row in rows]

    def newest(self, kind: Kind) -> Record | None:
        """The last record of a kind."""
        with explained(self._path):
            row = self._connection.execute(_SELECT + " ORDER BY seq DESC LIMIT 1", (kind, None, None)).fetchone()
        return None if row is None else self._decoded(row)

    def rewind(self, seq: int) -> int:
        """Take back what came after ``seq``, all or nothing, and return how many records that were.

        Permanent records stay, and so does the query of a step that has one: what a person was asked and what
        they answered is never lost. Numbers that are free again are not given a second time.

        Raises
        ------
        ProjectError
            If the disk is full or refuses; nothing has been taken back.
        """
        with explained(self._path), self._transaction():
            return self._connection.execute(_REWIND, (seq,)).rowcount

    def close(self) -> None:
        """Let go of the file. With a rollback journal it is a single file that a read-only medium can hold, too."""
        # Another program may be reading; then the write-ahead log stays, which is as good.
        with suppress(sqlite3.Error):
            self._connection.execute("PRAGMA busy_timeout=0")
            if not self._connection.execute("PRAGMA query_only").fetchone()[0]:
                self._connection.execute("PRAGMA journal_mode=DELETE")
        self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            yield

    def _decoded(self, row: tuple[Any, ...]) -> Record:
        seq, time, episode, step, kind, body, blob, permanent = row
        try:
            content = dict(json.loads(body))
        except (TypeError, ValueError) as exc:
            raise damaged_record(self._path, seq) from exc
        return Record(seq, time, Entry(Kind(kind), episode, step, content, blob, bool(permanent)))


def _to_json(body: dict[str, Any]) -> str:
    return json.dumps(body, allow_nan=False, separators=(",", ":"))


def _require(path: Path) -> None:
    if not path.is_file():
        raise ProjectError(f"The event log {path} is missing. Take it from a backup of the project folder.")


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_SECONDS_TO_WAIT, isolation_level=None, check_same_thread=False)


@contextmanager
def _closed_on_failure(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    try:
        yield connection
    except BaseException:
        connection.close()
        raise


def _choose_journal(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA synchronous=FULL")
    try:
        journal = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    except sqlite3.OperationalError:
        journal = None
    if journal != "wal":
        connection.execute("PRAGMA journal_mode=DELETE")


def _check(path: Path, connection: sqlite3.Connection) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    schema = connection.execute("PRAGMA user_version").fetchone()[0]
    if application != APPLICATION:
        raise ProjectError(
            f"{path} is empty or not an event log of napari-ralis. Take it from a backup of the project folder, or "
            "choose another folder."
        )
    if schema > SCHEMA:
        raise ProjectError(
            f"{path} has layout {schema}, this version of napari-ralis reads up to {SCHEMA}. Update napari-ralis."
        )


def _check_pages(path: Path, connection: sqlite3.Connection) -> None:
    fault = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if fault != "ok":
        raise damaged(path, str(fault))
