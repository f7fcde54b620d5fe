"""The class card: what the class in the brush is, and what it looked like where it was labelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor, QImage, QMouseEvent, QPixmap
from qtpy.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from src_model.data.class_schema import Colour
from src_model.data.images import Pixels

EXAMPLES = 6
_A_ROW, _SIDE = 3, 84


@dataclass(frozen=True, slots=True)
class CardEntry:
    """What a card says.

    Attributes
    ----------
    id:
        Permanent.
    key:
        As it is typed; "" if there is none.
    definition:
        One line; "" where the class table gives none.
    regions:
        Labelled regions that hold the class.
    """

    id: int
    name: str
    colour: Colour
    key: str
    definition: str
    regions: int


class ClassCard(QFrame):
    """A small sheet over the canvas; it leaves the keyboard where it is. Passive."""

    wall_requested = Signal()
    """Show all regions with this class."""
    close_requested = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self.name, self.facts, self.definition, self.remark = QLabel(), QLabel(), QLabel(), QLabel()
        self.swatch = QLabel()
        self.definition.setWordWrap(True)
        self.facts.setWordWrap(True)
        self.pictures = [QLabel() for _ in range(EXAMPLES)]
        self.all_button = QPushButton("All on the wall")
        self.all_button.setToolTip("The wall of crops with only this class (W opens it with every class)")
        self.all_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.all_button.clicked.connect(self.wall_requested)
        self._lay_out()
        self.hide()

    def set_entry(self, entry: CardEntry) -> None:
        """Show this class."""
        self.name.setText(f"<b>{escape(entry.name)}</b>")
        picture = QPixmap(22, 22)
        picture.fill(QColor(*entry.colour))
        self.swatch.setPixmap(picture)
        key = f"key {', then '.join(entry.key.split())}" if entry.key else "no key"
        regions = "1 labelled region" if entry.regions == 1 else f"{entry.regions:,} labelled regions"
        red, green, blue = entry.colour
        self.facts.setText(f"{key} · id {entry.id} · #{red:02x}{green:02x}{blue:02x} · in {regions}")
        self.definition.setText(entry.definition or "The class table gives no definition.")
        self.all_button.setEnabled(entry.regions > 0)
        self.remark.setText("" if entry.regions else "No examples yet: they come from accepted regions.")
        self.remark.setVisible(not entry.regions)

    def set_pictures(self, pictures: Sequence[Pixels]) -> None:
        """Examples, (h, w, 3) uint8 each, at most `EXAMPLES`."""
        for place, label in enumerate(self.pictures):
            if place < len(pictures):
                label.setPixmap(_pixmap(pictures[place]))
            label.setVisible(place < len(pictures))
        self.adjustSize()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """A click on the card puts it away; Qt's name."""
        self.close_requested.emit()

    def _lay_out(self) -> None:
        heading = QHBoxLayout()
        heading.addWidget(self.swatch)
        heading.addWidget(self.name, stretch=1)
        heading.addWidget(self.all_button)
        grid = QGridLayout()
        grid.setSpacing(4)
        for place, label in enumerate(self.pictures):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            grid.addWidget(label, *divmod(place, _A_ROW))
        column = QVBoxLayout(self)
        column.setSpacing(6)
        column.addLayout(heading)
        for widget in (self.facts, self.definition, self.remark):
            column.addWidget(widget)
        column.addLayout(grid)


def _pixmap(pixels: Pixels) -> QPixmap:
    height, width = pixels.shape[:2]
    image = QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
    mode = Qt.TransformationMode.SmoothTransformation
    return QPixmap.fromImage(image.scaled(_SIDE, _SIDE, Qt.AspectRatioMode.KeepAspectRatio, mode))
