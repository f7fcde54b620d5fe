"""The query panel: what is proposed, what became of it, and a click on a proposal."""

from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QColor

from napari_ralis.panels.query_panel import Answer, Counters, Proposal, QueryPanel


def proposals(count: int = 8) -> list[Proposal]:
    colours = np.random.default_rng(0).integers(0, 256, (count, 3), dtype=np.uint8)
    return [
        Proposal(np.full((20, 30, 3), colour, dtype=np.uint8), Answer.OPEN, f"Reason {index}.")
        for index, colour in enumerate(colours)
    ]


@pytest.fixture
def panel(qtbot: QtBot) -> QueryPanel:
    panel = QueryPanel()
    qtbot.addWidget(panel)
    panel.resize(320, 120)
    panel.show()
    qtbot.waitExposed(panel)
    return panel


def colour_at(panel: QueryPanel, point: QPoint) -> QColor:
    return panel.strip.grab().toImage().pixelColor(point)


def test_eight_proposals_fit_into_one_row_of_the_column(panel: QueryPanel) -> None:
    panel.set_query(proposals(), 0)
    assert {panel.strip.place_of(index).top() for index in range(8)} == {0}
    panel.set_query(proposals(9), 0)
    assert panel.strip.place_of(8).top() > 0
    assert panel.strip.height() >= panel.strip.place_of(8).bottom()


def test_each_proposal_shows_its_picture_and_the_first_its_reason(panel: QueryPanel) -> None:
    shown = proposals()
    panel.set_query(shown, 2)
    assert panel.reason.text() == "Reason 2."
    assert panel.headline.text() == "Query: 0 of 8 done"
    for index, proposal in enumerate(shown):
        seen = colour_at(panel, panel.strip.place_of(index).center())
        # The virtual screen may have 16 bits.
        assert np.abs(proposal.pixels[0, 0].astype(int) - [seen.red(), seen.green(), seen.blue()]).max() <= 8


def test_what_is_done_is_faded_and_counted(panel: QueryPanel) -> None:
    shown = proposals(3)
    before = Proposal(np.full((9, 9, 3), 255, dtype=np.uint8), Answer.OPEN, "")
    panel.set_query([before, *shown], 1)
    corner = panel.strip.place_of(0).topLeft() + QPoint(4, 4)
    bright = colour_at(panel, corner).lightness()
    panel.set_query([Proposal(before.pixels, Answer.ACCEPTED, ""), *shown], 1)
    assert panel.headline.text() == "Query: 1 of 4 done"
    assert colour_at(panel, corner).lightness() != bright


def test_a_click_asks_for_the_region_under_the_mouse_and_one_beside_for_none(panel: QueryPanel, qtbot: QtBot) -> None:
    panel.set_query(proposals(), 0)
    asked: list[int] = []
    panel.region_requested.connect(asked.append)
    qtbot.mouseClick(panel.strip, Qt.MouseButton.LeftButton, pos=panel.strip.place_of(5).center())
    gap = panel.strip.place_of(5).topRight() + QPoint(2, 10)
    qtbot.mouseClick(panel.strip, Qt.MouseButton.LeftButton, pos=gap)
    assert asked == [5]


def test_without_a_query_it_says_so(panel: QueryPanel) -> None:
    panel.set_query(proposals(), 0)
    panel.set_query((), None)
    assert (panel.headline.text(), panel.reason.text()) == ("No query yet", "")


@pytest.mark.parametrize(
    ("counters", "text"),
    [
        (Counters(), "0 regions · 0 % of the pixels · 0 min"),
        (Counters(1, 0.0004, 0.6), "1 region · 0.04 % of the pixels · 1 min"),
        (Counters(312, 0.019, 92, 480), "312 of 480 regions · 1.9 % of the pixels · 1 h 32 min"),
    ],
)
def test_counters_tell_regions_share_and_time(panel: QueryPanel, counters: Counters, text: str) -> None:
    panel.set_counters(counters)
    assert panel.counters.text() == text
