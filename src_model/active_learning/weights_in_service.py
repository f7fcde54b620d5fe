"""Weights in service: which weights make a person's drafts; new ones take over unless they are measurably worse."""

from __future__ import annotations

from src_model.active_learning.check_events import ServingDecided, change_between, resumed_text, serving_text
from src_model.active_learning.rewarding import LastFit
from src_model.active_learning.run_checkpoint import load_segmenter
from src_model.active_learning.serving import ServedModel, Weights
from src_model.events import Notice, Progress, ShouldStop, never
from src_model.exceptions import CheckpointError
from src_model.labelling.measurement import Change, Verdict
from src_model.project.view import Served
from src_model.segmentation.segmenter import Segmenter


class WeightsInService:
    """Of one run; owned by the thread that trains.

    Attributes
    ----------
    text:
        Whose drafts are seen and why, in one sentence; empty before anything was decided.

    Parameters
    ----------
    segmenter:
        The network that is trained, at its start weights.
    served:
        Makes drafts, in another thread.
    """

    def __init__(self, segmenter: Segmenter, served: ServedModel) -> None:
        self._segmenter, self._served = segmenter, served
        self._weights, self._step = segmenter.state_dict(), 0
        self._is_held_back = False
        self.text = ""

    def serve(self, step: int) -> None:
        """Let drafts be made by the weights as they are now, which come from the fit of this step."""
        self._take(self._segmenter.state_dict(), step)
        self._is_held_back = False

    def resume(self, step: int, last: Served | None) -> Progress[None]:
        """Go on where an earlier process ended: with the weights that it served last, which may be older than these.

        Weights that nobody had decided on when it ended wait for the next fit, as if they had been held back.

        Parameters
        ----------
        step:
            Of the fit that the weights of now come from.
        last:
            As the project tells; None: nothing was ever decided, and these are served.
        """
        if last is None or last.step == step:
            self.serve(step)
            self.text = "" if last is None else last.text
            return
        try:
            weights = self._weights if last.step == 0 else load_segmenter(last.checkpoint)
        except CheckpointError:
            self.serve(step)
            self.text = resumed_text(step, last.step, is_lost=True)
        else:
            self._take(weights, last.step)
            self._is_held_back = True
            self.text = last.text if last.decided == step else resumed_text(step, last.step, is_lost=False)
        yield Notice(self.text)

    def decide(self, fitted: LastFit, should_stop: ShouldStop = never) -> Progress[ServingDecided]:
        """Serve the weights of a fit unless they are measurably worse than those served, on the same check regions."""
        change = fitted.change
        if self._is_held_back:
            change = yield from self._change_of_served(fitted, should_stop)
        self.text = serving_text(fitted.step, self._step, change)
        if change is not None and change.verdict is Verdict.WORSE:
            self._is_held_back = True
        else:
            self.serve(fitted.step)
        return ServingDecided(fitted.step, not self._is_held_back, self.text)

    def _take(self, weights: Weights, step: int) -> None:
        self._weights, self._step = weights, step
        self._served.offer(weights, step)

    def _change_of_served(self, fitted: LastFit, should_stop: ShouldStop) -> Progress[Change | None]:
        """The new weights against those served, which are older than the ones before: read them on the same regions.

        By the trained network, since the served one is another lane's.
        """
        own = self._segmenter.state_dict()
        self._segmenter.load_state_dict(self._weights)
        try:
            served = yield from fitted.rewarded.read(self._segmenter, should_stop)
        finally:
            self._segmenter.load_state_dict(own)
        return fitted.change if should_stop() else change_between(served, fitted.reading)
