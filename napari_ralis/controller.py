"""The session controller: the only place where session, panels, layers and the worker meet."""

from __future__ import annotations

from pathlib import Path

from napari_ralis.display_state import display_state
from napari_ralis.labelling_controller import LabellingController
from napari_ralis.layers.layer_group import LayerGroup
from napari_ralis.notifications import show_failure
from napari_ralis.panels.image_panel import ImagePanel
from napari_ralis.panels.project_panel import ProjectPanel
from napari_ralis.session import LabellingSession, Phase
from napari_ralis.threads.dataset_jobs import OpenedDataset, ReadImage, open_job, read_job
from napari_ralis.threads.engine_worker import Answers, EngineWorker
from napari_ralis.threads.run_lane import Settings
from src_model.config import DataConfig
from src_model.data.dataset import Dataset


class SessionController:
    """Keeps the four in step; holds no state but the open data set, which only jobs on the worker read."""

    def __init__(
        self,
        session: LabellingSession,
        project_panel: ProjectPanel,
        image_panel: ImagePanel,
        layers: LayerGroup,
        worker: EngineWorker,
        labelling: LabellingController,
    ) -> None:
        self._session = session
        self._project_panel, self._image_panel = project_panel, image_panel
        self._layers = layers
        self._worker = worker
        self._labelling = labelling
        self._dataset: Dataset | None = None
        project_panel.open_requested.connect(self.open)
        project_panel.stop_requested.connect(self._on_view_stop_requested)
        project_panel.labelling_requested.connect(self._on_view_labelling_requested)
        image_panel.image_requested.connect(self._on_view_image_requested)
        session.changed.connect(self._on_session_changed)
        self._on_session_changed()

    def open(self, config: DataConfig) -> None:
        """Open a data set beside the main thread; what is open stays until it has succeeded."""
        self._project_panel.set_form(config)
        self._session.start_opening()
        self._worker.start(
            open_job(config),
            Answers(result=self._on_engine_opened, failure=self._on_engine_refused),
        )

    def start_labelling(self, folder: Path, settings: Settings) -> None:
        """Make a project of the open data set, or go on with it; ``settings`` are laid over the usual ones."""
        contents = self._session.contents
        if contents is None or self._session.phase is not Phase.OPEN:
            return
        self._worker.abandon()
        self._layers.clear()
        data = contents.config.model_dump(mode="json", exclude_unset=True)
        self._labelling.start(folder, {**settings, "data": data | {"path": str(contents.config.path.absolute())}})

    def open_project(self, folder: Path) -> None:
        """Go on with a project as it was made."""
        self._worker.abandon()
        self._layers.clear()
        self._labelling.start(folder, None)

    def close(self) -> None:
        """Stop the worker and let go of everything; the layers stay in the viewer."""
        self._labelling.close()
        self._worker.close()
        self._session.changed.disconnect(self._on_session_changed)
        self._dataset = None

    def _on_view_stop_requested(self) -> None:
        self._worker.abandon()
        self._leave_opening()

    def _on_view_labelling_requested(self, folder: Path) -> None:
        self.start_labelling(folder, {})

    def _on_view_image_requested(self, index: int) -> None:
        before = self._session.current
        self._session.select(index)
        if self._session.current != before:
            self._read_current()

    def _on_session_changed(self) -> None:
        state = display_state(self._session)
        self._project_panel.set_display(state)
        self._image_panel.set_display(state)

    def _on_engine_opened(self, opened: OpenedDataset) -> None:
        self._dataset = opened.dataset
        path = opened.contents.config.path.absolute()
        self._project_panel.set_project(path.with_name(f"{path.name}-labels"))
        self._session.finish_opening(opened.contents)
        self._read_current()

    def _on_engine_refused(self, error: Exception) -> None:
        self._leave_opening()
        show_failure(error)

    def _leave_opening(self) -> None:
        self._session.abandon_opening()
        self._read_current()

    def _read_current(self) -> None:
        entry = self._session.entry if self._session.phase is Phase.OPEN else None
        if entry is not None and self._dataset is not None:
            answers = Answers(result=self._on_engine_image, failure=self._on_engine_unreadable)
            self._worker.start(read_job(self._dataset, entry.image), answers)

    def _on_engine_image(self, read: ReadImage) -> None:
        contents = self._session.contents
        if contents is not None:
            self._layers.show(read.pixels, read.labels, contents.schema, contents.config.region)

    def _on_engine_unreadable(self, error: Exception) -> None:
        self._layers.clear()
        show_failure(error)
