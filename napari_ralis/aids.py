"""Aids: what helps beside painting, opened and closed together: marks, the wall and the cards, places."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from napari_ralis.crops_controller import CropsController
from napari_ralis.easel import Easel
from napari_ralis.keybindings import Verb
from napari_ralis.learning_controller import LearningController
from napari_ralis.marks_controller import MarksController
from napari_ralis.panels.canvas_focus import CanvasFocus
from napari_ralis.panels.labelling_panel import LabellingPanel
from napari_ralis.places_controller import PlacesController
from napari_ralis.sitting import Place, Sitting
from napari_ralis.threads.canvas_lane import CanvasLane
from napari_ralis.threads.run_messages import Opened

if TYPE_CHECKING:
    from napari.components import ViewerModel

AIDS = (
    Verb.CANCEL,
    Verb.LABEL_HERE,
    Verb.NEIGHBOUR_NEXT,
    Verb.WALL,
    Verb.CLASS_CARD,
    Verb.SHOW_MARKS,
    Verb.OVERVIEW,
    Verb.UNSURE,
)
"""Verbs that `Aids.actions` answers."""


class Aids:
    """Three controllers and what their keys and buttons do.

    Parameters
    ----------
    take:
        Takes a region into the hand.
    queue_changed:
        What comes next is not what it was.
    """

    def __init__(
        self,
        panel: LabellingPanel,
        viewer: ViewerModel,
        light: CanvasLane,
        learning: LearningController,
        easel: Easel,
        focus: CanvasFocus,
        take: Callable[[Place], None],
        queue_changed: Callable[[], None],
    ) -> None:
        self._easel, self._focus = easel, focus
        self.marks = MarksController(panel, easel, viewer)
        self.crops = CropsController(panel, focus, light, learning, easel, take)
        self.places = PlacesController(panel, easel, viewer, light, focus, take, queue_changed)
        self.actions: Mapping[Verb, Callable[[], None]] = {
            Verb.CANCEL: self._cancel,
            Verb.LABEL_HERE: self.places.label_here,
            Verb.NEIGHBOUR_NEXT: self.places.neighbour_next,
            Verb.WALL: self.crops.toggle_wall,
            Verb.CLASS_CARD: self.crops.toggle_card,
            Verb.SHOW_MARKS: self.marks.toggle,
            Verb.OVERVIEW: self.places.toggle_overview,
            Verb.UNSURE: self.marks.press_unsure,
        }
        easel.wished_beside = self.crops.wishes
        panel.palette_panel.class_requested.connect(self.marks.choose)
        panel.aids.requested.connect(self._on_view_aid_requested)

    def begin(self, opened: Opened, sitting: Sitting, keys: Mapping[int, str]) -> None:
        """A project is open; ``keys`` are those of the classes, by index."""
        self.marks.begin(sitting)
        self.crops.begin(opened, sitting, keys)
        self.places.begin(opened, sitting)

    def end(self) -> None:
        """The project is closed."""
        self.marks.end()
        self.crops.end()
        self.places.end()

    def close(self) -> None:
        """Let go of the viewer and of its window."""
        self.places.close()
        self._focus.take_off()

    def _cancel(self) -> None:
        self._easel.annotation.cancel()
        self.crops.close_card()

    def _on_view_aid_requested(self, verb: Verb) -> None:
        self.actions[verb]()
        self._focus.give_back()
