"""Who answered, what drafts took and whose drafts are seen: in the log, on the panels, there after reopening."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from pathlib import Path

import pytest
from labelling_person import Sitter
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from src_model.data.annotation import VOID, Annotation
from src_model.data.answers import labels_of
from src_model.data.region import Region
from src_model.project.view import ProjectView


def on_the_disk(folder: Path) -> dict[Region, tuple[Annotation, str]]:
    with ProjectView.read(folder) as view:
        said = [(labels_of(own.answer), own.person) for own in view.answers(1)]
    return {labels.region: (labels, person) for labels, person in said if labels is not None}


def correct(person: Sitter) -> tuple[Region, int | None]:
    """Two strokes, one of which is undone, and a fill; the region, and how many corrections that is."""
    person.until(lambda: person.region is not None)
    easel = person.dock.labelling._easel
    place = easel.shown
    assert place is not None
    if not place.blind and person.dock.labelling.learning.version:
        person.until(lambda: not easel.awaits_draft)
    began = not place.blind and not (person.patch == VOID).all()
    person.press(Qt.Key.Key_B)
    strokes = 0
    for row, key in ((6, Qt.Key.Key_2), (24, Qt.Key.Key_3)):
        before = person.patch
        person.press(key)
        person.drag((row, 6), (row, 24))
        strokes += bool((person.patch != before).any())
    before = person.patch
    person.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    strokes -= bool((person.patch != before).any())
    before = person.patch
    person.press(Qt.Key.Key_1)
    person.press(Qt.Key.Key_F)
    strokes += bool((person.patch != before).any())
    person.press(Qt.Key.Key_Return)
    assert place.region in person.labelled
    return place.region, strokes if began else None


def test_who_answered_what_drafts_took_and_whose_drafts_are_seen_are_there_after_reopening(
    sit_down: Callable[[], Sitter], streets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "project"
    monkeypatch.setattr(getpass, "getuser", lambda: "anna")
    person = sit_down()
    person.open(streets)
    person.start(folder)
    iou = person.dock.labelling_panel.iou
    counted: dict[Region, int | None] = {}
    while len([own for own in counted.values() if own is not None]) < 6:
        assert iou.corrections.text() == ""
        region, strokes = correct(person)
        counted[region] = strokes
        person.qtbot.wait(50)
    assert any(counted.values()), "otherwise there is nothing to count"
    told = iou.corrections.text()
    assert told.startswith("Corrections a region: ")
    person.until(lambda: set(on_the_disk(folder)) == set(counted))
    assert {region: labels.corrections for region, (labels, _) in on_the_disk(folder).items()} == counted
    assert {name for _, name in on_the_disk(folder).values()} == {"anna"}

    # One person alone has nothing to choose.
    person.press(Qt.Key.Key_W)
    wall = person.dock.labelling.aids.crops.wall
    assert wall.isVisible()
    assert not wall.people.isVisible()
    QTest.keyClick(wall.list, Qt.Key.Key_Escape)
    person.close()

    monkeypatch.setattr(getpass, "getuser", lambda: "bert")
    again = sit_down()
    again.dock.open_project(folder)
    again.until(lambda: again.region is not None)
    panel = again.dock.labelling_panel
    assert panel.iou.corrections.text() == told
    assert "Drafts come from the model of step " in panel.log.toPlainText()
    own = again.label_quickly()
    again.press(Qt.Key.Key_W)
    wall = again.dock.labelling.aids.crops.wall
    assert wall.people.isVisible()
    QTest.keyClick(wall.list, Qt.Key.Key_P)
    assert {crop.region for crop in wall.model.crops} == set(counted)
    assert "by anna" in wall.details.text()
    QTest.keyClick(wall.list, Qt.Key.Key_P)
    assert [crop.region for crop in wall.model.crops] == [own]
    assert "by bert" in wall.details.text()
    QTest.keyClick(wall.list, Qt.Key.Key_P)
    assert len(wall.model.crops) == len(counted) + 1
    QTest.keyClick(wall.list, Qt.Key.Key_Escape)
    again.until(lambda: on_the_disk(folder).get(own, (None, ""))[1] == "bert")
    again.close()
