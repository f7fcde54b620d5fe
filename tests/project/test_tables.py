"""The tables: fixed columns, empty cells for what was not measured, never a NaN."""

import csv
import errno
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from src_model.data.region import Region
from src_model.events import Query
from src_model.exceptions import ProjectError
from src_model.project.records import Row
from src_model.project.tables import write_class_pixels, write_confusions, write_metrics, write_queried_regions

METRICS_HEAD = (
    "step,labelled_regions,labelled_pixels,labelled_fraction,mean_iou,weighted_iou,reward,epsilon,q_loss,"
    "query_seconds,fit_seconds,evaluate_seconds"
)
REGION = Region("0001", 90, 80, 45, 40)


def test_metrics_have_a_fixed_order_and_empty_cells(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    rows: list[Row] = [
        {
            "zebra": "a,b",
            "iou_sky": 0.25,
            "iou_car": None,
            "mean_iou": 0.5,
            "reward_seconds": 2,
            "episode": 0,
            "step": 1,
            "reward": -1.5,
            "ant": 7,
        },
        {"episode": 0, "step": 2, "mean_iou": 0.75, "labelled_regions": 48},
    ]
    write_metrics(rows, path)
    assert path.read_text().splitlines() == [
        METRICS_HEAD + ",reward_seconds,iou_sky,iou_car,ant,zebra",
        '1,,,,0.5,,-1.5,,,,,,2,0.25,,7,"a,b"',
        "2,48,,,0.75,,,,,,,,,,,,",
    ]


def test_confusions_have_a_table_of_their_own_with_labels_as_rows(tmp_path: Path) -> None:
    rows: list[Row] = [
        {"episode": 1, "step": 0, "labelled_regions": 0, "iou_sky": 0.5, "iou_car, big": 0.0, "confusion": "3 1;2 0"},
        {"episode": 1, "step": 1, "labelled_regions": 24},
        {"episode": 1, "step": 2, "labelled_regions": 48, "iou_sky": 1.0, "iou_car, big": 1.0, "confusion": "4 0;0 2"},
    ]
    write_metrics(rows, tmp_path / "metrics.csv")
    write_confusions(rows, tmp_path / "confusion.csv")
    assert "confusion" not in (tmp_path / "metrics.csv").read_text()
    assert (tmp_path / "confusion.csv").read_text().splitlines() == [
        'episode,step,labelled_regions,label,as_sky,"as_car, big"',
        "1,0,0,sky,3,1",
        '1,0,0,"car, big",2,0',
        "1,2,48,sky,4,0",
        '1,2,48,"car, big",0,2',
    ]


def test_rows_without_a_confusion_leave_a_table_with_a_head(tmp_path: Path) -> None:
    write_confusions([{"episode": 1, "step": 0, "iou_sky": 0.5}], tmp_path / "confusion.csv")
    assert (tmp_path / "confusion.csv").read_text() == "episode,step,labelled_regions,label\n"


def test_class_pixels_are_a_row_a_class(tmp_path: Path) -> None:
    write_class_pixels(
        {"sky": {"pool_pixels": 5, "pool_images": 1}, "car": {"pool_pixels": 0, "pool_images": 0}}, tmp_path / "c.csv"
    )
    assert (tmp_path / "c.csv").read_text().splitlines() == ["class,pool_pixels,pool_images", "sky,5,1", "car,0,0"]


def test_a_table_without_rows_has_its_head(tmp_path: Path) -> None:
    write_metrics([], tmp_path / "metrics.csv")
    write_queried_regions([], tmp_path / "queried_regions.csv")
    assert (tmp_path / "metrics.csv").read_text() == METRICS_HEAD + "\n"
    assert (tmp_path / "queried_regions.csv").read_text() == "step,image,row,column,height,width,score\n"


def test_the_episode_comes_first_where_there_are_several(tmp_path: Path) -> None:
    write_metrics([{"episode": 1, "step": 1}, {"episode": 2, "step": 1}], tmp_path / "metrics.csv")
    lines = (tmp_path / "metrics.csv").read_text().splitlines()
    assert lines[0] == "episode," + METRICS_HEAD
    assert [line[:4] for line in lines[1:]] == ["1,1,", "2,1,"]
    query = Query(1, (REGION,), (0.5,))
    write_queried_regions([(1, query), (2, query)], tmp_path / "queried_regions.csv")
    assert (tmp_path / "queried_regions.csv").read_text().splitlines() == [
        "episode,step,image,row,column,height,width,score",
        "1,1,0001,90,80,45,40,0.5",
        "2,1,0001,90,80,45,40,0.5",
    ]


def test_a_budget_stands_only_where_there_is_one(tmp_path: Path) -> None:
    write_metrics([{"step": 4, "budget": 96, "mean_iou": 0.5}], tmp_path / "final_metrics.csv")
    assert (tmp_path / "final_metrics.csv").read_text().startswith("step,budget,labelled_regions")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_not_finite_is_refused_and_the_old_table_stays(tmp_path: Path, value: float) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")
    with pytest.raises(ValueError, match=r"Column mean_iou of table\.csv"):
        write_metrics([{"step": 1, "mean_iou": value}], path)
    with pytest.raises(ValueError, match=r"Column score of table\.csv"):
        write_queried_regions([(0, Query(1, (REGION,), (value,)))], path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_reported_and_the_old_table_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(ProjectError, match=r"metrics\.csv.*No space left.*made again from the event log"):
        write_metrics([{"step": 1}], path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    image=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1),
    score=st.floats(allow_nan=False, allow_infinity=False),
)
def test_ids_and_scores_can_be_read_back_exactly(tmp_path: Path, image: str, score: float) -> None:
    path = tmp_path / "queried_regions.csv"
    write_queried_regions([(0, Query(1, (Region(image, 0, 0, 1, 1),), (score,)))], path)
    with path.open(encoding="utf-8", newline="") as file:
        (line,) = csv.DictReader(file)
    assert line["image"] == image
    assert float(line["score"]) == score


@pytest.mark.parametrize("image", [b"stra\xdfe".decode("utf-8", "surrogateescape"), "stra\ud800e"])
def test_a_file_name_that_is_not_unicode_leaves_a_table_that_is(tmp_path: Path, image: str) -> None:
    path = tmp_path / "queried_regions.csv"
    write_queried_regions([(0, Query(1, (Region(image, 0, 0, 1, 1),), (0.0,)))], path)
    assert path.read_text(encoding="utf-8").splitlines()[1].startswith("1,stra\\ud")
