"""Class balance: how much of what is labelled is of each class, and in how many regions it occurs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_ralis.panels.plot_colours import PlotColours
from src_model.data.class_schema import ClassSchema

_NAME, _NUMBERS, _SWATCH, _SPACE = 0.3, 0.34, 10, 4


@dataclass(frozen=True, slots=True)
class ClassShare:
    """One row: a class, its share of the labelled pixels in 0 … 1, and the regions that hold it."""

    name: str
    colour: tuple[int, int, int]
    share: float
    regions: int


def balance_of(
    schema: ClassSchema, worth: npt.NDArray[np.float64], regions: Mapping[int, int]
) -> tuple[ClassShare, ...]:
    """A row a class, in the order of the schema.

    Parameters
    ----------
    worth:
        (C,) labels in regions' worth of pixels.
    regions:
        How many labelled regions hold each class index.
    """
    shares = np.maximum(worth, 0.0) / max(float(np.maximum(worth, 0.0).sum()), np.finfo(np.float64).tiny)
    return tuple(
        ClassShare(entry.name, entry.colour, float(share), regions.get(index, 0))
        for index, (entry, share) in enumerate(zip(schema.classes, shares, strict=True))
    )


class ClassBalance(QWidget):
    """A bar a class, drawn by itself. Passive."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[ClassShare, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Labels of each class")

    def set_rows(self, rows: tuple[ClassShare, ...]) -> None:
        """Show these."""
        if len(rows) != len(self._rows):
            self.updateGeometry()
        self._rows = rows
        self.setAccessibleDescription(". ".join(map(balance_text, rows)))
        self.update()

    def sizeHint(self) -> QSize:
        """A row a class; Qt's name."""
        return QSize(280, self._row_height() * max(1, len(self._rows)))

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Name, bar and numbers; the longest bar is that of the largest share; Qt's name."""
        colours, painter = PlotColours.of(self), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        largest = max([row.share for row in self._rows], default=0.0) or 1.0
        for place, row in enumerate(self._rows):
            self._draw(painter, colours, row, float(place * self._row_height()), row.share / largest)
        painter.end()

    def _draw(self, painter: QPainter, colours: PlotColours, row: ClassShare, top: float, part: float) -> None:
        height, width = float(self._row_height()), float(self.width())
        middle = top + (height - _SWATCH) / 2
        painter.setPen(colours.dim)
        painter.setBrush(QColor(*row.colour))
        painter.drawRect(QRectF(0.5, middle, _SWATCH, _SWATCH))
        left, numbers = _NAME * width, width - _NUMBERS * width
        name = QRectF(_SWATCH + 6, top, left - _SWATCH - 10, height)
        painter.setPen(colours.text if row.regions else colours.dim)
        elided = painter.fontMetrics().elidedText(row.name, Qt.TextElideMode.ElideRight, int(name.width()))
        painter.drawText(name, Qt.AlignmentFlag.AlignVCenter, elided)
        painter.setPen(Qt.PenStyle.NoPen)
        for colour, length in ((colours.faint, 1.0), (colours.accent, part)):
            painter.setBrush(colour)
            painter.drawRect(QRectF(left, top + height / 2 - 3, (numbers - left - 6) * length, 6))
        painter.setPen(colours.text if row.regions else colours.dim)
        place = QRectF(numbers, top, width - numbers - 2, height)
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, _numbers(row))

    def _row_height(self) -> int:
        return int(self.fontMetrics().height()) + _SPACE


def balance_text(row: ClassShare) -> str:
    """One row in words."""
    return f"{row.name}: {_numbers(row)}"


def _numbers(row: ClassShare) -> str:
    counted = "1 region" if row.regions == 1 else f"{row.regions:,} regions"
    return f"{100 * row.share:.2g} % · {counted}" if row.regions else "none yet"
