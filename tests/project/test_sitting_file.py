"""Minutes, stars and locks come back; a damaged file costs only them, and says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from src_model.exceptions import ProjectError
from src_model.project.sitting_file import SITTING, SittingRecord, keep_sitting, kept_sitting

RECORD = SittingRecord(733.5, (3, 11), (0,), {1: 2.5, 12: 12.0})


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    assert kept_sitting(tmp_path) == (None, "")
    keep_sitting(tmp_path, SittingRecord())
    keep_sitting(tmp_path, RECORD)
    assert kept_sitting(tmp_path) == (RECORD, "")
    assert [path.name for path in tmp_path.iterdir()] == [SITTING]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"seconds": 1, "starred": 3, "locked": [], "minutes": {}}',
        '{"seconds": -1, "starred": [], "locked": [], "minutes": {}}',
        '{"seconds": NaN, "starred": [], "locked": [], "minutes": {}}',
        '{"seconds": 1, "starred": [], "locked": [], "minutes": {"one": 2}}',
    ],
)
def test_a_damaged_file_gives_what_a_new_project_has_and_a_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / SITTING).write_text(content)
    record, notice = kept_sitting(tmp_path)
    assert record is None
    assert SITTING in notice
    assert notice.endswith("All labels are there.")
    assert (tmp_path / SITTING).read_text() == content


def test_a_disk_that_refuses_says_what_is_safe(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="accepted regions are safe"):
        keep_sitting(tmp_path / "gone", RECORD)
