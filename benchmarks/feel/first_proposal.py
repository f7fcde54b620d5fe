"""The first proposal: seconds from opening the widget until the first region of the embedded project is on the canvas.

napari is open already; torch is not imported, and the streets are not drawn: both are in the reading.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.feel.person import Person, rest, screen, until, window


def measure() -> dict[str, Any]:
    """Seconds until the streets are drawn, and until the first region can be painted."""
    with tempfile.TemporaryDirectory() as folder, screen(), window("first proposal") as viewer:
        os.environ["RALIS_CACHE"] = folder
        begun = time.perf_counter()
        person = Person(viewer)
        from src_model.data.streets.sample import draw_sample, sample_config

        for _ in draw_sample():
            rest(0)
        drawn = time.perf_counter() - begun
        person.open(sample_config())
        person.start(Path(folder, "project"), {})
        shown: list[float] = []
        person.drawn.expect(lambda: person.is_ready, shown, begun)
        until(lambda: not person.drawn.is_waiting, "the first region")
        person.leave()
    return {"streets_drawn_seconds": round(drawn, 2), "first_proposal_seconds": round(shown[0], 2)}


def main() -> None:
    """Print the reading as JSON."""
    print(json.dumps(measure()))


if __name__ == "__main__":
    main()
