"""The lock of a project: one process writes, everybody else is told who."""

from __future__ import annotations

import json
import os
import socket
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from src_model.exceptions import ProjectError

LOCK = "lock"
HOLDER = "lock.json"
"""Who holds the lock: not the lock itself, which other processes cannot read on every system."""


class ProjectLock:
    """The right to write in a project folder; the system takes it back when the process ends, however it ends."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Not bound to a thread: the engine's worker may close what the main thread opened.
        self._lock = FileLock(folder / LOCK, timeout=0, thread_local=False)

    def acquire(self) -> None:
        """Take the lock at once or not at all.

        Raises
        ------
        ProjectError
            If another process, or another `Project` of this one, holds it, or the folder cannot be written.
        """
        try:
            self._lock.acquire()
        except Timeout as exc:
            raise ProjectError(
                f"The project {self._folder} is open in {self._holder()}. Close it there, or choose another folder."
            ) from exc
        except OSError as exc:
            raise ProjectError(f"Cannot write in {self._folder}: {exc}. Check the folder's permissions.") from exc
        with suppress(OSError):
            holder = {"pid": os.getpid(), "host": socket.gethostname()}
            (self._folder / HOLDER).write_text(json.dumps(holder), encoding="utf-8")

    def release(self) -> None:
        """Give the lock back; twice is harmless."""
        if not self._lock.is_locked:
            return
        with suppress(OSError):
            (self._folder / HOLDER).unlink()
        self._lock.release()

    def _holder(self) -> str:
        try:
            holder = json.loads((self._folder / HOLDER).read_text(encoding="utf-8"))
            return f"process {int(holder['pid'])} on {holder['host']}"
        except (OSError, ValueError, KeyError, TypeError):
            return "another process"
