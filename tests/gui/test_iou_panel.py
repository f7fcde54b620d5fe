"""The IoU panel alone: what it shows when told, what it asks for when worked, and how long it takes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QColor, QImage, QPalette
from qtpy.QtWidgets import QWidget

from napari_ralis.panels.class_bars import ClassBar, bar_text
from napari_ralis.panels.iou_panel import IouPanel
from src_model.data.class_schema import ClassSchema, SemanticClass
from src_model.labelling.intervals import Interval
from src_model.labelling.measurement import Measurement, Milestone

NAMES = ("road", "bicycle", "sky", "a class with an unusually long name")
COLOURS = ((200, 0, 0), (0, 200, 0), (0, 0, 200), (200, 0, 200))
SCHEMA = ClassSchema("four", tuple(SemanticClass(i, *own) for i, own in enumerate(zip(NAMES, COLOURS, strict=True))))
CONFUSION = np.array([[88.0, 0, 12, 0], [0, 0, 0, 0], [0, 0, 50, 50], [0, 0, 0, 9]])
MEASURED = Measurement(
    confusion=CONFUSION,
    regions=24,
    support=np.array([20, 2, 9, 24]),
    iou=(Interval(0.81, 0.7, 0.88), None, Interval(0.41, 0.35, 0.47), Interval(0.02, 0.0, 0.12)),
    mean=Interval(0.41, 0.36, 0.46),
)
LIGHT, DARK = ("#ffffff", "#000000"), ("#262930", "#f0f1f2")


@pytest.fixture
def panel(qtbot: QtBot) -> IouPanel:
    panel = IouPanel()
    qtbot.addWidget(panel)
    panel.set_classes(SCHEMA)
    panel.set_measurement(MEASURED)
    panel.resize(320, 640)
    panel.show()
    return panel


def row_middle(panel: IouPanel, row: int) -> QPoint:
    height = panel.bars.height() / (len(NAMES) + 1)
    return QPoint(60, round((row + 1.5) * height))


def cell_middle(panel: IouPanel, row: int, column: int) -> QPoint:
    area, cell = panel.confusion._area(), panel.confusion._cell()
    return (area.topLeft() + QPointF((column + 0.5) * cell, (row + 0.5) * cell)).toPoint()


def painted(widget: QWidget) -> np.ndarray:
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    bits = image.constBits()
    if not isinstance(bits, memoryview):  # PyQt6 leaves the length to the caller
        bits.setsize(image.sizeInBytes())
    rows = np.frombuffer(bits, dtype=np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).astype(int).copy()


def pixels_like(picture: np.ndarray, colour: tuple[int, int, int]) -> int:
    return int((np.abs(picture - colour).sum(axis=-1) < 12).sum())


def contrast(picture: np.ndarray, window: tuple[int, int, int]) -> np.ndarray:
    light = [((own / 255) ** 2.2) @ [0.2126, 0.7152, 0.0722] + 0.05 for own in (picture, np.array(window))]
    return np.maximum(light[0], light[1]) / np.minimum(light[0], light[1])


def in_theme(panel: IouPanel, theme: tuple[str, str]) -> None:
    palette = QPalette()
    palette.setColor(QPalette.ColorRole.Window, QColor(theme[0]))
    palette.setColor(QPalette.ColorRole.WindowText, QColor(theme[1]))
    panel.setPalette(palette)
    for child in panel.findChildren(QWidget):
        child.setPalette(palette)


def test_every_class_says_its_iou_interval_and_support_in_words() -> None:
    assert bar_text(ClassBar("bicycle", (0, 0, 0), Interval(0.41, 0.35, 0.47), 23)) == (
        "bicycle: IoU 41 ± 6, 23 check regions"
    )
    assert bar_text(ClassBar("bicycle", (0, 0, 0), None, 2)) == "bicycle: 2 check regions, not measurable"
    assert bar_text(ClassBar("bicycle", (0, 0, 0), None, 1)) == "bicycle: 1 check region, not measurable"


def test_the_mean_is_said_with_its_interval_and_the_classes_it_is_over(panel: IouPanel) -> None:
    assert panel.mean.text() == "mIoU 41 ± 5 (24 check regions, 3 of 4 classes)"
    assert "bicycle: 2 check regions, not measurable" in panel.bars.accessibleDescription()


def test_before_the_first_measurement_it_says_what_to_do(panel: IouPanel) -> None:
    panel.set_measurement(None)
    assert "Label a few check regions" in panel.mean.text()
    assert not panel.gain.isVisible()


def test_other_classes_take_everything_away(panel: IouPanel) -> None:
    panel.set_gain("The last query: better.")
    panel.set_class(3)
    panel.set_classes(ClassSchema("one", SCHEMA.classes[:1]))
    assert not panel.gain.isVisible()
    assert "Label a few check regions" in panel.mean.text()
    painted(panel)


def test_a_bar_is_as_long_as_its_iou_and_a_class_without_support_has_none(panel: IouPanel) -> None:
    picture = painted(panel.bars)
    road, bicycle, sky = (pixels_like(picture, colour) for colour in COLOURS[:3])
    swatch = bicycle
    assert 0 < swatch < 150, "only the swatch of a class that is not measurable has its colour"
    assert road - swatch > 1.5 * (sky - swatch) > 0


def test_a_click_on_a_row_asks_for_the_class(panel: IouPanel, qtbot: QtBot) -> None:
    with qtbot.waitSignal(panel.class_requested) as asked:
        qtbot.mouseClick(panel.bars, Qt.MouseButton.LeftButton, pos=row_middle(panel, 2))
    assert asked.args == [2]
    with qtbot.assertNotEmitted(panel.class_requested):
        qtbot.mouseClick(panel.bars, Qt.MouseButton.LeftButton, pos=QPoint(60, 3))


def test_arrow_keys_go_from_class_to_class_and_stop_at_the_ends(panel: IouPanel, qtbot: QtBot) -> None:
    panel.class_requested.connect(panel.set_class)
    asked: list[int] = []
    panel.class_requested.connect(asked.append)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Up):
        qtbot.keyClick(panel.bars, key)
    assert asked == [0, 1, 0]


def test_being_told_of_a_class_asks_for_nothing(panel: IouPanel, qtbot: QtBot) -> None:
    before = painted(panel.bars)
    with qtbot.assertNotEmitted(panel.class_requested):
        panel.set_class(1)
    assert (painted(panel.bars) != before).any()


def test_pointing_at_a_cell_tells_the_pair(panel: IouPanel, qtbot: QtBot) -> None:
    panel.show_page(2)
    qtbot.mouseMove(panel.confusion, cell_middle(panel, 0, 2))
    qtbot.waitUntil(lambda: panel.pair.text() == "12.0 % of road is taken for sky")
    qtbot.mouseMove(panel.confusion, cell_middle(panel, 1, 0))
    qtbot.waitUntil(lambda: panel.pair.text() == "bicycle: not in the check regions")
    with qtbot.waitSignal(panel.class_requested) as asked:
        qtbot.mouseClick(panel.confusion, Qt.MouseButton.LeftButton, pos=cell_middle(panel, 2, 3))
    assert asked.args == [2]


def test_the_curve_is_drawn_against_regions_or_minutes(panel: IouPanel, qtbot: QtBot) -> None:
    later = replace(MEASURED, mean=Interval(0.6, 0.5, 0.7))
    panel.set_milestones((Milestone(10, 1, MEASURED), Milestone(20, 9, later)))
    against_regions = painted(panel.curve)
    qtbot.mouseClick(panel.pages.button(1), Qt.MouseButton.LeftButton)
    assert (painted(panel.curve) != against_regions).any()
    assert panel.curve.milestone_text(1) == (
        "20 labelled regions, 9 minutes: mIoU 60 ± 10 (24 check regions, 3 of 4 classes)"
    )
    qtbot.mouseClick(panel.pages.button(0), Qt.MouseButton.LeftButton)
    np.testing.assert_array_equal(painted(panel.curve), against_regions)


def test_means_over_other_classes_are_not_joined_to_the_newest(panel: IouPanel) -> None:
    fewer = replace(MEASURED, iou=(MEASURED.iou[0], None, None, None))
    panel.set_milestones([Milestone(step, step, fewer if step < 3 else MEASURED) for step in range(1, 6)])
    stretches = panel.curve._stretches()
    assert [([x for x, _ in own], newest) for own, newest in stretches] == [([1, 2], False), ([3, 4, 5], True)]


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_words_stand_out_in_both_themes(panel: IouPanel, theme: tuple[str, str]) -> None:
    in_theme(panel, theme)
    panel.set_milestones((Milestone(10, 1, MEASURED), Milestone(20, 9, MEASURED)))
    window = QColor(theme[0]).getRgb()[:3]
    for page in (0, 2):
        panel.show_page(page)
        for widget in (panel.bars, panel.stack.currentWidget()):
            picture = painted(widget)
            assert pixels_like(picture, window) > 0.2 * picture.shape[0] * picture.shape[1]
            # The contrast that WCAG 2 asks of small writing.
            assert (contrast(picture, window) >= 4.5).sum() > 100


def test_nineteen_classes_fit_and_many_more_scroll(panel: IouPanel, qtbot: QtBot) -> None:
    many = tuple(SemanticClass(index, f"class {index}", (index, 90, 200)) for index in range(66))
    panel.set_classes(ClassSchema("many", many[:19]))
    assert panel.bars.sizeHint().height() < 480
    qtbot.waitUntil(lambda: panel.bars.height() == panel.bars.sizeHint().height())
    panel.resize(320, 750)
    panel.rows.setStyleSheet("QScrollArea { border: 1px solid red; }")
    qtbot.waitUntil(lambda: panel.rows.verticalScrollBar().maximum() == 0)
    panel.set_classes(ClassSchema("many", many))
    qtbot.waitUntil(lambda: panel.rows.verticalScrollBar().maximum() > 0)
    assert panel.minimumSizeHint().width() <= 320
