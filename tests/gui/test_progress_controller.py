"""Progress is there again after reopening: curve, measurement, minutes, stars and locks; damage costs them alone."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from napari_ralis.labelling_display import Learning, after, minutes_left_text
from napari_ralis.panels.labelling_panel import LabellingPanel
from napari_ralis.progress_controller import ProgressController
from napari_ralis.sitting import Place, Sitting
from napari_ralis.threads.run_messages import Began, Ended, Happened, Job
from src_model.data.annotation import Annotation
from src_model.data.answers import Recorded
from src_model.data.class_schema import ClassSchema, SemanticClass
from src_model.data.region import Region
from src_model.events import Notice
from src_model.labelling.intervals import Interval
from src_model.labelling.measurement import Measurement, Milestone
from src_model.labelling.measurement_record import MeasuredFit
from src_model.project.sitting_file import SITTING, SittingRecord, keep_sitting, kept_sitting

SCHEMA = ClassSchema("two", (SemanticClass(7, "road", (9, 9, 9)), SemanticClass(3, "car", (99, 9, 9))))


def measured(step: int, *, served: bool = True) -> MeasuredFit:
    mean = Interval(0.1 * step, 0.0, 0.9)
    return MeasuredFit(step, 8 * step, Measurement(np.eye(2), 9, np.array([9, 1]), (mean, None), mean), None, served)


def opened(folder: Path, *fits: MeasuredFit, answers: tuple[Recorded, ...] = ()) -> Any:
    config = SimpleNamespace(acquisition=SimpleNamespace(budget=40))
    return SimpleNamespace(folder=folder, config=config, measured=fits, answers=answers)


@pytest.fixture
def panel(qtbot: QtBot) -> LabellingPanel:
    panel = LabellingPanel()
    qtbot.addWidget(panel)
    panel.iou.set_classes(SCHEMA)
    return panel


def test_what_was_set_spent_and_reached_comes_back(panel: LabellingPanel, tmp_path: Path) -> None:
    controller, sitting = ProgressController(panel), Sitting(SCHEMA, 8)
    assert controller.begin(opened(tmp_path), sitting) is None
    sitting.starred, sitting.locked, sitting.seconds = frozenset({1}), frozenset({0}), 90.0
    controller.add(1, Milestone(8, sitting.minutes, measured(1).measurement))
    controller.end()
    controller.end()
    assert kept_sitting(tmp_path)[0] == SittingRecord(90.0, (3,), (7,), {1: 1.5})

    again, later = ProgressController(panel), Sitting(SCHEMA, 8)
    last = again.begin(opened(tmp_path, measured(1), measured(2, served=False), measured(3)), later)
    assert last is not None
    assert last.step == 3
    assert (later.starred, later.locked, later.minutes) == ({1}, {0}, 1.5)
    # Of step 3 nobody kept the minutes: it lies where the one before it does, and not at 0.
    assert [(own.regions, own.minutes) for own in again.milestones] == [(8, 1.5), (24, 1.5)]
    again.end()


def test_a_class_that_is_gone_loses_its_star(panel: LabellingPanel, tmp_path: Path) -> None:
    keep_sitting(tmp_path, SittingRecord(0.0, (3, 99), (99,)))
    controller, sitting = ProgressController(panel), Sitting(SCHEMA, 8)
    controller.begin(opened(tmp_path), sitting)
    assert (sitting.starred, sitting.locked) == ({1}, set())
    controller.end()


def test_a_damaged_file_gives_defaults_and_a_notice(panel: LabellingPanel, tmp_path: Path) -> None:
    (tmp_path / SITTING).write_text("{")
    controller, sitting = ProgressController(panel), Sitting(SCHEMA, 8)
    controller.begin(opened(tmp_path, measured(1)), sitting)
    assert "is damaged" in panel.log.toPlainText()
    assert (sitting.minutes, sitting.starred) == (0.0, set())
    assert len(controller.milestones) == 1
    controller.end()


def test_class_balance_and_the_time_that_is_left_follow_the_answers(panel: LabellingPanel, tmp_path: Path) -> None:
    controller, sitting = ProgressController(panel), Sitting(SCHEMA, 8)
    controller.begin(opened(tmp_path), sitting)
    places = [Place(Region("image", 0, 8 * number, 8, 8), False) for number in range(12)]
    sitting.follow(places)
    for number, place in enumerate(places):
        assert minutes_left_text(sitting, 40) == "" or number >= 10
        sitting.start_clock(30.0 * number)
        sitting.accept(
            Annotation.from_labels(place.region, np.full((8, 8), int(number == 0), np.uint8)), 30.0 * number + 12
        )
    controller.render()
    assert panel.iou.balance.accessibleDescription() == "road: 92 % · 11 regions. car: 8.3 % · 1 region"
    assert panel.iou.minutes_left.text() == "At 12 s a region, the 28 left of the budget of 40 take about 6 minutes."
    assert minutes_left_text(sitting, 12) == minutes_left_text(sitting, None) == ""
    controller.end()


def test_what_happened_in_a_training_is_said_until_the_next_begins() -> None:
    happened = Happened(Notice("Memory ran out."))
    learning = after(after(Learning(), Began(Job.LEARNING), 0.0), happened, 1.0)
    learning = after(after(learning, Ended(Job.LEARNING, stopped=False), 2.0), Began(Job.PROPOSING), 3.0)
    learning = after(learning, Ended(Job.PROPOSING, stopped=False), 4.0)
    assert learning.state.remark == "Memory ran out."
    assert after(learning, Began(Job.LEARNING), 5.0).notice == ""
    assert after(after(Learning(), Began(Job.STARTING), 0.0), happened, 1.0).notice == "", "it is in the log"


def corrected(column: int, strokes: int | None) -> Annotation:
    return Annotation.from_labels(Region("img", 0, 8 * column, 8, 8), np.zeros((8, 8), np.uint8), corrections=strokes)


def test_corrections_a_region_are_told_in_the_order_of_labelling_once_there_are_six(
    panel: LabellingPanel, tmp_path: Path
) -> None:
    """Two regions in each third: 9 and 8, 5 and 6, 3 and 0; others had no draft. The first one was corrected."""
    given = [corrected(1, 4), corrected(2, 8), corrected(3, None), corrected(4, 5), corrected(5, 6), corrected(6, 3)]
    again = corrected(1, 9)
    sitting = Sitting(SCHEMA, 8, [*given[1:], again])
    answers = tuple(Recorded(seq, 1, own) for seq, own in enumerate([*given, again]))
    controller = ProgressController(panel)
    controller.begin(opened(tmp_path, answers=answers), sitting)
    assert panel.iou.corrections.text() == ""
    assert panel.iou.corrections.isHidden()
    sitting.take(Place(corrected(7, 0).region, False), None)
    sitting.accept(corrected(7, 0), 0.0)
    controller.render()
    assert panel.iou.corrections.text().startswith("Corrections a region: 8.5 → 5.5 → 1.5 (")
    assert "of 6 with a draft" in panel.iou.corrections.text()
    assert not panel.iou.corrections.isHidden()
    controller.end()
