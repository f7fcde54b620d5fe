"""The query panel: the proposed regions as thumbnails, why the first one is asked, and what has been done so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from qtpy.QtCore import QRect, QSize, Qt, Signal
from qtpy.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from qtpy.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from src_model.data.images import Pixels

_SIDE = 34
"""Pixels of a thumbnail: eight fit into the column."""
_GAP = 4
_FRAME = "#ffd21f"


class Answer(StrEnum):
    """What became of a proposal."""

    OPEN = "open"
    ACCEPTED = "accepted"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Proposal:
    """One region of the query, as the panel shows it.

    Attributes
    ----------
    pixels:
        (h, w, 3) uint8 of any size.
    answer:
        What became of it.
    reason:
        Why it is asked, one sentence.
    """

    pixels: Pixels
    answer: Answer
    reason: str


@dataclass(frozen=True, slots=True)
class Counters:
    """What has been done: regions, pixels as a share of the data, minutes, and the budget if there is one."""

    regions: int = 0
    share: float = 0.0
    minutes: float = 0.0
    budget: int | None = None

    def text(self) -> str:
        """One line."""
        regions = f"{self.regions:,} regions" if self.regions != 1 else "1 region"
        if self.budget is not None:
            regions = f"{self.regions:,} of {self.budget:,} regions"
        return f"{regions} · {100 * self.share:.2g} % of the pixels · {_duration(self.minutes)}"


class QueryPanel(QWidget):
    """Thumbnails in the order of asking; a click asks for that region. Passive."""

    region_requested = Signal(int)
    """Place in the query."""

    def __init__(self) -> None:
        super().__init__()
        self.headline, self.reason, self.counters = QLabel(), QLabel(), QLabel()
        self.reason.setWordWrap(True)
        self.strip = _Strip()
        self.strip.clicked.connect(self.region_requested)
        heading = QHBoxLayout()
        heading.addWidget(self.headline, stretch=1)
        heading.addWidget(self.counters)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(heading)
        column.addWidget(self.strip)
        column.addWidget(self.reason)
        self.set_query((), None)
        self.set_counters(Counters())

    def set_query(self, proposals: Sequence[Proposal], current: int | None) -> None:
        """Show these proposals and which of them lies on the canvas."""
        done = sum(proposal.answer is not Answer.OPEN for proposal in proposals)
        self.headline.setText(f"Query: {done} of {len(proposals)} done" if proposals else "No query yet")
        self.reason.setText("" if current is None else proposals[current].reason)
        self.strip.set_proposals(proposals, current)

    def set_counters(self, counters: Counters) -> None:
        """Show what has been done."""
        self.counters.setText(counters.text())


class _Strip(QWidget):
    """A row of thumbnails that breaks into more rows where it is too long."""

    clicked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._proposals: tuple[Proposal, ...] = ()
        self._pictures: list[QPixmap] = []
        self._current: int | None = None
        self.setMouseTracking(True)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def set_proposals(self, proposals: Sequence[Proposal], current: int | None) -> None:
        known = {
            id(proposal.pixels): picture for proposal, picture in zip(self._proposals, self._pictures, strict=True)
        }
        self._pictures = [known.get(id(proposal.pixels)) or _thumbnail(proposal.pixels) for proposal in proposals]
        self._proposals, self._current = tuple(proposals), current
        self.setFixedHeight(self.heightForWidth(self.width()))
        self.update()

    def place_of(self, index: int) -> QRect:
        """Where the thumbnail of this index lies."""
        row, column = divmod(index, self._columns(self.width()))
        return QRect(column * (_SIDE + _GAP), row * (_SIDE + _GAP), _SIDE, _SIDE)

    def heightForWidth(self, width: int) -> int:
        """Rows that are needed; Qt's name."""
        rows = -(-max(1, len(self._proposals)) // self._columns(width))
        return rows * (_SIDE + _GAP)

    def sizeHint(self) -> QSize:
        """Eight in a row; Qt's name."""
        width = 8 * (_SIDE + _GAP)
        return QSize(width, self.heightForWidth(width))

    def resizeEvent(self, _event: object) -> None:
        """Break rows anew; Qt's name."""
        self.setFixedHeight(self.heightForWidth(self.width()))

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Pictures, a frame round the one on the canvas, a tick or a stroke over those that are done; Qt's name."""
        painter = QPainter(self)
        for index, (proposal, picture) in enumerate(zip(self._proposals, self._pictures, strict=True)):
            place = self.place_of(index)
            painter.setOpacity(1.0 if proposal.answer is Answer.OPEN else 0.35)
            painter.drawPixmap(place, picture)
            painter.setOpacity(1.0)
            if proposal.answer is not Answer.OPEN:
                painter.setPen(self.palette().text().color())
                mark = "✓" if proposal.answer is Answer.ACCEPTED else "–"
                painter.drawText(place, Qt.AlignmentFlag.AlignCenter, mark)
            if index == self._current:
                # Dark below bright: seen on any picture and in any theme.
                for colour, width in ((QColor("black"), 5), (QColor(_FRAME), 2)):
                    painter.setPen(QPen(colour, width))
                    painter.drawRect(place.adjusted(1, 1, -2, -2))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Ask for the region under the mouse; Qt's name."""
        index = None if event is None else self._under(event)
        if index is not None:
            self.clicked.emit(index)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Tell why the region under the mouse is asked; Qt's name."""
        index = None if event is None else self._under(event)
        self.setToolTip("" if index is None else self._proposals[index].reason)

    def _under(self, event: QMouseEvent) -> int | None:
        point = event.position().toPoint()
        return next((index for index in range(len(self._proposals)) if self.place_of(index).contains(point)), None)

    @staticmethod
    def _columns(width: int) -> int:
        return max(1, (width + _GAP) // (_SIDE + _GAP))


def _thumbnail(pixels: Pixels) -> QPixmap:
    height, width = pixels.shape[:2]
    image = QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
    mode = Qt.TransformationMode.SmoothTransformation
    # Scaling copies, so that the array may go.
    return QPixmap.fromImage(image.scaled(_SIDE, _SIDE, Qt.AspectRatioMode.IgnoreAspectRatio, mode))


def _duration(minutes: float) -> str:
    hours, rest = divmod(round(minutes), 60)
    return f"{hours} h {rest:02} min" if hours else f"{rest} min"
