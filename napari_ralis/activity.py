"""Activity: the heavy lane's job as a bar in napari's own activity dock, beside ours. Main thread only."""

from __future__ import annotations

import io

from napari.utils import progress

from napari_ralis.panels.training_panel import TrainingState, Work

_NAME = "RALis"


class Activity:
    """One bar from the beginning of a job to its end, however it ends."""

    def __init__(self) -> None:
        self._bar: progress | None = None
        self._description = ""

    def follow(self, state: TrainingState) -> None:
        """Show this state; a bar that is not needed any more is closed."""
        if state.work in (Work.RESTING, Work.FAILED):
            self.close()
            return
        total = state.total or 0
        if self._bar is None:
            # Without a window tqdm would draw into the terminal.
            self._description = _description(state)
            self._bar = progress(total=total, desc=self._description, file=io.StringIO())
        if self._bar.total != total:
            self._bar.total = total
        if state.done != self._bar.n:
            self._bar.update(state.done - self._bar.n)
        if self._description != _description(state):
            self._description = _description(state)
            self._bar.set_description(self._description)

    def close(self) -> None:
        """Take the bar away; twice is harmless."""
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.close()


def _description(state: TrainingState) -> str:
    words = {Work.PAUSED: f"paused, {state.phase}", Work.STOPPING: "stopping"}
    return f"{_NAME}: {words.get(state.work, state.phase)}"
