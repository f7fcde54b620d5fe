"""Curve plot: how mean IoU, and that of one class, grew with the labelled regions or the minutes spent.

The mean is one over the classes that were measurable, and these grow in number with the check regions: a line over that
border would show a fall that is none. Readings over other classes than the newest one's are drawn pale and apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from itertools import groupby

from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from qtpy.QtWidgets import QToolTip, QWidget

from napari_ralis.panels.plot_colours import PlotColours, blend
from src_model.labelling.intervals import Interval
from src_model.labelling.measurement import Milestone, mean_text

_LEFT, _RIGHT, _TOP, _BOTTOM = 30.0, 10.0, 8.0, 20.0
_NEAR = 14.0
_Reading = tuple[float, Interval]


class Axis(StrEnum):
    """What the curve is drawn against."""

    REGIONS = "labelled regions"
    MINUTES = "minutes"


class CurvePlot(QWidget):
    """Mean IoU as a line in its band, the chosen class as a broken one. Passive."""

    def __init__(self) -> None:
        super().__init__()
        self._milestones: tuple[Milestone, ...] = ()
        self._axis = Axis.REGIONS
        self._chosen: tuple[int, str] | None = None
        self.setMouseTracking(True)
        self.setMinimumHeight(110)
        self.setAccessibleName("Learning curve")

    def set_milestones(self, milestones: Sequence[Milestone]) -> None:
        """Show these readings, oldest first."""
        self._milestones = tuple(milestones)
        self.update()

    def set_axis(self, axis: Axis) -> None:
        """Draw against this."""
        self._axis = axis
        self.update()

    def set_chosen(self, chosen: tuple[int, str] | None) -> None:
        """Draw this class, by index and name, beside the mean."""
        self._chosen = chosen
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as the dock, low; Qt's name."""
        return QSize(296, 150)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Say what the nearest reading was; Qt's name."""
        if event is None:
            return
        near = [
            (abs(self._place(self._along(own), 0.0).x() - event.position().x()), index)
            for index, own in enumerate(self._milestones)
        ]
        distance, index = min(near, default=(_NEAR, 0))
        if distance >= _NEAR:
            QToolTip.hideText()
        else:
            QToolTip.showText(event.globalPosition().toPoint(), self.milestone_text(index), self)

    def milestone_text(self, index: int) -> str:
        """One reading in words."""
        milestone = self._milestones[index]
        work = f"{milestone.regions:,} labelled regions, {milestone.minutes:,.0f} minutes"
        return f"{work}: {mean_text(milestone.measurement)}"

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Draw axes, band and lines; Qt's name."""
        colours, painter = PlotColours.of(self), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_axes(painter, colours)
        mean = self._readings(None)
        if not mean:
            painter.setPen(colours.dim)
            text = "No curve yet: it begins with the first measurable mIoU."
            flags = Qt.AlignmentFlag.AlignCenter.value | Qt.TextFlag.TextWordWrap.value
            painter.drawText(self._area().adjusted(8, 0, -8, 0), flags, text)
        for readings, newest in self._stretches():
            colour = colours.accent if newest else blend(colours.window, colours.accent, 0.45)
            self._draw_line(painter, colour, colours, readings, Qt.PenStyle.SolidLine)
        if self._chosen is not None:
            self._draw_line(painter, colours.text, colours, self._readings(self._chosen[0]), Qt.PenStyle.DashLine)
        self._draw_legend(painter, colours, bool(mean))
        painter.end()

    def _draw_axes(self, painter: QPainter, colours: PlotColours) -> None:
        area = self._area()
        for share in (0.0, 0.25, 0.5, 0.75, 1.0):
            y = area.bottom() - share * area.height()
            painter.setPen(QPen(colours.faint, 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(colours.dim)
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(0, y - 8, _LEFT - 4, 16), right, f"{100 * self._highest() * share:.0f}")
        painter.setPen(colours.dim)
        below = QRectF(area.left(), area.bottom() + 3, area.width(), _BOTTOM - 4)
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, "0")
        painter.drawText(below, Qt.AlignmentFlag.AlignHCenter, str(self._axis))
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, f"{self._furthest():,.0f}")

    def _draw_line(
        self, painter: QPainter, colour: QColor, colours: PlotColours, readings: list[_Reading], style: Qt.PenStyle
    ) -> None:
        upper = [self._place(x, interval.high) for x, interval in readings]
        lower = [self._place(x, interval.low) for x, interval in readings]
        line = [self._place(x, interval.value) for x, interval in readings]
        if style == Qt.PenStyle.SolidLine:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(blend(colours.window, colour, 0.28))
            painter.drawPolygon(QPolygonF(upper + lower[::-1]))
        painter.setPen(QPen(colour, 1.8, style))
        painter.drawPolyline(QPolygonF(line))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        for point in line:
            painter.drawEllipse(point, 2.5, 2.5)

    def _draw_legend(self, painter: QPainter, colours: PlotColours, any_mean: bool) -> None:
        if not any_mean:
            return
        area = self._area()
        lines = [("mIoU", colours.accent, Qt.PenStyle.SolidLine)]
        if self._chosen is not None:
            lines.append((self._chosen[1], colours.text, Qt.PenStyle.DashLine))
        x = area.left() + 6
        for text, colour, style in lines:
            painter.setPen(QPen(colour, 1.8, style))
            painter.drawLine(QPointF(x, area.top() + 7), QPointF(x + 18, area.top() + 7))
            painter.setPen(colours.text)
            width = float(painter.fontMetrics().horizontalAdvance(text))
            painter.drawText(QRectF(x + 22, area.top() - 2, width + 2, 18), Qt.AlignmentFlag.AlignVCenter, text)
            x += 22 + width + 14

    def _stretches(self) -> list[tuple[list[_Reading], bool]]:
        """Readings of the mean over the same classes in a row, and whether these are the newest one's."""
        shown = [milestone for milestone in self._milestones if milestone.measurement.mean is not None]
        found = [list(own) for _, own in groupby(shown, key=_measured_classes)]
        return [(self._mean_readings(own), own is found[-1]) for own in found]

    def _mean_readings(self, milestones: Sequence[Milestone]) -> list[_Reading]:
        return [(self._along(own), own.measurement.mean) for own in milestones if own.measurement.mean is not None]

    def _along(self, milestone: Milestone) -> float:
        return float(milestone.regions) if self._axis is Axis.REGIONS else milestone.minutes

    def _readings(self, index: int | None) -> list[_Reading]:
        """Along the axis and measured: of the mean (None) or of one class."""
        if index is None:
            return self._mean_readings(self._milestones)
        known = ((self._along(own), own.measurement.iou[index]) for own in self._milestones)
        return [(x, interval) for x, interval in known if interval is not None]

    def _place(self, x: float, value: float) -> QPointF:
        area = self._area()
        across = area.left() + area.width() * x / self._furthest()
        return QPointF(across, area.bottom() - area.height() * min(1.0, value / self._highest()))

    def _furthest(self) -> float:
        return max([1.0, *map(self._along, self._milestones)])

    def _highest(self) -> float:
        """Half of the scale is enough while nothing lies above it."""
        shown = self._readings(None) + ([] if self._chosen is None else self._readings(self._chosen[0]))
        return 1.0 if any(interval.high > 0.5 for _, interval in shown) else 0.5

    def _area(self) -> QRectF:
        return QRectF(_LEFT, _TOP, self.width() - _LEFT - _RIGHT, self.height() - _TOP - _BOTTOM)


def _measured_classes(milestone: Milestone) -> tuple[bool, ...]:
    return tuple(interval is not None for interval in milestone.measurement.iou)
