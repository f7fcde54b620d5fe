"""Thumbnail row: what another rule would have asked, in one line of small pictures; those asked here too are framed."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QRectF, QSize
from qtpy.QtGui import QImage, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_ralis.panels.plot_colours import PlotColours
from src_model.data.images import Pixels

_LARGEST, _GAP = 32, 4


class ThumbnailRow(QWidget):
    """Pictures become smaller where many have to fit. Passive."""

    def __init__(self) -> None:
        super().__init__()
        self._pictures: tuple[tuple[QImage | None, bool], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_pictures(self, pictures: Sequence[tuple[Pixels | None, bool]]) -> None:
        """Show these, each with whether it is framed; None: not there yet."""
        self._pictures = tuple((_image(pixels), framed) for pixels, framed in pictures)
        self.update()

    def sizeHint(self) -> QSize:
        """One line; Qt's name."""
        return QSize(280, _LARGEST)

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Draw the line; Qt's name."""
        colours, painter = PlotColours.of(self), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        side = min(_LARGEST, (self.width() + _GAP) / max(1, len(self._pictures)) - _GAP)
        for place, (image, framed) in enumerate(self._pictures):
            frame = QRectF(place * (side + _GAP), 0, side, side)
            if image is None:
                painter.fillRect(frame, colours.faint)
            else:
                painter.drawImage(frame, image)
            if framed:
                painter.setPen(QPen(colours.accent, 3))
                painter.drawRect(frame.adjusted(1, 1, -2, -2))
        painter.end()


def _image(pixels: Pixels | None) -> QImage | None:
    if pixels is None:
        return None
    height, width = pixels.shape[:2]
    return QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
