"""The terminal: shows the events of long work as bars with the time left, and what matters as lines."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from src_model.events import (
    EpisodePlayed,
    Event,
    GenerationDone,
    ImagesDrawn,
    ImagesEvaluated,
    ImagesPrepared,
    ImagesScored,
    LabelsRead,
    LineBegun,
    Notice,
    PolicyUpdated,
    StepDone,
    UpdatesDone,
)

console = Console(stderr=True, highlight=False)
"""Progress and messages go to stderr, so that results can be piped."""

_PHASES: dict[type[Event], str] = {
    ImagesDrawn: "drawing images",
    LabelsRead: "reading labels",
    ImagesPrepared: "preparing images",
    ImagesScored: "choosing regions",
    UpdatesDone: "training",
    ImagesEvaluated: "measuring",
    EpisodePlayed: "playing episodes",
}


class ProgressView:
    """Two bars: the steps of the whole run with the time left, and the phase of the present step."""

    def __init__(self, bars: Progress, title: str) -> None:
        self._bars = bars
        self._title = title
        self._run = bars.add_task(title, total=None)
        self._phase: TaskID = bars.add_task("starting", total=None)
        self._first: tuple[int, float] | None = None

    def show(self, event: Event) -> None:
        """Bring the bars up to date; events without a bar are printed or left out."""
        if type(event) in _PHASES:
            done, total = getattr(event, "done", 0), getattr(event, "total", None)
            self._bars.update(self._phase, description=_PHASES[type(event)], completed=done, total=total)
        elif isinstance(event, StepDone):
            self._bars.update(self._run, completed=event.step, total=event.total, description=self._headline(event))
            if not console.is_terminal:
                console.print(f"{self._headline(event)}  step {event.step}/{event.total}{self._time_left(event)}")
        elif isinstance(event, GenerationDone):
            self._bars.update(self._run, completed=event.done, total=event.total)
            if not console.is_terminal:
                console.print(
                    f"{self._title}  generation {event.done}/{event.total}, {_duration(event.seconds_left)} left"
                )
        elif isinstance(event, LineBegun):
            self._title = f"{event.name} (line {event.number} of {event.total})"
            self._bars.update(self._run, description=self._title)
        elif isinstance(event, Notice):
            console.print(event.text)
        elif isinstance(event, PolicyUpdated):
            self._bars.update(self._phase, description=f"policy: loss {event.loss:.3g}, ε {event.epsilon:.2f}")

    def _time_left(self, event: StepDone) -> str:
        """``, 2:05 min left`` where there is no bar to say so, from the steps seen so far."""
        now = time.monotonic()
        if self._first is None or event.step <= self._first[0] or event.step >= event.total:
            self._first = self._first or (event.step, now)
            return ""
        step, begun = self._first
        return f", {_duration((now - begun) / (event.step - step) * (event.total - event.step))} left"

    def _headline(self, event: StepDone) -> str:
        mean = event.row.get("mean_iou")
        reading = f"mIoU {100 * mean:.1f}" if isinstance(mean, float) else ""
        episode = f"episode {event.episode}" if event.episode > 1 else ""
        return " · ".join(part for part in (self._title, episode, reading) if part)


def _duration(seconds: float) -> str:
    """``2:05 min`` or ``1:20 h``."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02} h" if minutes >= 60 else f"{minutes}:{rest:02} min"


@contextmanager
def progress_view(title: str) -> Iterator[ProgressView]:
    """Bars on a terminal, plain lines elsewhere."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as bars:
        yield ProgressView(bars, title)
