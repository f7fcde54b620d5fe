"""The crop list: thousands of labelled regions as pictures, of which only those in sight are ever made."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, QTimer, Signal
from qtpy.QtGui import QColor, QImage, QPainter, QPalette, QPen, QPixmap
from qtpy.QtWidgets import QAbstractItemView, QListView, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from napari_ralis.crops import Crop, describe
from src_model.data.images import Pixels
from src_model.data.region import Region

_Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_SIDE, _GAP, _WORDS = 112, 8, 16
_KEPT = 1500
"""Pictures that are remembered: 75 MB at the most."""
_FRAME = "#ffd21f"


class CropModel(QAbstractListModel):
    """The crops that are shown, with those pictures that are there."""

    pictures_wanted = Signal(object)
    """Regions in sight that have no picture yet."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._crops: tuple[Crop, ...] = ()
        self._rows: dict[Region, int] = {}
        self._names: tuple[str, ...] = ()
        self._pictures: OrderedDict[Region, QPixmap] = OrderedDict()
        self._missing: dict[Region, None] = {}
        # What one painting asks for is told in one go.
        self._tell = QTimer(self)
        self._tell.setSingleShot(True)
        self._tell.timeout.connect(self._tell_missing)

    @property
    def crops(self) -> tuple[Crop, ...]:
        """What is shown, in order."""
        return self._crops

    def set_crops(self, crops: Sequence[Crop], names: tuple[str, ...]) -> None:
        """Show these; where the order is the same, nothing moves."""
        same = [own.region for own in crops] == [own.region for own in self._crops]
        if not same:
            self.beginResetModel()
        self._crops, self._names = tuple(crops), names
        self._rows = {crop.region: row for row, crop in enumerate(crops)}
        if not same:
            self.endResetModel()
        elif crops:
            self.dataChanged.emit(self.index(0, 0), self.index(len(crops) - 1, 0))

    def set_picture(self, region: Region, pixels: Pixels) -> None:
        """What a region looks like, (h, w, 3) uint8."""
        height, width = pixels.shape[:2]
        image = QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
        # Copying, so that the bytes may go.
        self._pictures[region] = QPixmap.fromImage(image.copy())
        while len(self._pictures) > _KEPT:
            self._pictures.popitem(last=False)
        if (row := self._rows.get(region)) is not None:
            self.dataChanged.emit(self.index(row, 0), self.index(row, 0))

    def forget_pictures(self, regions: Sequence[Region]) -> None:
        """These look different now."""
        for region in regions:
            self._pictures.pop(region, None)

    def picture(self, region: Region) -> QPixmap | None:
        """What a region looks like; None if it is not there, and then it is asked for."""
        if region in self._pictures:
            self._pictures.move_to_end(region)
            return self._pictures[region]
        self._missing[region] = None
        if not self._tell.isActive():
            self._tell.start(0)
        return None

    def row_of(self, region: Region) -> int | None:
        """Where a region stands, if it is shown."""
        return self._rows.get(region)

    def rowCount(self, parent: _Index = _ROOT) -> int:
        """Crops shown; Qt's name."""
        return 0 if parent.isValid() else len(self._crops)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """One crop in words, for tooltips and screen readers; Qt's name."""
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return describe(self._crops[index.row()], self._names)
        return None

    def _tell_missing(self) -> None:
        missing, self._missing = tuple(self._missing), {}
        self.pictures_wanted.emit(missing)


class CropList(QListView):
    """A grid of crops that is walked through with the arrow keys. One widget, however many there are."""

    def __init__(self, model: CropModel, parent: QWidget) -> None:
        super().__init__(parent)
        self.crops = model
        self.setModel(model)
        self.setItemDelegate(_Delegate(model, self))
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setGridSize(QSize(_SIDE + _GAP, _SIDE + _WORDS + _GAP))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)

    @property
    def chosen(self) -> Crop | None:
        """The crop that is chosen."""
        index = self.currentIndex()
        return self.crops.crops[index.row()] if index.isValid() else None

    def choose(self, region: Region | None) -> None:
        """Choose a region, or the first one if it is not shown."""
        row = None if region is None else self.crops.row_of(region)
        if self.crops.rowCount():
            index = self.crops.index(row or 0, 0)
            self.setCurrentIndex(index)
            self.scrollTo(index)


class _Delegate(QStyledItemDelegate):
    """A picture, what is remarkable in words below it, and a frame round the chosen one."""

    def __init__(self, model: CropModel, view: QListView) -> None:
        super().__init__(view)
        self._model, self._view = model, view

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        """One cell; Qt's name."""
        return self._view.gridSize()

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: _Index) -> None:
        """Draw one cell; Qt's name."""
        if painter is None:
            return
        crop, cell = self._model.crops[index.row()], option.rect
        place = QRect(cell.left() + _GAP // 2, cell.top() + _GAP // 2, _SIDE, _SIDE)
        picture = self._model.picture(crop.region)
        painter.save()
        if picture is None:
            painter.fillRect(place, option.palette.color(QPalette.ColorRole.Mid))
        else:
            around = picture.rect()
            around.moveCenter(place.center())
            painter.drawPixmap(around, picture)
        if self._view.currentIndex() == index:
            for colour, width in ((QColor("black"), 5), (QColor(_FRAME), 2)):
                painter.setPen(QPen(colour, width))
                painter.drawRect(place.adjusted(0, 0, -1, -1))
        painter.setPen(option.palette.color(QPalette.ColorRole.Text))
        words = QRect(place.left(), place.bottom() + 1, _SIDE, _WORDS)
        text = painter.fontMetrics().elidedText(caption(crop), Qt.TextElideMode.ElideRight, _SIDE)
        painter.drawText(words, Qt.AlignmentFlag.AlignCenter, text)
        painter.restore()


def caption(crop: Crop) -> str:
    """What is remarkable about a crop, in a few words; else when it was labelled."""
    words = ["unsure"] if crop.doubts else []
    words += ["seam"] if crop.seam else []
    words += [f"differs {100 * crop.differs:.0f} %"] if crop.differs else []
    if not words and crop.times:
        return f"{crop.times[-1].astimezone():%d %b %H:%M}"
    return ", ".join(words)
