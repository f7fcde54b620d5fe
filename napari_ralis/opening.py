"""Opening: how a project is opened, and what is shown until there is a region, or where there will be none."""

from __future__ import annotations

from pathlib import Path

from napari_ralis.learning_controller import LearningController
from napari_ralis.notifications import show_failure
from napari_ralis.panels.start_panel import StartPanel, Stop
from napari_ralis.panels.training_panel import TrainingState
from napari_ralis.preferences import person
from napari_ralis.session import LabellingSession, Phase
from napari_ralis.threads.run_lane import RunLane, Settings
from napari_ralis.threads.run_messages import Ended, Failed, Job, Message

STOPPED = (
    "Stopped before the first region was there. Nothing is lost: what was labelled is in the project, and what was got "
    "ready so far is kept. Press Try again to go on, or Back to choose other images."
)


class Opening:
    """From the wish for a project to its first message; may be stopped, and tried again."""

    def __init__(
        self, session: LabellingSession, panel: StartPanel, run: RunLane, learning: LearningController
    ) -> None:
        self._session, self._panel, self._run, self._learning = session, panel, run, learning
        self._asked: tuple[Path, Settings | None] | None = None
        self._is_stopping = False
        panel.retry_requested.connect(self.retry)
        panel.cancel_requested.connect(self.cancel)

    def start(self, folder: Path, settings: Settings | None) -> None:
        """Open the project in this folder, or make it with these settings."""
        self._asked, self._is_stopping = (folder, settings), False
        self._session.start_labelling()
        self._run.open(folder, settings, person())

    def retry(self) -> None:
        """Try again to open what could not be opened or was stopped."""
        if self._session.phase is Phase.FAILED and self._asked is not None:
            self.start(*self._asked)

    def cancel(self) -> None:
        """Stop, at the end of the piece of work that goes on."""
        if self._session.phase is Phase.STARTING:
            self._is_stopping = True
            self._run.cancel()
            self._show(self._learning.state)

    def hear(self, message: Message) -> None:
        """Take in what the heavy lane says: it may be that no project will be open."""
        problem = why_not_opened(message)
        if problem is None:
            return
        self._run.close()
        self._session.fail(problem)
        if isinstance(message, Failed):
            show_failure(message.error)

    def follow(self) -> None:
        """Show how far it has come."""
        if self._session.phase is Phase.STARTING:
            self._show(self._learning.state)

    def render(self) -> None:
        """The session has changed."""
        phase = self._session.phase
        self._panel.setVisible(phase in (Phase.STARTING, Phase.FAILED))
        if phase is Phase.STARTING:
            self._panel.set_progress("Opening the project …", 0, None, Stop.OFFERED)
        elif phase is Phase.FAILED:
            self._panel.set_problem(self._session.problem)

    def _show(self, state: TrainingState) -> None:
        if self._is_stopping:
            self._panel.set_progress("Stopping when the piece of work in hand is done …", 0, None, Stop.PRESSED)
        else:
            self._panel.set_progress(f"{state.phase.capitalize()} …", state.done, state.total, Stop.OFFERED)


def why_not_opened(message: Message) -> str | None:
    """Why no project is open, and what to do; None if this message does not say so."""
    if isinstance(message, Failed) and message.job in (Job.OPENING, Job.STARTING):
        return str(message.error)
    if isinstance(message, Ended) and message.job is Job.STARTING and message.stopped:
        return STOPPED
    return None
