"""The lock: one at a time, and the other one learns who."""

import os
from pathlib import Path

import pytest

from src_model.exceptions import ProjectError
from src_model.project.lock import HOLDER, ProjectLock


def test_only_one_lock_of_a_folder_is_held_at_a_time(tmp_path: Path) -> None:
    first, second = ProjectLock(tmp_path), ProjectLock(tmp_path)
    first.acquire()
    with pytest.raises(ProjectError, match=f"is open in process {os.getpid()} on .* Close it there"):
        second.acquire()
    first.release()
    first.release()
    second.acquire()
    second.release()


def test_a_refused_lock_does_not_free_the_one_that_is_held(tmp_path: Path) -> None:
    first, second = ProjectLock(tmp_path), ProjectLock(tmp_path)
    first.acquire()
    for _ in range(2):
        with pytest.raises(ProjectError):
            second.acquire()
        second.release()
    first.release()


@pytest.mark.parametrize("content", [None, "", "[]", '{"pid": "x", "host": 1}', "\0"])
def test_an_unknown_holder_is_another_process(tmp_path: Path, content: str | None) -> None:
    first = ProjectLock(tmp_path)
    first.acquire()
    (tmp_path / HOLDER).unlink()
    if content is not None:
        (tmp_path / HOLDER).write_text(content)
    with pytest.raises(ProjectError, match="is open in another process"):
        ProjectLock(tmp_path).acquire()
    first.release()


def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    with pytest.raises(ProjectError, match="Cannot write in"):
        ProjectLock(tmp_path).acquire()
