"""A project that is being opened can be stopped, and tried again, by the mouse in a real window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from labelling_person import SETTINGS, Sitter
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_ralis.opening import STOPPED, why_not_opened
from napari_ralis.session import Phase
from napari_ralis.threads.run_messages import Began, Ended, Failed, Job
from src_model.active_learning.person_run import PersonRun
from src_model.events import Notice
from src_model.exceptions import EngineFailure


@pytest.mark.parametrize("job", [Job.OPENING, Job.STARTING])
def test_stopped_while_it_gets_ready_a_project_says_what_to_do_and_is_opened_by_trying_again(
    sit_down: Callable[[], Sitter], streets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, job: Job
) -> None:
    def endless(_: PersonRun, should_stop: Callable[[], bool]) -> Iterator[Notice]:
        while not should_stop():
            yield Notice("Still looking …")

    person = sit_down()
    person.open(streets)
    panel = person.dock.start_panel
    with monkeypatch.context() as patch:
        patch.setattr(PersonRun, "start", endless)
        person.dock.start_labelling(tmp_path / "project", SETTINGS)
        if job is Job.STARTING:
            person.until(lambda: any(isinstance(own, Began) and own.job is job for own in person.heard))
        assert panel.cancel_button.isVisible()
        assert not panel.retry_button.isVisible()
        QTest.mouseClick(panel.cancel_button, Qt.MouseButton.LeftButton)
        assert not panel.cancel_button.isEnabled()
        assert panel.text.text().startswith("Stopping")
        person.until(lambda: person.dock.session.phase is Phase.FAILED)
    assert "Try again" in panel.text.text()
    assert panel.retry_button.isVisible()
    assert not panel.cancel_button.isVisible()
    assert not panel.bar.isVisible()
    assert not person.dock.run_lane.is_open
    QTest.mouseClick(panel.retry_button, Qt.MouseButton.LeftButton)
    assert person.dock.session.phase is Phase.STARTING
    person.until(lambda: person.region is not None)
    person.label_quickly()
    person.close()


def test_what_ends_an_opening_and_what_does_not() -> None:
    assert why_not_opened(Ended(Job.STARTING, stopped=True)) == STOPPED
    assert why_not_opened(Failed(Job.OPENING, EngineFailure("No weights. Get some."))) == "No weights. Get some."
    assert why_not_opened(Ended(Job.STARTING, stopped=False)) is None
    assert why_not_opened(Ended(Job.LEARNING, stopped=True)) is None
    assert why_not_opened(Failed(Job.LEARNING, EngineFailure("No memory. Get some."))) is None
