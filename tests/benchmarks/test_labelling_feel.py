"""The benchmark of feel: its table, and a trial of the session on small images."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.labelling_feel import ARMS, BOUNDS, table

ROOT = Path(__file__).parents[2]


def test_a_row_says_whether_its_bound_holds_or_that_it_was_not_read() -> None:
    readings = {"cancelling": {"cancel_worst_seconds": 2.1}, "beside_training": {"stroke_ratio": 1.3}}
    held = {row["figure"]: row["holds"] for row in table(readings)}
    assert held["cancel, worst phase"] is False
    assert held["brush stroke against bare napari"] is True
    assert held["the person waits, in all"] is None
    assert {bound.arm for bound in BOUNDS} == set(ARMS)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a virtual screen")
def test_a_tiny_session_by_real_events_fills_its_rows(tmp_path: Path) -> None:
    environment = {**os.environ, "RALIS_CACHE": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "benchmarks.labelling_feel", "--tiny", "--any-load", "--only", "long_session"]
    run = subprocess.run(
        [*command, "--regions", "3", "--seconds", "1"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    reading = json.loads(run.stdout.splitlines()[-1])
    session = reading["arms"]["long_session"]
    assert session["accept_to_ready_ms"]["count"] == 3
    assert session["superpixel_ms"]["count"] > 0
    read = {row["figure"] for row in reading["table"] if row["value"] is not None}
    assert read == {bound.figure for bound in BOUNDS if bound.arm == "long_session"}
