"""napari's start with the plugin installed against without it, in turn, each in a process of its own.

Without: the plugin's distribution is hidden from all that look for plugins, in a process that is otherwise the same
(both look at the name of each distribution, which takes time). Which of a pair comes first changes from pair to pair.
The clock runs from the start of the process until the window is shown and the event loop has nothing left to do. What
the plugin adds at a start is reading its manifest and making its menu entries; its code is not imported, which the
reading states, too. Goal: 0.3 s at the most, median of pairs.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load_guard import quiet_machine

ROUNDS = 8
GOAL_SECONDS = 0.3
HIDDEN = "without"

_START = f"""
import importlib.metadata as metadata, json, sys
found, hidden = metadata.distributions, "napari-ralis" if sys.argv[1] == "{HIDDEN}" else "nothing"
metadata.distributions = lambda **how: (each for each in found(**how) if each.metadata["Name"] != hidden)
import napari
from qtpy.QtCore import QTimer
viewer = napari.Viewer()
QTimer.singleShot(0, viewer.close)
napari.run()
import npe2
known = "napari-ralis" in npe2.PluginManager.instance()
ours = sorted(name for name in sys.modules if name.partition(".")[0] in ("napari_ralis", "src_model"))
print(json.dumps({{"known": known, "imported": ours, "torch": "torch" in sys.modules}}))
"""


def measure() -> dict[str, object]:
    """Seconds of each start, in pairs, and what of ours was imported by it."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "NAPARI_CONFIG": str(Path(folder, "settings.yaml"))}
        for arm in (HIDDEN, "with"):
            _start(arm, environment)
        pairs = [_pair(environment, number % 2 == 1) for number in range(ROUNDS)]
    added = statistics.median(with_it.wall - without.wall for without, with_it in pairs)
    return {
        "seconds_without_and_with": [(round(without.wall, 3), round(with_it.wall, 3)) for without, with_it in pairs],
        "added_seconds_median": round(added, 3),
        "added_processor_seconds_median": round(
            statistics.median(with_it.processor - without.processor for without, with_it in pairs), 3
        ),
        "goal": f"<= {GOAL_SECONDS}",
        "passed": added <= GOAL_SECONDS,
    }


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds of one start: on the clock and of the processor."""

    wall: float
    processor: float


def _pair(environment: dict[str, str], reverse: bool) -> tuple[Start, Start]:
    order = sorted((HIDDEN, "with"), reverse=reverse)
    starts = {arm: _start(arm, environment) for arm in order}
    return starts[HIDDEN], starts["with"]


def _start(arm: str, environment: dict[str, str]) -> Start:
    begin, before = time.perf_counter(), os.times()
    run = subprocess.run(
        [sys.executable, "-c", _START, arm], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    wall, after = time.perf_counter() - begin, os.times()
    if run.returncode:
        raise RuntimeError(f"napari did not start {arm} the plugin: {run.stderr.strip()[-300:]}")
    said = json.loads(run.stdout.splitlines()[-1])
    if said["known"] != (arm != HIDDEN):
        raise RuntimeError(f"napari started {arm} the plugin, but says {said}. Install it: make install.")
    if said["imported"] or said["torch"]:
        raise RuntimeError(f"A start imports {said}. Nothing of the plugin may be imported before it is used.")
    processor = after.children_user + after.children_system - before.children_user - before.children_system
    return Start(wall, processor)


def _screen() -> AbstractContextManager[object]:
    """A virtual screen where there is no real one."""
    if not sys.platform.startswith("linux") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        return nullcontext()
    from pyvirtualdisplay.display import Display

    return Display(visible=False, size=(1280, 800))


def main() -> None:
    """Print the reading as JSON, or refuse it."""
    with _screen(), quiet_machine() as load:
        reading = measure()
    print(json.dumps(reading | {"load": load}, indent=1))


if __name__ == "__main__":
    main()
