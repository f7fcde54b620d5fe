"""The labelling panel: three tabs that hold what a person needs while labelling, in the order of need."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSlider,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)
from superqt.utils import signals_blocked

from napari_ralis.panels.aids_bar import AidsBar
from napari_ralis.panels.details_panel import DetailsPanel
from napari_ralis.panels.examples_panel import ExamplesPanel
from napari_ralis.panels.iou_panel import IouPanel
from napari_ralis.panels.palette_panel import PalettePanel
from napari_ralis.panels.query_panel import QueryPanel
from napari_ralis.panels.tools_panel import ToolsPanel
from napari_ralis.panels.training_panel import TrainingPanel

_LINES = 500
"""Of the log."""


class LabellingPanel(QWidget):
    """Where all the others stand. Passive."""

    review_requested = Signal(bool)
    """Whether check images are looked at instead of the region in hand."""
    review_image_requested = Signal(int)
    """Place of a check image."""
    close_requested = Signal()
    one_of_each_requested = Signal()
    more_like_this_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.query, self.palette_panel, self.tools = QueryPanel(), PalettePanel(), ToolsPanel()
        self.training, self.iou = TrainingPanel(), IouPanel()
        self.examples = ExamplesPanel()
        self.aids = AidsBar()
        self.project, self.saved = QLabel(), QLabel()
        self.saved.setToolTip("Each accepted region is on the disk at once.")
        self.close_button = QPushButton("Close")
        self.close_button.setToolTip("Stop learning, close the project and go back to the data set. Nothing is lost.")
        self.close_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.log = QPlainTextEdit()
        self.log.setReadOnly(True)
        self.log.setMaximumBlockCount(_LINES)
        self.details = DetailsPanel(self.log)
        self.images, self.image_name = QSlider(Qt.Orientation.Horizontal), QLabel()
        self.images.setToolTip("The images whose check regions are labelled.")
        self.tabs = QTabWidget()
        self.tabs.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._lay_out()
        self.close_button.clicked.connect(self.close_requested)
        self.tabs.currentChanged.connect(lambda index: self.review_requested.emit(index == 1))
        self.images.valueChanged.connect(self.review_image_requested)
        self.set_review((), 0)
        self.show_examples(False)

    def show_examples(self, wanted: bool) -> None:
        """Show what belongs to the showcase, or the tabs."""
        self.examples.setVisible(wanted)
        self.tabs.setVisible(not wanted)

    def set_project(self, name: str) -> None:
        """Say which project is open."""
        self.project.setText(name)

    def set_saved(self, text: str, is_saved: bool) -> None:
        """Say when the last answer reached the disk, or that one is on its way."""
        self.saved.setText(("● " if is_saved else "○ ") + text if text else "")

    def set_review(self, images: tuple[str, ...], current: int) -> None:
        """Show which check image is looked at; a slider where there is more than one."""
        with signals_blocked(self.images):
            self.images.setRange(0, max(0, len(images) - 1))
            self.images.setValue(current)
        self.images.setVisible(len(images) > 1)
        self.image_name.setText(f"Check image {current + 1} of {len(images)}: {images[current]}" if images else "")
        self.image_name.setVisible(bool(images))

    def add_to_log(self, line: str) -> None:
        """One more line in the details."""
        self.log.appendPlainText(line)

    def _lay_out(self) -> None:
        heading = QHBoxLayout()
        heading.addWidget(self.project, stretch=1)
        heading.addWidget(self.saved)
        heading.addWidget(self.close_button)
        self.tabs.addTab(_column(self.query, self.palette_panel, self.aids, self.tools), "Label")
        self.tabs.addTab(_column(self.iou, self.image_name, self.images, stretch=False), "Progress")
        self.tabs.addTab(_scrolling(self.details), "Details")
        line = QFrame()
        line.setFrameShape(QFrame.Shape.HLine)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(heading)
        column.addWidget(self.examples, stretch=1)
        column.addWidget(self.tabs, stretch=1)
        column.addWidget(line)
        column.addWidget(self.training)


def _scrolling(page: QWidget) -> QScrollArea:
    """What is long and rarely looked at; the height of the column is that of the work."""
    area = QScrollArea()
    area.setWidget(page)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return area


def _column(*widgets: QWidget, stretch: bool = True) -> QWidget:
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(4, 3, 4, 1)
    column.setSpacing(5)
    for widget in widgets:
        column.addWidget(widget)
    if stretch:
        column.addStretch()
    return page
