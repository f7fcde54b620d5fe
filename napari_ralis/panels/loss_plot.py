"""Loss plot: the mean loss of each fit as points, and that of the running one as a line, on one scale."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_ralis.panels.plot_colours import PlotColours

_LEFT, _EDGE = 34.0, 6.0


class LossPlot(QWidget):
    """Small; numbers stand beside the scale. Passive."""

    def __init__(self) -> None:
        super().__init__()
        self._fits: tuple[tuple[int, float], ...] = ()
        self._running: tuple[float, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Losses")
        self.setToolTip("Left: mean loss of each training so far. Right: the last updates of the newest one.")

    def set_losses(self, fits: Sequence[tuple[int, float]], running: Sequence[float]) -> None:
        """Show step and mean loss of each fit, and the last losses of the newest, oldest first."""
        self._fits, self._running = tuple(fits), tuple(running)
        self.setAccessibleDescription(". ".join(f"step {step}: {loss:.3f}" for step, loss in self._fits))
        self.update()

    def sizeHint(self) -> QSize:
        """Low; Qt's name."""
        return QSize(280, 56)

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Draw both halves; Qt's name."""
        colours, painter = PlotColours.of(self), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        values = [*(loss for _, loss in self._fits), *self._running]
        painter.setPen(colours.dim)
        if not values:
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "No training yet.")
            painter.end()
            return
        high = max(values)
        for value, y in ((high, _EDGE), (0.0, self.height() - _EDGE)):
            place = QRectF(0, y - 8, _LEFT - 4, 16)
            painter.setPen(colours.dim)
            painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{value:.2g}")
            painter.setPen(colours.faint)
            painter.drawLine(QPointF(_LEFT, y), QPointF(self.width() - _EDGE, y))
        middle = _LEFT + (self.width() - _LEFT) / 2
        painter.setPen(QPen(colours.accent, 1.5))
        painter.setBrush(colours.accent)
        points = self._points([loss for _, loss in self._fits], high, _LEFT + _EDGE, middle - _EDGE)
        for point in points:
            painter.drawEllipse(point, 2.0, 2.0)
        painter.setPen(QPen(colours.text, 1.2))
        painter.drawPolyline(QPolygonF(self._points(self._running, high, middle + _EDGE, self.width() - _EDGE)))
        painter.end()

    def _points(self, values: Sequence[float], high: float, left: float, right: float) -> list[QPointF]:
        free, step = self.height() - 2 * _EDGE, (right - left) / max(1, len(values) - 1)
        return [
            QPointF(left + place * step, self.height() - _EDGE - free * (value / high if high else 0.0))
            for place, value in enumerate(values)
        ]
