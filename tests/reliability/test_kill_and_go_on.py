"""A run that is killed at any moment and started again ends with the numbers of one that was left alone."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMAND = [
    *(sys.executable, "-c", "from src_model.cli import app; app()"),
    *("simulate", "--reader", "camvid", "--region", "12x12", "--split", "random", "--segmenter", "fast"),
    *("--device", "cpu", "--acquisition", "margin_class_balanced", "--budget", "12", "--regions-per-query", "1"),
    *("--pool-size", "4", "--set", "segmentation.fast_cell=4x4", "--set", "segmentation.fast_input=64x96"),
    *("--set", "segmentation.fast_components=4", "--set", "data.train_images=2", "--set", "data.state_images=1"),
    *("--set", "data.reward_images=1", "--set", "threads=1", "--set", "checkpoint_seconds=0"),
]


def start(data: Path, out: Path) -> subprocess.Popen[bytes]:
    environment = os.environ | {"RALIS_CACHE": str(data.parent / "cache")}
    return subprocess.Popen([*COMMAND, "--data", str(data), "--out", str(out)], env=environment)


def measured(out: Path) -> list[dict[str, str]]:
    with (out / "metrics.csv").open(newline="") as file:
        return [
            {column: cell for column, cell in row.items() if not column.endswith("_seconds")}
            for row in csv.DictReader(file)
        ]


def steps_so_far(out: Path) -> int:
    checkpoints = list(out.glob("checkpoint-*.safetensors"))
    return len(checkpoints) and int(checkpoints[0].stem.rpartition("-")[2])


@pytest.mark.timeout(300)
def test_a_killed_simulation_goes_on_and_ends_with_the_same_numbers(tiny_camvid: Path, tmp_path: Path) -> None:
    assert start(tiny_camvid, tmp_path / "whole").wait() == 0
    cut = tmp_path / "cut"
    killed = 0
    for progress in (1, 15):
        run = start(tiny_camvid, cut)
        while run.poll() is None and steps_so_far(cut) < progress:
            time.sleep(0.01)
        if run.poll() is None:
            run.send_signal(signal.SIGKILL)
            killed += 1
        run.wait()
    assert killed, "the run was over before it could be killed"
    assert start(tiny_camvid, cut).wait() == 0
    assert measured(cut) == measured(tmp_path / "whole")
    for table in ("queried_regions.csv", "confusion.csv", "class_pixels.csv"):
        assert (cut / table).read_text() == (tmp_path / "whole" / table).read_text()
    # a matrix of 11 rows for the start and each of 12 steps
    assert len((cut / "confusion.csv").read_text().splitlines()) == 1 + 11 * 13
