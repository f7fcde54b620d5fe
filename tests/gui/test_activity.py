"""The heavy lane's job in napari's activity dock: there while it lasts, and no longer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from napari.utils import progress

from napari_ralis.activity import Activity
from napari_ralis.panels.training_panel import TrainingState, Work


@pytest.fixture
def activity() -> Iterator[Activity]:
    made = Activity()
    yield made
    made.close()


def bars() -> list[Any]:
    return [bar for bar in progress._all_instances if "RALis" in bar.desc]


def test_one_bar_follows_a_job_through_its_phases(activity: Activity) -> None:
    activity.follow(TrainingState())
    assert bars() == []
    activity.follow(TrainingState(Work.RUNNING, "training", 30, 100))
    (bar,) = bars()
    assert (bar.n, bar.total, bar.desc) == (30, 100, "RALis: training: ")
    activity.follow(TrainingState(Work.RUNNING, "measuring", 2, 7))
    assert bars() == [bar]
    assert (bar.n, bar.total, bar.desc) == (2, 7, "RALis: measuring: ")
    activity.follow(TrainingState(Work.PAUSED, "measuring", 2, 7))
    assert bar.desc == "RALis: paused, measuring: "


@pytest.mark.parametrize("end", [TrainingState(), TrainingState(Work.FAILED, remark="The machine failed.")])
def test_it_goes_however_the_job_ends(activity: Activity, end: TrainingState) -> None:
    activity.follow(TrainingState(Work.STOPPING, "training", 30, 100))
    assert len(bars()) == 1
    activity.follow(end)
    assert bars() == []
    activity.close()


def test_nothing_is_written_to_the_terminal(activity: Activity, capfd: pytest.CaptureFixture[str]) -> None:
    for done in range(0, 100, 10):
        activity.follow(TrainingState(Work.RUNNING, "training", done, 100))
    activity.close()
    assert capfd.readouterr() == ("", "")


def test_napari_shows_it_and_survives_a_viewer_that_closes_before_it(
    make_napari_viewer: Callable[..., Any], activity: Activity
) -> None:
    viewer = make_napari_viewer()
    dialog = viewer.window._qt_window._activity_dialog
    activity.follow(TrainingState(Work.RUNNING, "training", 30, 100))
    (bar,) = bars()
    pbar = dialog.get_pbar_from_prog(bar)
    assert (pbar.qt_progress_bar.value(), pbar.qt_progress_bar.maximum()) == (30, 100)
    activity.follow(TrainingState(Work.RUNNING, "training", 60, 100))
    assert pbar.qt_progress_bar.value() == 60
    activity.close()
    assert dialog.get_pbar_from_prog(bar) is None
