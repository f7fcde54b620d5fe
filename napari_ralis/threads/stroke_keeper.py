"""The stroke keeper: writes what is being painted to the disk, beside the main thread, which never waits for it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Condition, Thread

from src_model.data.annotation import Labels
from src_model.data.region import Region
from src_model.exceptions import ProjectError
from src_model.project.strokes import keep_strokes

_PATIENCE = 10.0
"""Seconds to wait at the end for the last write."""

logger = logging.getLogger(__name__)


class StrokeKeeper:
    """One thread for one project; of several states that wait only the newest is written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._changed = Condition()
        self._waiting: tuple[Mapping[Region, Labels], Sequence[tuple[int, int]]] | None = None
        self._closing = False
        self._thread = Thread(target=self._write, name="ralis-strokes", daemon=True)
        self._thread.start()

    def keep(self, strokes: Mapping[Region, Labels], pairs: Sequence[tuple[int, int]] = ()) -> None:
        """Write these patches and the pairs they speak of, instead of all that was written before."""
        with self._changed:
            self._waiting = strokes, pairs
            self._changed.notify()

    def close(self) -> None:
        """Write what waits, and end; twice is harmless."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(_PATIENCE)

    def _write(self) -> None:
        while True:
            with self._changed:
                while self._waiting is None and not self._closing:
                    self._changed.wait()
                strokes, self._waiting = self._waiting, None
            if strokes is None:
                return
            try:
                keep_strokes(self._folder, *strokes)
            except ProjectError as error:
                # Answers meet the same disk in a moment, and their failure is shown.
                logger.warning("%s", error)
