"""How labelling feels: the table of bounds, on 2048×1024 images with a real window and real mouse and key events.

``python -m benchmarks.labelling_feel [--regions 200] [--seconds 6] [--only ARM …]``; with the defaults about 25 minutes
on two cores, of which 20 are a session of 200 regions at 6 s each while the model learns. Each arm is a process of its
own (`benchmarks.feel`) and starts after the one before; progress goes to the error stream. Start-up is no part of any
reading but the two that are about it. ``--tiny`` tries everything on small images; its figures mean nothing.

The person waits: what the change from Enter to the next region, draft included, takes beyond the 150 ms that the first
row grants it, summed over all regions; the sum with them is in the reading too.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.load_guard import BusyMachineError, quiet_machine

REGIONS, SECONDS = 200, 6.0
ARMS = ("long_session", "beside_training", "cancelling", "first_proposal", "start")


@dataclass(frozen=True, slots=True)
class Bound:
    """A row of the table: a figure, where it lies in the reading, and what it may be at most."""

    figure: str
    arm: str
    path: tuple[str, ...]
    most: float
    unit: str = "ms"


BOUNDS = (
    Bound("accept → next region ready, p95", "long_session", ("accept_to_ready_ms", "p95"), 150),
    Bound("change of image, p95", "beside_training", ("image_change_ms", "p95"), 200),
    Bound("brush stroke against bare napari", "beside_training", ("stroke_ratio",), 1.3, "×"),
    Bound("event-loop delay, p99", "long_session", ("event_loop_delay_ms", "p99"), 50),
    Bound("event-loop delay, worst", "long_session", ("event_loop_delay_ms", "worst"), 250),
    Bound("superpixel under the cursor, p95", "long_session", ("superpixel_ms", "p95"), 30),
    Bound("cancel, worst phase", "cancelling", ("cancel_worst_seconds",), 2, "s"),
    Bound("memory at the end against early", "long_session", ("memory_ratio",), 1.2, "×"),
    Bound("widget open → first proposal", "first_proposal", ("first_proposal_seconds",), 15, "s"),
    Bound("napari start, plugin against none", "start", ("added_seconds_median",), 0.3, "s"),
    Bound("the person waits, in all", "long_session", ("waited_seconds",), 10, "s"),
)


def measure(told: argparse.Namespace) -> dict[str, Any]:
    """Every arm in turn; one that breaks leaves its rows empty and says so."""
    readings: dict[str, Any] = {}
    for arm in told.only or ARMS:
        print(f"— {arm}", file=sys.stderr, flush=True)
        readings[arm] = _read(arm, told)
    if "megabytes" in readings.get("long_session", {}):
        memory = readings["long_session"]["megabytes"]
        readings["long_session"]["memory_ratio"] = round(memory["late"] / max(1, memory["early"]), 3)
    return {"table": table(readings), "arms": readings}


def table(readings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows: figure, value, bound, and whether it holds; None where it was not read."""
    rows = []
    for bound in BOUNDS:
        value: Any = readings.get(bound.arm, {})
        for part in bound.path:
            value = value.get(part) if isinstance(value, Mapping) else None
        holds = None if value is None else value <= bound.most
        rows.append({"figure": bound.figure, "value": value, "bound": bound.most, "unit": bound.unit, "holds": holds})
    return rows


def _read(arm: str, told: argparse.Namespace) -> dict[str, Any]:
    if arm == "start":
        from benchmarks import napari_start

        napari_start.ROUNDS = 2 if told.tiny else 4
        with napari_start._screen():
            return napari_start.measure()
    command = [sys.executable, "-m", f"benchmarks.feel.{arm}", *(["--tiny"] * (told.tiny and arm != "first_proposal"))]
    if arm == "long_session":
        command += ["--regions", str(told.regions), "--seconds", str(told.seconds)]
    if arm == "beside_training" and told.tiny:
        command += ["--strokes", "2", "--images", "3"]
    if arm == "cancelling" and told.tiny:
        command += ["--times", "1"]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    lines = run.stdout.splitlines()
    if not lines or not lines[-1].startswith("{"):
        return {"failed": f"{arm} ended with code {run.returncode}"}
    reading: dict[str, Any] = json.loads(lines[-1])
    return reading


def show(rows: list[dict[str, Any]]) -> None:
    """The table for people."""
    for row in rows:
        verdict = {None: "not read", True: "holds", False: "TOO MUCH"}[row["holds"]]
        value = "–" if row["value"] is None else f"{row['value']:g} {row['unit']}"
        print(f"{row['figure']:<36}{value:>14}   ≤ {row['bound']:g} {row['unit']:<3} {verdict}", file=sys.stderr)


def main() -> None:
    """Print the reading as JSON and the table to the error stream; a busy machine refuses it at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--regions", type=int, default=REGIONS)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of a region, from Enter to Enter")
    parser.add_argument("--only", nargs="+", choices=ARMS, help="these arms alone")
    parser.add_argument("--tiny", action="store_true", help="small images, for a trial")
    parser.add_argument("--any-load", action="store_true", help="keep the reading of a busy machine too")
    told = parser.parse_args()
    reading: dict[str, Any] = {}
    load: dict[str, float] = {}
    try:
        with quiet_machine() as load:
            reading = measure(told)
            show(reading["table"])
    except BusyMachineError:
        if not told.any_load:
            raise
    print(json.dumps(reading | {"load": load}))


if __name__ == "__main__":
    main()
