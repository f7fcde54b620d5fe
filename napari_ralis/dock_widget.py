"""The dock widget: composition root of the plugin. It wires everything and decides nothing."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QTimer
from qtpy.QtOpenGLWidgets import QOpenGLWidget
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_ralis.controller import SessionController
from napari_ralis.examples_controller import ExamplesController
from napari_ralis.labelling_controller import LabellingController
from napari_ralis.lasting_constants import make_constants_last
from napari_ralis.layers.layer_group import LayerGroup
from napari_ralis.layers.size_frame import SizeFrame
from napari_ralis.panels.folder_drop import FolderDrop
from napari_ralis.panels.image_panel import ImagePanel
from napari_ralis.panels.labelling_panel import LabellingPanel
from napari_ralis.panels.setup_page import SetupPage
from napari_ralis.panels.start_page import StartPage
from napari_ralis.panels.start_panel import StartPanel
from napari_ralis.session import LabellingSession
from napari_ralis.start_controller import StartController
from napari_ralis.threads.canvas_lane import CanvasLane
from napari_ralis.threads.engine_worker import EngineWorker
from napari_ralis.threads.manners import take_short_turns
from napari_ralis.threads.run_lane import RunLane, Settings
from napari_ralis.threads.torch_beside_opengl import import_engine_ahead
from src_model.config import DataConfig
from src_model.data.readers import READER_NAMES

if TYPE_CHECKING:
    from napari.components import ViewerModel

_SETTLED = 200
"""Milliseconds after which the dock is drawn, and the engine may be imported."""


class RalisDockWidget(QWidget):
    """Opens a data set, shows its images and lets them be labelled. napari injects the viewer by parameter name."""

    def __init__(self, napari_viewer: ViewerModel) -> None:
        make_constants_last()
        super().__init__()
        self.session = LabellingSession()
        self.start_page, self.image_panel = StartPage(), ImagePanel()
        self.setup_page = SetupPage(self.image_panel, READER_NAMES)
        self.labelling_panel, self.start_panel, self.opening_panel = LabellingPanel(), StartPanel(), StartPanel()
        self.worker, self.aside = EngineWorker(self), EngineWorker(self)
        self.run_lane, self.canvas_lane = RunLane(self), CanvasLane(self)
        self.labelling = LabellingController(
            self.session,
            (self.labelling_panel, self.start_panel),
            napari_viewer,
            (self.run_lane, self.canvas_lane),
        )
        self.examples = ExamplesController(
            self.session, self.labelling_panel, napari_viewer, (self.run_lane, self.canvas_lane), self.labelling
        )
        self._controller = SessionController(
            self.session,
            (self.start_page, self.setup_page, self.image_panel, self.opening_panel),
            LayerGroup(napari_viewer),
            self.worker,
            self.labelling,
        )
        drop = FolderDrop(self)
        self._start = StartController(
            self.session,
            (self.start_page, self.setup_page, drop),
            SizeFrame(napari_viewer),
            self.aside,
            self._controller,
            self.labelling,
        )
        # Closing the viewer destroys its docks without a word; both ends of a dock's life lead here.
        self.destroyed.connect(self._start.close)
        self.remark = QLabel()
        self.remark.setWordWrap(True)
        self.remark.setOpenExternalLinks(True)
        self.remark.hide()
        for other in (self.setup_page.leave_requested, self.setup_page.start_requested, drop.dropped):
            other.connect(self.remark.hide)
        self._lay_out()
        napari_viewer.layers.events.removing.connect(self._draw_on_canvas)
        take_short_turns()
        QTimer.singleShot(_SETTLED, import_engine_ahead)

    def open(self, config: DataConfig, remark: str = "") -> None:
        """Open a data set; ``remark``, in HTML, says above what is shown here until something else is opened."""
        self._controller.open(config)
        self.remark.setText(remark)
        self.remark.setVisible(bool(remark))

    def look(self, path: Path) -> None:
        """Open whatever is there: a project, or a folder of images."""
        self._controller.look(path)

    def start_labelling(self, folder: Path, settings: Settings | None = None) -> None:
        """Label the open data set in this project folder; ``settings`` are laid over the usual ones."""
        self._controller.start_labelling(folder, settings or {})

    def open_project(self, folder: Path) -> None:
        """Go on with a project."""
        self._controller.open_project(folder)

    def event(self, event: QEvent | None) -> bool:
        """Leave when the dock is removed: napari takes the widget out of its dock and closes nothing."""
        if event is not None and event.type() == QEvent.Type.ParentChange and self.parent() is None:
            self._start.close()
        return bool(super().event(event))

    def _draw_on_canvas(self, _event: object) -> None:
        """Let what napari does with OpenGL when a layer goes happen in the canvas's context.

        Outside of a drawing that of the window is the current one, where deleted buffers leave dangling ends in that of
        the canvas: with Mesa the next drawing can end the process.
        """
        # The dock may be gone already while napari takes its layers down.
        with suppress(RuntimeError):
            window = self.window()
            canvas = None if window is None else window.findChild(QOpenGLWidget)
            if canvas is not None:
                canvas.makeCurrent()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        for page in (self.remark, self.start_page, self.opening_panel):
            column.addWidget(page)
        column.addWidget(self.setup_page, stretch=1)
        column.addWidget(self.start_panel)
        column.addWidget(self.labelling_panel, stretch=1)
        column.addStretch()
