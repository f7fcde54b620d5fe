"""The wall, cards, neighbours, doubts and the map, in a real window by mouse and keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from labelling_person import SETTINGS, Sitter
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_ralis.layers.stack import TAG, find
from src_model.data.annotation import VOID
from src_model.data.answers import labels_of
from src_model.data.region import Region
from src_model.labelling.unpainted import UNSURE
from src_model.project.view import ProjectView


def test_what_was_labelled_is_found_on_the_wall_corrected_and_the_region_in_hand_is_as_it_was(
    sit_down: Callable[[], Sitter], streets: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    person = sit_down()
    person.open(streets)
    person.start(folder)
    crops, places = person.dock.labelling.aids.crops, person.dock.labelling.aids.places
    wall = crops.wall

    # Unsure between the two classes that were in the brush last.
    first = person.region
    assert first is not None
    person.press(Qt.Key.Key_B)
    person.press(Qt.Key.Key_2)
    person.press(Qt.Key.Key_4)
    person.press(Qt.Key.Key_Equal)
    person.drag((6, 6), (6, 24))
    assert (person.patch[6, 6:24] == UNSURE).all()
    person.press(Qt.Key.Key_1)
    person.press(Qt.Key.Key_F)
    painted = person.patch
    person.press(Qt.Key.Key_Return)
    assert (person.labelled[first][6, 6:24] == VOID).all()
    second = person.label_quickly()

    # Strokes on the third, then the wall by its key: crops come, filters work by keys alone.
    person.until(lambda: person.region not in (None, first, second))
    third = person.region
    assert third is not None
    person.press(Qt.Key.Key_B)
    person.press(Qt.Key.Key_3)
    person.drag((6, 6), (6, 24))
    strokes = person.patch
    person.press(Qt.Key.Key_W)
    assert wall.isVisible()
    assert wall.size() == person.canvas.size()
    assert [crop.region for crop in wall.model.crops] == [second, first], "the newest first"
    person.until(lambda: wall.model.picture(first) is not None and wall.model.picture(second) is not None)
    QTest.keyClick(wall.list, Qt.Key.Key_F)
    assert [crop.region for crop in wall.model.crops] == [first], "it waits for a colleague"
    names = person.dock.session.sitting.schema.names
    assert f"unsure: {names[1]} or {names[3]}" in wall.details.text()
    QTest.keyClick(wall.list, Qt.Key.Key_2)
    assert wall.model.crops == ()
    assert wall.empty.isVisible()
    QTest.keyClick(wall.list, Qt.Key.Key_Backspace)
    assert [crop.region for crop in wall.model.crops] == [first]

    # Escape: back to the region in hand, nothing lost.
    QTest.keyClick(wall.list, Qt.Key.Key_Escape)
    assert not wall.isVisible()
    assert person.region == third
    np.testing.assert_array_equal(person.patch, strokes)

    # By its button, then the arrows and Enter: the region comes back as it was painted, doubts and all.
    button = next(own for verb, own in person.dock.labelling_panel.aids.buttons.items() if verb.value == "wall")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert wall.isVisible()
    QTest.keyClick(wall.list, Qt.Key.Key_Home)
    QTest.keyClick(wall.list, Qt.Key.Key_Right)
    QTest.keyClick(wall.list, Qt.Key.Key_Return)
    person.until(lambda: person.region == first)
    np.testing.assert_array_equal(person.patch, painted)
    person.press(Qt.Key.Key_2)
    person.drag((20, 6), (20, 24))
    person.press(Qt.Key.Key_Return)
    person.until(lambda: person.region == third)
    np.testing.assert_array_equal(person.patch, strokes)

    # A second time it comes with its history: undo goes back to what it was.
    corrected = person.labelled[first]
    person.press(Qt.Key.Key_W)
    wall.list.choose(first)
    QTest.keyClick(wall.list, Qt.Key.Key_Return)
    person.until(lambda: person.region == first)
    assert (person.patch == np.where(corrected == VOID, person.patch, corrected)).all()
    person.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    np.testing.assert_array_equal(person.patch, painted)
    person.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    person.press(Qt.Key.Key_Return)
    person.until(lambda: person.region == third)

    # The card of the class in the brush, and the map.
    person.press(Qt.Key.Key_1)
    person.press(Qt.Key.Key_V)
    assert crops.card.isVisible()
    assert names[0] in crops.card.name.text()
    person.until(lambda: crops.card.pictures[0].isVisible())
    person.press(Qt.Key.Key_2)
    assert names[1] in crops.card.name.text()
    person.press(Qt.Key.Key_Escape)
    assert not crops.card.isVisible()
    person.press(Qt.Key.Key_M)
    assert places.overview.isVisible()
    assert places.overview.region == third
    person.press(Qt.Key.Key_M)
    assert not places.overview.isVisible()

    # Where the object under the cursor goes on comes next, with its class in the brush.
    person.press(Qt.Key.Key_1)
    person.press(Qt.Key.Key_F)
    person.press(Qt.Key.Key_3)
    inner = 16 if third.column + 64 <= 192 else -1
    for row in (10, 16, 22):
        person.drag((row, 14), (row, 31 if inner > 0 else 0))
    person.press(Qt.Key.Key_1)
    person.point(16, 16)
    person.press(Qt.Key.Key_J)
    person.press(Qt.Key.Key_Return)
    beside = third.column + (32 if inner > 0 else -32)
    person.until(lambda: person.region is not None and person.region != third)
    assert person.region == Region(third.image, third.row, beside, 32, 32)
    assert find(person.viewer, "annotation").selected_label == 2
    next_door = person.label_quickly()
    assert person.dock.session.sitting.chosen_by_hand == 1

    # A seam: the neighbour was filled with another class than what lies along the border.
    person.press(Qt.Key.Key_W)
    QTest.keyClick(wall.list, Qt.Key.Key_F)
    QTest.keyClick(wall.list, Qt.Key.Key_F)
    person.until(lambda: {third, next_door} <= {crop.region for crop in wall.model.crops})
    wall.list.choose(next_door)
    QTest.keyClick(wall.list, Qt.Key.Key_Return)
    person.until(lambda: person.region == next_door)
    person.until(lambda: find(person.viewer, "marks") is not None and find(person.viewer, "marks").data.any())
    person.press(Qt.Key.Key_Y)
    assert not find(person.viewer, "marks").data.any()
    person.press(Qt.Key.Key_Y)

    # Layers that are deleted come back with what was painted, and so do the keys.
    person.press(Qt.Key.Key_2)
    person.drag((6, 6), (6, 24))
    before = person.patch
    for role in ("annotation", "image", "frame"):
        person.viewer.layers.remove(find(person.viewer, role))
    person.until(lambda: all(find(person.viewer, role) is not None for role in ("annotation", "image", "frame")))
    np.testing.assert_array_equal(person.patch, before)
    assert person.viewer.layers.selection.active.metadata[TAG] == "annotation"
    person.press(Qt.Key.Key_F)
    person.press(Qt.Key.Key_Return)
    person.until(lambda: person.dock.labelling_panel.saved.text().startswith("● saved"))
    person.close()

    # On the disk: the pair of classes, its pixels, and every version.
    with ProjectView.read(folder) as view:
        given = [labels for own in view.answers(1) if (labels := labels_of(own.answer)) is not None]
    doubts = [own.doubts for own in given if own.region == first]
    ids = tuple(int(id) for id in person.schema.ids[[1, 3]])
    assert [[(doubt.first, doubt.second) for doubt in each] for each in doubts] == [[ids]] * 3
    assert (doubts[0][0].mask == (painted == UNSURE)).all()

    again = sit_down()
    again.dock.open_project(folder)
    again.until(lambda: again.region is not None)
    # What a card has shown is shown by the wall too.
    card, wall = again.dock.labelling.aids.crops.card, again.dock.labelling.aids.crops.wall
    again.press(Qt.Key.Key_1)
    again.press(Qt.Key.Key_V)
    again.until(lambda: card.pictures[1].isVisible())
    again.press(Qt.Key.Key_V)
    assert not card.isVisible()
    again.press(Qt.Key.Key_W)
    again.until(lambda: all(wall.model.picture(crop.region) is not None for crop in wall.model.crops))
    QTest.keyClick(wall.list, Qt.Key.Key_F)
    assert [crop.region for crop in wall.model.crops] == [first]
    assert len(wall.model.crops[0].times) == 3
    QTest.keyClick(wall.list, Qt.Key.Key_Return)
    again.until(lambda: again.region == first)
    assert (again.patch == UNSURE).any()
    again.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_async_slicing_and_another_theme_change_nothing_about_the_loop(
    sit_down: Callable[[], Sitter], streets: Path, tmp_path: Path, theme: str
) -> None:
    from napari.settings import get_settings

    person = sit_down()
    get_settings().experimental.async_ = theme == "light"
    try:
        person.open(streets)
        person.start(tmp_path / "project", SETTINGS)
        person.viewer.theme = theme
        find(person.viewer, "annotation").name = "my labels"
        person.viewer.layers.move(person.viewer.layers.index(find(person.viewer, "annotation")), 0)
        seen = set()
        for _ in range(4):
            person.until(lambda: person.region is not None)
            region = person.region
            person.press(Qt.Key.Key_B)
            person.press(Qt.Key.Key_2)
            person.drag((6, 6), (6, 24))
            assert (person.patch[6, 6:24] == 1).all()
            seen.add(person.label_quickly())
            assert region in seen
        assert find(person.viewer, "annotation").name == "my labels"
        order = [find(person.viewer, role) for role in ("annotation", "image")]
        assert sorted(order, key=person.viewer.layers.index) == order, "the order is the user's"
        person.close()
    finally:
        get_settings().experimental.async_ = False


def test_two_viewers_each_have_a_session_of_their_own(
    sit_down: Callable[[], Sitter], streets: Path, tmp_path: Path
) -> None:
    one, other = sit_down(), sit_down()
    for person, name in ((one, "one"), (other, "other")):
        person.open(streets)
        person.start(tmp_path / name)
    first = one.label_quickly()
    assert other.labelled == {}
    other.press(Qt.Key.Key_W)
    assert not one.dock.labelling.aids.crops.wall.isVisible()
    assert other.dock.labelling.aids.crops.wall.model.crops == ()
    other.viewer.layers.remove(find(other.viewer, "annotation"))
    other.until(lambda: find(other.viewer, "annotation") is not None)
    assert set(one.labelled) == {first}
    other.close()
    one.label_quickly()
    one.close()
