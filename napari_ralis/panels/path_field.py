"""The path field: a folder that is typed or chosen in a dialog."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QWidget
from superqt.utils import signals_blocked


class PathField(QWidget):
    """A line and a button beside it."""

    changed = Signal()

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title
        self.text = QLineEdit()
        self.text.setPlaceholderText(title)
        self.browse = QPushButton("…")
        self.browse.setToolTip("Choose it in a dialog.")
        self.browse.setFixedWidth(32)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.text, stretch=1)
        row.addWidget(self.browse)
        self.text.textChanged.connect(self.changed)
        self.browse.clicked.connect(self._ask)

    def path(self) -> Path | None:
        """What stands in the field, or None if nothing does."""
        text = self.text.text().strip()
        return Path(text).expanduser() if text else None

    def set_path(self, path: Path | None) -> None:
        """Show this path."""
        with signals_blocked(self):
            self.text.setText("" if path is None else str(path))

    def _ask(self) -> None:
        if chosen := QFileDialog.getExistingDirectory(self, self._title, self.text.text()):
            self.text.setText(chosen)
