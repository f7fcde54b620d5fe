"""Confusion grid: what the pixels of each label were predicted as."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QFont, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QWidget

from napari_ralis.panels.plot_colours import PlotColours, blend

_STRIP = 8
_NAMES_SHARE = 0.26
_LEGIBLE = 17.0
"""Pixels a cell from which on a number fits in."""
_LARGEST_CELL = 26.0


class ConfusionGrid(QWidget):
    """Rows are labels and sum to 100 %, columns are predictions. Passive."""

    class_requested = Signal(int)
    """Index of the label whose row was clicked."""

    pair_hovered = Signal(str)
    """The pair under the cursor in words; empty where there is none."""

    def __init__(self) -> None:
        super().__init__()
        self._names: tuple[str, ...] = ()
        self._colours: tuple[tuple[int, int, int], ...] = ()
        self._shares = np.zeros((0, 0))
        self._chosen: int | None = None
        self.setMouseTracking(True)
        self.setMinimumHeight(110)
        self.setAccessibleName("Confusion of classes")

    def set_classes(self, names: Sequence[str], colours: Sequence[tuple[int, int, int]]) -> None:
        """Name rows and columns; what was shown of other classes goes."""
        self._names, self._colours = tuple(names), tuple(colours)
        self.set_shares(np.zeros((len(names), len(names))))

    def set_shares(self, shares: npt.NDArray[np.float64]) -> None:
        """Show (C, C) shares, rows summing to 1 or empty."""
        self._shares = shares
        self.updateGeometry()
        self.update()

    def set_chosen(self, index: int | None) -> None:
        """Mark row and column of this class."""
        self._chosen = index
        self.update()

    def sizeHint(self) -> QSize:
        """Square cells below their names; Qt's name."""
        return QSize(296, int(min(_LARGEST_CELL, 212.0 / max(1, len(self._names))) * len(self._names)) + _STRIP + 4)

    def pair_text(self, row: int, column: int) -> str:
        """``12 % of pole's pixels are predicted as building``."""
        if not self._shares[row].any():
            return f"{self._names[row]}: not in the check regions"
        share = f"{100 * self._shares[row, column]:.1f} % of {self._names[row]}"
        return f"{share} is found" if row == column else f"{share} is taken for {self._names[column]}"

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Tell the pair under the cursor; Qt's name."""
        if event is not None:
            pair = self._pair_at(event.position())
            self.pair_hovered.emit("" if pair is None else self.pair_text(*pair))

    def leaveEvent(self, event: QEvent | None) -> None:
        """Nothing is under the cursor; Qt's name."""
        self.pair_hovered.emit("")
        super().leaveEvent(event)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Ask for the class of the row; Qt's name."""
        if event is not None and (pair := self._pair_at(event.position())) is not None and pair[0] != self._chosen:
            self.class_requested.emit(pair[0])

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Draw names, cells and numbers; Qt's name."""
        if not self._names:
            return
        colours, painter = PlotColours.of(self), QPainter(self)
        area = self._area()
        painter.drawImage(area, _picture(self._shares, colours))
        painter.setPen(QPen(colours.faint, 1))
        painter.drawRect(area)
        self._draw_names(painter, colours, area)
        if self._cell() >= _LEGIBLE:
            self._draw_numbers(painter, colours, area)
        if self._chosen is not None:
            self._draw_choice(painter, colours, area, self._chosen)
        painter.end()

    def _draw_names(self, painter: QPainter, colours: PlotColours, area: QRectF) -> None:
        cell, font = self._cell(), QFont(self.font())
        font.setPixelSize(int(min(12, max(7, cell - 1))))
        painter.setFont(font)
        metrics = painter.fontMetrics()
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for index, (name, colour) in enumerate(zip(self._names, self._colours, strict=True)):
            along = index * cell
            width = area.left() - _STRIP - 6
            painter.setPen(colours.text if self._shares[index].any() else colours.dim)
            short = metrics.elidedText(name, Qt.TextElideMode.ElideRight, int(width))
            painter.drawText(QRectF(0, area.top() + along, width, cell), right, short)
            painter.fillRect(
                QRectF(area.left() - _STRIP - 2, area.top() + along + 1, _STRIP, cell - 2), QColor(*colour)
            )
            painter.fillRect(QRectF(area.left() + along + 1, 0, cell - 2, _STRIP), QColor(*colour))

    def _draw_numbers(self, painter: QPainter, colours: PlotColours, area: QRectF) -> None:
        cell, font = self._cell(), QFont(self.font())
        font.setPixelSize(int(min(11, cell / 2)))
        painter.setFont(font)
        for row, column in np.argwhere(self._shares >= 0.05).tolist():
            share = float(self._shares[row, column])
            strong = blend(colours.window, colours.accent, math.sqrt(share)).lightness()
            dark_enough = abs(strong - colours.text.lightness()) > abs(strong - colours.window.lightness())
            painter.setPen(colours.text if dark_enough else colours.window)
            place = QRectF(area.left() + column * cell, area.top() + row * cell, cell, cell)
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, f"{100 * share:.0f}")

    def _draw_choice(self, painter: QPainter, colours: PlotColours, area: QRectF, index: int) -> None:
        cell = self._cell()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(colours.text, 1.4))
        painter.drawRect(QRectF(area.left(), area.top() + index * cell, area.width(), cell))
        painter.drawRect(QRectF(area.left() + index * cell, area.top(), cell, area.height()))

    def _cell(self) -> float:
        free = self.width() * (1 - _NAMES_SHARE), float(self.height() - _STRIP - 4)
        return max(3.0, min(_LARGEST_CELL, min(free) / max(1, len(self._names))))

    def _area(self) -> QRectF:
        length = self._cell() * len(self._names)
        return QRectF(_NAMES_SHARE * self.width(), _STRIP + 2, length, length)

    def _pair_at(self, position: QPointF) -> tuple[int, int] | None:
        """Label and prediction under the cursor; beside the grid, on a name, that of the label with itself."""
        area, cell = self._area(), self._cell()
        row, column = int((position.y() - area.top()) // cell), int((position.x() - area.left()) // cell)
        if not 0 <= row < len(self._names) or column >= len(self._names):
            return None
        return row, row if column < 0 else column


def _picture(shares: npt.NDArray[np.float64], colours: PlotColours) -> QImage:
    """One pixel a cell."""
    ends = np.array([colours.window.getRgb()[:3], colours.accent.getRgb()[:3]], dtype=np.float64)
    # The root shows the few percent that are worth knowing beside a diagonal near 100.
    strength = np.sqrt(shares)[..., None]
    pixels = np.ascontiguousarray(np.round((1 - strength) * ends[0] + strength * ends[1]).astype(np.uint8))
    height, width = shares.shape
    return QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
