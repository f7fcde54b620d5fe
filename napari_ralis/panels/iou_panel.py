"""The IoU panel: what the check regions say of the model, and what the last query brought."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)
from superqt.utils import signals_blocked

from napari_ralis.panels.class_balance import ClassBalance, ClassShare
from napari_ralis.panels.class_bars import ClassBar, ClassBars
from napari_ralis.panels.confusion_grid import ConfusionGrid
from napari_ralis.panels.curve_plot import Axis, CurvePlot
from src_model.data.class_schema import ClassSchema
from src_model.labelling.measurement import Measurement, Milestone, mean_text

_BEFORE = "Nothing is measured yet. Label a few check regions: every fourth region is one."
_PAGES = ("Regions", "Minutes", "Confusion", "Balance")
_TIPS = (
    "The learning curve against labelled regions.",
    "The learning curve against the minutes spent.",
    "What is mistaken for what.",
    "How much is labelled of each class.",
)
_HINTS = (
    "",
    "",
    "Rows are labels, columns predictions; point at a cell.",
    "Part of all labels, and regions that hold the class.",
)
_PLACES = (0, 0, 1, 2)
"""In the stack, of each page."""


class IouPanel(QWidget):
    """Bars a class, mean, gain, curves and confusion. Passive: it asks for a class and shows what it is told."""

    class_requested = Signal(int)
    """Index of the class whose IoU layers are wanted."""

    def __init__(self) -> None:
        super().__init__()
        self._names: tuple[str, ...] = ()
        self._colours: tuple[tuple[int, int, int], ...] = ()
        self.mean, self.gain, self.pair, self.minutes_left, self.corrections = (_line() for _ in range(5))
        self.bars, self.curve, self.confusion = ClassBars(), CurvePlot(), ConfusionGrid()
        self.balance = ClassBalance()
        self.pages = QButtonGroup(self)
        self.stack = QStackedWidget()
        self.rows = _RowsArea(self.bars)
        self._lay_out()
        self.bars.class_requested.connect(self.class_requested)
        self.confusion.class_requested.connect(self.class_requested)
        self.confusion.pair_hovered.connect(self._on_pair_hovered)
        self.pages.idClicked.connect(self.show_page)
        self.set_measurement(None)
        self.set_minutes_left("")
        self.set_corrections("")
        self.corrections.setToolTip(
            "Strokes and fills until a draft was right. What is undone does not count; check regions have no draft."
        )
        self.show_page(0)

    def set_classes(self, schema: ClassSchema) -> None:
        """Name the rows; what was shown of other classes goes."""
        self._names = schema.names
        self._colours = tuple(entry.colour for entry in schema.classes)
        self.confusion.set_classes(self._names, self._colours)
        self.set_milestones(())
        self.set_class(None)
        self.set_measurement(None)
        self.set_gain("")

    def set_measurement(self, measurement: Measurement | None) -> None:
        """Show what the served model reaches, or that nothing is known; some 5 ms with what Qt draws."""
        classes = len(self._names)
        intervals = [None] * classes if measurement is None else measurement.iou
        support = [0] * classes if measurement is None else measurement.support.tolist()
        rows = zip(self._names, self._colours, intervals, support, strict=True)
        self.bars.set_bars(tuple(ClassBar(*row) for row in rows))
        self.rows.updateGeometry()
        self.mean.setText(_BEFORE if measurement is None else mean_text(measurement))
        self.confusion.set_shares(np.zeros((classes, classes)) if measurement is None else measurement.shares)

    def set_gain(self, text: str) -> None:
        """What the last query brought, in one sentence from `gain_text`; empty before the first."""
        self.gain.setText(text)
        self.gain.setVisible(bool(text))

    def set_milestones(self, milestones: Sequence[Milestone]) -> None:
        """Show the learning curve."""
        self.curve.set_milestones(milestones)

    def set_balance(self, rows: tuple[ClassShare, ...]) -> None:
        """Show how much is labelled of each class."""
        self.balance.set_rows(rows)

    def set_minutes_left(self, text: str) -> None:
        """How long the rest will take, in one sentence; empty where nobody can tell."""
        self.minutes_left.setText(text)
        self.minutes_left.setVisible(bool(text))

    def set_corrections(self, text: str) -> None:
        """How many strokes drafts take, in one sentence; empty where that was not measured."""
        self.corrections.setText(text)
        self.corrections.setVisible(bool(text))

    def set_class(self, index: int | None) -> None:
        """Mark the class whose layers are shown, without asking for it."""
        with signals_blocked(self):
            self.bars.set_chosen(index)
            self.confusion.set_chosen(index)
            self.curve.set_chosen(None if index is None else (index, self._names[index]))

    def show_page(self, page: int) -> None:
        """0 and 1: the curve against regions or minutes; 2: the confusion; 3: the class balance."""
        if (button := self.pages.button(page)) is not None:
            button.setChecked(True)
        self.stack.setCurrentIndex(_PLACES[page])
        if page < 2:
            self.curve.set_axis((Axis.REGIONS, Axis.MINUTES)[page])
        self._on_pair_hovered("")

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(2)
        for page, text in enumerate(_PAGES):
            button = QPushButton(text)
            button.setCheckable(True)
            button.setToolTip(_TIPS[page])
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            # Four of them in 320 pixels; Qt would have each 80 wide.
            button.setMinimumWidth(button.fontMetrics().horizontalAdvance(text) + 12)
            self.pages.addButton(button, page)
            buttons.addWidget(button)
        self.stack.addWidget(self.curve)
        self.stack.addWidget(self.confusion)
        self.stack.addWidget(_scrolled(self.balance))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (self.mean, self.gain, self.corrections, self.minutes_left):
            column.addWidget(widget)
        column.addWidget(self.rows, stretch=3)
        column.addLayout(buttons)
        column.addWidget(self.stack, stretch=2)
        column.addWidget(self.pair)
        strong = self.mean.font()
        strong.setBold(True)
        self.mean.setFont(strong)

    def _on_pair_hovered(self, text: str) -> None:
        self.pair.setText(text or _HINTS[max(0, self.pages.checkedId())])
        self.pair.setVisible(bool(self.stack.currentIndex()))


class _RowsArea(QScrollArea):
    """Rows that scroll only when there are more than fit."""

    def __init__(self, bars: ClassBars) -> None:
        super().__init__()
        self._bars = bars
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(bars)

    def sizeHint(self) -> QSize:
        """All rows, and the frame that a theme may draw; Qt's name."""
        frame = self.contentsMargins()
        return self._bars.sizeHint() + QSize(frame.left() + frame.right(), frame.top() + frame.bottom())


def _scrolled(widget: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(widget)
    return area


def _line() -> QLabel:
    line = QLabel()
    line.setWordWrap(True)
    return line
