"""Clocks of feel: how late the event loop is, when something was drawn, how much memory there is."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event, Thread, main_thread
from typing import Any

import numpy as np
from qtpy.QtCore import QObject, Qt, QTimer

BEAT = 0.01
"""Seconds between two beats of the heart."""
_LATE = 0.05


class Heartbeat:
    """A timer in the event loop; how much later than it should each beat comes, in seconds."""

    def __init__(self, parent: QObject, stacks: bool = False) -> None:
        """With ``stacks`` a thread looks at where the main thread is whenever a beat is late."""
        self.delays: list[float] = []
        self.culprits: Counter[str] = Counter()
        self._timer = QTimer(parent)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(round(1000 * BEAT))
        self._timer.timeout.connect(self._beat)
        self._last = time.perf_counter()
        self._ended = Event()
        self._watch = Thread(target=self._look, daemon=True) if stacks else None

    def start(self) -> None:
        """Count from now on."""
        self._last = time.perf_counter()
        self._timer.start()
        if self._watch is not None:
            self._watch.start()

    def stop(self) -> None:
        """Count no more."""
        self._timer.stop()
        self._ended.set()

    def _beat(self) -> None:
        now = time.perf_counter()
        self.delays.append(max(0.0, now - self._last - BEAT))
        self._last = now

    def _look(self) -> None:
        main = main_thread().ident
        while not self._ended.wait(BEAT):
            if time.perf_counter() - self._last > _LATE:
                frames = traceback.extract_stack(sys._current_frames()[main])  # type: ignore[index]  # It has begun.
                own = [
                    f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames if "/benchmarks/" not in f.filename
                ]
                self.culprits[" < ".join(reversed(own[-9:]))] += 1


class Drawn:
    """Looks at every picture of a canvas once it is drawn, to the last pixel."""

    def __init__(self, viewer: Any) -> None:
        self._scene = viewer.window._qt_viewer.canvas._scene_canvas
        self._waiting: list[tuple[float, Callable[[], bool], list[float]]] = []
        self._scene.events.draw.connect(self._on_draw, position="last")

    def expect(self, true: Callable[[], bool], into: list[float], since: float | None = None) -> None:
        """Note in ``into`` after how many seconds the first picture is drawn for which this is true."""
        self._waiting.append((time.perf_counter() if since is None else since, true, into))
        # What is expected may stand already; then the next picture shows it.
        self._scene.update()

    @property
    def is_waiting(self) -> bool:
        """Whether something is expected that was not drawn."""
        return bool(self._waiting)

    def _on_draw(self, _event: Any) -> None:
        if not self._waiting:
            return
        self._scene.context.finish()
        now = time.perf_counter()
        met = [entry for entry in self._waiting if entry[1]()]
        self._waiting = [entry for entry in self._waiting if entry not in met]
        for since, _, into in met:
            into.append(now - since)


def megabytes() -> float:
    """Resident memory of this process; 0 where it is not told."""
    path = Path("/proc/self/statm")
    return int(path.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20 if path.is_file() else 0.0


def quantiles(seconds: Sequence[float]) -> dict[str, float]:
    """Median, 95th and 99th percentile and worst in milliseconds, and how many there are."""
    if not seconds:
        return {"count": 0}
    values = 1000 * np.asarray(seconds)
    names = {"median": 50, "p95": 95, "p99": 99, "worst": 100}
    return {name: round(float(np.percentile(values, share)), 1) for name, share in names.items()} | {
        "count": len(values)
    }
