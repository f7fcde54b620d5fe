"""Activity: the heavy lane's job as a bar in napari's own activity dock, beside ours. Main thread only."""

from __future__ import annotations

import io

from napari.utils import progress
from qtpy.QtCore import QObject, QTimer

from napari_ralis.panels.training_panel import TrainingState, Work

_NAME = "RALis"
_EVERY = 250
"""Milliseconds between two looks at the state."""


class Activity(QObject):
    """One bar from the beginning of a job to its end, however it ends.

    napari's bar has Qt handle whatever waits each time it is told something. In the middle of a message the next one
    would overtake it; therefore the bar is told by a timer, when nothing else goes on.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._bar: progress | None = None
        self._state = TrainingState()
        self._description = ""
        self._is_showing = False
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_EVERY)
        self._soon.timeout.connect(self._show)

    def follow(self, state: TrainingState) -> None:
        """Show this state soon; where nothing goes on there is no bar."""
        self._state = state
        if not self._soon.isActive() and (self._bar is not None or _is_at_work(state)):
            self._soon.start()

    def close(self) -> None:
        """Take the bar away at once; twice is harmless."""
        self._state = TrainingState()
        self._soon.stop()
        if not self._is_showing:
            self._drop()

    def _show(self) -> None:
        if self._is_showing:
            return
        self._is_showing, state = True, self._state
        try:
            if _is_at_work(state):
                self._tell(state)
        finally:
            self._is_showing = False
        if not _is_at_work(self._state):
            self._drop()
        elif self._state is not state:
            self._soon.start()

    def _tell(self, state: TrainingState) -> None:
        total, description = state.total or 0, _description(state)
        if self._bar is None:
            self._description = description
            # Without a window tqdm would draw into the terminal.
            self._bar = progress(total=total, desc=description, file=io.StringIO())
        if self._bar.total != total:
            self._bar.total = total
        if state.done != self._bar.n:
            self._bar.update(state.done - self._bar.n)
        if self._description != description:
            self._description = description
            self._bar.set_description(description)

    def _drop(self) -> None:
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.close()


def _is_at_work(state: TrainingState) -> bool:
    return state.work not in (Work.RESTING, Work.FAILED)


def _description(state: TrainingState) -> str:
    words = {Work.PAUSED: f"paused, {state.phase}", Work.STOPPING: "stopping"}
    return f"{_NAME}: {words.get(state.work, state.phase)}"
