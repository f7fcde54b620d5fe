"""A labelling session that is killed at any moment goes on with everything painted, and ends with the same numbers."""

from __future__ import annotations

import csv
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from src_model.project.view import ProjectView

LABELLER = """
import sys
from pathlib import Path
import numpy as np
from src_model.active_learning.person_run import PersonRun
from src_model.labelling.person_settings import person_settings
from src_model.data.annotation import Annotation
from src_model.events import drain
from src_model.labelling.skipping import SkipReason

data, out = map(Path, sys.argv[1:])
config = person_settings({
    "data": {"path": data, "region": "12x12"},
    "segmentation": {"segmenter": "fast", "fast_cell": "4x4", "fast_input": "64x96", "fast_components": 4,
                     "fast_updates": 20},
    "acquisition": {"name": "margin_class_balanced", "regions_per_query": 2, "pool_size": 4, "budget": 24},
    "device": "cpu", "threads": 1,
})

def painted(region):
    columns = np.arange(region.column, region.column + region.width)
    row = np.where(columns < 24, 0, 1).astype(np.uint8)
    return Annotation.from_labels(region, np.tile(row, (region.height, 1)))

def note():
    with out.with_suffix(".diary").open("a") as file:
        file.write(".")

with PersonRun.open(out, config) as run:
    drain(run.start())
    for region in run.check_candidates:
        if run.annotation(region) is None:
            run.accept([painted(region)])
            note()
    while run.status.labelled_regions < 20:
        if not run.status.waiting and not run.status.may_fit:
            drain(run._engine.query())
        # One at a time, as a hand does; the third column of regions is skipped.
        for asked in [own for own in run.queue(99) if not own.blind]:
            if asked.region.column == 24:
                run.skip(asked.region, SkipReason.NOT_USEFUL)
            else:
                run.accept([painted(asked.region)])
            note()
        if run.status.may_fit:
            drain(run.fit())
    if run.status.may_fit:
        drain(run.fit())
"""


@pytest.fixture
def bare(tiny_camvid: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "bare"
    folder.mkdir()
    for image in tiny_camvid.glob("*/*.png"):
        if not image.parent.name.endswith("annot"):
            shutil.copy(image, folder)
    (folder / "classes.csv").write_text("id,name,R,G,B\n0,sky,70,130,180\n1,road,128,64,128\n")
    return folder


def start(data: Path, out: Path) -> subprocess.Popen[bytes]:
    environment = os.environ | {"RALIS_CACHE": str(data.parent / "cache")}
    return subprocess.Popen([sys.executable, "-c", LABELLER, str(data), str(out)], env=environment)


def measured(out: Path) -> list[dict[str, str]]:
    with (out / "metrics.csv").open(newline="") as file:
        return [
            {column: cell for column, cell in row.items() if not column.endswith("_seconds")}
            for row in csv.DictReader(file)
        ]


def answers_so_far(out: Path) -> int:
    diary = out.with_suffix(".diary")
    return len(diary.read_text()) if diary.is_file() else 0


@pytest.mark.timeout(600)
def test_a_killed_session_has_every_answer_and_ends_with_the_same_numbers(bare: Path, tmp_path: Path) -> None:
    assert start(bare, tmp_path / "whole").wait() == 0
    cut = tmp_path / "cut"
    killed = 0
    for progress in (5, 28, 34):
        run = start(bare, cut)
        while run.poll() is None and answers_so_far(cut) < progress:
            time.sleep(0.01)
        time.sleep(0.002 * progress)  # somewhere in what follows the answer
        if run.poll() is None:
            run.send_signal(signal.SIGKILL)
            killed += 1
        run.wait()
    assert killed >= 2, "the session was over before it could be killed"
    assert start(bare, cut).wait() == 0
    # The start is measured again where a kill came before the first fit: there are more check labels by then.
    assert measured(cut)[1:] == measured(tmp_path / "whole")[1:]
    assert (cut / "queried_regions.csv").read_text() == (tmp_path / "whole" / "queried_regions.csv").read_text()
    with ProjectView.read(cut) as view, ProjectView.read(tmp_path / "whole") as whole:
        assert [own.answer for own in view.answers(1)] == [own.answer for own in whole.answers(1)]
