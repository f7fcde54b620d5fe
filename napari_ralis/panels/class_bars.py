"""Class bars: IoU of each class with its interval and support, as one row a class."""

from __future__ import annotations

from dataclasses import dataclass

from qtpy.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

from napari_ralis.panels.plot_colours import PlotColours, blend
from src_model.labelling.intervals import Interval

_SWATCH = 10
_GAP = 6
_NAME_SHARE = 0.30
_ROW_SPACE = 5
_STEPS = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}


@dataclass(frozen=True, slots=True)
class ClassBar:
    """One row.

    Attributes
    ----------
    name, colour:
        Of the class, as in the schema.
    interval:
        IoU in 0 … 1; None where it is not measurable.
    support:
        Check regions that hold the class.
    """

    name: str
    colour: tuple[int, int, int]
    interval: Interval | None
    support: int


class ClassBars(QWidget):
    """Draws the rows itself: nineteen labels, bars and whiskers as widgets would take ten times as long. Passive."""

    class_requested = Signal(int)
    """Index of the class that was clicked, or reached with the arrow keys."""

    def __init__(self) -> None:
        super().__init__()
        self._bars: tuple[ClassBar, ...] = ()
        self._chosen: int | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("IoU of each class")

    def set_bars(self, bars: tuple[ClassBar, ...]) -> None:
        """Show these rows, in this order."""
        if len(bars) != len(self._bars):
            self.updateGeometry()
        self._bars = bars
        self.setAccessibleDescription(". ".join(map(bar_text, bars)))
        self.update()

    def set_chosen(self, index: int | None) -> None:
        """Mark the row of this class."""
        self._chosen = index
        self.update()

    def sizeHint(self) -> QSize:
        """One row a class and the scale; Qt's name."""
        return QSize(296, self._row_height() * (len(self._bars) + 1))

    def minimumSizeHint(self) -> QSize:
        """All rows, narrow; Qt's name."""
        return QSize(220, self.sizeHint().height())

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Ask for the class of the row; Qt's name."""
        if event is not None and event.button() == Qt.MouseButton.LeftButton:
            self._ask_for(self._row_at(event.position().y()))

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Go up and down with the arrows; Qt's name."""
        if event is None or (step := _STEPS.get(Qt.Key(event.key()))) is None:
            super().keyPressEvent(event)
            return
        last = len(self._bars) - 1
        self._ask_for(min(max((-1 if self._chosen is None else self._chosen) + step, 0), last))

    def event(self, event: QEvent | None) -> bool:
        """Explain the row under the cursor."""
        if isinstance(event, QHelpEvent):
            row = self._row_at(event.pos().y())
            if row is not None:
                QToolTip.showText(event.globalPos(), _explained(self._bars[row]), self)
            return True
        return bool(super().event(event))

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Draw all rows; Qt's name."""
        colours, painter = PlotColours.of(self), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        track = self._track()
        self._draw_scale(painter, colours, track)
        for row, bar in enumerate(self._bars):
            top = (row + 1) * self._row_height()
            if row == self._chosen:
                self._draw_choice(painter, colours, top)
            self._draw_name(painter, colours, bar, top, track)
            if bar.interval is None:
                self._draw_missing(painter, colours, bar, top, track)
            else:
                self._draw_interval(painter, colours, bar, bar.interval, top, track)
        painter.end()

    def _draw_scale(self, painter: QPainter, colours: PlotColours, track: QRectF) -> None:
        height = self._row_height()
        for share in (0.0, 0.5, 1.0):
            x = track.left() + share * track.width()
            painter.setPen(QPen(colours.faint, 1))
            painter.drawLine(QPointF(x, height), QPointF(x, self.height()))
            if share != 0.5:
                painter.setPen(colours.dim)
                place = QRectF(x - 20, 0, 40, height)
                painter.drawText(place, Qt.AlignmentFlag.AlignCenter, f"{100 * share:.0f}")
        painter.setPen(colours.dim)
        support = QRectF(self.width() - self._support_width(), 0, self._support_width(), height)
        painter.drawText(support, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, "regions")
        painter.drawText(QRectF(0, 0, track.left(), height), Qt.AlignmentFlag.AlignVCenter, "class, IoU")

    def _draw_choice(self, painter: QPainter, colours: PlotColours, top: float) -> None:
        painter.setPen(QPen(colours.accent, 1))
        painter.setBrush(blend(colours.window, colours.accent, 0.18))
        painter.drawRoundedRect(QRectF(0.5, top + 0.5, self.width() - 1, self._row_height() - 1), 3, 3)

    def _draw_name(self, painter: QPainter, colours: PlotColours, bar: ClassBar, top: float, track: QRectF) -> None:
        height = self._row_height()
        painter.setPen(QPen(colours.dim, 1))
        painter.setBrush(QColor(*bar.colour))
        painter.drawRect(QRectF(4.5, top + (height - _SWATCH) / 2, _SWATCH, _SWATCH))
        left = 4 + _SWATCH + _GAP
        width = track.left() - left - _GAP
        name = painter.fontMetrics().elidedText(bar.name, Qt.TextElideMode.ElideRight, int(width))
        painter.setPen(colours.text if bar.interval else colours.dim)
        painter.drawText(QRectF(left, top, width, height), Qt.AlignmentFlag.AlignVCenter, name)

    def _draw_missing(self, painter: QPainter, colours: PlotColours, bar: ClassBar, top: float, track: QRectF) -> None:
        height = self._row_height()
        painter.setPen(colours.dim)
        room = QRectF(track.left() + 3, top, self.width() - track.left() - 3, height)
        text = f"{_regions(bar.support)}, not measurable"
        if painter.fontMetrics().horizontalAdvance(text) > room.width():
            text = f"{bar.support}, not measurable"
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, text)

    def _draw_interval(
        self, painter: QPainter, colours: PlotColours, bar: ClassBar, interval: Interval, top: float, track: QRectF
    ) -> None:
        height = self._row_height()
        middle, thick = top + height / 2, height - 8.0
        value, low, high = (track.left() + track.width() * x for x in (interval.value, interval.low, interval.high))
        painter.setPen(QPen(colours.dim, 1))
        painter.setBrush(QColor(*bar.colour))
        painter.drawRect(QRectF(track.left(), middle - thick / 2, max(1.0, value - track.left()), thick))
        # A seam in the colour of the background lets the whisker be seen on any bar.
        for pen in (QPen(colours.window, 4), QPen(colours.text, 1.6)):
            painter.setPen(pen)
            painter.drawLine(QPointF(low, middle), QPointF(high, middle))
            for end in (low, high):
                painter.drawLine(QPointF(end, middle - 3.5), QPointF(end, middle + 3.5))
        painter.setPen(colours.text)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        beside = QRectF(
            track.right() + _GAP, top, self.width() - track.right() - 2 * _GAP - self._support_width(), height
        )
        painter.drawText(beside, right, interval.text)
        painter.setPen(colours.dim)
        painter.drawText(
            QRectF(self.width() - self._support_width(), top, self._support_width() - 4, height),
            right,
            str(bar.support),
        )

    def _track(self) -> QRectF:
        """Where 0 … 1 lies."""
        left = _NAME_SHARE * self.width() + _SWATCH
        right = self.width() - self._support_width() - self.fontMetrics().horizontalAdvance("00 (00–100)") - 2 * _GAP
        return QRectF(left, 0, max(40.0, right - left), self.height())

    def _support_width(self) -> int:
        return int(self.fontMetrics().horizontalAdvance("regions")) + 2

    def _row_height(self) -> int:
        return int(self.fontMetrics().height()) + _ROW_SPACE

    def _row_at(self, y: float) -> int | None:
        row = int(y // self._row_height()) - 1
        return row if 0 <= row < len(self._bars) else None

    def _ask_for(self, row: int | None) -> None:
        if row is not None and 0 <= row < len(self._bars) and row != self._chosen:
            self.class_requested.emit(row)


def bar_text(bar: ClassBar) -> str:
    """A row in words."""
    if bar.interval is None:
        return f"{bar.name}: {_regions(bar.support)}, not measurable"
    return f"{bar.name}: IoU {bar.interval.text}, {_regions(bar.support)}"


def _explained(bar: ClassBar) -> str:
    if bar.interval is None:
        return f"{bar_text(bar)}. More check regions with {bar.name} are needed."
    return (
        f"{bar_text(bar)}. The true IoU lies within the line 95 times in 100. "
        "Click to see where it is right and wrong: blue hit, orange false alarm, yellow miss."
    )


def _regions(number: int) -> str:
    return f"{number:,} check region" if number == 1 else f"{number:,} check regions"
