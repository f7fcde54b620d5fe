"""The training panel: what the engine is doing beside the person, how long it will take, and its brakes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from qtpy.QtCore import QPointF, QSize, Qt, Signal
from qtpy.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from qtpy.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QVBoxLayout, QWidget
from superqt import QElidingLabel

_LINES, _LINES_OF_A_FAULT = 2, 6
"""Of the remark; the rest is in its tooltip, and in the log."""


class Work(StrEnum):
    """What the heavy lane is doing."""

    RESTING = "resting"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class TrainingState:
    """All that the panel shows.

    Attributes
    ----------
    work:
        Decides which buttons are there.
    phase:
        "training", "measuring", … in the words of the progress events.
    done, total:
        Of the phase; total None where it cannot be told.
    seconds_left:
        As far as can be told.
    losses:
        Mean losses of the last updates, oldest first.
    remark:
        One line: how old the model is and how well it does, or what went wrong.
    """

    work: Work = Work.RESTING
    phase: str = ""
    done: int = 0
    total: int | None = None
    seconds_left: float | None = None
    losses: tuple[float, ...] = ()
    remark: str = ""


class TrainingPanel(QWidget):
    """A bar, a curve and three buttons. Passive."""

    pause_requested = Signal(bool)
    """True: pause; False: go on."""
    cancel_requested = Signal()
    retry_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._work = Work.RESTING
        self.phase, self.remark = QLabel(), QElidingLabel()
        self.remark.setWordWrap(True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.curve = _Sparkline()
        self.pause_button, self.cancel_button, self.retry_button = map(QPushButton, ("Pause", "Cancel", "Try again"))
        self.pause_button.setToolTip("Let the machine rest; what is painted waits. Pressed again, training goes on.")
        self.cancel_button.setToolTip("Stop this training. The labels stay, the model stays as it was before.")
        self.retry_button.setToolTip("Do again what failed.")
        self._lay_out()
        self.pause_button.clicked.connect(lambda: self.pause_requested.emit(self._work is not Work.PAUSED))
        self.cancel_button.clicked.connect(self.cancel_requested)
        self.retry_button.clicked.connect(self.retry_requested)
        self.set_state(TrainingState())

    def set_state(self, state: TrainingState) -> None:
        """Show this state."""
        self._work = state.work
        at_work = state.work in (Work.RUNNING, Work.PAUSED)
        self.phase.setText(_headline(state))
        self.bar.setVisible(state.work not in (Work.RESTING, Work.FAILED))
        self.bar.setRange(0, state.total or 0)
        self.bar.setValue(state.done)
        self.curve.set_values(state.losses)
        # What went wrong is read to its end; a long remark must not push the tools off the screen.
        lines = _LINES_OF_A_FAULT if state.work is Work.FAILED else _LINES
        self.remark.setMaximumHeight(lines * self.remark.fontMetrics().lineSpacing() + 2)
        self.remark.setText(state.remark)
        self.remark.setToolTip(state.remark)
        self.remark.setVisible(bool(state.remark))
        self.pause_button.setVisible(at_work)
        self.pause_button.setText("Go on" if state.work is Work.PAUSED else "Pause")
        self.cancel_button.setVisible(at_work)
        self.retry_button.setVisible(state.work is Work.FAILED)

    def _lay_out(self) -> None:
        # Its words change many times a second; the column must not become wider and narrower with them.
        self.phase.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.bar, stretch=1)
        row.addWidget(self.curve)
        for button in (self.pause_button, self.cancel_button, self.retry_button):
            button.setMinimumWidth(button.fontMetrics().horizontalAdvance(button.text()) + 14)
            # A click leaves the keyboard with the canvas.
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.phase)
        column.addLayout(row)
        column.addWidget(self.remark)


class _Sparkline(QWidget):
    """A curve of the losses as small as a word."""

    def __init__(self) -> None:
        super().__init__()
        self._values: tuple[float, ...] = ()
        self.setFixedSize(self.sizeHint())

    def set_values(self, values: Sequence[float]) -> None:
        self._values = tuple(values)
        self.setToolTip(f"Loss {values[-1]:.3f}" if values else "")
        self.setVisible(len(self._values) > 1)
        self.update()

    def sizeHint(self) -> QSize:
        """Qt's name."""
        return QSize(64, 18)

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """One line from the first loss to the last; Qt's name."""
        if len(self._values) < 2:
            return
        low, high = min(self._values), max(self._values)
        width, height = self.width() - 2, self.height() - 4
        points = [
            QPointF(
                1 + width * place / (len(self._values) - 1),
                2 + height * (1 - ((value - low) / (high - low) if high > low else 0.5)),
            )
            for place, value in enumerate(self._values)
        ]
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.palette().text().color(), 1.5))
        painter.drawPolyline(QPolygonF(points))
        painter.end()


def _headline(state: TrainingState) -> str:
    if state.work is Work.RESTING:
        return "Model at rest"
    if state.work is Work.FAILED:
        return "Training failed"
    if state.work is Work.STOPPING:
        return "Stopping …"
    count = "" if state.total is None else f" {state.done:,} of {state.total:,}"
    left = "" if state.seconds_left is None else f" · {_left(state.seconds_left)} left"
    paused = "Paused: " if state.work is Work.PAUSED else ""
    return f"{paused}{state.phase}{count}{left}"


def _left(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
