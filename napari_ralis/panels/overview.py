"""The overview: a small map of the image, with the region in hand and what is labelled in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen, QPixmap
from qtpy.QtWidgets import QWidget

from src_model.data.images import Pixels
from src_model.data.region import Region

_LONGEST = 240
_FRAME = "#ffd21f"


class Overview(QWidget):
    """A small sheet over the canvas that takes neither keys nor clicks. Passive."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._picture, self._scale = QPixmap(), 1.0
        self._shown = -1
        self.region: Region | None = None
        self.labelled: tuple[Region, ...] = ()
        self.hide()

    def set_place(self, pixels: Pixels, region: Region, labelled: Sequence[Region]) -> None:
        """Show where a region lies in its (H, W, 3) image, and which others are labelled."""
        if id(pixels) != self._shown:
            self._shown = id(pixels)
            self._picture, self._scale = _shrunk(pixels)
            self.setFixedSize(self._picture.size() + QSize(4, 4))
        self.region, self.labelled = region, tuple(labelled)
        self.update()

    def place_of(self, region: Region) -> QRectF:
        """Where a region lies on the map."""
        left, top = 2 + region.column * self._scale, 2 + region.row * self._scale
        return QRectF(left, top, region.width * self._scale, region.height * self._scale)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """The picture, a veil over what is labelled, a frame round the region in hand; Qt's name."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor("black"))
        painter.drawPixmap(2, 2, self._picture)
        for region in self.labelled:
            painter.fillRect(self.place_of(region), QColor(255, 255, 255, 110))
        if self.region is not None:
            for colour, width in ((QColor("black"), 4), (QColor(_FRAME), 2)):
                painter.setPen(QPen(colour, width))
                painter.drawRect(self.place_of(self.region))
        painter.end()


def _shrunk(pixels: Pixels) -> tuple[QPixmap, float]:
    """A small picture, and how much smaller it is."""
    # Thinned out first: scaling all pixels of a large image smoothly takes longer than a region may.
    step = max(1, max(pixels.shape[:2]) // (2 * _LONGEST))
    thin = np.ascontiguousarray(pixels[::step, ::step])
    height, width = thin.shape[:2]
    image = QImage(thin.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
    scale = _LONGEST / max(pixels.shape[:2])
    size = QSize(max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    mode = Qt.TransformationMode.SmoothTransformation
    return QPixmap.fromImage(image.scaled(size, Qt.AspectRatioMode.IgnoreAspectRatio, mode)), scale
