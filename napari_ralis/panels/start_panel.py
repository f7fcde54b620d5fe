"""The start panel: how far the opening of a project has come, or why it failed."""

from __future__ import annotations

from enum import Enum, auto

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget


class Stop(Enum):
    """Whether what goes on can be stopped."""

    NOT_OFFERED = auto()
    OFFERED = auto()
    PRESSED = auto()


class StartPanel(QWidget):
    """Shown while no region can be labelled yet. Passive."""

    retry_requested = Signal()
    cancel_requested = Signal()
    leave_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.retry_button, self.leave_button = QPushButton("Try again"), QPushButton("Back")
        self.cancel_button = QPushButton("Stop")
        self.retry_button.setToolTip("Go on where it ended.")
        self.cancel_button.setToolTip("Stop getting ready. Nothing is lost, and it can be taken up again.")
        self.cancel_button.clicked.connect(self.cancel_requested)
        self.retry_button.clicked.connect(self.retry_requested)
        self.leave_button.clicked.connect(self.leave_requested)
        buttons = QHBoxLayout()
        buttons.addWidget(self.retry_button, stretch=1)
        buttons.addWidget(self.cancel_button, stretch=1)
        buttons.addWidget(self.leave_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.text)
        column.addWidget(self.bar)
        column.addLayout(buttons)
        self.set_progress("", 0, None)

    def set_progress(self, text: str, done: int, total: int | None, stop: Stop = Stop.NOT_OFFERED) -> None:
        """Show what is done, and whether it can be stopped; ``total`` None where it cannot be told."""
        self.text.setText(text)
        self.bar.setRange(0, total or 0)
        self.bar.setValue(done)
        self.bar.show()
        self.retry_button.hide()
        # Never hidden on the way: a press would be lost that has not been let go.
        self.cancel_button.setVisible(stop is not Stop.NOT_OFFERED)
        self.cancel_button.setEnabled(stop is Stop.OFFERED)

    def set_problem(self, problem: str) -> None:
        """Show why it failed, and offer to try again."""
        self.text.setText(problem)
        self.bar.hide()
        self.cancel_button.hide()
        self.retry_button.show()
