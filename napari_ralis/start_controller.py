"""The start controller: from nothing to a project. What is opened, what is made of it, and what was open before."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path

from napari_ralis.controller import SessionController
from napari_ralis.labelling_controller import LabellingController
from napari_ralis.layers.size_frame import SizeFrame
from napari_ralis.notifications import show_failure
from napari_ralis.panels.folder_drop import FolderDrop
from napari_ralis.panels.setup_page import SetupPage, Wanted
from napari_ralis.panels.start_page import Recent, StartPage
from napari_ralis.session import DatasetContents, ImageEntry, LabellingSession, Phase
from napari_ralis.settings import Settings, read_settings, settings_path, update_settings
from napari_ralis.threads.collector import release, set_aside
from napari_ralis.threads.engine_worker import Answers, EngineWorker
from napari_ralis.threads.start_jobs import Plan, Ready, presence_job, project_job, streets_job
from src_model.config import merged, preset_settings
from src_model.data.region import Size
from src_model.exceptions import CheckpointError, RalisError
from src_model.labelling.class_list import PRESETS, rows_of, schema_of
from src_model.labelling.person_settings import ASKS, usual_settings
from src_model.project.class_notes import ClassNote

logger = logging.getLogger(__name__)

_EMPTY = "Empty"
_BEFORE_LABELLING = (Phase.EMPTY, Phase.OPENING, Phase.OPEN)


class StartController:
    """Leads through start and setup page; the session controller opens, the labelling controller labels.

    Parameters
    ----------
    aside:
        A worker for looks at drives that nobody waits for.
    """

    def __init__(
        self,
        session: LabellingSession,
        pages: tuple[StartPage, SetupPage, FolderDrop],
        frame: SizeFrame,
        aside: EngineWorker,
        controller: SessionController,
        labelling: LabellingController,
    ) -> None:
        self._session, self._controller, self._labelling = session, controller, labelling
        self._start_page, self._setup_page, drop = pages
        self._frame, self._aside = frame, aside
        self._phase: Phase | None = None
        self._filled: tuple[ImageEntry, ...] | None = None
        start, setup = self._start_page, self._setup_page
        start.folder_requested.connect(controller.look)
        start.project_requested.connect(controller.look)
        start.streets_requested.connect(self.label_streets)
        start.forget_requested.connect(self._on_view_forget_requested)
        drop.dropped.connect(self._on_view_dropped)
        setup.leave_requested.connect(controller.close_dataset)
        setup.start_requested.connect(self._on_view_start_requested)
        setup.region_requested.connect(self._on_view_region_requested)
        setup.frame_requested.connect(self._on_view_frame_requested)
        setup.layout_requested.connect(self._on_view_layout_requested)
        setup.classes.preset_requested.connect(self._on_view_preset_requested)
        session.changed.connect(self._on_session_changed)
        self._on_session_changed()
        set_aside(self)

    def label_streets(self) -> None:
        """Draw the sample streets, unless they are there, and label them in a project beside them."""
        self._controller.work(streets_job(), self._on_engine_ready, "Drawing streets …")

    def close(self) -> None:
        """Stop whatever goes on and let go of everything; twice is harmless."""
        self._controller.close()
        self._session.changed.disconnect(self._on_session_changed)
        self._aside.close()
        release(self)

    # --- what the session says --------------------------------------------------------------------------------

    def _on_session_changed(self) -> None:
        before, self._phase = self._phase, self._session.phase
        contents = self._session.contents
        if contents is not None and contents.entries is not self._filled:
            self._filled = contents.entries
            self._fill(contents)
        if self._phase is before:
            return
        if self._phase is not Phase.OPEN:
            self._frame.clear()
        if self._phase is Phase.EMPTY:
            self._show_recents(read_settings(settings_path()))
        elif self._phase is Phase.LABELLING and self._labelling.opened is not None:
            self._remember(self._labelling.opened.folder)
        elif self._phase is Phase.OPEN and before not in _BEFORE_LABELLING:
            self._controller.show_current()

    def _fill(self, contents: DatasetContents) -> None:
        self._setup_page.set_data(contents.config, contents.project)
        classes = self._setup_page.classes
        if contents.brings_classes:
            own = f"{contents.schema.name}: the data set's own"
            classes.set_presets((own,), own)
        else:
            names = [_title(name) for name in PRESETS]
            proposed = next(name for name, schema in PRESETS.items() if schema is contents.schema)
            classes.set_presets((*names, _EMPTY), _title(proposed))
        self._setup_page.set_classes(rows_of(contents.schema), own=not contents.brings_classes)
        data = contents.config.model_dump(mode="json", exclude_unset=True)
        try:
            usual = usual_settings(contents.config.reader)
        except CheckpointError as error:
            show_failure(error)
            usual = preset_settings("default", contents.config.reader)
        self._setup_page.advanced.set_settings(merged(usual, {"data": data}), ASKS)

    # --- recent projects --------------------------------------------------------------------------------------

    def _show_recents(self, settings: Settings) -> None:
        """Shown at once, and greyed where they are gone as soon as that is known."""
        folders = settings.recent
        self._start_page.set_recents([Recent(folder) for folder in folders])
        if folders:
            answers = Answers(partial(self._on_engine_looked, folders), self._on_engine_did_not_look)
            self._aside.start(presence_job(folders), answers)

    def _on_engine_looked(self, folders: tuple[Path, ...], there: tuple[bool, ...]) -> None:
        self._start_page.set_recents([Recent(*each) for each in zip(folders, there, strict=True)])

    def _on_engine_did_not_look(self, error: Exception) -> None:
        logger.warning("Cannot tell which recent projects are there: %s. Open one to see.", error)

    def _remember(self, folder: Path) -> None:
        update_settings(settings_path(), lambda settings: settings.with_recent(folder))

    def _on_view_forget_requested(self, folder: Path) -> None:
        self._show_recents(update_settings(settings_path(), lambda settings: settings.without_recent(folder)))

    # --- what is asked for ------------------------------------------------------------------------------------

    def _on_view_dropped(self, path: Path) -> None:
        # While somebody labels nothing is thrown away for a slip of the hand.
        if self._session.phase in _BEFORE_LABELLING:
            self._controller.look(path)

    def _on_view_preset_requested(self, title: str) -> None:
        rows = next((rows_of(schema) for name, schema in PRESETS.items() if _title(name) == title), ())
        self._setup_page.set_classes(rows, own=True)

    def _on_view_region_requested(self, region: Size) -> None:
        self._controller.cut(region)
        if self._frame.shown:
            self._frame.show(region)

    def _on_view_frame_requested(self, wanted: bool) -> None:
        if wanted:
            self._frame.show(self._setup_page.region)
        else:
            self._frame.clear()

    def _on_view_layout_requested(self, reader: str) -> None:
        if (contents := self._session.contents) is not None:
            self._controller.open(contents.config.model_copy(update={"reader": reader, "classes": None}))

    def _on_view_start_requested(self, wanted: Wanted) -> None:
        contents = self._session.contents
        if contents is None:
            return
        try:
            plan = _plan(wanted, contents)
        except RalisError as error:
            show_failure(error)
            return
        self._controller.work(project_job(plan), self._on_engine_ready, "Making the project …")

    def _on_engine_ready(self, ready: Ready) -> None:
        self._controller.begin(ready.folder, ready.settings)


def _plan(wanted: Wanted, contents: DatasetContents) -> Plan:
    config = contents.config.model_copy(update={"region": wanted.region})
    classes = None if contents.brings_classes else schema_of(contents.schema.name, wanted.classes)
    notes = {row.id: ClassNote(row.key, row.definition, row.starred) for row in wanted.classes}
    return Plan(wanted.folder, config, classes, notes, wanted.settings)


def _title(preset: str) -> str:
    return f"{preset}: {PRESETS[preset].num_classes} classes"
