"""Palette, tools and cheat sheet alone, in both directions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QColor
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from napari_ralis.keybindings import Verb, cheat_sheet, class_keys, verb_keys
from napari_ralis.panels.cheat_sheet import CheatSheet
from napari_ralis.panels.labelling_panel import LabellingPanel
from napari_ralis.panels.palette_model import palette_entries
from napari_ralis.panels.palette_panel import PalettePanel
from napari_ralis.panels.tools_panel import ToolsPanel, ToolsState
from napari_ralis.panels.training_panel import TrainingState, Work
from src_model.data.annotation import IGNORED
from src_model.data.class_schema import ClassSchema, SemanticClass
from src_model.labelling.skipping import SkipReason
from src_model.labelling.tools import Tool

MAPILLARY = ClassSchema(
    "many",
    tuple(SemanticClass(number, f"class {number}", (number, 255 - number, 3 * number % 256)) for number in range(66)),
)
PAINTING = ToolsState(painting=True, draft_offered=True, superpixels_ready=True, can_go_back=True, unpainted=0.25)


@pytest.fixture
def palette(qtbot: QtBot) -> PalettePanel:
    panel = PalettePanel()
    qtbot.addWidget(panel)
    keys = class_keys([(number, entry.name) for number, entry in enumerate(MAPILLARY.classes)])
    panel.set_entries(palette_entries(MAPILLARY, keys, {3: 412}, starred=frozenset({3}), locked=frozenset({4})))
    panel.resize(320, 400)
    panel.show()
    qtbot.waitExposed(panel)
    return panel


@pytest.fixture
def tools(qtbot: QtBot) -> ToolsPanel:
    panel = ToolsPanel()
    qtbot.addWidget(panel)
    panel.set_state(PAINTING)
    panel.resize(320, panel.sizeHint().height())
    panel.show()
    qtbot.waitExposed(panel)
    return panel


def cell(palette: PalettePanel, row: int) -> QPoint:
    return palette.list.visualRect(palette.model.index(row, 0)).center()


def both(palette: PalettePanel) -> list[tuple[object, str]]:
    """What follows a choice; with names, as PySide6's signals do not know their own."""
    return [(palette.class_requested, "class_requested(int)"), (palette.focus_back_requested, "focus_back_requested()")]


def test_a_click_on_a_class_asks_for_it_and_gives_the_keyboard_back(palette: PalettePanel, qtbot: QtBot) -> None:
    viewport = palette.list.viewport()
    assert viewport is not None
    with qtbot.waitSignals(both(palette)) as signals:
        qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=cell(palette, 5))
    assert signals.all_signals_and_args[0].args == (5,)


def test_showing_a_state_asks_for_nothing(palette: PalettePanel, tools: ToolsPanel, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(palette.class_requested), qtbot.assertNotEmitted(tools.tool_requested):
        palette.set_selected(7)
        palette.set_pending("C")
        tools.set_state(replace(PAINTING, tool=Tool.LINE))
    with qtbot.assertNotEmitted(tools.draft_requested), qtbot.assertNotEmitted(tools.protect_others_requested):
        tools.set_state(replace(PAINTING, threshold=0.3, others_protected=True))
    assert tools.draft.value() == 30
    assert tools.protect_others.isChecked()


def test_sixty_six_classes_stand_in_two_columns_without_making_the_panel_wide_or_high(palette: PalettePanel) -> None:
    first, second, third = (palette.list.visualRect(palette.model.index(row, 0)) for row in range(3))
    assert first.top() == second.top() < third.top()
    assert palette.model.rowCount() == 68, "with what is ignored and what is unsure"
    assert palette.width() == 320
    assert palette.sizeHint().height() < 360


def test_the_class_in_the_brush_is_scrolled_to_and_highlighted(palette: PalettePanel) -> None:
    palette.set_selected(60)
    place = palette.list.visualRect(palette.model.index(60, 0))
    viewport = palette.list.viewport()
    assert viewport is not None
    assert viewport.rect().contains(place)

    def background(row: int) -> QColor:
        corner = palette.list.visualRect(palette.model.index(row, 0)).bottomRight() - QPoint(4, 3)
        return viewport.grab().toImage().pixelColor(corner)

    before = background(60), background(59)
    assert before[0] != before[1]
    palette.set_selected(59)
    assert (background(59), background(60)) == before


def test_a_class_is_found_by_typing_and_taken_with_enter(palette: PalettePanel, qtbot: QtBot) -> None:
    palette.start_search()
    QTest.keyClicks(palette.search, "s 42")
    assert palette.model.rowCount() == 1
    with qtbot.waitSignals(both(palette)) as signals:
        QTest.keyClick(palette.search, Qt.Key.Key_Return)
    assert signals.all_signals_and_args[0].args == (42,)
    assert palette.search.text() == ""
    assert palette.model.rowCount() == 68


def test_escape_ends_the_search_and_asks_for_no_class(palette: PalettePanel, qtbot: QtBot) -> None:
    QTest.keyClicks(palette.search, "42")
    with qtbot.assertNotEmitted(palette.class_requested), qtbot.waitSignal(palette.focus_back_requested):
        QTest.keyClick(palette.search, Qt.Key.Key_Escape)
    assert palette.model.rowCount() == 68


def test_counts_that_change_move_nothing(palette: PalettePanel) -> None:
    palette.set_selected(60)
    bar = palette.list.verticalScrollBar()
    assert bar is not None
    before = bar.value()
    assert before > 0
    palette.set_entries(palette_entries(MAPILLARY, {}, {60: 1}))
    assert bar.value() == before
    assert palette.model.entry(palette.model.index(60, 0)).regions == 1


def test_tooltips_name_the_keys(palette: PalettePanel) -> None:
    tip = palette.model.data(palette.model.index(3, 0), Qt.ItemDataRole.ToolTipRole)
    assert "key: 4" in tip
    assert "412 labelled regions" in tip
    assert "must be good" in tip
    later = palette.model.data(palette.model.index(12, 0), Qt.ItemDataRole.ToolTipRole)
    assert "key: C, then" in later


def test_a_class_is_starred_and_protected_by_its_menu_and_what_is_ignored_is_not(
    palette: PalettePanel, qtbot: QtBot
) -> None:
    entry = palette.model.entry(palette.model.index(4, 0))
    star, lock = palette.menu_for(entry).actions()
    assert (star.isChecked(), lock.isChecked()) == (False, True)
    with qtbot.waitSignal(palette.star_requested) as starred:
        star.trigger()
    with qtbot.waitSignal(palette.lock_requested) as locked:
        lock.trigger()
    assert starred.args == [4, True]
    assert locked.args == [4, False]
    assert palette.model.row_of(IGNORED) == 66


def test_it_is_said_when_keys_go_elsewhere(palette: PalettePanel) -> None:
    assert not palette.keys.isVisible()
    palette.set_keys_on(False)
    assert palette.keys.isVisible()
    assert palette.keys.text() == "keys: off"


@pytest.mark.parametrize("tool", [Tool.POLYGON, Tool.LINE, Tool.SUPERPIXEL, Tool.PICKER, Tool.ERASER])
def test_a_tool_is_asked_for_by_its_button(tools: ToolsPanel, qtbot: QtBot, tool: Tool) -> None:
    with qtbot.waitSignal(tools.tool_requested) as request:
        qtbot.mouseClick(tools.tools[tool], Qt.MouseButton.LeftButton)
    assert request.args == [tool]


def test_only_the_tool_in_the_hand_is_pressed_and_none_while_the_view_is_moved(tools: ToolsPanel) -> None:
    tools.set_state(replace(PAINTING, tool=Tool.LINE))
    assert [tool for tool, button in tools.tools.items() if button.isChecked()] == [Tool.LINE]
    tools.set_state(replace(PAINTING, tool=Tool.MOVE))
    assert not any(button.isChecked() for button in tools.tools.values())


def test_each_button_asks_for_what_it_says(tools: ToolsPanel, qtbot: QtBot) -> None:
    for button, signal in (
        (tools.fill_rest, tools.fill_rest_requested),
        (tools.accept, tools.accept_requested),
        (tools.back, tools.back_requested),
        (tools.label_here, tools.label_here_requested),
        (tools.protect_others, tools.protect_others_requested),
    ):
        with qtbot.waitSignal(signal):
            qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_skipping_asks_for_the_reason_and_says_what_follows(tools: ToolsPanel, qtbot: QtBot) -> None:
    menu = tools.skip.menu()
    assert menu is not None
    asked: list[SkipReason] = []
    tools.skip_requested.connect(asked.append)
    for action in menu.actions():
        assert action.toolTip().endswith(".")
        action.trigger()
    assert asked == list(SkipReason)


def test_the_draft_follows_the_slider_and_there_is_none_on_check_regions(tools: ToolsPanel, qtbot: QtBot) -> None:
    with qtbot.waitSignal(tools.draft_requested) as request:
        tools.draft.setValue(55)
    assert request.args == [0.55]
    assert "55 %" in tools.draft_label.text()
    tools.set_state(replace(PAINTING, draft_offered=False))
    assert not tools.draft.isEnabled()
    assert "none" in tools.draft_label.text()


@pytest.mark.parametrize(
    ("share", "text"), [(0.25, "25 % unpainted"), (0.001, "< 1 % unpainted"), (0.0, "all painted"), (0.999, "99 %")]
)
def test_what_is_unpainted_is_counted_and_never_rounded_to_nothing_or_all(
    tools: ToolsPanel, share: float, text: str
) -> None:
    tools.set_state(replace(PAINTING, unpainted=share))
    assert tools.unpainted.text().startswith(text)


def test_with_no_region_in_the_hand_nothing_can_be_done_to_it(tools: ToolsPanel) -> None:
    tools.set_state(ToolsState())
    enabled = [button.text() for button in tools.findChildren(QPushButton) if button.isEnabled()]
    assert enabled == ["Label here"]


def test_buttons_leave_the_keyboard_where_it_was_and_name_their_keys(qtbot: QtBot, tools: ToolsPanel) -> None:
    for button in tools.findChildren(QPushButton):
        assert button.focusPolicy() is Qt.FocusPolicy.NoFocus
        assert "(" in button.toolTip()
    tools.set_keys(verb_keys({"fill rest": ["Ctrl+R"]}))
    assert tools.fill_rest.toolTip().endswith("(Ctrl+R)")


def test_the_panels_fit_a_column_of_320_pixels(tools: ToolsPanel, palette: PalettePanel) -> None:
    assert tools.minimumSizeHint().width() <= 320
    assert palette.minimumSizeHint().width() <= 320


def test_the_cheat_sheet_opens_with_a_question_mark_and_closes_with_any_key(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    button = QPushButton("somewhere")
    QVBoxLayout(window).addWidget(button)
    sheet = CheatSheet(window)
    sheet.set_rows(cheat_sheet(verb_keys(), [("1", "road"), ("C <", "a & b")]))
    sheet.listen(window)
    window.show()
    with qtbot.waitActive(window):
        window.activateWindow()
    QTest.keyClick(button, "?")
    qtbot.waitUntil(sheet.isVisible)
    text = " ".join(sheet.texts())
    assert all(key in text for keys in verb_keys().values() for key in keys)
    assert "a &amp; b" in text
    QTest.keyClick(sheet, Qt.Key.Key_Shift)
    assert sheet.isVisible()
    QTest.keyClick(sheet, Qt.Key.Key_X)
    assert not sheet.isVisible()


def test_the_cheat_sheet_of_sixty_six_classes_fits_a_small_screen(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    sheet = CheatSheet(window)
    keys = class_keys([(number, entry.name) for number, entry in enumerate(MAPILLARY.classes)])
    sheet.set_rows(cheat_sheet(verb_keys(), [(key, f"class {id}") for id, key in keys.items()]))
    assert sheet.sizeHint().width() <= 1280
    assert sheet.sizeHint().height() <= 800


def test_every_tool_button_has_its_verb() -> None:
    assert {tool.value for tool in Tool} - {"move"} <= {verb.value for verb in Verb}


def test_where_room_is_scarce_rows_of_classes_become_lower_and_none_is_cut(qtbot: QtBot) -> None:
    """Nineteen classes beside a training that has two lines to say, in a dock that becomes lower and lower."""
    panel = LabellingPanel()
    qtbot.addWidget(panel)
    panel.query.reason.setText("A check region, drawn by chance: label it without help. It measures the model.")
    schema = ClassSchema("n", tuple(SemanticClass(id, f"class {id}", (id, 9, 9)) for id in range(19)))
    palette, view = panel.palette_panel, panel.palette_panel.list
    palette.set_entries(palette_entries(schema, {}, {}))
    remark = "Drafts come from the model of step 3; not measurable yet with 4 check regions. The model is 9 regions old"
    panel.training.set_state(TrainingState(Work.RUNNING, "training", 1, 9, remark=remark))
    panel.show()
    heights: dict[int, int] = {}
    for height in range(1000, 400, -10):
        panel.resize(400, height)
        qtbot.wait(1)
        viewport = view.viewport()
        assert viewport is not None
        assert viewport.rect().contains(view.visualRect(palette.model.index(20, 0))), height
        assert view.visualRect(palette.model.index(1, 0)).left() > 0, "two columns"
        assert view.mapTo(panel, QPoint(0, view.height())).y() <= panel.aids.mapTo(panel, QPoint(0, 0)).y(), height
        heights[height] = view.gridSize().height()
        if heights[height] <= 20:
            break
    assert heights[1000] == 24
    assert heights[height] in (19, 20)
    assert height < 740, "all that the dock has on a screen of 1280×800"
    assert view.verticalScrollBarPolicy() == Qt.ScrollBarPolicy.ScrollBarAlwaysOff
