"""The image panel: the images of the open data set, and which of them is shown."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QAbstractTableModel, QItemSelectionModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from napari_ralis.display_state import DisplayState, size_text
from napari_ralis.session import ImageEntry

_COLUMNS = ("Image", "Sequence", "Labels")
_Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()


class ImagePanel(QWidget):
    """A table of images with buttons for the one before and the one after. Passive."""

    image_requested = Signal(int)
    """Row of the image to show."""

    def __init__(self) -> None:
        super().__init__()
        self._current: int | None = None
        self.model = ImageTable()
        self.table = _table(self.model)
        self._selection = QItemSelectionModel(self.model, self)
        self.table.setSelectionModel(self._selection)
        self.previous_button, self.next_button = QPushButton("‹ Previous"), QPushButton("Next ›")
        self.position, self.facts = QLabel(), QLabel()
        self.position.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.facts.setWordWrap(True)
        self._lay_out()
        self.previous_button.clicked.connect(lambda: self._ask_for_neighbour(-1))
        self.next_button.clicked.connect(lambda: self._ask_for_neighbour(1))
        self._selection.currentRowChanged.connect(self._on_row_changed)

    def set_display(self, state: DisplayState) -> None:
        """Show this state."""
        self._current = state.current
        self.model.set_entries(state.entries)
        if state.current is not None:
            self.table.selectRow(state.current)
        self.setVisible(bool(state.entries) and state.setting_up)
        self.position.setText(state.position)
        self.facts.setText(state.facts)
        self.previous_button.setEnabled(state.can_go_back)
        self.next_button.setEnabled(state.can_go_on)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.addWidget(self.previous_button)
        row.addWidget(self.position, stretch=1)
        row.addWidget(self.next_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table, stretch=1)
        column.addLayout(row)
        column.addWidget(self.facts)

    def _ask_for_neighbour(self, step: int) -> None:
        if self._current is not None:
            self.image_requested.emit(self._current + step)

    def _on_row_changed(self, index: QModelIndex) -> None:
        if index.isValid() and index.row() != self._current:
            self.image_requested.emit(index.row())


class ImageTable(QAbstractTableModel):
    """One row an image; thousands of rows cost nothing until they are scrolled to."""

    def __init__(self) -> None:
        super().__init__()
        self._entries: tuple[ImageEntry, ...] = ()

    def set_entries(self, entries: tuple[ImageEntry, ...]) -> None:
        """Show these images; nothing happens if they are shown already."""
        if entries is not self._entries:
            self.beginResetModel()
            self._entries = entries
            self.endResetModel()

    def rowCount(self, parent: _Index = _ROOT) -> int:
        """Images; Qt's name."""
        return 0 if parent.isValid() else len(self._entries)

    def columnCount(self, parent: _Index = _ROOT) -> int:
        """Facts an image; Qt's name."""
        return 0 if parent.isValid() else len(_COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What a column is called; Qt's name."""
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return _COLUMNS[section]
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """One fact of one image; Qt's name."""
        entry = self._entries[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return (entry.image, entry.sequence, "yes" if entry.labelled else "–")[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{entry.image}\n{size_text(entry.size)} pixels"
        return None


def _table(model: ImageTable) -> QTableView:
    table = QTableView()
    rows, columns = QHeaderView(Qt.Orientation.Vertical, table), QHeaderView(Qt.Orientation.Horizontal, table)
    table.setVerticalHeader(rows)
    table.setHorizontalHeader(columns)
    table.setModel(model)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
    table.setWordWrap(False)
    table.setShowGrid(False)
    rows.hide()
    columns.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    columns.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    return table
