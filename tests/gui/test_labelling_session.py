"""The whole labelling session in a real window: painted with mouse and keys, learnt from, closed and opened again."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from labelling_person import SETTINGS, Sitter
from napari.utils import progress
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_ralis.layers.stack import find
from napari_ralis.session import Phase
from napari_ralis.threads.run_messages import Began, Job, Message
from src_model.data.annotation import VOID
from src_model.data.region import Region
from src_model.labelling.measurement import mean_text
from src_model.labelling.tools import Tool
from src_model.project.strokes import kept_strokes


def test_a_session_from_nothing_to_a_model_and_back_after_closing_while_it_learns(
    sit_down: Callable[[], Sitter], streets: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    person = sit_down()
    person.open(streets)
    person.start(folder)

    # Brush, superpixel and fill, then Enter.
    first = person.region
    assert first is not None
    assert (person.patch == VOID).all(), "nothing has been learnt, so there is no draft"
    person.press(Qt.Key.Key_B)
    person.press(Qt.Key.Key_2)
    person.drag((6, 6), (6, 24))
    assert (person.patch[6, 6:24] == 1).all()
    person.until(lambda: person.dock.labelling_panel.tools.tools[Tool.SUPERPIXEL].isEnabled())
    person.press(Qt.Key.Key_S)
    person.point(24, 24)
    person.press(Qt.Key.Key_3)
    assert person.patch[24, 24] == 2
    person.press(Qt.Key.Key_B)
    person.press(Qt.Key.Key_1)
    person.press(Qt.Key.Key_F)
    painted = person.patch
    assert {0, 1, 2} <= set(np.unique(painted).tolist())
    assert not (painted == VOID).any()
    person.press(Qt.Key.Key_Return)
    assert person.region != first
    np.testing.assert_array_equal(person.labelled[first], painted)
    person.until(lambda: person.dock.labelling_panel.saved.text().startswith("● saved"))

    # On and on, until something was learnt and a check region is among the labels.
    blind = person.dock.labelling.opened.blind
    while person.dock.labelling.learning.version == 0 or not any(map(blind, person.labelled)):
        person.label_quickly()
        person.qtbot.wait(50)
    person.until(lambda: person.region is not None)
    remark = person.dock.labelling_panel.training.remark.text()
    assert any(said in remark for said in ("Drafts come from the model", "Knows "))

    # The model on check images, class by class.
    person.dock.labelling_panel.tabs.setCurrentIndex(1)
    person.until(lambda: find(person.viewer, "outcomes") is not None)
    checked = next(region for region in sorted(person.labelled) if blind(region))
    said = find(person.viewer, "outcomes").data
    assert said.shape == (96, 192)
    assert said.any()
    outside = said.copy()
    for region in person.labelled:
        if region.image == checked.image:
            outside[region.window] = 0
    assert not outside.any(), "nothing is said of check regions that are still to be labelled"
    person.dock.labelling_panel.tabs.setCurrentIndex(0)
    person.until(lambda: person.region is not None)
    assert find(person.viewer, "outcomes") is None

    # How the query was chosen, and another of its regions by a click on its row.
    details = person.dock.labelling_panel.details
    person.dock.labelling_panel.tabs.setCurrentIndex(2)
    person.until(lambda: "of 6 candidates, by entropy" in details.title.text())
    person.until(lambda: all(row.pixels is not None for row in details.table._rows))
    assert details.other_texts[0].text().startswith("Chance would have asked")
    assert "of memory in use" in details.machine.text()
    waiting = next((place for place, row in enumerate(details.table._rows) if not (row.done or row.current)), None)
    if waiting is not None:
        before = person.region
        place = details.table.row_of(waiting).center().toPoint()
        QTest.mouseClick(details.table, Qt.MouseButton.LeftButton, pos=place)
        person.until(lambda: person.region not in (None, before))
    person.dock.labelling_panel.tabs.setCurrentIndex(0)
    assert "rank " in person.dock.labelling_panel.query.reason.text() or blind(person.dock.labelling.shown.region)
    palette = person.dock.labelling_panel.palette_panel
    entry = palette.model.entry(palette.model.index(palette.model.row_of(2), 0))
    palette.menu_for(entry).actions()[0].trigger()
    sitting = person.dock.session.sitting
    assert sitting.starred == {2}

    # Closed in the middle of a training.
    def pause(message: Message) -> None:
        if isinstance(message, Began) and message.job is Job.LEARNING:
            person.dock.run_lane.pause(True)

    person.dock.run_lane.said.connect(pause)
    began = len([own for own in person.heard if isinstance(own, Began) and own.job is Job.LEARNING])
    while len([own for own in person.heard if isinstance(own, Began) and own.job is Job.LEARNING]) == began:
        person.label_quickly()
        person.qtbot.wait(50)
    last = person.label_quickly()
    labelled = person.labelled
    # In napari's activity dock, too.
    person.until(lambda: any("RALis" in bar.desc for bar in progress._all_instances))
    read = person.dock.labelling_panel.iou.mean.text()
    curve = person.dock.labelling.learning.progress.milestones
    minutes = sitting.minutes
    assert minutes > 0
    assert len(curve) > 0
    person.dock.run_lane.said.disconnect(pause)
    started = time.monotonic()
    person.close()
    assert time.monotonic() - started < 20
    assert not person.dock.run_lane.is_open
    assert not [bar for bar in progress._all_instances if "RALis" in bar.desc]

    again = sit_down()
    again.dock.open_project(folder)
    again.until(lambda: again.region is not None)
    assert set(again.labelled) == set(labelled)
    np.testing.assert_array_equal(again.labelled[first], painted)
    np.testing.assert_array_equal(again.labelled[last], labelled[last])
    assert again.region not in labelled
    # What was measured, set and spent is there before anything is learnt again.
    # Learning goes on at once, so that the panel may be further by now.
    opened = again.dock.labelling.opened
    assert opened is not None
    assert read in [mean_text(fit.measurement) for fit in opened.measured]
    assert again.dock.labelling_panel.iou.mean.text() != "Nothing is measured yet."
    found = again.dock.labelling.learning.progress.milestones
    assert [(own.regions, own.minutes) for own in found][: len(curve)] == [(own.regions, own.minutes) for own in curve]
    assert again.dock.session.sitting.starred == {2}
    assert again.dock.session.sitting.minutes == pytest.approx(minutes)
    again.close()


def test_regions_are_skipped_taken_up_again_and_labelled_wherever_the_cursor_is(
    sit_down: Callable[[], Sitter], streets: Path, tmp_path: Path
) -> None:
    person = sit_down()
    person.open(streets)
    person.start(tmp_path / "project")
    first = person.label_quickly()
    person.until(lambda: person.region not in (None, first))
    second = person.region
    person.press(Qt.Key.Key_B)
    person.press(Qt.Key.Key_2)
    person.drag((6, 6), (6, 24))
    strokes = person.patch

    # Back to the first: it is corrected, and the strokes on the second are still there.
    person.press(Qt.Key.Key_Backspace)
    person.until(lambda: person.region == first)
    assert (person.patch == 0).all()
    person.drag((6, 6), (6, 24))
    corrected = person.patch
    assert (corrected == 1).any()
    person.press(Qt.Key.Key_Return)
    person.until(lambda: person.region == second)
    np.testing.assert_array_equal(person.labelled[first], corrected)
    np.testing.assert_array_equal(person.patch, strokes)

    # Skipped from the menu, as a click on a reason does it.
    menu = person.dock.labelling_panel.tools.skip.menu()
    next(action for action in menu.actions() if action.text() == "Not useful").trigger()
    person.until(lambda: person.region not in (None, first, second))
    assert second not in person.labelled
    assert person.dock.labelling_panel.tools.back.isEnabled()

    # The other frame of the sequence, as long as the key is down.
    here = person.region
    assert here is not None
    own = np.array(find(person.viewer, "image").data)
    number = int(here.image.rsplit("_", 1)[1])
    key = Qt.Key.Key_Comma if number % 2 else Qt.Key.Key_Period
    person.qtbot.wait(300)
    QTest.keyPress(person.canvas, key)
    person.until(lambda: not np.array_equal(find(person.viewer, "image").data, own))
    assert not find(person.viewer, "annotation").visible
    QTest.keyRelease(person.canvas, key)
    person.until(lambda: np.array_equal(find(person.viewer, "image").data, own))
    assert find(person.viewer, "annotation").visible

    # A neighbour, not asked for.
    down = here.row + 40 if here.row + 64 <= 96 else here.row - 8
    person.point(down - here.row, 8)
    person.press(Qt.Key.Key_H)
    person.until(lambda: person.region not in (None, here))
    assert person.region == Region(here.image, down // 32 * 32, here.column, 32, 32)
    there = person.label_quickly()
    assert there in person.labelled
    person.until(lambda: person.region == here)
    person.until(lambda: person.dock.labelling_panel.saved.text().startswith("● saved"))
    person.close()


def test_a_project_that_cannot_be_opened_says_why_and_is_tried_again(
    sit_down: Callable[[], Sitter], streets: Path, tmp_path: Path, shown_warnings: list[str]
) -> None:
    person = sit_down()
    person.open(streets)
    (tmp_path / "project").write_text("in the way")
    person.dock.start_labelling(tmp_path / "project", SETTINGS)
    person.until(lambda: person.dock.session.phase is Phase.FAILED)
    start = person.dock.start_panel
    assert str(tmp_path / "project") in start.text.text()
    assert start.retry_button.isVisible()
    (tmp_path / "project").unlink()
    QTest.mouseClick(start.retry_button, Qt.MouseButton.LeftButton)
    person.until(lambda: person.region is not None)
    assert shown_warnings

    # Back to the data set: lanes stop, our layers go.
    QTest.mouseClick(person.dock.labelling_panel.close_button, Qt.MouseButton.LeftButton)
    assert person.dock.session.phase is Phase.OPEN
    assert not person.dock.run_lane.is_open
    assert find(person.viewer, "annotation") is None
    person.close()


def test_what_is_painted_and_not_accepted_is_there_again_after_closing_and_after_a_kill(
    sit_down: Callable[[], Sitter], streets: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    person = sit_down()
    person.open(streets)
    person.start(folder)
    region = person.region
    assert region is not None
    person.press(Qt.Key.Key_B)
    person.press(Qt.Key.Key_2)
    person.drag((6, 6), (6, 24))
    painted = person.patch
    # What a kill would leave.
    person.until(lambda: region in kept_strokes(folder))
    np.testing.assert_array_equal(kept_strokes(folder)[region], painted)
    person.close()

    again = sit_down()
    again.dock.open_project(folder)
    again.until(lambda: again.region is not None)
    assert again.region == region
    np.testing.assert_array_equal(again.patch, painted)
    again.press(Qt.Key.Key_Return)
    assert region in again.labelled
    again.until(lambda: kept_strokes(folder) == {})
    again.close()
