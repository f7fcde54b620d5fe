"""The session controller: the only place where session, panels, layers and the worker meet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from napari_ralis.display_state import display_state
from napari_ralis.labelling_controller import LabellingController
from napari_ralis.layers.layer_group import LayerGroup
from napari_ralis.notifications import show_failure
from napari_ralis.panels.image_panel import ImagePanel
from napari_ralis.panels.setup_page import SetupPage
from napari_ralis.panels.start_page import StartPage
from napari_ralis.panels.start_panel import StartPanel
from napari_ralis.session import DatasetContents, LabellingSession, Phase
from napari_ralis.threads.dataset_jobs import (
    FoundProject,
    OpenedDataset,
    ReadImage,
    Step,
    look_job,
    open_job,
    read_ahead_job,
    read_job,
)
from napari_ralis.threads.engine_worker import Answers, EngineWorker, Job
from napari_ralis.threads.run_lane import Settings
from src_model.config import DataConfig
from src_model.data.dataset import Dataset
from src_model.data.region import Size


class SessionController:
    """Keeps the four in step; holds no state but the open data set, which only jobs on the worker read."""

    def __init__(
        self,
        session: LabellingSession,
        panels: tuple[StartPage, SetupPage, ImagePanel, StartPanel],
        layers: LayerGroup,
        worker: EngineWorker,
        labelling: LabellingController,
    ) -> None:
        self._session = session
        self._start_page, self._setup_page, self._image_panel, self._opening_panel = panels
        self._layers = layers
        self._worker = worker
        self._labelling = labelling
        self._dataset: Dataset | None = None
        self._step = 1
        self._opening_panel.leave_requested.connect(self._on_view_stop_requested)
        self._image_panel.image_requested.connect(self._on_view_image_requested)
        session.changed.connect(self._on_session_changed)
        self._on_session_changed()

    def look(self, path: Path) -> None:
        """Open whatever is there: a project, or a data set whose reader is told by its layout."""
        self._open(look_job(path))

    def open(self, config: DataConfig) -> None:
        """Open a data set beside the main thread; what is open stays until it has succeeded."""
        self._open(open_job(config))

    def work(self, job: Job, done: Callable[[Any], None], text: str) -> None:
        """Do a job while progress and a way to stop are shown; ``done`` takes its answer."""
        self._say("")
        self._session.start_opening()
        self._opening_panel.set_progress(text, 0, None)
        answers = Answers(result=done, failure=self._on_engine_refused, progress=self._on_engine_went_on)
        self._worker.start(job, answers)

    def close_dataset(self) -> None:
        """Back to the beginning."""
        self._worker.abandon()
        self._layers.clear()
        self._dataset = None
        self._session.close_dataset()

    def cut(self, region: Size) -> None:
        """Cut the images into regions of another size."""
        self._session.cut(region)
        self._layers.cut(region)

    def start_labelling(self, folder: Path, settings: Settings) -> None:
        """Make a project of the open data set, or go on with it; ``settings`` are laid over the usual ones."""
        contents = self._session.contents
        if contents is None or self._session.phase is not Phase.OPEN:
            return
        data = contents.config.model_dump(mode="json", exclude_unset=True)
        self.begin(folder, {**settings, "data": data | {"path": str(contents.config.path.absolute())}})

    def open_project(self, folder: Path) -> None:
        """Go on with a project as it was made."""
        self.begin(folder, None)

    def begin(self, folder: Path, settings: Settings | None) -> None:
        """Label in this folder; no settings: it is a project already."""
        self._worker.abandon()
        self._layers.clear()
        self._labelling.start(folder, settings)

    def show_current(self) -> None:
        """Show the image of the open data set again, after its layers were taken off."""
        self._read_current()

    def close(self) -> None:
        """Stop the worker and let go of everything; the layers stay in the viewer."""
        self._labelling.close()
        self._worker.close()
        self._session.changed.disconnect(self._on_session_changed)
        self._dataset = None

    def _open(self, job: Job) -> None:
        self.work(job, self._on_engine_opened, "Opening …")

    def _on_view_stop_requested(self) -> None:
        self._worker.abandon()
        self._leave_opening()

    def _on_view_image_requested(self, index: int) -> None:
        before = self._session.current
        self._session.select(index)
        if self._session.current != before:
            self._step = 1 if before is None or index > before else -1
            self._read_current()

    def _on_session_changed(self) -> None:
        state = display_state(self._session)
        self._start_page.setVisible(state.beginning)
        self._opening_panel.setVisible(state.opening)
        self._setup_page.set_display(state)
        self._image_panel.set_display(state)

    def _on_engine_went_on(self, step: Step) -> None:
        self._opening_panel.set_progress(step.text, step.done, step.total or None)

    def _on_engine_opened(self, opened: OpenedDataset | FoundProject) -> None:
        if isinstance(opened, FoundProject):
            self.open_project(opened.folder)
            return
        self._dataset = opened.dataset
        self._session.finish_opening(opened.contents)
        self._read_current()

    def _on_engine_refused(self, error: Exception) -> None:
        self._say(str(error))
        self._leave_opening()
        show_failure(error)

    def _leave_opening(self) -> None:
        self._session.abandon_opening()
        self._read_current()

    def _say(self, message: str) -> None:
        self._start_page.set_message(message)
        self._setup_page.set_message(message)

    def _read_current(self) -> None:
        entry = self._session.entry if self._session.phase is Phase.OPEN else None
        if entry is not None and self._dataset is not None:
            answers = Answers(result=self._on_engine_image, failure=self._on_engine_unreadable)
            self._worker.start(read_job(self._dataset, entry.image), answers)

    def _on_engine_image(self, read: ReadImage) -> None:
        contents = self._session.contents
        if contents is not None:
            self._layers.show(read.pixels, read.labels, contents.schema, contents.config.region)
            self._read_ahead(contents)

    def _read_ahead(self, contents: DatasetContents) -> None:
        """Have the image decoded that comes next when the person goes on the same way."""
        following = (self._session.current or 0) + self._step
        if self._dataset is not None and 0 <= following < len(contents.entries):
            # Whatever is wrong with it is said when it is asked for.
            answers = Answers(result=lambda _: None, failure=lambda _: None)
            self._worker.start(read_ahead_job(self._dataset, contents.entries[following].image), answers)

    def _on_engine_unreadable(self, error: Exception) -> None:
        self._layers.clear()
        show_failure(error)
