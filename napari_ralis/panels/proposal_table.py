"""Proposal table: the regions of a query, a row each, with what the rule knew when it chose them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qtpy.QtCore import QEvent, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QHelpEvent, QImage, QMouseEvent, QPainter, QPaintEvent, QPixmap
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

from napari_ralis.panels.plot_colours import PlotColours, blend
from src_model.data.images import Pixels

_PICTURE, _SPACE, _BAR = 22, 4, 2
_FADED = 0.4

COLUMNS = ("rank", "score", "entropy", "margin", "rarity", "also")
_WIDTHS = (0.13, 0.19, 0.19, 0.17, 0.16, 0.16)
_EXPLAINED = {
    "rank": "Place of its score among all candidates of the step; 1 is the highest.",
    "score": "What the rule gave it; higher is better.",
    "Q": "Expected gain of asking for it, by the query network: higher is better.",
    "entropy": "How flat the model's probabilities are, in nats: 0 where it is sure.",
    "margin": "Second best class against the best: 1 where the model cannot tell them apart.",
    "rarity": "Part of the labels so far that are of other classes than those expected here.",
    "also": "R: chance would have asked it too; E: entropy would have.",
}


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """One region.

    Attributes
    ----------
    pixels:
        (h, w, 3) uint8 of any size; None while it is not there.
    cells:
        A text a column.
    parts:
        How much of its largest value each is, 0 … 1; None draws no bar.
    done, current:
        It has an answer; it lies on the canvas.
    reason:
        Why it is asked, one sentence.
    """

    pixels: Pixels | None
    cells: tuple[str, ...]
    parts: tuple[float | None, ...]
    done: bool
    current: bool
    reason: str


class ProposalTable(QWidget):
    """Draws the rows itself; a click asks for a region. Passive."""

    region_requested = Signal(int)
    """Place in the query."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[ProposalRow, ...] = ()
        self._pictures: list[QPixmap | None] = []
        self._headings: tuple[str, ...] = COLUMNS
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Proposals")

    def set_rows(self, rows: Sequence[ProposalRow], score: str) -> None:
        """Show these, in the order of the query; ``score`` heads the column of scores."""
        known = {id(row.pixels): picture for row, picture in zip(self._rows, self._pictures, strict=True)}
        self._pictures = [known.get(id(row.pixels)) or _picture(row.pixels) for row in rows]
        if len(rows) != len(self._rows):
            self.updateGeometry()
        self._rows = tuple(rows)
        self._headings = tuple(score if name == "score" else name for name in COLUMNS)
        self.setAccessibleDescription(" ".join(row.reason for row in rows))
        self.update()

    def row_of(self, index: int) -> QRectF:
        """Where a row lies."""
        return QRectF(0, (index + 1) * self._row_height(), self.width(), self._row_height())

    def sizeHint(self) -> QSize:
        """A heading and a row a region; Qt's name."""
        return QSize(286, self._row_height() * (1 + len(self._rows)))

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Ask for the region of the row; Qt's name."""
        if event is not None and (index := self._row_at(event.position().y())) is not None:
            self.region_requested.emit(index)

    def event(self, event: QEvent | None) -> bool:
        """Explain the column or the region under the cursor."""
        if isinstance(event, QHelpEvent):
            index = self._row_at(event.pos().y())
            text = self._rows[index].reason if index is not None else self._column_text(event.pos().x())
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return bool(super().event(event))

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Draw headings, pictures, numbers and their bars; Qt's name."""
        colours, painter = PlotColours.of(self), QPainter(self)
        painter.setPen(colours.dim)
        for column, name in enumerate(self._headings):
            painter.drawText(self._cell(0, column), Qt.AlignmentFlag.AlignCenter, name)
        for index, (row, picture) in enumerate(zip(self._rows, self._pictures, strict=True)):
            self._draw_row(painter, colours, index, row, picture)
        painter.end()

    def _draw_row(
        self, painter: QPainter, colours: PlotColours, index: int, row: ProposalRow, picture: QPixmap | None
    ) -> None:
        if row.current:
            painter.fillRect(self.row_of(index), blend(colours.window, colours.accent, 0.25))
        top = int(self.row_of(index).top()) + _SPACE // 2
        painter.setOpacity(_FADED if row.done else 1.0)
        if picture is None:
            painter.fillRect(0, top, _PICTURE, _PICTURE, colours.faint)
        else:
            painter.drawPixmap(0, top, picture)
        for column, (text, part) in enumerate(zip(row.cells, row.parts, strict=True)):
            cell = self._cell(index + 1, column)
            if part is not None:
                track = QRectF(cell.left() + 3, cell.bottom() - _BAR - 1, cell.width() - 6, _BAR)
                painter.fillRect(track, colours.faint)
                track.setWidth(track.width() * part)
                painter.fillRect(track, colours.accent)
            painter.setPen(colours.text)
            painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, text)
        painter.setOpacity(1.0)

    def _cell(self, row: int, column: int) -> QRectF:
        free, height = self.width() - _PICTURE - _SPACE, float(self._row_height())
        left = _PICTURE + _SPACE + free * sum(_WIDTHS[:column])
        return QRectF(left, row * height, free * _WIDTHS[column], height)

    def _column_text(self, x: float) -> str:
        inside = (name for column, name in enumerate(self._headings) if self._cell(0, column).right() >= x)
        return _EXPLAINED[next(inside, self._headings[-1])] if x > _PICTURE else ""

    def _row_at(self, y: float) -> int | None:
        index = int(y // self._row_height()) - 1
        return index if 0 <= index < len(self._rows) else None

    def _row_height(self) -> int:
        return max(_PICTURE, int(self.fontMetrics().height()) + _BAR) + _SPACE


def _picture(pixels: Pixels | None) -> QPixmap | None:
    if pixels is None:
        return None
    height, width = pixels.shape[:2]
    image = QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
    mode = Qt.TransformationMode.SmoothTransformation
    # Scaling copies, so that the array may go.
    return QPixmap.fromImage(image.scaled(_PICTURE, _PICTURE, Qt.AspectRatioMode.IgnoreAspectRatio, mode))
