"""The learning controller: what the heavy lane says goes to the panels and layers about the model."""

from __future__ import annotations

import time
from collections.abc import Callable

from qtpy.QtCore import QTimer

from napari_ralis.activity import Activity
from napari_ralis.details_controller import DetailsController
from napari_ralis.labelling_display import Learning, after, paused, stopping
from napari_ralis.layers.canvas import Canvas
from napari_ralis.layers.iou_layers import ClassView, IouLayers
from napari_ralis.layers.prediction_layers import PredictionLayers
from napari_ralis.notifications import show_failure
from napari_ralis.panels.labelling_panel import LabellingPanel
from napari_ralis.panels.training_panel import TrainingState
from napari_ralis.progress_controller import ProgressController
from napari_ralis.sitting import Place, Sitting
from napari_ralis.threads.canvas_lane import CanvasLane
from napari_ralis.threads.run_lane import RunLane
from napari_ralis.threads.run_messages import Failed, Happened, Heard, Job, Knows, Measured, Message, Opened, Served
from napari_ralis.threads.wishes import ImageWish, OutcomesWish, PredictionWish, Wish
from src_model.data.region import Size
from src_model.events import Notice, StepDone
from src_model.labelling.measurement import Measurement, Milestone, class_text, gain_text

_LATE = 400
"""Milliseconds after a region came onto the canvas when the prediction of its image follows."""


class LearningController:
    """Learning as the person sees it. ``version`` counts the models that have made drafts.

    Attributes
    ----------
    progress, details:
        What was reached so far, and how queries were chosen.

    Parameters
    ----------
    show_region:
        Puts the region in hand on the canvas again, after check images were looked at.
    want:
        Asks the light lane anew for everything that is wanted.
    take:
        Takes a region into the hand.
    """

    def __init__(
        self,
        panel: LabellingPanel,
        canvas: Canvas,
        layers: tuple[PredictionLayers, IouLayers],
        lanes: tuple[RunLane, CanvasLane],
        show_region: Callable[[], None],
        want: Callable[[], None],
        take: Callable[[Place], None],
    ) -> None:
        self._panel, self._canvas = panel, canvas
        self._prediction, self._iou_layers = layers
        self._run, self._light = lanes
        self._show_region, self._want = show_region, want
        self.version, self._checking = 0, False
        self.aside: Callable[[], tuple[Wish, ...]] | None = None
        """What the showcase wishes for while it is looked at."""
        self._learning = Learning()
        self._opened: Opened | None = None
        self._sitting: Sitting | None = None
        self._measured: Measured | None = None
        self._shown: Measurement | None = None
        self.progress, self.details = ProgressController(panel), DetailsController(panel, self._light, take)
        self._activity = Activity(panel)
        self._index: int | None = None
        self._place = 0
        self._late = QTimer(panel)
        self._late.setSingleShot(True)
        self._late.setInterval(_LATE)
        self._late.timeout.connect(self._show_prediction)
        self._predicted: str | None = None
        self._prediction.turned_on.connect(self._on_prediction_turned_on)
        panel.training.pause_requested.connect(self._on_view_pause_requested)
        panel.training.cancel_requested.connect(self._on_view_cancel_requested)
        panel.training.retry_requested.connect(self._run.retry)
        panel.iou.class_requested.connect(self._on_view_class_requested)
        panel.review_requested.connect(self._on_view_review_requested)
        panel.tabs.currentChanged.connect(self._on_view_tab_changed)
        panel.review_image_requested.connect(self._on_view_image_requested)

    def begin(self, opened: Opened, sitting: Sitting) -> None:
        """A project is open."""
        self._forget()
        self._opened, self._sitting = opened, sitting
        self._panel.iou.set_classes(sitting.schema)
        self._panel.log.clear()
        self._panel.tabs.setCurrentIndex(0)
        self.details.begin(opened, sitting)
        last = self.progress.begin(opened, sitting)
        if last is not None:
            self._shown = last.measurement
            self._panel.iou.set_measurement(last.measurement)
            self._panel.iou.set_gain("" if last.change is None else gain_text(last.change, sitting.schema.names))

    def end(self) -> None:
        """The project is closed."""
        self._late.stop()
        self._iou_layers.clear()
        self._prediction.clear()
        self._forget()

    def rest(self) -> None:
        """No lane runs any more: what was set is on the disk, and nothing goes on."""
        self.progress.end()
        self.details.end()
        self._activity.close()

    def hear(self, message: Message) -> None:
        """Take in what the heavy lane says."""
        self._learning = after(self._learning, message, time.monotonic())
        self._show_state()
        self.details.hear(message, self._learning)
        if isinstance(message, Measured):
            self._measured = message
            self._panel.add_to_log(message.text)
        elif isinstance(message, Served):
            self._on_engine_served(message)
        elif isinstance(message, Knows):
            self._panel.add_to_log(message.text)
        elif isinstance(message, Failed) and message.job in (Job.PROPOSING, Job.LEARNING, Job.EMBEDDING):
            show_failure(message.error)
        elif isinstance(message, Heard):
            self.progress.keep()
        elif isinstance(message, Happened):
            self._log(message)

    @property
    def reviewing(self) -> bool:
        """Whether something else than the region in hand is looked at."""
        return self._checking or self.aside is not None

    def look_aside(self, wishes: Callable[[], tuple[Wish, ...]]) -> None:
        """Something else comes onto the canvas, which wishes for this."""
        self.aside = wishes
        self._late.stop()
        self._prediction.blank()
        self._canvas.set_painting(False)

    def look_back(self) -> None:
        """The region in hand is looked at again."""
        self.aside = None
        self.renew()
        self._show_region()

    def renew(self) -> None:
        """Ask the light lane for what is wanted now."""
        self._want()

    @property
    def state(self) -> TrainingState:
        """What the heavy lane is doing."""
        return self._learning.state

    def wishes(self) -> tuple[Wish, ...]:
        """What the light lane should make for the check images or the showcase, if they are looked at."""
        if self.aside is not None:
            return self.aside()
        image = self._image
        if not self._checking or image is None or self._sitting is None:
            return ()
        wanted: list[Wish] = [ImageWish(image)]
        if self._index is not None:
            wanted.append(self._outcomes(image, self._index))
        return tuple(wanted)

    def later_wishes(self) -> tuple[Wish, ...]:
        """What the light lane should make once nothing else is wanted."""
        return self.details.wishes()

    def answered(self) -> None:
        """The queue or the answers have changed."""
        self.progress.render()
        self.details.render()

    def take(self, wish: Wish) -> None:
        """Something that was wished for is there."""
        self.details.take(wish)
        if not self._checking or wish not in self.wishes():
            return
        made = self._light.get(wish)
        if made is None:
            return
        if isinstance(wish, ImageWish):
            # Only the outcomes of what is labelled are shown: other check regions of the image are still to be asked.
            self._prediction.blank()
            self._canvas.show_image(wish.image, made)
            self._canvas.look_at_whole()
        elif isinstance(wish, OutcomesWish):
            view = ClassView(self._title(wish.index), made.outcomes, made.region_iou, made.grid)
            self._iou_layers.show(view)

    def show_prediction(self, image: str, blind: bool) -> None:
        """What the model says of the image on the canvas, in layers that start hidden; nothing of a check region.

        A moment later, for it takes napari as long as all the rest and the next stroke should not wait for it.
        """
        if blind:
            self._late.stop()
            self._predicted = None
            self._prediction.blank()
        else:
            self._predicted = image
            self._late.start()

    @property
    def prediction_is_wanted(self) -> bool:
        """Whether anybody looks at predictions: one of a large image keeps the light lane busy for seconds."""
        return self._prediction.is_looked_at

    def _on_prediction_turned_on(self) -> None:
        if self._predicted is not None and not self.reviewing:
            self._prediction.blank()
            self._want()
            self._late.start()

    def _show_prediction(self) -> None:
        if self._predicted is None or self._sitting is None or self.reviewing:
            return
        made = self._light.get(PredictionWish(self._predicted, self.version))
        if made is not None and not self._prediction.show(made.classes, made.uncertainty, self._sitting.schema):
            self._late.start()

    def leave_review(self) -> None:
        """Back to the region in hand."""
        if self._panel.tabs.currentIndex() == 1:
            self._panel.tabs.setCurrentIndex(0)

    def _forget(self) -> None:
        self.version, self._checking = 0, False
        self._learning = Learning()
        self._opened, self._sitting, self._measured, self._shown = None, None, None, None
        self._index, self._place = None, 0
        self._predicted = None
        self._show_state()

    def _show_state(self) -> None:
        self._panel.training.set_state(self._learning.state)
        self._activity.follow(self._learning.state)

    def _on_engine_served(self, message: Served) -> None:
        self._panel.add_to_log(message.text)
        read, sitting = self._measured, self._sitting
        if sitting is None:
            return
        if message.served:
            self.version += 1
        if read is not None and read.step == message.step:
            if message.served:
                self._shown = read.measurement
                self._panel.iou.set_measurement(read.measurement)
                self.progress.add(message.step, Milestone(message.regions, sitting.minutes, read.measurement))
            self._panel.iou.set_gain("" if read.change is None else gain_text(read.change, sitting.schema.names))
        self._want()

    def _log(self, message: Happened) -> None:
        event = message.event
        if isinstance(event, Notice):
            self._panel.add_to_log(event.text)
        elif isinstance(event, StepDone):
            loss = event.row.get("train_loss")
            self._panel.add_to_log(f"Step {event.step} is in the log" + (f", loss {loss:.3f}" if loss else ""))

    # --- pausing and stopping ---------------------------------------------------------------------------------

    def _on_view_pause_requested(self, wanted: bool) -> None:
        self._run.pause(wanted)
        self._learning = paused(self._learning, wanted)
        self._show_state()

    def _on_view_cancel_requested(self) -> None:
        self._run.cancel()
        self._learning = stopping(self._learning)
        self._show_state()

    # --- check images -----------------------------------------------------------------------------------------

    @property
    def _images(self) -> tuple[str, ...]:
        """Images with labelled check regions."""
        if self._opened is None or self._sitting is None:
            return ()
        return tuple(sorted({own.region.image for own in self._sitting.all if self._opened.blind(own.region)}))

    @property
    def _image(self) -> str | None:
        images = self._images
        return images[min(self._place, len(images) - 1)] if images else None

    def _outcomes(self, image: str, index: int) -> OutcomesWish:
        assert self._sitting is not None
        assert self._opened is not None
        checks = tuple(own for own in self._sitting.labelled_in(image) if self._opened.blind(own.region))
        size: Size = self._opened.config.data.region
        return OutcomesWish(image, index, checks, size, self.version)

    def _title(self, index: int) -> str:
        assert self._sitting is not None
        name = self._sitting.schema.names[index]
        return f"IoU {name}: not measured yet" if self._shown is None else class_text(name, self._shown, index)

    def _on_view_class_requested(self, index: int) -> None:
        self._index = index
        self._panel.iou.set_class(index)
        self._review()

    def _on_view_image_requested(self, place: int) -> None:
        self._place = place
        self._review()

    def _on_view_tab_changed(self, _index: int) -> None:
        self.details.render()
        self._want()

    def _on_view_review_requested(self, wanted: bool) -> None:
        if self._sitting is None or wanted == self._checking:
            return
        self._checking = wanted and bool(self._images)
        if self._checking:
            self._index = self._first_class() if self._index is None else self._index
            self._panel.iou.set_class(self._index)
            self._review()
        else:
            self._iou_layers.clear()
            self._canvas.set_painting(True)
            self._want()
            self._show_region()

    def _first_class(self) -> int | None:
        """The class that most check regions hold: there is something to see of it."""
        if self._shown is None or not self._shown.support.any():
            return 0 if self._sitting is not None else None
        return int(self._shown.support.argmax())

    def _review(self) -> None:
        if not self._checking:
            return
        images = self._images
        self._panel.set_review(images, min(self._place, len(images) - 1))
        self._canvas.set_painting(False)
        self._want()
        for wish in self.wishes():
            if self._light.get(wish) is not None:
                self.take(wish)
