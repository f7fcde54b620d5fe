"""The dock widget: composition root of the plugin. It wires everything and decides nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_ralis.controller import SessionController
from napari_ralis.labelling_controller import LabellingController
from napari_ralis.lasting_none import make_none_last
from napari_ralis.layers.layer_group import LayerGroup
from napari_ralis.panels.image_panel import ImagePanel
from napari_ralis.panels.labelling_panel import LabellingPanel
from napari_ralis.panels.project_panel import ProjectPanel
from napari_ralis.panels.start_panel import StartPanel
from napari_ralis.session import LabellingSession
from napari_ralis.threads.canvas_lane import CanvasLane
from napari_ralis.threads.engine_worker import EngineWorker
from napari_ralis.threads.run_lane import RunLane, Settings
from src_model.config import DataConfig
from src_model.data.readers import READER_NAMES

if TYPE_CHECKING:
    from napari.components import ViewerModel


class RalisDockWidget(QWidget):
    """Opens a data set, shows its images and lets them be labelled. napari injects the viewer by parameter name."""

    def __init__(self, napari_viewer: ViewerModel) -> None:
        make_none_last()
        super().__init__()
        self.session = LabellingSession()
        self.project_panel = ProjectPanel(READER_NAMES)
        self.image_panel = ImagePanel()
        self.labelling_panel, self.start_panel = LabellingPanel(), StartPanel()
        self.worker, self.run_lane, self.canvas_lane = EngineWorker(self), RunLane(self), CanvasLane(self)
        self.labelling = LabellingController(
            self.session,
            (self.labelling_panel, self.start_panel),
            napari_viewer,
            (self.run_lane, self.canvas_lane),
        )
        self._controller = SessionController(
            self.session, self.project_panel, self.image_panel, LayerGroup(napari_viewer), self.worker, self.labelling
        )
        self.project_panel.open_requested.connect(lambda _config: self.remark.hide())
        # Closing the viewer destroys its docks without a word; both ends of a dock's life lead here.
        self.destroyed.connect(self._controller.close)
        self.remark = QLabel()
        self.remark.setWordWrap(True)
        self.remark.setOpenExternalLinks(True)
        self.remark.hide()
        column = QVBoxLayout(self)
        column.addWidget(self.remark)
        column.addWidget(self.project_panel)
        column.addWidget(self.image_panel, stretch=1)
        column.addWidget(self.start_panel)
        column.addWidget(self.labelling_panel, stretch=1)
        column.addStretch()

    def open(self, config: DataConfig, remark: str = "") -> None:
        """Open a data set, as if its settings had been typed; ``remark``, in HTML, says above what is shown here."""
        self.remark.setText(remark)
        self.remark.setVisible(bool(remark))
        self._controller.open(config)

    def start_labelling(self, folder: Path, settings: Settings | None = None) -> None:
        """Label the open data set in this project folder; ``settings`` are laid over the usual ones."""
        self._controller.start_labelling(folder, settings or {})

    def open_project(self, folder: Path) -> None:
        """Go on with a project."""
        self._controller.open_project(folder)

    def event(self, event: QEvent | None) -> bool:
        """Leave when the dock is removed: napari takes the widget out of its dock and closes nothing."""
        if event is not None and event.type() == QEvent.Type.ParentChange and self.parent() is None:
            self._controller.close()
        return bool(super().event(event))
