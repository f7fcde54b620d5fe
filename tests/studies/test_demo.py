"""The demo in a tiny size: every line labels as much, what is there goes on, and the report compares them."""

from __future__ import annotations

import csv
from itertools import pairwise
from pathlib import Path

import pytest

from src_model.events import Event, LineBegun, Notice, StepDone, drain
from src_model.exceptions import DataError
from src_model.shipped import models
from src_model.studies import demo as module
from src_model.studies.demo import Demo, demo_lines, run_demo

TINY = Demo(images=12, size=(32, 64), region=(16, 16), budget=4, regions_per_query=2, pool_size=2, updates=1)
DQN_OR_INSTEAD = ("dqn", "margin_class_balanced")


def labelled(run: Path) -> list[str]:
    with (run / "metrics.csv").open(newline="") as file:
        return [row["labelled_regions"] for row in csv.DictReader(file)]


def test_every_line_labels_the_same_budget_and_the_report_holds_them_all(tmp_path: Path) -> None:
    seen: list[Event] = []
    page = drain(run_demo(tmp_path, TINY), seen.append)
    names = demo_lines()
    assert names[:3] == ("random", "entropy", "label_balance")
    assert names[3] in DQN_OR_INSTEAD
    assert {run.name: labelled(run) for run in (tmp_path / "runs").iterdir()} == {
        name: ["0", "2", "4"] for name in names
    }
    assert page == tmp_path / "report" / "report.html"
    assert all(name in page.read_text().replace("<wbr>", "") for name in names)
    begun = [event for event in seen if isinstance(event, LineBegun)]
    assert [(event.name, event.number, event.total) for event in begun] == [(n, i, 4) for i, n in enumerate(names, 1)]
    steps = [event for event in seen if isinstance(event, StepDone)]
    assert [event.step for event in steps] == sorted(event.step for event in steps)
    assert (steps[-1].step, {event.total for event in steps}) == (8, {8})
    remarks = [event.text for event in seen if isinstance(event, Notice)]
    assert len(remarks) == len(set(remarks))


def test_a_demo_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    def two_steps(event: Event) -> None:
        if isinstance(event, StepDone) and event.step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drain(run_demo(tmp_path, TINY), two_steps)
    drawn = (tmp_path / "streets" / "streets.json").stat().st_mtime_ns
    seen: list[Event] = []
    assert drain(run_demo(tmp_path, TINY), seen.append) is not None
    assert (tmp_path / "streets" / "streets.json").stat().st_mtime_ns == drawn
    assert min(event.step for event in seen if isinstance(event, StepDone)) >= 2
    assert labelled(tmp_path / "runs" / "random") == ["0", "2", "4"]


def test_without_a_shipped_policy_one_line_says_what_asks_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "is_shipped", lambda model: model is not models.POLICY)
    first = next(run_demo(tmp_path, TINY))
    assert isinstance(first, Notice)
    assert "margin_class_balanced" in first.text
    assert demo_lines()[3] == "margin_class_balanced"


def test_with_a_shipped_policy_dqn_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "is_shipped", lambda model: True)
    assert demo_lines()[3] == "dqn"


def test_a_folder_with_something_else_in_the_streets_place_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "streets").mkdir()
    (tmp_path / "streets" / "mine.txt").write_text("mine")
    with pytest.raises(DataError, match="not empty"):
        drain(run_demo(tmp_path, TINY))
    assert (tmp_path / "streets" / "mine.txt").read_text() == "mine"


def test_lines_differ_in_nothing_but_what_asks(tmp_path: Path) -> None:
    configs = [TINY.config(tmp_path, name).model_dump() for name in demo_lines()]
    for one, other in pairwise(configs):
        assert {key for key in one if one[key] != other[key]} == {"acquisition"}
