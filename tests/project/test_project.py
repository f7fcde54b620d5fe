"""The project folder: created once, opened by one, resumed where its checkpoint stands."""

import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest

from src_model.config import RunConfig, make_run_config
from src_model.data.annotation import Annotation, Source
from src_model.data.region import Region
from src_model.events import Query
from src_model.exceptions import ProjectError
from src_model.project.project import Project
from src_model.project.view import ProjectView

SETTINGS = make_run_config({"seed": 1})


def query(step: int) -> Query:
    return Query(step, (Region("a", 0, 4 * step, 2, 3), Region("b", 0, 4 * step, 2, 3)), (0.5, 0.25))


def annotations(step: int, source: Source = Source.ORACLE) -> list[Annotation]:
    labels = np.full((2, 3), step, np.uint8)
    return [Annotation.from_labels(region, labels, source) for region in query(step).regions]


def checkpoint(project: Project, content: str) -> Path:
    path = project.new_checkpoint_path()
    path.write_text(content)
    return path


def do_step(project: Project, step: int, content: str | None = None) -> None:
    project.record_query(0, query(step))
    project.record_annotations(0, step, annotations(step))
    row = {"labelled_regions": 2 * step, "mean_iou": step / 10}
    project.record_step(0, step, row, None if content is None else checkpoint(project, content))


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_project_holds_its_settings_and_says_who_made_it(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "run"
    with Project.create(folder, SETTINGS) as project:
        assert project.folder == folder
        assert project.resume() is None
        assert project.rows() == []
    assert "seed = 1" in (folder / "settings.toml").read_text()
    about = json.loads((folder / "project.json").read_text())
    assert about["schema"] == 1
    assert about["made_by"].startswith("napari-ralis")
    assert files(folder) == [
        "confusion.csv",
        "lock",
        "log.sqlite",
        "metrics.csv",
        "project.json",
        "queried_regions.csv",
        "settings.toml",
    ]


def test_what_is_recorded_is_there_when_the_project_is_opened_again(tmp_path: Path) -> None:
    with Project.create(tmp_path, SETTINGS) as project:
        do_step(project, 1)
        do_step(project, 2, "state 2")
        project.record_final(0, 2, 4, {"mean_iou": 0.5})
    with Project.open(tmp_path) as project:
        assert project.settings == SETTINGS
        assert project.queries(0) == [query(1), query(2)]
        assert project.all_queries() == [(0, query(1)), (0, query(2))]
        assert project.annotations(0) == [(step, item) for step in (1, 2) for item in annotations(step)]
        assert project.annotations(1) == []
        assert project.rows() == [
            {"episode": 0, "step": 1, "labelled_regions": 2, "mean_iou": 0.1},
            {"episode": 0, "step": 2, "labelled_regions": 4, "mean_iou": 0.2},
        ]
        assert project.finals() == [{"episode": 0, "step": 2, "budget": 4, "mean_iou": 0.5}]


def test_the_tables_are_made_when_the_project_closes(tmp_path: Path) -> None:
    with Project.create(tmp_path, SETTINGS) as project:
        do_step(project, 1)
        do_step(project, 2)
        project.record_final(0, 2, 4, {"mean_iou": 0.5})
    assert [line[:3] for line in (tmp_path / "metrics.csv").read_text().splitlines()] == ["ste", "1,2", "2,4"]
    assert (tmp_path / "queried_regions.csv").read_text().splitlines()[1] == "1,a,0,4,2,3,0.5"
    assert (tmp_path / "final_metrics.csv").read_text().splitlines()[1].startswith("2,4,,,,0.5")


def test_a_lost_table_comes_back_from_the_log(tmp_path: Path) -> None:
    with Project.create(tmp_path, SETTINGS) as project:
        do_step(project, 1, "state 1")
    before = (tmp_path / "metrics.csv").read_bytes()
    (tmp_path / "metrics.csv").unlink()
    with Project.create_or_resume(tmp_path, SETTINGS) as project:
        project.resume()
    assert (tmp_path / "metrics.csv").read_bytes() == before


def test_only_looking_changes_nothing(tmp_path: Path) -> None:
    with Project.create(tmp_path, SETTINGS) as project:
        do_step(project, 1, "state 1")
        do_step(project, 2)
        before = files(tmp_path)
        with ProjectView.read(tmp_path) as view:
            assert view.settings == SETTINGS
            assert len(view.rows()) == 2
            assert view.checkpoint is not None
            assert view.checkpoint.read_text() == "state 1"
        assert files(tmp_path) == before
    (tmp_path / "metrics.csv").unlink()
    with Project.open(tmp_path):
        pass
    assert not (tmp_path / "metrics.csv").exists()


def test_only_the_checkpoint_that_counts_is_kept(tmp_path: Path) -> None:
    with Project.create(tmp_path, SETTINGS) as project:
        project.record_checkpoint(0, 0, checkpoint(project, "start"))
        do_step(project, 1, "state 1")
        do_step(project, 2, "state 2")
        (path,) = tmp_path.glob("checkpoint-*")
        assert project.checkpoint == path
        assert path.read_text() == "state 2"
        assert project.new_checkpoint_path() != path


def test_a_resume_takes_back_what_the_checkpoint_does_not_know(tmp_path: Path) -> None:
    with Project.create(tmp_path, SETTINGS) as project:
        do_step(project, 1, "state 1")
        do_step(project, 2)
        project.record_query(0, query(3))
    with Project.create_or_resume(tmp_path, SETTINGS) as project:
        path = project.resume()
        assert path is not None
        assert path.read_text() == "state 1"
        assert [row["step"] for row in project.rows()] == [1]
        assert project.queries(0) == [query(1)]
        assert [step for step, _ in project.annotations(0)] == [1, 1]
        assert project.resume() == path
        do_step(project, 2)
        assert [row["step"] for row in project.rows()] == [1, 2]


def test_what_a_person_labelled_is_never_taken_back(tmp_path: Path) -> None:
    mine = annotations(2, Source.HUMAN)
    with Project.create(tmp_path, SETTINGS) as project:
        do_step(project, 1)
        project.record_query(0, query(2))
        project.record_annotations(0, 2, mine[:1])
    for _ in range(2):
        with Project.open(tmp_path) as project:
            assert project.resume() is None
            assert project.annotations(0) == [(2, mine[0])]
            assert project.queries(0) == [query(2)]
            assert project.rows() == []
    with Project.open(tmp_path) as project:
        project.resume()
        project.record_query(0, query(2))
        assert project.queries(0) == [query(2)]


def test_a_step_has_one_row(tmp_path: Path) -> None:
    with Project.create(tmp_path, SETTINGS) as project:
        do_step(project, 1)
        with pytest.raises(ValueError, match=r"resume\(\) comes before new steps"):
            project.record_step(0, 1, {})
        project.record_step(1, 1, {})


def test_a_row_that_is_refused_leaves_the_older_checkpoint_in_place(tmp_path: Path) -> None:
    with Project.create(tmp_path, SETTINGS) as project:
        do_step(project, 1, "state 1")
        path = checkpoint(project, "state 2")
        with pytest.raises(ValueError, match="mean_iou is nan"):
            project.record_step(0, 2, {"mean_iou": float("nan")}, path)
        assert project.checkpoint is not None
        assert project.checkpoint.read_text() == "state 1"
        project.record_step(0, 2, {}, path)
        assert project.checkpoint == path


def test_a_checkpoint_must_lie_in_the_folder_under_its_name(tmp_path: Path) -> None:
    with Project.create(tmp_path / "run", SETTINGS) as project:
        (tmp_path / "checkpoint-1.safetensors").touch()
        (project.folder / "weights.safetensors").touch()
        for path in (
            tmp_path / "checkpoint-1.safetensors",
            project.folder / "weights.safetensors",
            project.new_checkpoint_path(),
        ):
            with pytest.raises(ValueError, match="not a checkpoint written under a name"):
                project.record_step(0, 1, {}, path)
        assert project.rows() == []


def test_leftovers_of_a_kill_are_removed_and_files_of_others_stay(tmp_path: Path) -> None:
    with Project.create(tmp_path, SETTINGS) as project:
        do_step(project, 1, "state 1")
    for name in ("checkpoint-99.safetensors", ".metrics.csv.0a1b.partial", "notes.txt"):
        (tmp_path / name).touch()
    with Project.open(tmp_path) as project:
        assert project.checkpoint is not None
    assert {"checkpoint-99.safetensors", ".metrics.csv.0a1b.partial"}.isdisjoint(files(tmp_path))
    assert "notes.txt" in files(tmp_path)


def test_a_missing_checkpoint_is_named_and_nothing_is_taken_back(tmp_path: Path) -> None:
    with Project.create(tmp_path, SETTINGS) as project:
        do_step(project, 1, "state 1")
        do_step(project, 2)
        assert project.checkpoint is not None
        moved = project.checkpoint.rename(tmp_path / "checkpoint-77.safetensors")
    with Project.open(tmp_path) as project:
        with pytest.raises(ProjectError, match=r"checkpoint-\d+\.safetensors is missing.*backup"):
            project.resume()
        assert len(project.rows()) == 2
    assert moved.exists()


def test_other_settings_are_refused_by_name_and_nothing_is_written(tmp_path: Path) -> None:
    with Project.create(tmp_path, SETTINGS) as project:
        do_step(project, 1)
        do_step(project, 2)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    other = make_run_config({"seed": 2, "acquisition": {"budget": 5}})
    with pytest.raises(ProjectError, match=r"other settings: acquisition\.budget, seed differ.*settings\.toml"):
        Project.create_or_resume(tmp_path, other)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_where_data_lie_may_change_and_is_kept(tmp_path: Path) -> None:
    moved = make_run_config({"seed": 1, "data": {"path": "elsewhere"}, "threads": 2})
    Project.create_or_resume(tmp_path, SETTINGS).close()
    with Project.create_or_resume(tmp_path, moved) as project:
        assert project.settings == moved
    with Project.open(tmp_path) as project:
        assert project.settings == moved


def test_one_project_is_open_at_a_time(tmp_path: Path) -> None:
    with Project.create(tmp_path, SETTINGS):
        for attempt in (lambda: Project.open(tmp_path), lambda: Project.create_or_resume(tmp_path, SETTINGS)):
            with pytest.raises(ProjectError, match=rf"is open in process {os.getpid()}"):
                attempt()
    Project.open(tmp_path).close()


def test_a_failed_opening_gives_the_lock_back(tmp_path: Path) -> None:
    Project.create(tmp_path, SETTINGS).close()
    log = (tmp_path / "log.sqlite").read_bytes()
    (tmp_path / "log.sqlite").write_bytes(b"x" * 100)
    with pytest.raises(ProjectError, match="damaged"):
        Project.open(tmp_path)
    (tmp_path / "log.sqlite").write_bytes(log)
    Project.open(tmp_path).close()


def test_a_project_is_not_created_twice(tmp_path: Path) -> None:
    Project.create(tmp_path, SETTINGS).close()
    with pytest.raises(ProjectError, match="is a project already"):
        Project.create(tmp_path, SETTINGS)


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "c.png", "d.png"):
        (tmp_path / name).touch()
    with pytest.raises(ProjectError, match=r"holds a\.png, b\.png, c\.png and more\. Choose a new or empty folder"):
        Project.create_or_resume(tmp_path, SETTINGS)
    assert files(tmp_path) == ["a.png", "b.png", "c.png", "d.png"]


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "run").touch()
    with pytest.raises(ProjectError, match="is a file, not a folder"):
        Project.create(tmp_path / "run", SETTINGS)
    with pytest.raises(ProjectError, match="Cannot make the folder"):
        Project.create(tmp_path / "run" / "inner", SETTINGS)


def test_a_log_with_records_is_not_taken_for_a_half_made_project(tmp_path: Path) -> None:
    with Project.create(tmp_path, SETTINGS) as project:
        project.record_query(0, query(1))
    for name in ("project.json", "metrics.csv", "confusion.csv", "queried_regions.csv"):
        (tmp_path / name).unlink()
    with pytest.raises(ProjectError, match=r"records but no project\.json"):
        Project.create_or_resume(tmp_path, SETTINGS)


@pytest.mark.parametrize("attempt", [Project.open, ProjectView.read])
def test_what_is_no_project_is_refused_and_stays_as_it_is(attempt: object, tmp_path: Path) -> None:
    assert callable(attempt)
    with pytest.raises(ProjectError, match=r"is not a project: it has no project\.json"):
        attempt(tmp_path / "missing")
    with pytest.raises(ProjectError, match=r"is not a project"):
        attempt(tmp_path)
    assert files(tmp_path) == []


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"schema": "x"}', '{"schema": 1'])
def test_a_damaged_card_is_named(tmp_path: Path, content: str) -> None:
    Project.create(tmp_path, SETTINGS).close()
    (tmp_path / "project.json").write_text(content)
    with pytest.raises(ProjectError, match=r"project\.json is damaged"):
        Project.open(tmp_path)


def test_a_newer_project_asks_for_an_update(tmp_path: Path) -> None:
    Project.create(tmp_path, SETTINGS).close()
    (tmp_path / "project.json").write_text('{"schema": 2}')
    with pytest.raises(ProjectError, match="Update napari-ralis"):
        Project.open(tmp_path)


def test_a_table_that_cannot_be_written_does_not_stop_the_run_but_is_reported_at_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    project = Project.create(tmp_path, SETTINGS)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        do_step(project, 1)
        assert "No space left" in caplog.text
        with pytest.raises(ProjectError, match="made again from the event log"):
            project.close()
    project.close()
    with Project.open(tmp_path) as project:
        assert [row["step"] for row in project.rows()] == [1]


def test_the_error_that_stopped_a_run_is_not_hidden_by_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    project = Project.create(tmp_path, SETTINGS)
    project.record_query(0, query(1))
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(ZeroDivisionError), project:
        raise ZeroDivisionError


def test_tables_are_rewritten_now_and_then_not_each_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = []
    monkeypatch.setattr(Project, "write_tables", lambda self: written.append(len(self.rows())))
    clock = [100.0]

    def later() -> float:
        clock[0] += 1.0
        return clock[0]

    monkeypatch.setattr("src_model.project.project.time.monotonic", later)
    with Project.create(tmp_path, SETTINGS) as project:
        for step in range(1, 31):
            project.record_step(0, step, {})
    # Written in 1 s, so not again for 20 s, during which the clock is read once a step.
    assert written == [1, 21, 30]


def test_a_run_config_of_its_own_is_enough(tmp_path: Path) -> None:
    with Project.create_or_resume(tmp_path, RunConfig()) as project:
        assert project.settings == RunConfig()


def test_the_newest_annotation_is_the_last_one_that_was_given_whatever_its_episode(tmp_path: Path) -> None:
    with Project.create(tmp_path / "run", SETTINGS) as project:
        assert project.newest_annotation() is None
        first, second = (
            Annotation.from_labels(Region(image, 0, 0, 1, 2), np.zeros((1, 2), dtype=np.uint8)) for image in ("a", "b")
        )
        project.record_annotations(2, 1, [first])
        project.record_annotations(1, 3, [second])
        assert project.newest_annotation() == (1, second)
