"""The heavy lane's job in napari's activity dock: there while it lasts, and no longer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from napari.utils import progress
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QObject, QTimer

from napari_ralis.activity import Activity
from napari_ralis.panels.training_panel import TrainingState, Work

TRAINING = TrainingState(Work.RUNNING, "training", 30, 100)


@pytest.fixture
def activity(qtbot: QtBot) -> Iterator[Activity]:
    parent = QObject()
    made = Activity(parent)
    yield made
    made.close()


def bars() -> list[Any]:
    return [bar for bar in progress._all_instances if "RALis" in bar.desc]


def told(qtbot: QtBot) -> list[tuple[int, int, str]]:
    qtbot.wait(400)
    return [(bar.n, bar.total, bar.desc.removesuffix(": ")) for bar in bars()]


def test_one_bar_follows_a_job_through_its_phases(activity: Activity, qtbot: QtBot) -> None:
    activity.follow(TrainingState())
    assert told(qtbot) == []
    activity.follow(TRAINING)
    assert told(qtbot) == [(30, 100, "RALis: training")]
    (bar,) = bars()
    activity.follow(TrainingState(Work.RUNNING, "measuring", 2, 7))
    assert told(qtbot) == [(2, 7, "RALis: measuring")]
    activity.follow(TrainingState(Work.PAUSED, "measuring", 2, 7))
    assert told(qtbot) == [(2, 7, "RALis: paused, measuring")]
    assert bars() == [bar]


@pytest.mark.parametrize("end", [TrainingState(), TrainingState(Work.FAILED, remark="The machine failed.")])
def test_it_goes_however_the_job_ends(activity: Activity, qtbot: QtBot, end: TrainingState) -> None:
    activity.follow(TrainingState(Work.STOPPING, "training", 30, 100))
    assert len(told(qtbot)) == 1
    activity.follow(end)
    assert told(qtbot) == []


def test_a_job_that_is_over_before_it_is_looked_at_leaves_no_bar(activity: Activity, qtbot: QtBot) -> None:
    activity.follow(TRAINING)
    activity.follow(TrainingState())
    assert told(qtbot) == []
    activity.follow(TRAINING)
    activity.close()
    activity.close()
    assert told(qtbot) == []


def test_nothing_is_written_to_the_terminal(
    activity: Activity, qtbot: QtBot, capfd: pytest.CaptureFixture[str]
) -> None:
    for done in range(0, 100, 50):
        activity.follow(TrainingState(Work.RUNNING, "training", done, 100))
        assert len(told(qtbot)) == 1
    activity.close()
    assert capfd.readouterr() == ("", "")


def test_in_napari_no_event_is_handled_while_a_message_is_and_the_bar_goes_with_the_job(
    make_napari_viewer: Callable[..., Any], activity: Activity, qtbot: QtBot
) -> None:
    dialog = make_napari_viewer().window._qt_window._activity_dialog
    overtaken: list[bool] = []
    QTimer.singleShot(0, lambda: overtaken.append(True))
    activity.follow(TRAINING)
    assert not overtaken, "the next message would be taken in before this one"
    qtbot.waitUntil(lambda: len(bars()) == 1)
    (bar,) = bars()
    assert overtaken
    pbar = dialog.get_pbar_from_prog(bar).qt_progress_bar
    assert (pbar.value(), pbar.maximum()) == (30, 100)
    # The job ends while the bar is being told how far it is.
    bar.events.value.connect(lambda _event: activity.follow(TrainingState()))
    activity.follow(TrainingState(Work.RUNNING, "training", 60, 100))
    qtbot.waitUntil(lambda: bars() == [])
