"""Class notes: kept with a project, and never in the way of opening it."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from src_model.exceptions import ProjectError
from src_model.project.class_notes import ClassNote, read_class_notes, write_class_notes
from src_model.project.folder import CLASS_NOTES, refuse_what_is_there


def test_what_was_said_is_read_again_and_where_nothing_was_said_nothing_is_kept(tmp_path: Path) -> None:
    said = {3: ClassNote("7", "paved, for cars", True), 4: ClassNote()}
    write_class_notes(tmp_path, said)
    assert read_class_notes(tmp_path) == {3: said[3]}


def test_a_project_without_notes_has_none(tmp_path: Path) -> None:
    assert read_class_notes(tmp_path) == {}


@pytest.mark.parametrize("content", ["{", "[]", '{"three": {}}', '{"3": 4}', "null"])
def test_a_damaged_file_is_warned_of_and_left_out(
    tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / CLASS_NOTES).write_text(content)
    with caplog.at_level(logging.WARNING):
        assert read_class_notes(tmp_path) == {}
    assert CLASS_NOTES in caplog.text


def test_a_folder_that_cannot_be_written_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="Cannot write"):
        write_class_notes(tmp_path / "nowhere", {1: ClassNote("1")})


def test_a_folder_with_notes_alone_was_left_half_made_and_may_become_a_project(tmp_path: Path) -> None:
    write_class_notes(tmp_path, {1: ClassNote("1")})
    refuse_what_is_there(tmp_path)
    assert os.listdir(tmp_path) == [CLASS_NOTES]
