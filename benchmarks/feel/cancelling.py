"""Cancelling: seconds from asking the heavy lane to stop until it has stopped, in each of its phases.

Preparing is of the fast segmenter, which alone prepares; everything else of the FPN, whose pieces are the longest. One
core is kept busy by the main thread's share alone, as no picture is drawn.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtWidgets import QApplication

from benchmarks.feel.person import rest, until
from benchmarks.feel.scenes import data_of
from napari_ralis.threads.run_lane import RunLane
from napari_ralis.threads.run_messages import Began, Ended, Failed, Happened, Job, Message, Standing
from src_model.data.annotation import Annotation
from src_model.events import Event, ImagesEvaluated, ImagesPrepared, ImagesScored, UpdatesDone

PHASES: dict[str, type[Event]] = {
    "preparing": ImagesPrepared,
    "proposing": ImagesScored,
    "training": UpdatesDone,
    "measuring": ImagesEvaluated,
}
TIMES = 3
_OFFSETS = (0.1, 0.8, 1.7)
"""Seconds into a phase at which a stop is asked for."""


class Listener:
    """A lane whose every question is answered at once."""

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self.lane, self.heard = RunLane(), list[Message]()
        self.lane.said.connect(self.heard.append)
        self.lane.open(folder, settings)

    def answer(self) -> None:
        """Label what is asked, so that the lane goes on."""
        standing = next((own for own in reversed(self.heard) if isinstance(own, Standing)), None)
        for place in () if standing is None else standing.queue[:6]:
            patch = np.full(place.region.shape, 1, dtype=np.uint8)
            self.lane.accept(Annotation.from_labels(place.region, patch))

    def stop_in(self, phase: str, offset: float) -> float | None:
        """Seconds until it stopped; None if the phase was over before it was asked to."""
        self._reach(phase)
        rest(offset)
        here = len(self.heard)
        begun = time.perf_counter()
        self.lane.cancel()
        until(lambda: any(isinstance(own, Ended) for own in self.heard[here:]), f"the end of {phase}")
        ended = next(own for own in self.heard[here:] if isinstance(own, Ended))
        return time.perf_counter() - begun if ended.stopped else None

    @property
    def _is_proposing(self) -> bool:
        """Whoever answers faster than the lane proposes keeps it from learning."""
        last = next((own for own in reversed(self.heard) if isinstance(own, Began | Ended | Failed)), None)
        return isinstance(last, Began) and last.job is Job.PROPOSING

    def _reach(self, phase: str) -> None:
        here, at = len(self.heard), time.monotonic()

        def is_there() -> bool:
            nonlocal at
            if phase != "preparing" and time.monotonic() - at > 1 and not self._is_proposing:
                at = time.monotonic()
                self.answer()
            told = self.heard[here:]
            return any(
                isinstance(own, Failed) or (isinstance(own, Happened) and isinstance(own.event, PHASES[phase]))
                for own in told
            )

        until(is_there, phase)
        if failed := next((own for own in self.heard[here:] if isinstance(own, Failed)), None):
            raise failed.error


def measure(tiny: bool, times: int) -> dict[str, Any]:
    """Seconds of each stop by phase; the worst of all."""
    data = data_of(tiny).model_dump(mode="json")
    asked = {"name": "entropy", "regions_per_query": 4, "pool_size": 6, "budget": 100_000}
    seconds: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["RALIS_CACHE"] = folder
        fast = {"data": data, "segmentation": {"segmenter": "fast"}, "acquisition": asked}
        seconds["preparing"] = _stops(lambda n: Listener(Path(folder, f"fast{n}"), fast), ["preparing"] * times)
        fpn = {"data": data, "segmentation": {"updates": 30}, "acquisition": asked}
        one = Listener(Path(folder, "fpn"), fpn)
        for phase in list(PHASES)[1:]:
            seconds[phase] = _stops(lambda _, one=one: one, [phase] * times, close=False)
            print(phase, seconds[phase], file=sys.stderr, flush=True)
        one.lane.close()
    worst = max((value for own in seconds.values() for value in own), default=float("nan"))
    return {
        "cancel_seconds": {phase: [round(value, 2) for value in own] for phase, own in seconds.items()},
        "cancel_worst_seconds": round(worst, 2),
    }


def _stops(listener: Callable[[int], Listener], phases: list[str], close: bool = True) -> list[float]:
    seconds = []
    for number, phase in enumerate(phases):
        one = listener(number)
        took = one.stop_in(phase, _OFFSETS[number % len(_OFFSETS)] if close is False else 0.2 * number)
        if took is not None:
            seconds.append(took)
        if close:
            one.lane.close()
    return seconds


def main() -> None:
    """Print the reading as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="small images, for a trial")
    parser.add_argument("--times", type=int, default=TIMES)
    told = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QApplication([])
    print(json.dumps(measure(told.tiny, told.times)))
    application.quit()


if __name__ == "__main__":
    main()
