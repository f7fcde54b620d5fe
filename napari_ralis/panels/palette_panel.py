"""The palette panel: the classes with their keys, colours and how often each was labelled."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from qtpy.QtGui import QAction, QColor, QFont, QKeyEvent, QPainter, QPalette
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QMenu,
    QSizePolicy,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from napari_ralis.panels.palette_model import PaletteEntry, PaletteModel

_Index = QModelIndex | QPersistentModelIndex
_ROW, _LEAST_ROW, _COLUMNS, _MOST_ROWS = 24, 18, 2, 12
_KEY, _SWATCH = 26, 14


class PalettePanel(QWidget):
    """Two columns of classes, a search box and whether keys reach the canvas. Passive."""

    class_requested = Signal(int)
    """Index of the class to paint with."""
    star_requested = Signal(int, bool)
    lock_requested = Signal(int, bool)
    focus_back_requested = Signal()
    """Typing is over: keys should go to the canvas again."""

    def __init__(self) -> None:
        super().__init__()
        self.model = PaletteModel()
        self.list = _list(self.model)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find a class…")
        self.search.setClearButtonEnabled(True)
        # Typing here must be meant; a tab that goes astray would swallow the keys.
        self.search.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.search.installEventFilter(self)
        self.keys = QLabel()
        self.set_keys_on(True)
        row = QHBoxLayout()
        row.addWidget(self.search, stretch=1)
        row.addWidget(self.keys)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self.list)
        self.search.textChanged.connect(self._on_text_changed)
        self.search.returnPressed.connect(self._choose_first)
        self.list.clicked.connect(self._on_clicked)
        self.list.customContextMenuRequested.connect(self._on_menu_requested)

    def set_entries(self, entries: tuple[PaletteEntry, ...]) -> None:
        """Show these classes."""
        self.model.set_entries(entries)
        self._fit()

    def set_selected(self, index: int) -> None:
        """Mark the class in the brush."""
        self.model.set_selected(index)
        if (row := self.model.row_of(self.model.selected)) is not None:
            self.list.scrollTo(self.model.index(row, 0))

    def set_pending(self, stroke: str) -> None:
        """Mark the classes whose key begins with this first stroke; "" for none."""
        self.model.set_pending(stroke)

    def set_keys_on(self, on: bool) -> None:
        """Say whether keys reach the canvas."""
        self.keys.setText("" if on else "keys: off")
        self.keys.setVisible(not on)
        self.keys.setToolTip("Keys go elsewhere now. Click into the picture to paint with them again.")

    def start_search(self) -> None:
        """Let the person type a class's name."""
        self.search.setFocus()
        self.search.selectAll()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Escape in the search box ends the search; Qt's name."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Escape:
            self._end_search()
            return True
        return bool(super().eventFilter(watched, event))

    def _on_text_changed(self, text: str) -> None:
        self.model.set_filter(text)
        self._fit()

    def _choose_first(self) -> None:
        if self.model.rowCount():
            self.class_requested.emit(self.model.entry(self.model.index(0, 0)).index)
        self._end_search()

    def _end_search(self) -> None:
        self.search.clear()
        self.focus_back_requested.emit()

    def _on_clicked(self, index: QModelIndex) -> None:
        self.class_requested.emit(self.model.entry(index).index)
        if self.search.text():
            self.search.clear()
        self.focus_back_requested.emit()

    def _on_menu_requested(self, place: QPoint) -> None:
        index = self.list.indexAt(place)
        if index.isValid() and self.model.entry(index).regions is not None:
            self.menu_for(self.model.entry(index)).popup(self.list.mapToGlobal(place))

    def menu_for(self, entry: PaletteEntry) -> QMenu:
        """What a right click on a class offers."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for text, state, request in (
            ("Must be good ★", entry.starred, self.star_requested),
            ("Protect from being painted over ⊘", entry.locked, self.lock_requested),
        ):
            action = QAction(text, menu)
            action.setCheckable(True)
            action.setChecked(state)
            action.triggered.connect(lambda on, request=request: request.emit(entry.index, on))
            menu.addAction(action)
        return menu

    def _fit(self) -> None:
        """As high as the classes need, up to a dozen rows; beyond that the list scrolls."""
        rows = -(-max(self.model.total, 1) // _COLUMNS)
        self.list.set_rows(min(rows, _MOST_ROWS))
        # Decided here: where Qt decides, it keeps room for a bar that is not there, and one column is left.
        policy = Qt.ScrollBarPolicy
        self.list.setVerticalScrollBarPolicy(
            policy.ScrollBarAlwaysOn if rows > _MOST_ROWS else policy.ScrollBarAlwaysOff
        )


class _Delegate(QStyledItemDelegate):
    """Key, swatch, name, star and count on one line; the class in the brush stands on the highlight colour."""

    def __init__(self, model: PaletteModel, view: QListView) -> None:
        super().__init__(view)
        self._model, self._view = model, view

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        """One cell; Qt's name."""
        return self._view.gridSize()

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: _Index) -> None:
        """Draw one cell; Qt's name."""
        if painter is None:
            return
        entry = self._model.entry(index)
        painter.save()
        selected, palette, cell = (
            entry.index == self._model.selected,
            option.palette,
            option.rect.adjusted(2, 1, -2, -1),
        )
        if selected:
            painter.fillRect(cell, palette.color(QPalette.ColorRole.Highlight))
        role = QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text
        painter.setPen(palette.color(role))
        self._draw_key(painter, entry, QRect(cell.left() + 2, cell.top(), _KEY, cell.height()))
        _draw_swatch(painter, entry, cell.left() + _KEY + 4, cell.center().y() - _SWATCH // 2)
        self._draw_words(painter, entry, cell.adjusted(_KEY + _SWATCH + 10, 0, -3, 0))
        painter.restore()

    def _draw_key(self, painter: QPainter, entry: PaletteEntry, place: QRect) -> None:
        font = QFont(painter.font())
        waits = bool(self._model.pending) and entry.key.startswith(f"{self._model.pending} ")
        font.setBold(waits)
        painter.setFont(font)
        painter.setOpacity(1.0 if waits or not self._model.pending else 0.35)
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, entry.key.replace(" ", ""))
        font.setBold(False)
        painter.setFont(font)

    def _draw_words(self, painter: QPainter, entry: PaletteEntry, place: QRect) -> None:
        count = "" if entry.regions is None else f"{entry.regions:,}"
        marks = ("★ " if entry.starred else "") + ("⊘ " if entry.locked else "")
        tail = marks + count
        metrics = painter.fontMetrics()
        width = metrics.horizontalAdvance(tail) + 4
        name = metrics.elidedText(entry.name, Qt.TextElideMode.ElideRight, place.width() - width)
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, tail)


def _draw_swatch(painter: QPainter, entry: PaletteEntry, left: int, top: int) -> None:
    # A rim, so that black and white classes show on dark and light themes.
    painter.setOpacity(1.0)
    painter.fillRect(left, top, _SWATCH, _SWATCH, QColor(*entry.colour))
    painter.save()
    painter.setPen(QColor(128, 128, 128))
    painter.drawRect(left, top, _SWATCH - 1, _SWATCH - 1)
    painter.restore()


def _list(model: PaletteModel) -> _Columns:
    view = _Columns()
    view.setModel(model)
    view.setItemDelegate(_Delegate(model, view))
    view.setFlow(QListView.Flow.LeftToRight)
    view.setWrapping(True)
    view.setUniformItemSizes(True)
    view.setResizeMode(QListView.ResizeMode.Adjust)
    view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    view.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
    view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
    view.setMouseTracking(True)
    view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return view


class _Columns(QListView):
    """A list whose cells share its width and height: where others need room, rows become lower and none is cut."""

    def __init__(self) -> None:
        super().__init__()
        self._rows = 1
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)

    def set_rows(self, rows: int) -> None:
        """Have room for so many rows."""
        self._rows = rows
        self.setMinimumHeight(rows * _LEAST_ROW + 2)
        self.setMaximumHeight(rows * _ROW + 2)
        self.updateGeometry()
        self._cut()

    def sizeHint(self) -> QSize:
        """All rows at their best; Qt's name."""
        return QSize(super().sizeHint().width(), self._rows * _ROW + 2)

    def resizeEvent(self, event: Any) -> None:
        """Cut the room into cells; Qt's name."""
        self._cut()
        super().resizeEvent(event)

    def _cut(self) -> None:
        if (viewport := self.viewport()) is not None:
            row = min(_ROW, max(_LEAST_ROW, viewport.height() // self._rows))
            self.setGridSize(QSize((viewport.width() - 1) // _COLUMNS, row))
