"""The setup page: what is labelled, in pieces of which size, and where the project lies, before the first region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)
from superqt import QCollapsible
from superqt.utils import signals_blocked

from napari_ralis.display_state import DisplayState
from napari_ralis.panels.advanced_form import AdvancedForm
from napari_ralis.panels.class_table import ClassTable
from napari_ralis.panels.path_field import PathField
from src_model.config import DataConfig
from src_model.data.region import Size
from src_model.labelling.class_list import ClassRow

_SHORTEST, _LONGEST = 8, 4096
_PATIENCE = 200
"""Milliseconds after the last turn of a spin box when the regions are drawn anew."""
_ADVANCED_HEIGHT = 210


@dataclass(frozen=True, slots=True)
class Wanted:
    """A project as the page describes it: settings are nested and hold only what was changed."""

    folder: Path
    classes: tuple[ClassRow, ...]
    region: Size
    settings: dict[str, Any]


class SetupPage(QWidget):
    """Classes, region size, project folder, and the rest under *Advanced*. Passive."""

    start_requested = Signal(object)
    """A `Wanted` without faults."""
    leave_requested = Signal()
    region_requested = Signal(object)
    """Height and width of a region."""
    frame_requested = Signal(bool)
    """Whether a region's frame follows the cursor."""
    layout_requested = Signal(str)
    """Name of the reader that the folder is for."""

    def __init__(self, images: QWidget, readers: Sequence[str]) -> None:
        super().__init__()
        self._problem = ""
        self.title, self.summary, self.blocked, self.message = QLabel(), QLabel(), QLabel(), QLabel()
        self.title.setStyleSheet("font-weight: bold;")
        for label in (self.summary, self.blocked, self.message):
            label.setWordWrap(True)
        self.leave_button, self.start_button = QPushButton("‹ Start page"), QPushButton("Start labelling")
        self.leave_button.setToolTip("Close this data set. Nothing of it was changed.")
        self.start_button.setMinimumHeight(36)
        self.start_button.setToolTip("Make the project; the first region comes within seconds.")
        self.classes, self.advanced, self.project = ClassTable(), AdvancedForm(), PathField("Folder of the project")
        self.project.setToolTip("Where your labels and the model are kept.")
        self.height_box, self.width_box = _pixels(), _pixels()
        self.frame_button = QPushButton("Try it")
        self.frame_button.setCheckable(True)
        self.frame_button.setToolTip("A region's frame follows the cursor: the smallest thing to label should fit.")
        self.reader = QComboBox()
        self.reader.addItems(list(readers))
        self.reader.setToolTip(DataConfig.model_fields["reader"].description or "")
        self.collapsible = QCollapsible("Advanced")
        self.tabs = QTabWidget()
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_PATIENCE)
        self._lay_out(images)
        self._connect()
        self.set_message("")
        self._allow()

    @property
    def region(self) -> Size:
        """Height and width of a region as they stand here."""
        return self.height_box.value(), self.width_box.value()

    def set_data(self, config: DataConfig, project: Path) -> None:
        """A data set was opened: show how it is cut, and propose a folder for its project."""
        self._later.stop()
        for box, length in zip((self.height_box, self.width_box), config.region, strict=True):
            with signals_blocked(box):
                box.setValue(length)
        with signals_blocked(self.reader):
            self.reader.setCurrentText(config.reader)
        with signals_blocked(self.frame_button):
            self.frame_button.setChecked(False)
        self.project.set_path(project)
        self.tabs.setCurrentIndex(0)
        self._allow()

    def set_display(self, state: DisplayState) -> None:
        """Show this state."""
        self.setVisible(state.setting_up)
        self.title.setText(state.title)
        self.summary.setText(state.summary)
        self._problem = state.problem
        self._allow()

    def set_classes(self, rows: Sequence[ClassRow], own: bool) -> None:
        """Show these classes; only one's own can be added, removed and renamed."""
        self.classes.set_rows(rows, own)
        self._allow()

    def set_message(self, text: str) -> None:
        """Say why something that was asked for did not work; empty: nothing went wrong."""
        self.message.setText(f"⚠ {text}" if text else "")
        self.message.setVisible(bool(text))

    def _lay_out(self, images: QWidget) -> None:
        heading = QHBoxLayout()
        heading.addWidget(self.title, stretch=1)
        heading.addWidget(self.leave_button)
        self.tabs.addTab(self._form(), "Set up")
        layout = QFormLayout()
        layout.addRow("Layout", self.reader)
        seen = QWidget()
        column = QVBoxLayout(seen)
        column.setContentsMargins(4, 6, 4, 4)
        column.addLayout(layout)
        column.addWidget(images, stretch=1)
        self.tabs.addTab(seen, "Images")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(heading)
        column.addWidget(self.summary)
        column.addWidget(self.tabs, stretch=1)
        column.addWidget(self.message)
        column.addWidget(self.blocked)
        column.addWidget(self.start_button)

    def _form(self) -> QWidget:
        size = QHBoxLayout()
        for widget in (self.height_box, QLabel("×"), self.width_box):
            size.addWidget(widget)
        size.addWidget(self.frame_button, stretch=1)
        rows = QFormLayout()
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows.addRow("Region, px", size)
        rows.addRow("Project in", self.project)
        area = QScrollArea()
        area.setWidget(self.advanced)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setMinimumHeight(_ADVANCED_HEIGHT)
        self.collapsible.setDuration(0)
        self.collapsible.addWidget(area)
        self.collapsible.collapse(animate=False)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(4, 6, 4, 4)
        column.addWidget(self.classes, stretch=1)
        column.addLayout(rows)
        column.addWidget(self.collapsible)
        return page

    def _connect(self) -> None:
        self.start_button.clicked.connect(self._ask_to_start)
        self.leave_button.clicked.connect(self.leave_requested)
        self.frame_button.toggled.connect(self.frame_requested)
        self.reader.textActivated.connect(self.layout_requested)
        self._later.timeout.connect(lambda: self.region_requested.emit(self.region))
        for box in (self.height_box, self.width_box):
            box.valueChanged.connect(lambda _value: self._later.start())
        for changed in (self.classes.changed, self.advanced.changed, self.project.changed):
            changed.connect(self._allow)

    def _allow(self) -> None:
        blocked = self._why_not()
        self.blocked.setText(blocked)
        self.blocked.setVisible(bool(blocked))
        self.start_button.setEnabled(not blocked)

    def _why_not(self) -> str:
        """What keeps the project from being made; what is wrong with a class or a setting stands beside it."""
        if self.classes.faults:
            return "Mend the classes to start."
        if not self.advanced.is_valid:
            return "Mend the settings under Advanced to start."
        if self.project.path() is None:
            return "Name a folder for the project to start."
        return self._problem

    def _ask_to_start(self) -> None:
        folder = self.project.path()
        if folder is not None:
            settings = self.advanced.settings()
            self.start_requested.emit(Wanted(folder, self.classes.rows, self.region, settings))


def _pixels() -> QSpinBox:
    box = QSpinBox()
    box.setRange(_SHORTEST, _LONGEST)
    box.setToolTip(DataConfig.model_fields["region"].description or "")
    return box
