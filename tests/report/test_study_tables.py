"""What a study commits."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from src_model.exceptions import RalisError
from src_model.report.study_tables import write_study

WriteRun = Callable[..., Path]


def test_a_study_keeps_its_table_every_reading_and_its_curves(write_run: WriteRun, tmp_path: Path) -> None:
    runs = [write_run(name, seed) for name in ("random", "entropy") for seed in (0, 1)]
    write_study(runs, tmp_path / "study")
    with (tmp_path / "study" / "runs.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["line"], row["seed"]) for row in rows} == {
        ("random", "0"),
        ("random", "1"),
        ("entropy", "0"),
        ("entropy", "1"),
    }
    assert all(0 <= float(row["mean_iou"]) <= 1 for row in rows)
    assert "| entropy | 2 |" in (tmp_path / "study" / "table.md").read_text()
    assert sorted(path.name for path in (tmp_path / "study").glob("*.svg")) == ["curves-1.svg", "differences-1.svg"]


def test_runs_with_other_classes_share_the_readings_and_leave_cells_empty(write_run: WriteRun, tmp_path: Path) -> None:
    street, drone = write_run("random", 0), write_run("entropy", 0)
    metrics = drone / "metrics.csv"
    metrics.write_text(metrics.read_text().replace("iou_pole", "iou_tree"))
    write_study([street, drone], tmp_path / "study")
    with (tmp_path / "study" / "runs.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["line"], bool(row["iou_pole"]), bool(row["iou_tree"])) for row in rows} == {
        ("random", True, False),
        ("entropy", False, True),
    }


def test_a_folder_without_runs_is_refused_and_nothing_written(tmp_path: Path) -> None:
    with pytest.raises(RalisError):
        write_study([tmp_path / "nothing"], tmp_path / "study")
    assert not (tmp_path / "study").exists()
