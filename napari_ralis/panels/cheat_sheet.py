"""The cheat sheet: every key on one page, opened by ? and closed by any key."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeyEvent, QKeySequence
from qtpy.QtWidgets import QDialog, QHBoxLayout, QLabel, QShortcut, QVBoxLayout, QWidget

from napari_ralis.keybindings import CheatRow

_ROWS, _MOST_COLUMNS = 22, 4


class CheatSheet(QDialog):
    """A window that blocks nothing."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys of the labelling session")
        self.setModal(False)
        self._columns = QHBoxLayout()
        self._columns.setSpacing(24)
        column = QVBoxLayout(self)
        column.addLayout(self._columns)
        column.addWidget(QLabel("Any key closes this sheet. Keys work while the picture has the keyboard."))

    def set_rows(self, rows: Sequence[CheatRow]) -> None:
        """Show these keys, group by group, in as many columns as they need."""
        while (item := self._columns.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for part in _columns(rows):
            label = QLabel(_table(part))
            label.setTextFormat(Qt.TextFormat.RichText)
            label.setAlignment(Qt.AlignmentFlag.AlignTop)
            self._columns.addWidget(label)

    def listen(self, window: QWidget) -> QShortcut:
        """Open on ? anywhere in this window but where text is typed.

        napari knows no key called ?: it makes the same of it as of every key that it does not know.
        """
        shortcut = QShortcut(QKeySequence("?"), window)
        shortcut.activated.connect(self.toggle)
        shortcut.activatedAmbiguously.connect(self.toggle)
        return shortcut

    def toggle(self) -> None:
        """Open, or close if it is open."""
        if self.isVisible():
            self.hide()
        else:
            self.show()
            self.raise_()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Close on any key but those that only go with others; Qt's name."""
        modifiers = (Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_Meta)
        if event is not None and event.key() not in modifiers:
            self.hide()

    def texts(self) -> list[str]:
        """What stands in the columns; for screen readers and tests."""
        items = (self._columns.itemAt(position) for position in range(self._columns.count()))
        return [widget.text() for item in items if item and isinstance(widget := item.widget(), QLabel)]


def _columns(rows: Sequence[CheatRow]) -> list[list[CheatRow]]:
    """Rows in columns, which grow longer before there are more than fit a screen."""
    height = max(_ROWS, -(-len(rows) // _MOST_COLUMNS))
    return [list(rows[start : start + height]) for start in range(0, len(rows), height)]


def _table(rows: Sequence[CheatRow]) -> str:
    lines, group = [], ""
    for row in rows:
        if row.group != group:
            group = row.group
            lines.append(f"<tr><td colspan=2><b>{escape(group)}</b></td></tr>")
        lines.append(
            f"<tr><td align=right><code>{escape(row.keys)}</code>&nbsp;&nbsp;</td><td>{escape(row.sentence)}</td></tr>"
        )
    return f"<table cellspacing=2>{''.join(lines)}</table>"
