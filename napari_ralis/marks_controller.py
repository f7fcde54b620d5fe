"""The marks controller: what somebody is unsure of, what the draft was unsure of, and where neighbours disagree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_ralis.easel import Easel
from napari_ralis.keybindings import Verb
from napari_ralis.panels.labelling_panel import LabellingPanel
from napari_ralis.sitting import Sitting
from src_model.data.annotation import Labels
from src_model.exceptions import AnnotationError
from src_model.labelling.borders import seams
from src_model.labelling.painting import Mask
from src_model.labelling.unpainted import UNSURE

if TYPE_CHECKING:
    from napari.components import ViewerModel

_UNSURE = 0.8
"""A pixel of the draft that is less sure is worth a look; a draft of the usual threshold has none."""
_WHICH = "Unsure between which two? Press the key of one class, then that of the other, then this key."


class MarksController:
    """Keeps marks and pairs in step with what is painted."""

    def __init__(self, panel: LabellingPanel, easel: Easel, viewer: ViewerModel) -> None:
        self._panel, self._easel, self._viewer = panel, easel, viewer
        self._sitting: Sitting | None = None
        self._on = True
        self._around: Labels | None = None
        # The classes that were in the brush last, the newest first.
        self._recent: list[int] = []
        annotation = easel.annotation
        annotation.class_chosen.connect(self._on_class_chosen)
        annotation.painted.connect(self.mark)
        easel.region_shown.connect(self._on_region_shown)
        panel.aids.set_on(Verb.SHOW_MARKS, self._on)

    def begin(self, sitting: Sitting) -> None:
        """A project is open."""
        self._sitting, self._recent, self._around = sitting, [], None
        self._easel.annotation.set_unsure(sitting.pairs.names)

    def end(self) -> None:
        """The project is closed."""
        self._sitting = self._around = None

    def toggle(self) -> None:
        """Show the marks, or hide them."""
        self._on = not self._on
        self._panel.aids.set_on(Verb.SHOW_MARKS, self._on)
        self.mark()

    def choose(self, index: int) -> None:
        """A class was clicked in the palette; of “unsure” the pair is still to be found."""
        value = self._pair() if index == UNSURE else index
        if value is not None:
            self._easel.annotation.set_class(value)

    def press_unsure(self) -> None:
        """Paint “unsure”, one of the two classes that were in the brush last."""
        if (value := self._pair()) is not None:
            self._easel.annotation.press_class(value)

    def mark(self) -> None:
        """Mark what is worth a look in the region in hand."""
        annotation, sitting = self._easel.annotation, self._sitting
        region = annotation.region
        if sitting is None or region is None or self._easel.shown is None:
            return
        patch = annotation.patch
        nothing = np.zeros(patch.shape, dtype=np.bool_)
        doubtful, seam = nothing, nothing
        if self._on:
            doubtful = self._doubtful(patch)
            if self._around is not None:
                seam = seams(region, patch, self._around, sitting.schema.num_classes)
        self._easel.canvas.marks.show((region.row, region.column), doubtful, seam)

    def _doubtful(self, patch: Labels) -> Mask:
        """(h, w): what nobody has painted since and the model is not sure of; nothing on a check region."""
        shown = self._easel.shown
        made = None if shown is None or shown.blind else self._easel.draft_of(shown.region)
        if made is None or made.labels.shape != patch.shape:
            return np.zeros(patch.shape, dtype=np.bool_)
        return np.asarray(self._easel.untouched & (patch == made.labels) & (made.certainty < _UNSURE))

    def _pair(self) -> int | None:
        """The value of the pair that the brush was about last; None, with a word about why, if there is none."""
        sitting = self._sitting
        if sitting is None:
            return None
        if len(self._recent) < 2:
            self._say(_WHICH)
            return None
        first, second = (int(sitting.schema.ids[index]) for index in self._recent)
        try:
            value = sitting.pairs.value(first, second)
        except AnnotationError as error:
            self._say(str(error))
            return None
        self._easel.annotation.set_unsure(sitting.pairs.names)
        self._say(f"Unsure: {sitting.pairs.name(value)}. It waits for a colleague and counts as unlabelled.")
        return value

    def _say(self, text: str) -> None:
        self._viewer.status = text
        self._panel.add_to_log(text)

    def _on_class_chosen(self, index: int) -> None:
        if self._sitting is not None and index < self._sitting.schema.num_classes:
            self._recent = [index, *(own for own in self._recent if own != index)][:2]

    def _on_region_shown(self) -> None:
        region = self._easel.annotation.region
        self._around = None if region is None else self._easel.around(region)
        if not self._recent:
            self._on_class_chosen(self._easel.annotation.selected_class)
        self.mark()
