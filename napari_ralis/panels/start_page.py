"""The start page: the ways in. A folder of images, a project, a recent project, or streets that are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget
from superqt import QElidingLabel

_LEAST_NAME = 80
_HINT = "or drop the folder here. Only the headers of the images are read at first."


@dataclass(frozen=True, slots=True)
class Recent:
    """A project that was open; ``there``: None while nobody has looked."""

    folder: Path
    there: bool | None = None


class StartPage(QWidget):
    """Three buttons and a list. Passive."""

    folder_requested = Signal(object)
    """Path of a folder of images, or of a project."""
    project_requested = Signal(object)
    """Path of a project; a folder of images may be chosen all the same."""
    streets_requested = Signal()
    forget_requested = Signal(object)
    """Path that shall leave the list."""

    def __init__(self) -> None:
        super().__init__()
        self.folder_button = _large("New project from a folder of images…", "Nothing is written into the folder.")
        self.project_button = _large("Open a project…", "Go on where you stopped.")
        self.streets_button = _large(
            "Try it on drawn streets", "Forty small images are drawn once, and you can label at once."
        )
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.message.hide()
        self.recents: list[_RecentRow] = []
        self._heading = QLabel("Recent projects")
        self._rows = QVBoxLayout()
        self._rows.setSpacing(2)
        self._lay_out()
        self.folder_button.clicked.connect(self._choose_folder)
        self.project_button.clicked.connect(self._choose_project)
        self.streets_button.clicked.connect(self.streets_requested)
        self.set_recents(())

    def set_recents(self, recents: Sequence[Recent]) -> None:
        """Show these projects, the last one first."""
        for row in self.recents:
            row.setParent(None)
            row.deleteLater()
        self.recents = [_RecentRow(recent) for recent in recents]
        for row in self.recents:
            self._rows.addWidget(row)
            row.open_requested.connect(self.project_requested)
            row.forget_requested.connect(self.forget_requested)
        self._heading.setVisible(bool(recents))

    def set_message(self, text: str) -> None:
        """Say why nothing was opened; empty: nothing went wrong."""
        self.message.setText(f"⚠ {text}" if text else "")
        self.message.setVisible(bool(text))

    def _lay_out(self) -> None:
        hint = QLabel(_HINT)
        hint.setWordWrap(True)
        hint.setEnabled(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for widget in (self.message, self.folder_button, hint, self.project_button, self.streets_button):
            column.addWidget(widget)
        column.addSpacing(10)
        column.addWidget(self._heading)
        column.addLayout(self._rows)

    def _choose_folder(self) -> None:
        if chosen := QFileDialog.getExistingDirectory(self, "Folder of images"):
            self.folder_requested.emit(Path(chosen))

    def _choose_project(self) -> None:
        if chosen := QFileDialog.getExistingDirectory(self, "Folder of a project"):
            self.project_requested.emit(Path(chosen))


class _RecentRow(QWidget):
    """One project: a click opens it, the cross takes it off the list."""

    open_requested = Signal(object)
    forget_requested = Signal(object)

    def __init__(self, recent: Recent) -> None:
        super().__init__()
        folder = recent.folder
        self.open_button = QPushButton(folder.name)
        self.open_button.setStyleSheet("text-align: left;")
        self.open_button.setEnabled(recent.there is not False)
        self.where = QElidingLabel("not there" if recent.there is False else str(folder.parent))
        self.where.setElideMode(Qt.TextElideMode.ElideMiddle)
        self.where.setEnabled(False)
        self.forget_button = QToolButton()
        self.forget_button.setText("✕")
        self.forget_button.setToolTip("Take it off this list. The folder stays as it is.")
        self.setToolTip(str(folder))
        # A long name is cut off; the tooltip has all of it.
        self.open_button.setMinimumWidth(_LEAST_NAME)
        self.open_button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.open_button, stretch=3)
        row.addWidget(self.where, stretch=2)
        row.addWidget(self.forget_button)
        self.open_button.clicked.connect(lambda: self.open_requested.emit(folder))
        self.forget_button.clicked.connect(lambda: self.forget_requested.emit(folder))


def _large(text: str, explanation: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(explanation)
    button.setMinimumHeight(40)
    return button
