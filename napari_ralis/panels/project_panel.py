"""The project panel: which data set to open, how it is cut, and how far its opening has come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)
from superqt.utils import signals_blocked

from napari_ralis.display_state import DisplayState
from src_model.config import DataConfig

_NEEDS_CLASSES = "folder"


class ProjectPanel(QWidget):
    """A form and one line about what is open. Passive: it asks through signals and shows what it is told."""

    open_requested = Signal(object)
    """A DataConfig made from the form."""
    stop_requested = Signal()
    labelling_requested = Signal(object)
    """Path of the project folder, made if it is not there."""

    def __init__(self, readers: Sequence[str]) -> None:
        super().__init__()
        self._config = DataConfig()
        self.folder = _PathField("Folder of images and masks", _chosen_folder)
        self.reader = QComboBox()
        self.reader.addItems(list(readers))
        self.classes, self._classes_label = _PathField("Table of classes", _chosen_table), QLabel("Classes")
        self.height_box, self.width_box = (_pixels(length) for length in self._config.region)
        self.open_button = QPushButton("Open")
        self.stop_button = QPushButton("Stop")
        self.progress = QProgressBar()
        self.progress.setRange(0, 0)
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self.project = _PathField("Folder of the project", _chosen_folder)
        self.project.setToolTip("Where your labels and the model are kept; a project that is there is gone on with.")
        self.start_button = QPushButton("Start labelling")
        self.start_button.setToolTip("Make the project, or go on with it: the first region comes within seconds.")
        self._opening = self._may_label = False
        self._explain()
        self._lay_out()
        self._connect()
        self._show_what_the_reader_needs()

    def set_form(self, config: DataConfig) -> None:
        """Fill the form in, without asking for anything; settings that the form does not show are kept."""
        self._config = config
        self.folder.set_path(config.path)
        self.classes.set_path(config.classes)
        with signals_blocked(self.reader):
            self.reader.setCurrentText(config.reader)
        self.height_box.setValue(config.region[0])
        self.width_box.setValue(config.region[1])
        self._show_what_the_reader_needs()

    def set_display(self, state: DisplayState) -> None:
        """Show this state."""
        self.setVisible(state.browsing)
        self._opening = state.opening
        self.stop_button.setVisible(state.opening)
        self.progress.setVisible(state.opening)
        self.summary.setText(state.summary)
        self.summary.setVisible(bool(state.summary))
        self._may_label = state.may_label
        for widget in (self.project, self.start_button):
            widget.setVisible(state.may_label)
        self._allow()

    def set_project(self, folder: Path) -> None:
        """Propose this project folder."""
        self.project.set_path(folder)
        self._allow()

    def _explain(self) -> None:
        fields = DataConfig.model_fields
        explained = (
            (self.folder, "path"),
            (self.reader, "reader"),
            (self.classes, "classes"),
            (self.height_box, "region"),
            (self.width_box, "region"),
        )
        for widget, name in explained:
            widget.setToolTip(fields[name].description or "")

    def _lay_out(self) -> None:
        size = QHBoxLayout()
        for widget in (self.height_box, QLabel("×"), self.width_box):
            size.addWidget(widget)
        size.addStretch()
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Folder", self.folder)
        form.addRow("Layout", self.reader)
        form.addRow(self._classes_label, self.classes)
        form.addRow("Region, px", size)
        buttons = QHBoxLayout()
        buttons.addWidget(self.open_button, stretch=1)
        buttons.addWidget(self.stop_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(form)
        column.addLayout(buttons)
        column.addWidget(self.progress)
        column.addWidget(self.summary)
        column.addWidget(self.project)
        column.addWidget(self.start_button)

    def _connect(self) -> None:
        self.open_button.clicked.connect(self._ask_to_open)
        self.stop_button.clicked.connect(self.stop_requested)
        self.reader.currentTextChanged.connect(self._show_what_the_reader_needs)
        self.start_button.clicked.connect(lambda: self.labelling_requested.emit(self.project.path()))
        self.project.changed.connect(self._allow)
        self.folder.changed.connect(self._allow)
        self.classes.changed.connect(self._allow)

    def _show_what_the_reader_needs(self) -> None:
        needed = self._needs_classes()
        self.classes.setVisible(needed)
        self._classes_label.setVisible(needed)
        self._allow()

    def _allow(self) -> None:
        complete = self.folder.path() is not None and (not self._needs_classes() or self.classes.path() is not None)
        self.open_button.setEnabled(complete and not self._opening)
        self.start_button.setEnabled(self._may_label and self.project.path() is not None)

    def _needs_classes(self) -> bool:
        return self.reader.currentText() == _NEEDS_CLASSES

    def _ask_to_open(self) -> None:
        shown = {
            "path": self.folder.path(),
            "reader": self.reader.currentText(),
            "classes": self.classes.path() if self._needs_classes() else None,
            "region": (self.height_box.value(), self.width_box.value()),
        }
        self.open_requested.emit(self._config.model_copy(update=shown))


class _PathField(QWidget):
    """A path that is typed or chosen in a dialog."""

    changed = Signal()

    def __init__(self, title: str, choose: Callable[[QWidget, str, str], str]) -> None:
        super().__init__()
        self._title, self._choose = title, choose
        self.text = QLineEdit()
        self.text.setPlaceholderText(title)
        self.browse = QPushButton("Browse…")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.text, stretch=1)
        row.addWidget(self.browse)
        self.text.textChanged.connect(self.changed)
        self.browse.clicked.connect(self._ask)

    def path(self) -> Path | None:
        """What stands in the field, or None if nothing does."""
        text = self.text.text().strip()
        return Path(text).expanduser() if text else None

    def set_path(self, path: Path | None) -> None:
        """Show this path."""
        with signals_blocked(self):
            self.text.setText("" if path is None else str(path))

    def _ask(self) -> None:
        if chosen := self._choose(self, self._title, self.text.text()):
            self.text.setText(chosen)


def _chosen_folder(parent: QWidget, title: str, start: str) -> str:
    return QFileDialog.getExistingDirectory(parent, title, start)


def _chosen_table(parent: QWidget, title: str, start: str) -> str:
    return QFileDialog.getOpenFileName(parent, title, start, "Class tables (*.csv *.yaml *.yml)")[0]


def _pixels(value: int) -> QSpinBox:
    box = QSpinBox()
    box.setRange(8, 4096)
    box.setValue(value)
    return box
