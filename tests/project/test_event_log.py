"""The event log: all or nothing, in order, and plain words when SQLite fails."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from src_model.exceptions import ProjectError
from src_model.project import event_log
from src_model.project.event_log import APPLICATION, SCHEMA, Entry, EventLog, Kind


def entry(step: int, kind: Kind = Kind.STEP, episode: int = 0, **more: Any) -> Entry:
    return Entry(kind, episode, step, {"value": step}, **more)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.sqlite"


@pytest.fixture
def log(path: Path) -> Iterator[EventLog]:
    log = EventLog.create(path)
    yield log
    log.close()


def steps(log: EventLog, kind: Kind = Kind.STEP) -> list[int]:
    return [record.entry.step for record in log.records(kind)]


def test_records_come_back_in_order_by_kind_and_episode(log: EventLog) -> None:
    log.append([entry(1), entry(1, Kind.QUERY, blob=b"\0\xff"), entry(1, episode=1)])
    log.append([entry(2)])
    assert steps(log) == [1, 1, 2]
    assert [record.entry for record in log.records(Kind.STEP, 0)] == [entry(1), entry(2)]
    assert [record.entry.blob for record in log.records(Kind.QUERY)] == [b"\0\xff"]
    assert [record.seq for record in log.records(Kind.STEP)] == [1, 3, 4]


def test_the_newest_record_of_a_kind_is_found(log: EventLog) -> None:
    assert log.newest(Kind.STEP) is None
    log.append([entry(1), entry(2), entry(3, Kind.QUERY)])
    newest = log.newest(Kind.STEP)
    assert newest is not None
    assert newest.entry == entry(2)
    assert newest.time.endswith("+00:00")


def test_nothing_is_recorded_if_one_entry_is_refused(log: EventLog) -> None:
    log.append([entry(1)])
    with pytest.raises(ValueError, match="row for this step already"):
        log.append([entry(2), entry(1)])
    with pytest.raises(ValueError, match="JSON compliant"):
        log.append([entry(2), Entry(Kind.STEP, 0, 3, {"loss": float("nan")})])
    assert steps(log) == [1]
    log.append([entry(2)])
    assert steps(log) == [1, 2]


def test_a_log_that_is_opened_again_holds_what_was_recorded(path: Path, log: EventLog) -> None:
    log.append([entry(1)])
    log.close()
    log.close()
    again = EventLog.open(path)
    assert steps(again) == [1]
    again.close()


def test_a_closed_log_is_a_single_file(path: Path, log: EventLog) -> None:
    log.append([entry(1)])
    assert path.with_name("log.sqlite-wal").exists()
    log.close()
    assert [file.name for file in path.parent.iterdir()] == ["log.sqlite"]
    assert path.read_bytes()[18] == 1  # The format that needs no second file.


def test_a_reader_sees_what_the_writer_recorded_and_changes_nothing(path: Path, log: EventLog) -> None:
    log.append([entry(1)])
    reader = EventLog.open_to_read(path)
    log.append([entry(2)])
    assert steps(reader) == [1, 2]
    with pytest.raises(ProjectError, match="readonly"):
        reader.append([entry(3)])
    log.append([entry(3)])
    log.close()
    assert steps(reader) == [1, 2, 3]
    reader.close()


def test_a_rewind_keeps_what_a_person_did_and_was_asked(log: EventLog) -> None:
    log.append([entry(1, Kind.QUERY), entry(1, Kind.ANNOTATION), entry(1)])
    mark = log.last
    log.append([entry(2, Kind.QUERY), entry(2, Kind.ANNOTATION, permanent=True), entry(2)])
    log.append([entry(3, Kind.QUERY), entry(3, Kind.ANNOTATION), entry(3)])
    log.append([entry(2, Kind.QUERY, episode=1)])
    for removed in (5, 0):
        assert log.rewind(mark) == removed
        assert steps(log) == [1]
        assert steps(log, Kind.ANNOTATION) == [1, 2]
        assert [(r.entry.episode, r.entry.step) for r in log.records(Kind.QUERY)] == [(0, 1), (0, 2)]


def test_numbers_are_not_given_twice(log: EventLog) -> None:
    log.append([entry(1), entry(2)])
    log.rewind(1)
    assert log.last == 1
    assert log.append([entry(2)]) == 3


def test_a_drive_that_refuses_the_write_ahead_log_gets_a_rollback_journal(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_shared_memory(path: Path) -> sqlite3.Connection:
        address = f"{path.as_uri()}?vfs=unix-dotfile"
        try:
            return sqlite3.connect(address, uri=True, isolation_level=None)
        except sqlite3.OperationalError:
            pytest.skip("SQLite has no unix-dotfile here")

    monkeypatch.setattr(event_log, "_connect", without_shared_memory)
    log = EventLog.create(path)
    log.append([entry(1)])
    assert not path.with_name("log.sqlite-wal").exists()
    log.close()
    again = EventLog.open(path)
    assert steps(again) == [1]
    again.close()


def test_a_missing_log_is_named(path: Path) -> None:
    with pytest.raises(ProjectError, match=r"log\.sqlite is missing"):
        EventLog.open(path)
    assert not path.exists()


def test_an_empty_or_foreign_database_is_refused_and_left_alone(path: Path) -> None:
    path.touch()
    with pytest.raises(ProjectError, match="empty or not an event log"):
        EventLog.open(path)
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()
    before = path.read_bytes()
    for attempt in (EventLog.open, EventLog.open_to_read, EventLog.create):
        with pytest.raises(ProjectError, match="empty or not an event log"):
            attempt(path)
    assert path.read_bytes() == before


def test_a_newer_layout_asks_for_an_update(path: Path, log: EventLog) -> None:
    log.close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version={SCHEMA + 1}")
    connection.close()
    with pytest.raises(ProjectError, match="Update napari-ralis"):
        EventLog.open(path)


def test_bytes_that_are_no_database_are_called_damaged(path: Path) -> None:
    path.write_bytes(b"not a database" * 100)
    for attempt in (EventLog.open, EventLog.open_to_read, EventLog.create):
        with pytest.raises(ProjectError, match=r"log\.sqlite is damaged .*copy of the whole folder.*integrity_check"):
            attempt(path)


@pytest.mark.parametrize("harm", ["truncated", "overwritten"])
def test_a_damaged_database_is_found_at_opening(path: Path, log: EventLog, harm: str) -> None:
    log.append([entry(step, Kind.ANNOTATION, blob=bytes(5000)) for step in range(20)])
    log.close()
    content = path.read_bytes()
    if harm == "truncated":
        path.write_bytes(content[: len(content) // 2])
    else:
        path.write_bytes(content[:4096] + b"\xaa" * 8192 + content[12288:])
    with pytest.raises(ProjectError, match=r"log\.sqlite is damaged"):
        EventLog.open(path)


def test_a_record_that_is_no_json_is_named(path: Path, log: EventLog) -> None:
    log.append([entry(1), entry(2)])
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE events SET body = '{' WHERE seq = 2")
    connection.close()
    with pytest.raises(ProjectError, match=r"Record 2 of .*log\.sqlite is damaged"):
        log.records(Kind.STEP)


def test_a_full_database_records_nothing_and_says_so(log: EventLog) -> None:
    log.append([entry(1)])
    pages = log._connection.execute("PRAGMA page_count").fetchone()[0]
    log._connection.execute(f"PRAGMA max_page_count={pages + 2}")
    small, large = entry(2, Kind.ANNOTATION), entry(3, Kind.ANNOTATION, blob=bytes(100_000))
    with pytest.raises(ProjectError, match=r"Nothing was recorded .*full.* Free some space"):
        log.append([small, large])
    assert steps(log, Kind.ANNOTATION) == []
    log._connection.execute(f"PRAGMA max_page_count={2**30}")
    log.append([small, large])
    assert steps(log, Kind.ANNOTATION) == [2, 3]


def test_a_program_that_holds_the_log_is_reported(path: Path, log: EventLog) -> None:
    log._connection.execute("PRAGMA busy_timeout=0")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(ProjectError, match="Another program holds"):
        log.append([entry(1)])
    other.execute("ROLLBACK")
    other.close()
    log.append([entry(1)])


def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="unable to open"):
        EventLog.create(tmp_path / "missing" / "log.sqlite")


def test_our_files_can_be_told_from_others(path: Path, log: EventLog) -> None:
    log.close()
    assert int.from_bytes(path.read_bytes()[68:72], "big") == APPLICATION
