"""A project survives: killed at any moment, on a full disk, wanted by two.

Run as a script, this file is the process that gets killed: it records steps in the folder given until the last one.
"""

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import numpy as np
import pytest

import src_model
from src_model.atomic_file import replacing
from src_model.config import RunConfig
from src_model.data.annotation import Annotation, Source
from src_model.data.region import Region
from src_model.events import Query
from src_model.exceptions import ProjectError
from src_model.project.project import Project
from src_model.project.view import ProjectView

SETTINGS = RunConfig()
STEPS_A_CHECKPOINT = 2
ROOT = Path(src_model.__file__).parents[1]
TraceFunction = Callable[[FrameType, str, object], object]


def query(step: int) -> Query:
    return Query(step, tuple(Region(f"{step:04}", 8 * k, 0, 8, 8) for k in range(3)), (0.5, 0.25, 1 / step))


def answers(step: int) -> list[Annotation]:
    """The last of three regions is labelled by a person."""
    labels = np.full((8, 8), step % 250, np.uint8)
    sources = (Source.ORACLE, Source.ORACLE, Source.HUMAN)
    return [Annotation.from_labels(r, labels, s) for r, s in zip(query(step).regions, sources, strict=True)]


def write_checkpoint(path: Path, step: int) -> None:
    with replacing(path) as partial:
        partial.write_text(f"{step} " * 2_000)


def checkpoint_step(path: Path | None) -> int:
    """The step a checkpoint knows, after a check that it is whole."""
    if path is None:
        return 0
    words = path.read_text().split()
    assert len(words) == 2_000
    assert len(set(words)) == 1
    return int(words[0])


def run(folder: Path, steps: int, acknowledge: Callable[[str], None] = lambda _line: None) -> None:
    """Record until the last step; each line that is acknowledged tells what has been recorded for good."""
    with Project.create_or_resume(folder, SETTINGS) as project:
        for step in range(checkpoint_step(project.resume()) + 1, steps + 1):
            project.record_query(0, query(step))
            project.record_annotations(0, step, answers(step))
            acknowledge(f"annotations {step}")
            path = None
            if step % STEPS_A_CHECKPOINT == 0 or step == steps:
                path = project.new_checkpoint_path()
                write_checkpoint(path, step)
            project.record_step(0, step, {"mean_iou": 1 / step, "labelled_regions": 3 * step}, path)
            acknowledge(f"row {step}")


def acknowledged_steps(lines: list[str], kind: str) -> set[int]:
    return {int(line.split()[1]) for line in lines if line.startswith(kind) and line.endswith("\n")}


def check(folder: Path, before: list[str], now: list[str]) -> int:
    """Assert what holds after a kill, before anything is repaired and after, given what processes acknowledged.

    Returns the step from which the run will go on.
    """
    with ProjectView.read(folder) as view:
        rows = [row["step"] for row in view.rows()]
        assert rows == list(range(1, len(rows) + 1))
        assert acknowledged_steps(now, "row") <= set(rows)
        assert 0 <= len(rows) - checkpoint_step(view.checkpoint) < STEPS_A_CHECKPOINT
        given: dict[int, set[Annotation]] = {}
        for step, annotation in view.annotations(0):
            given.setdefault(step, set()).add(annotation)
        # All of a step or none; those by a person alone where an earlier repair took back the others.
        assert all(found in (set(answers(step)), set(answers(step)[2:])) for step, found in given.items())
        assert all(given[step] == set(answers(step)) for step in acknowledged_steps(now, "annotations"))
    with Project.open(folder) as project:
        step = checkpoint_step(project.resume())
        assert [row["step"] for row in project.rows()] == list(range(1, step + 1))
        by_people = {at for at, annotation in project.annotations(0) if annotation.source is Source.HUMAN}
        assert by_people == given.keys()
        assert acknowledged_steps(before + now, "annotations") <= by_people
        assert project.queries(0) == [query(at) for at in sorted(by_people)]
        assert not list(folder.glob(".*.partial"))
        assert len(list(folder.glob("checkpoint-*"))) == (step > 0)
    return step


def tables(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in ("metrics.csv", "queried_regions.csv")]


def start(folder: Path, steps: int) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, __file__, str(folder), str(steps)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def test_a_project_survives_kills_and_ends_with_the_same_tables(tmp_path: Path) -> None:
    steps, chance, before = 24, random.Random(1), list[str]()
    folder = tmp_path / "killed"
    for _ in range(3):
        with start(folder, steps) as process:
            assert process.stdout is not None
            now = [process.stdout.readline() for _ in range(chance.randrange(1, 13))]
            process.kill()
            now += process.stdout
        assert process.returncode != 0
        check(folder, before, now)
        before += now
    run(folder, steps)
    run(tmp_path / "whole", steps)
    assert tables(folder) == tables(tmp_path / "whole")


@contextmanager
def snapshots(folder: Path, kept: Path, acknowledged: list[str]) -> Iterator[list[tuple[Path, list[str]]]]:
    """Copy ``folder`` after each line of our code that changed it: what a kill there would leave.

    Each copy comes with what had been acknowledged at that moment.
    """
    copies: list[tuple[Path, list[str]]] = []
    seen: list[tuple[object, ...]] = [()]
    watched = (str(ROOT / "src_model" / "project"), str(ROOT / "src_model" / "atomic_file.py"), __file__)

    def look(frame: FrameType, _event: str, _argument: object) -> TraceFunction | None:
        if not frame.f_code.co_filename.startswith(watched):
            return None
        with os.scandir(folder) as entries:
            state = tuple((entry.name, entry.stat().st_size, entry.stat().st_mtime_ns) for entry in entries)
        if state != seen[0]:
            seen[0] = state
            copies.append((shutil.copytree(folder, kept / str(len(copies))), list(acknowledged)))
        return look

    before = sys.gettrace()
    sys.settrace(look)
    try:
        yield copies
    finally:
        sys.settrace(before)


def test_a_kill_at_any_line_leaves_a_project_that_goes_on_to_the_same_end(tmp_path: Path) -> None:
    folder, steps, acknowledged = tmp_path / "run", 3, list[str]()
    folder.mkdir()
    with snapshots(folder, tmp_path / "copies", acknowledged) as copies:
        run(folder, steps, lambda line: acknowledged.append(line + "\n"))
    assert len(copies) > 30
    continued = set[tuple[int, int]]()
    for copy, now in copies:
        found = len(list(copy.iterdir()))
        made = (copy / "project.json").exists()
        assert made or not now
        state = found, check(copy, [], now) if made else -1
        if state not in continued:
            continued.add(state)
            run(copy, steps)
            assert tables(copy) == tables(folder)


def test_a_second_process_is_refused_until_the_first_is_killed(tmp_path: Path) -> None:
    with start(tmp_path, 10_000) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(ProjectError, match=f"is open in process {process.pid} on .* Close it there"):
            Project.open(tmp_path)
        with ProjectView.read(tmp_path) as view:
            assert view.annotations(0)
        process.kill()
        process.stdout.read()
    Project.open(tmp_path).close()


def test_a_full_disk_changes_nothing_and_the_run_goes_on_afterwards(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="limits of file sizes are a matter of Unix")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    regions = [Region("a", 0, 64 * k, 64, 64) for k in range(50)]
    noise = np.random.default_rng(0).integers(0, 11, (64, 64), np.uint8)
    many = [Annotation.from_labels(region, noise) for region in regions]
    with Project.create(tmp_path, SETTINGS) as project:
        project.record_query(0, query(1))
        project.record_annotations(0, 1, many[:1])
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
        try:
            with pytest.raises(ProjectError, match=r"Nothing was recorded in .*log\.sqlite.*Free some space"):
                project.record_annotations(0, 1, many)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert project.annotations(0) == [(1, many[0])]
        project.record_annotations(0, 1, many[1:])
    with ProjectView.read(tmp_path) as view:
        assert view.annotations(0) == [(1, annotation) for annotation in many]


if __name__ == "__main__":
    run(Path(sys.argv[1]), int(sys.argv[2]), lambda line: print(line, flush=True))  # noqa: T201
