"""Faults of the event log: what SQLite says, told so that the user knows what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from src_model.exceptions import ProjectError


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn SQLite's errors about the log ``path`` into ours.

    Raises
    ------
    ProjectError
        If the disk is full, the file damaged or held by another program.
    ValueError
        If a step would get a second row.
    """
    try:
        yield
    except sqlite3.IntegrityError as exc:
        raise ValueError(f"{path} has a row for this step already ({exc}); resume() comes before new steps.") from exc
    except sqlite3.Error as exc:
        raise _fault(path, exc) from exc


def damaged(path: Path, fault: str) -> ProjectError:
    """Make the error for a log that SQLite cannot read."""
    return ProjectError(
        f"The event log {path} is damaged ({fault}). Keep a copy of the whole folder first; then "
        f"`sqlite3 {path.name} 'PRAGMA integrity_check'` lists the faults and `.recover` saves what can be read, or "
        "take the folder from a backup."
    )


def damaged_record(path: Path, seq: int) -> ProjectError:
    """The error to raise for a record whose content makes no sense."""
    return ProjectError(
        f"Record {seq} of {path} is damaged. Keep a copy of the folder, then take the project from a backup."
    )


def _fault(path: Path, exc: sqlite3.Error) -> ProjectError:
    code = getattr(exc, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return damaged(path, str(exc))
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return ProjectError(f"Nothing was recorded in {path}: {exc}. Free some space or mend the drive, then repeat.")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return ProjectError(f"Another program holds {path} ({exc}). Close it, then repeat.")
    return ProjectError(
        f"Nothing was recorded in {path}: {exc}. Check that the folder exists and can be written, then repeat."
    )
