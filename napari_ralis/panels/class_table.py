"""The class table: what is labelled. Name, colour, key and definition of each class, and which must be good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QItemSelectionModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QAbstractItemView,
    QColorDialog,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)
from superqt.utils import signals_blocked

from napari_ralis.keybindings import class_keys
from src_model.labelling.class_list import ClassFault, ClassRow, class_faults, spelt_key, with_new_row

STAR, COLOUR, KEY, NAME, DEFINITION = range(5)
_HEADINGS = ("★", "", "Key", "Name", "Definition")
_TIPS = (
    "Must be good: at most three classes. They come first.",
    "Colour: a double click chooses another.",
    "A digit, or C, X or Z and a second letter. Empty: one is found.",
    "What people call it.",
    "In one line: what belongs to it and what does not. Shown while labelling.",
)
_WIDTHS = {STAR: 24, COLOUR: 24, KEY: 40, NAME: 104}
_FAULT = QColor(214, 69, 65, 90)
_FOUND = QColor(128, 128, 128)
"""Keys that are found; readable on light and dark."""
_ROW = 24
_Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_TICK = Qt.ItemDataRole.CheckStateRole


class ClassTable(QWidget):
    """An editable table, the presets above it and what is wrong below it. Passive: the rows are told on request."""

    changed = Signal()
    """A person has changed a row."""
    preset_requested = Signal(str)
    """Name of a preset."""

    def __init__(self) -> None:
        super().__init__()
        self.model = ClassModel()
        self.table = _table(self.model)
        self._selection = QItemSelectionModel(self.model, self)
        self.table.setSelectionModel(self._selection)
        self.preset = QComboBox()
        self.preset.setToolTip("Classes to begin with. Those that stand here now are replaced.")
        self.add_button, self.remove_button = QPushButton("Add"), QPushButton("Remove")
        self.add_button.setToolTip("Add a class at the end.")
        self.remove_button.setToolTip("Remove the selected class.")
        self.fault = QLabel()
        self.fault.setWordWrap(True)
        self._lay_out()
        self.preset.textActivated.connect(self.preset_requested)
        self.add_button.clicked.connect(self._add)
        self.remove_button.clicked.connect(self._remove)
        self.table.doubleClicked.connect(self._on_double_click)
        self.model.edited.connect(self._on_edited)
        self._show_faults()

    @property
    def rows(self) -> tuple[ClassRow, ...]:
        """The classes as they stand here."""
        return self.model.rows

    @property
    def faults(self) -> tuple[ClassFault, ...]:
        """What is wrong with them."""
        return self.model.faults

    def set_presets(self, names: Sequence[str], current: str) -> None:
        """Offer these presets; a single one cannot be chosen."""
        with signals_blocked(self.preset):
            self.preset.clear()
            self.preset.addItems(list(names))
            self.preset.setCurrentText(current)
        self.preset.setEnabled(len(names) > 1)

    def set_rows(self, rows: Sequence[ClassRow], own: bool) -> None:
        """Show these classes; only one's own can be added, removed and renamed, others belong to masks."""
        self.model.set_rows(tuple(rows), own)
        for button in (self.add_button, self.remove_button):
            button.setVisible(own)
        self._show_faults()

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.addWidget(self.preset, stretch=1)
        buttons.addWidget(self.add_button)
        buttons.addWidget(self.remove_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(buttons)
        column.addWidget(self.table, stretch=1)
        column.addWidget(self.fault)

    def _add(self) -> None:
        self.model.change(with_new_row(self.model.rows))
        index = self.model.index(len(self.model.rows) - 1, NAME)
        self.table.setCurrentIndex(index)
        self.table.edit(index)

    def _remove(self) -> None:
        gone = self.table.currentIndex().row()
        if 0 <= gone < len(self.model.rows):
            self.model.change(tuple(row for index, row in enumerate(self.model.rows) if index != gone))
            self.table.setCurrentIndex(self.model.index(min(gone, len(self.model.rows) - 1), NAME))

    def _on_double_click(self, index: QModelIndex) -> None:
        if index.column() != COLOUR or not self.model.own:
            return
        row = self.model.rows[index.row()]
        chosen = QColorDialog.getColor(QColor(*row.colour), self, f"Colour of {row.name}")
        if chosen.isValid():
            colour = chosen.red(), chosen.green(), chosen.blue()
            self.model.change_row(index.row(), replace(row, colour=colour))

    def _on_edited(self) -> None:
        self._show_faults()
        self.changed.emit()

    def _show_faults(self) -> None:
        faults = self.model.faults
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        self.fault.setText(f"⚠ {faults[0].text}{more}" if faults else "")
        self.fault.setVisible(bool(faults))


class ClassModel(QAbstractTableModel):
    """One row a class; a wrong one is marked where it is wrong."""

    edited = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.rows: tuple[ClassRow, ...] = ()
        self.own = True
        self.faults: tuple[ClassFault, ...] = class_faults(())
        self._keys: dict[int, str] = {}

    def set_rows(self, rows: tuple[ClassRow, ...], own: bool) -> None:
        """Show these; nobody has edited them."""
        self.beginResetModel()
        self.own = own
        self._take(rows)
        self.endResetModel()

    def change(self, rows: tuple[ClassRow, ...]) -> None:
        """Other rows, by a person's hand."""
        self.set_rows(rows, self.own)
        self.edited.emit()

    def change_row(self, index: int, row: ClassRow) -> None:
        """Another row in the place of one, by a person's hand."""
        self._take((*self.rows[:index], row, *self.rows[index + 1 :]))
        # All of them: a name that was changed may mend another row.
        self.dataChanged.emit(self.index(0, 0), self.index(len(self.rows) - 1, DEFINITION))
        self.edited.emit()

    def rowCount(self, parent: _Index = _ROOT) -> int:
        """Classes; Qt's name."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index = _ROOT) -> int:
        """What is said of a class; Qt's name."""
        return 0 if parent.isValid() else len(_HEADINGS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What a column is called; Qt's name."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return _HEADINGS[section]
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.ToolTipRole:
            return _TIPS[section]
        return None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        """What may be done with a cell; Qt's name."""
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if index.column() in (KEY, DEFINITION) or (index.column() == NAME and self.own):
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags | Qt.ItemFlag.ItemIsUserCheckable if index.column() == STAR else flags

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """One cell; Qt's name."""
        row, column = self.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole and column == KEY:
            return self._keys.get(row.id, "")
        if role == Qt.ItemDataRole.ForegroundRole and column == KEY and not row.key:
            return _FOUND
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return {KEY: row.key, NAME: row.name, DEFINITION: row.definition}.get(column)
        if role == _TICK and column == STAR:
            return Qt.CheckState.Checked if row.starred else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.BackgroundRole:
            return QColor(*row.colour) if column == COLOUR else self._mark(index.row(), column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._text(index.row()) or (row.definition if column == DEFINITION else "") or _TIPS[column]
        return None

    def setData(self, index: _Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Take what a person has typed or ticked; Qt's name."""
        row, column = self.rows[index.row()], index.column()
        if role == _TICK and column == STAR:
            changed = replace(row, starred=Qt.CheckState(value) == Qt.CheckState.Checked)
        elif role == Qt.ItemDataRole.EditRole and column == KEY:
            changed = replace(row, key=spelt_key(str(value)))
        elif role == Qt.ItemDataRole.EditRole and column == NAME:
            changed = replace(row, name=" ".join(str(value).split()))
        elif role == Qt.ItemDataRole.EditRole and column == DEFINITION:
            changed = replace(row, definition=" ".join(str(value).split()))
        else:
            return False
        if changed != row:
            self.change_row(index.row(), changed)
        return True

    def _take(self, rows: tuple[ClassRow, ...]) -> None:
        self.rows, self.faults = rows, class_faults(rows)
        chosen = {row.id: row.key for row in rows if row.key}
        self._keys = class_keys([(row.id, row.name) for row in rows], chosen)

    def _mark(self, row: int, column: int) -> QColor | None:
        return _FAULT if column in (NAME, KEY) and self._text(row) else None

    def _text(self, row: int) -> str:
        return next((fault.text for fault in self.faults if fault.row == row), "")


def _table(model: ClassModel) -> QTableView:
    table = QTableView()
    rows, columns = QHeaderView(Qt.Orientation.Vertical, table), QHeaderView(Qt.Orientation.Horizontal, table)
    table.setVerticalHeader(rows)
    table.setHorizontalHeader(columns)
    table.setModel(model)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setEditTriggers(
        QAbstractItemView.EditTrigger.DoubleClicked
        | QAbstractItemView.EditTrigger.EditKeyPressed
        | QAbstractItemView.EditTrigger.AnyKeyPressed
    )
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setMinimumHeight(6 * _ROW)
    rows.hide()
    rows.setMinimumSectionSize(_ROW)
    rows.setDefaultSectionSize(_ROW)
    columns.setMinimumSectionSize(_ROW)
    columns.setStretchLastSection(True)
    for column, width in _WIDTHS.items():
        table.setColumnWidth(column, width)
    return table
