"""A keeper: writes the newest of several states to the disk, beside the main thread, which never waits for it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Condition, Thread
from typing import Generic, TypeVar

from src_model.exceptions import ProjectError

_PATIENCE = 10.0
"""Seconds to wait at the end for the last write."""

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Keeper(Generic[T]):
    """One thread for one file of one project; of several states that wait only the newest is written.

    Parameters
    ----------
    write:
        Writes a state, whole or not at all; raises ProjectError if the disk refuses.
    name:
        Of the thread.
    """

    def __init__(self, write: Callable[[T], None], name: str) -> None:
        self._write = write
        self._changed = Condition()
        self._waiting: T | None = None
        self._closing = False
        self._thread = Thread(target=self._live, name=name, daemon=True)
        self._thread.start()

    def keep(self, state: T) -> None:
        """Write this, instead of all that was written before."""
        with self._changed:
            self._waiting = state
            self._changed.notify()

    def close(self) -> None:
        """Write what waits, and end; twice is harmless."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(_PATIENCE)

    def _live(self) -> None:
        while True:
            with self._changed:
                while self._waiting is None and not self._closing:
                    self._changed.wait()
                state, self._waiting = self._waiting, None
            if state is None:
                return
            try:
                self._write(state)
            except ProjectError as error:
                # Answers meet the same disk in a moment, and their failure is shown.
                logger.warning("%s", error)
