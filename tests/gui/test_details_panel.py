"""The details panel: how a query was chosen, readable at 320 pixels, and a click on a proposal."""

from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QPlainTextEdit

from napari_ralis.panels.details_panel import DetailsPanel, QueryDetails
from napari_ralis.panels.proposal_table import COLUMNS
from napari_ralis.query_details import machine_text, pictured, query_details
from napari_ralis.sitting import Place, Sitting
from src_model.data.annotation import Annotation
from src_model.data.class_schema import ClassSchema, SemanticClass
from src_model.data.grounds import Ground, Grounds
from src_model.data.region import Region
from src_model.events import Query

SCHEMA = ClassSchema("two", (SemanticClass(0, "road", (9, 9, 9)), SemanticClass(1, "car", (99, 9, 9))))
REGIONS = tuple(Region("image", 0, 8 * number, 8, 8) for number in range(8))
ELSEWHERE = tuple(Region("image", 8, 8 * number, 8, 8) for number in range(6))
ROWS = tuple(Ground(number + 1, 0.1 * number, 0.5, 0.9, 0.25, (0.3, 0.7)) for number in range(8))
OTHERS = (("random", (*REGIONS[:2], *ELSEWHERE)), ("entropy", (REGIONS[0], *ELSEWHERE, REGIONS[7])))
GROUNDS = Grounds("dqn", 160, ROWS, 0.31, (9.0, 0.0), OTHERS)
QUERY = Query(12, REGIONS, tuple(0.1 * number for number in range(8)), GROUNDS)


def sitting() -> Sitting:
    made = Sitting(SCHEMA, 8)
    made.follow([Place(region, False) for region in REGIONS], [QUERY], 8)
    return made


@pytest.fixture
def panel(qtbot: QtBot) -> DetailsPanel:
    panel = DetailsPanel(QPlainTextEdit())
    qtbot.addWidget(panel)
    panel.resize(320, 560)
    panel.show()
    qtbot.waitExposed(panel)
    return panel


def test_a_query_is_told_with_its_numbers_and_what_others_would_have_asked() -> None:
    now = sitting()
    now.accept(Annotation.from_labels(REGIONS[0], np.zeros((8, 8), np.uint8)), 0.0)
    shown = query_details(now, QUERY, {REGIONS[1]: np.zeros((4, 4, 3), np.uint8)})
    assert shown.title == "Query 12: 8 of 160 candidates, by dqn, V +0.31"
    assert shown.score == "Q"
    first, second = shown.rows[:2]
    assert dict(zip(COLUMNS, second.cells, strict=True)) == {
        "rank": "2",
        "score": "0.1",
        "entropy": "0.10",
        "margin": "0.50",
        "rarity": "25 %",
        "also": "R",
    }
    assert first.cells[-1] == "RE"
    assert (first.done, first.current, second.done, second.current) == (True, False, False, True)
    assert first.pixels is None
    assert second.pixels is not None
    assert "rank 2 of 160" in second.reason
    assert [other.text for other in shown.others] == [
        "Chance would have asked 2 of these 8:",
        "Entropy would have asked 2 of these 8:",
    ]
    assert [framed for _, framed in shown.others[0].pictures] == [True, True] + 6 * [False]


def test_what_was_not_measured_is_a_dash_and_the_rule_is_not_compared_with_itself() -> None:
    grounds = Grounds("random", 16, tuple(Ground(1) for _ in REGIONS), others=(("random", REGIONS),))
    shown = query_details(sitting(), Query(1, REGIONS, QUERY.scores, grounds), {})
    assert shown.rows[0].cells[2:] == ("–", "–", "–", "")
    assert shown.others == ()
    assert shown.score == "score"


def test_thumbnails_are_wanted_once_of_each_region() -> None:
    assert pictured(QUERY) == (*REGIONS, *ELSEWHERE)
    assert pictured(None) == ()


def test_queries_of_earlier_versions_say_that_nothing_was_kept(panel: DetailsPanel) -> None:
    panel.set_query(query_details(sitting(), Query(3, REGIONS, QUERY.scores), {}))
    assert "earlier version" in panel.title.text()
    assert not panel.table.isVisible()
    assert not panel.other_rows[0].isVisible()
    panel.set_query(query_details(sitting(), None, {}))
    assert panel.title.text() == "No query yet."


def test_eight_proposals_fit_into_the_column_and_a_click_asks_for_one(panel: DetailsPanel, qtbot: QtBot) -> None:
    panel.set_query(query_details(sitting(), QUERY, {}))
    panel.set_machine(machine_text("cpu, 2 of 2 cores", 3 * 2**29, None))
    qtbot.waitUntil(lambda: panel.table.height() >= panel.table.row_of(7).bottom())
    assert panel.minimumSizeHint().width() <= 320
    assert panel.log.height() >= 60
    asked: list[int] = []
    panel.region_requested.connect(asked.append)
    row = panel.table.row_of(5)
    qtbot.mouseClick(panel.table, Qt.MouseButton.LeftButton, pos=row.center().toPoint())
    qtbot.mouseClick(panel.table, Qt.MouseButton.LeftButton, pos=QPoint(30, 3))
    assert asked == [5]
    # No number is wider than its column.
    for column in range(len(COLUMNS)):
        cell = panel.table._cell(1, column)
        texts = [row.cells[column] for row in query_details(sitting(), QUERY, {}).rows] + [COLUMNS[column]]
        assert max(panel.table.fontMetrics().horizontalAdvance(text) for text in texts) <= cell.width()


def test_pictures_numbers_and_losses_are_drawn(panel: DetailsPanel) -> None:
    before = panel.grab().toImage()
    panel.set_query(query_details(sitting(), QUERY, {REGIONS[0]: np.full((9, 9, 3), 200, np.uint8)}))
    panel.set_losses(((1, 0.9), (2, 0.5)), (0.6, 0.5, 0.4))
    seen = panel.grab().toImage()
    assert seen != before
    place = panel.table.mapTo(panel, panel.table.row_of(0).topLeft().toPoint() + QPoint(10, 10))
    assert abs(seen.pixelColor(place).red() - 200) < 9
    assert "step 2: 0.500" in panel.losses.accessibleDescription()
    panel.set_query(QueryDetails("Other."))
    assert panel.title.text() == "Other."


def test_the_machine_is_told_in_one_line() -> None:
    assert machine_text("cpu, 2 of 2 cores", 3 * 2**29, None) == "cpu, 2 of 2 cores · 1.5 GiB of memory in use"
    assert machine_text("H100, 80 GiB", 2**30, 2**31).endswith("1.0 GiB of memory in use, 2.0 GiB on the GPU")
