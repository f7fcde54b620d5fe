"""The training panel: what it says of the work beside the person, and which brakes it offers when."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt

from napari_ralis.panels.training_panel import TrainingPanel, TrainingState, Work

RUNNING = TrainingState(Work.RUNNING, "training", 30, 100, 42.0, (2.0, 1.5, 1.1), "model is 5 regions old")


@pytest.fixture
def panel(qtbot: QtBot) -> TrainingPanel:
    panel = TrainingPanel()
    qtbot.addWidget(panel)
    panel.show()
    return panel


def buttons(panel: TrainingPanel) -> set[str]:
    all_of_them = (panel.pause_button, panel.cancel_button, panel.retry_button)
    return {button.text() for button in all_of_them if button.isVisible()}


@pytest.mark.parametrize(
    ("state", "headline", "offered"),
    [
        (TrainingState(), "Model at rest", set()),
        (RUNNING, "training 30 of 100 · 42 s left", {"Pause", "Cancel"}),
        (TrainingState(Work.RUNNING, "choosing regions", 3, None, 600), "choosing regions · 10 min left",
         {"Pause", "Cancel"}),
        (TrainingState(Work.PAUSED, "training", 30, 100), "Paused: training 30 of 100", {"Go on", "Cancel"}),
        (TrainingState(Work.STOPPING, "training", 30, 100), "Stopping …", set()),
        (TrainingState(Work.FAILED, remark="The machine is out of memory."), "Training failed", {"Try again"}),
    ],
)  # fmt: skip
def test_each_state_has_its_words_and_its_buttons(
    panel: TrainingPanel, state: TrainingState, headline: str, offered: set[str]
) -> None:
    panel.set_state(state)
    assert panel.phase.text() == headline
    assert buttons(panel) == offered
    assert panel.remark.isVisible() == bool(state.remark)


def test_the_bar_follows_the_work_and_sways_where_there_is_no_total(panel: TrainingPanel) -> None:
    panel.set_state(RUNNING)
    assert (panel.bar.value(), panel.bar.maximum()) == (30, 100)
    panel.set_state(TrainingState(Work.RUNNING, "measuring"))
    assert panel.bar.maximum() == 0
    panel.set_state(TrainingState())
    assert not panel.bar.isVisible()


def test_a_long_remark_takes_two_lines_and_what_went_wrong_is_read_to_its_end(
    panel: TrainingPanel, qtbot: QtBot
) -> None:
    panel.resize(360, 400)
    long = "Knows road, building and wall; nothing of fence, traffic light, truck, bus, train, pole and terrain. " * 3
    heights = []
    for work in (Work.RUNNING, Work.FAILED):
        panel.set_state(TrainingState(work, "training", remark=long))
        qtbot.wait(20)
        heights.append(panel.remark.height() // panel.remark.fontMetrics().lineSpacing())
    assert heights[0] == 2
    assert heights[1] > 3
    assert panel.remark.text() == panel.remark.toolTip() == long


def test_pause_is_asked_for_and_taken_back_with_the_same_button(panel: TrainingPanel, qtbot: QtBot) -> None:
    asked: list[bool] = []
    panel.pause_requested.connect(asked.append)
    for state in (RUNNING, TrainingState(Work.PAUSED, "training")):
        panel.set_state(state)
        qtbot.mouseClick(panel.pause_button, Qt.MouseButton.LeftButton)
    assert asked == [True, False]


def test_cancel_and_another_try_are_asked_for(panel: TrainingPanel, qtbot: QtBot) -> None:
    panel.set_state(RUNNING)
    with qtbot.waitSignal(panel.cancel_requested):
        qtbot.mouseClick(panel.cancel_button, Qt.MouseButton.LeftButton)
    panel.set_state(TrainingState(Work.FAILED))
    with qtbot.waitSignal(panel.retry_requested):
        qtbot.mouseClick(panel.retry_button, Qt.MouseButton.LeftButton)


def test_the_curve_of_losses_falls_from_left_to_right(panel: TrainingPanel) -> None:
    panel.set_state(RUNNING)
    picture = panel.curve.grab().toImage()
    ink = panel.palette().text().color()

    def height_at(column: int) -> int:
        distances = [
            abs(picture.pixelColor(column, row).lightness() - ink.lightness()) for row in range(picture.height())
        ]
        return distances.index(min(distances))

    assert height_at(3) < height_at(picture.width() - 4)
    panel.set_state(TrainingState(Work.RUNNING, "training", losses=(1.0,)))
    assert not panel.curve.isVisible()
