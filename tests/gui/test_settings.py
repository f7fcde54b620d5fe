"""Remembered settings: they come back, and no file, however bad, keeps anybody from working."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from napari_ralis import settings as module
from napari_ralis.settings import MOST_RECENT, SCHEMA, Settings, read_settings, settings_path, update_settings

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
MANY = hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "settings.json"


def write(path: Path, content: bytes | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def is_sound(settings: Settings) -> bool:
    least, greatest = module.ZOOM_SPAN
    return (
        len(settings.recent) == len(set(settings.recent)) <= MOST_RECENT
        and all(isinstance(folder, Path) and folder.is_absolute() for folder in settings.recent)
        and all(isinstance(verb, str) and isinstance(key, str) and key.strip() for verb, key in settings.keys.items())
        and isinstance(settings.zoom, float)
        and least <= settings.zoom <= greatest
    )


def test_without_a_file_there_are_the_defaults_and_no_warning(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert read_settings(path) == Settings(recent=(), keys=MappingProxyType({}), zoom=3.0)
    assert not caplog.records


def test_what_was_changed_is_read_again(path: Path, tmp_path: Path) -> None:
    project = tmp_path / "ströme \udce9 and blanks"
    changed = update_settings(path, lambda old: old.with_recent(project).with_key("accept", "Ctrl+Return").with_zoom(4))
    assert read_settings(path) == changed == Settings((project,), MappingProxyType({"accept": "Ctrl+Return"}), 4.0)
    assert json.loads(path.read_text())["schema"] == SCHEMA


def test_a_project_is_recent_once_and_the_oldest_of_eleven_goes() -> None:
    settings = Settings()
    for number in [*range(11), 4]:
        settings = settings.with_recent(Path(f"/projects/{number}"))
    assert [folder.name for folder in settings.recent] == ["4", "10", "9", "8", "7", "6", "5", "3", "2", "1"]
    assert Path("/projects/4") not in settings.without_recent(Path("/projects/4")).recent


def test_what_is_no_absolute_path_is_no_reason_to_forget_the_others(path: Path) -> None:
    write(
        path,
        json.dumps({"recent": ["/projects/one", 3, "", "relative", "/a\0b", "/projects/one", "/projects/two"]}),
    )
    assert read_settings(path).recent == (Path("/projects/one"), Path("/projects/two"))


def test_a_relative_folder_is_remembered_with_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings().with_recent(Path("runs/one")).recent == (tmp_path / "runs" / "one",)


def test_a_key_that_is_taken_back_is_ours_again() -> None:
    settings = Settings().with_key("accept", "Space").with_key("skip", "X")
    assert settings.with_key("accept", None).keys == {"skip": "X"}


@pytest.mark.parametrize(("asked", "kept"), [(0.1, 1.0), (99, 16.0), (2.5, 2.5)])
def test_a_zoom_stays_in_its_span(asked: float, kept: float) -> None:
    assert Settings().with_zoom(asked).zoom == kept


@pytest.mark.parametrize(
    ("field", "value"),
    [("zoom", "much"), ("zoom", True), ("zoom", 1e9), ("keys", ["a"]), ("recent", "/a"), ("recent", None)],
)
def test_a_bad_field_is_named_in_a_warning_and_the_others_count(
    path: Path, caplog: pytest.LogCaptureFixture, field: str, value: object
) -> None:
    good = {"schema": SCHEMA, "recent": ["/projects/one"], "keys": {"accept": "Space"}, "zoom": 5}
    write(path, json.dumps(good | {field: value}))
    settings = read_settings(path)
    [warning] = caplog.messages
    assert f"{field!r} is left out" in warning
    assert getattr(settings, field) == getattr(Settings(), field)
    expected = {"recent": (Path("/projects/one"),), "keys": {"accept": "Space"}, "zoom": 5.0}
    assert all(getattr(settings, other) == expected[other] for other in expected if other != field)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe\x00", b"[1, 2]", b"9" * 5000, b"[" * 100_000], ids=lambda content: content[:8]
)
def test_a_file_that_is_no_table_is_warned_of_and_written_anew(
    path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    write(path, content)
    assert read_settings(path) == Settings()
    assert str(path) in caplog.text
    update_settings(path, lambda old: old.with_zoom(2))
    assert read_settings(path).zoom == 2


@MANY
@given(content=st.binary(max_size=60))
def test_any_bytes_are_survived(path: Path, content: bytes) -> None:
    write(path, content)
    assert is_sound(read_settings(path))


@MANY
@given(body=st.fixed_dictionaries({}, optional={"schema": JSON, "recent": JSON, "keys": JSON, "zoom": JSON}))
def test_any_table_is_survived_and_a_change_to_it_is_kept(path: Path, body: dict[str, object]) -> None:
    write(path, json.dumps(body))
    before = read_settings(path)
    assert is_sound(before)
    after = update_settings(path, lambda old: old.with_key("skip", "X"))
    assert after == before.with_key("skip", "X")
    schema = body.get("schema")
    newer = isinstance(schema, int) and schema > SCHEMA
    assert read_settings(path) == (before if newer else after)


def test_two_windows_do_not_undo_each_other_s_changes_and_foreign_fields_stay(path: Path) -> None:
    write(path, json.dumps({"schema": SCHEMA, "of_another": [1]}))
    update_settings(path, lambda old: old.with_recent(Path("/projects/first")))
    update_settings(path, lambda old: old.with_zoom(2))
    assert read_settings(path) == Settings((Path("/projects/first"),), MappingProxyType({}), 2.0)
    assert json.loads(path.read_text())["of_another"] == [1]


def test_a_file_of_a_newer_version_is_read_and_never_written(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    content = json.dumps({"schema": SCHEMA + 1, "zoom": 6, "keys": "of a kind unknown here"})
    write(path, content)
    assert update_settings(path, lambda old: old.with_zoom(old.zoom + 1)).zoom == 7
    assert path.read_text() == content
    assert "newer version" in caplog.text


def test_a_folder_that_cannot_be_written_is_warned_of_and_the_change_counts_for_the_session(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "config").write_text("a file where the folder should be")
    with caplog.at_level(logging.WARNING):
        changed = update_settings(tmp_path / "config" / "settings.json", lambda old: old.with_zoom(2))
    assert changed.zoom == 2
    assert "Cannot write" in caplog.text


def test_nothing_but_the_file_is_left_in_the_folder(path: Path) -> None:
    update_settings(path, lambda old: old.with_zoom(2))
    assert os.listdir(path.parent) == ["settings.json"]


def test_the_file_lies_where_the_environment_says_or_else_in_the_user_s_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RALIS_CONFIG", str(tmp_path))
    assert settings_path() == tmp_path / "settings.json"
    monkeypatch.delenv("RALIS_CONFIG")
    assert settings_path().parent.name == "napari-ralis"
