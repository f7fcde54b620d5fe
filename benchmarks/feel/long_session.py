"""The long session: regions at a steady pace while the model learns; most figures of the table at once."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt

from benchmarks.feel.clocks import Heartbeat, megabytes, quantiles
from benchmarks.feel.person import Person, rest, screen, until, window
from benchmarks.feel.scenes import data_of
from napari_ralis.threads.run_messages import Began, Job, Served

EARLY = 20
"""Regions after which memory is read for the first time."""
SWAP = 0.15
"""Seconds that a change of regions may take (the first bound of the table); what goes beyond them is waiting."""
SETTINGS: dict[str, Any] = {"acquisition": {"budget": 100_000}}


def measure(regions: int, seconds: float, tiny: bool, stacks: bool) -> dict[str, Any]:
    """Label this many regions, one each so many seconds."""
    ready: list[float] = []
    outlined: list[float] = []
    memory: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, screen(), window("long session") as viewer:
        person = Person(viewer)
        person.open(data_of(tiny))
        person.start(Path(folder, "project"), SETTINGS)
        heart, early = Heartbeat(person.dock, stacks), min(EARLY, max(1, regions // 2))
        heart.start()
        begun = time.monotonic()
        for number in range(1, regions + 1):
            _work_on(person, outlined, begun + number * seconds)
            person.accept(ready)
            if number == early:
                memory["early"] = megabytes()
            if number % 5 == 0:
                _tell(number, regions, ready, heart)
        heart.stop()
        memory["late"] = megabytes()
        heard = list(person.heard)
        person.leave()
    for stack, times in heart.culprits.most_common(25):
        print(f"{times:5d} {stack}", file=sys.stderr)
    return {
        "regions": regions,
        "seconds_a_region": seconds,
        "accept_to_ready_ms": quantiles(ready),
        "superpixel_ms": quantiles(outlined),
        "event_loop_delay_ms": quantiles(heart.delays),
        "waited_seconds": round(sum(max(0.0, took - SWAP) for took in ready), 2),
        "accept_to_ready_in_all_seconds": round(sum(ready), 2),
        "megabytes": {name: round(value) for name, value in memory.items()},
        "queries_proposed": sum(isinstance(own, Began) and own.job is Job.PROPOSING for own in heard),
        "trainings_begun": sum(isinstance(own, Began) and own.job is Job.LEARNING for own in heard),
        "models_served": sum(isinstance(own, Served) and own.served for own in heard),
    }


def _work_on(person: Person, outlined: list[float], end: float) -> None:
    """Look, paint, hover over superpixels, fill, and wait for the moment to press Enter."""
    rest(min(0.4, max(0.0, end - time.monotonic()) / 4))
    person.press(Qt.Key.Key_B)
    person.press(Qt.Key.Key_2)
    person.stroke()
    until(lambda: person.superpixels_ready, "superpixels")
    person.press(Qt.Key.Key_S)
    person.hover(outlined)
    person.press(Qt.Key.Key_3)
    rest(0.05)
    person.press(Qt.Key.Key_1)
    person.press(Qt.Key.Key_F)
    rest(max(0.05, end - time.monotonic()))


def _tell(number: int, regions: int, ready: list[float], heart: Heartbeat) -> None:
    accept, beat = quantiles(ready), quantiles(heart.delays)
    print(
        f"region {number}/{regions}: accept to ready p95 {accept['p95']:.0f} ms, event loop p99 {beat['p99']:.0f} ms, "
        f"worst {beat['worst']:.0f} ms, {megabytes():.0f} MB",
        file=sys.stderr,
        flush=True,
    )


def main() -> None:
    """Print the reading as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--regions", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--tiny", action="store_true", help="small images, for a trial")
    parser.add_argument("--stacks", action="store_true", help="tell where the main thread was when the loop was late")
    told = parser.parse_args()
    print(json.dumps(measure(told.regions, told.seconds, told.tiny, told.stacks)))


if __name__ == "__main__":
    main()
