"""The easel: the region in hand on the canvas, with its draft and its neighbours, and what is got ready after it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
from psygnal import Signal

from napari_ralis.layers.annotation_layer import AnnotationLayer
from napari_ralis.layers.canvas import Canvas
from napari_ralis.learning_controller import LearningController
from napari_ralis.sitting import Place, Sitting
from napari_ralis.threads.canvas_lane import CanvasLane
from napari_ralis.threads.run_messages import Opened
from napari_ralis.threads.stroke_keeper import StrokeKeeper
from napari_ralis.threads.wishes import DraftMade, DraftWish, ImageWish, Picture, PictureWish, PredictionWish, Wish
from src_model.data.annotation import VOID, Labels
from src_model.data.region import Region
from src_model.labelling.draft import Purpose, draft
from src_model.labelling.painting import Mask
from src_model.project.strokes import kept_strokes

_NEAR = 3
"""Regions ahead whose whole image is kept ready."""
_SURE = 0.8


class Easel:
    """Shows what the sitting has in hand as soon as the light lane has made it.

    Attributes
    ----------
    shown:
        What lies on the canvas; None between two regions.
    threshold:
        How sure the model must be for a pixel of a draft.
    others_protected:
        Whether every class but the one in the brush is protected.
    wished_beside:
        What else is asked of the light lane, before everything and after it, by others that show something.
    """

    region_shown = Signal()
    """Another region lies on the canvas."""

    def __init__(
        self, canvas: Canvas, light: CanvasLane, learning: LearningController, focus: Callable[[], None]
    ) -> None:
        """``focus`` gives the keyboard to the canvas."""
        self.canvas = canvas
        self._light, self._learning, self._focus = light, learning, focus
        self.shown: Place | None = None
        self.threshold, self.others_protected = _SURE, False
        self._opened: Opened | None = None
        self._sitting: Sitting | None = None
        self._versions: dict[Region, int] = {}
        self._laid: Labels | None = None
        self._corrected: dict[Region, int] = {}
        self._keeper: StrokeKeeper | None = None
        self.wished_beside: Callable[[], tuple[Sequence[Wish], Sequence[Wish]]] = lambda: ((), ())

    def begin(self, opened: Opened, sitting: Sitting) -> int:
        """A project is open; of how many regions strokes were found that an earlier sitting left without an answer."""
        self._opened, self._sitting = opened, sitting
        self._keeper = StrokeKeeper(opened.folder)
        return sitting.restore(
            {Place(region, opened.blind(region)): patch for region, patch in kept_strokes(opened.folder).items()}
        )

    def end(self) -> None:
        """No project is open."""
        if self._keeper is not None:
            # Every stroke has been handed over; the layer may be gone by now.
            self._keeper.close()
            self._keeper = None
        self._opened = self._sitting = self.shown = self._laid = None
        self._versions, self._corrected = {}, {}

    @property
    def annotation(self) -> AnnotationLayer:
        """What is painted on."""
        return self.canvas.annotation

    @property
    def awaits_draft(self) -> bool:
        """Whether the region was shown before its draft was there."""
        return self.shown is not None and self._laid is None

    @property
    def untouched(self) -> Mask:
        """(h, w): pixels that are as they were laid, by the draft or by an earlier answer, and that have a value."""
        patch = self.annotation.patch
        if self._laid is None or self._laid.shape != patch.shape:
            return np.zeros(patch.shape, dtype=np.bool_)
        return np.asarray((patch == self._laid) & (patch != VOID))

    @property
    def corrections(self) -> int | None:
        """Strokes and fills that the draft of the region in hand has taken; None where there was none, or who knows."""
        if self.shown is None or (before := self._corrected.get(self.shown.region)) is None:
            return None
        return max(0, before + self.annotation.strokes)

    def want(self) -> None:
        """Ask the light lane for the region in hand, those after it and the thumbnails, the most urgent first."""
        sitting = self._sitting
        if sitting is None:
            return
        coming = [place for place in (sitting.current, *sitting.ahead) if place is not None]
        near, strip = coming[: 1 + _NEAR], sitting.strip
        first, last = self.wished_beside()
        wishes: list[Wish] = [*first, *self._learning.wishes()]
        for place in near:
            wishes.append(ImageWish(place.region.image))
            wishes += [] if place.blind else self._draft_wishes(place.region)
            wishes.append(PictureWish(place.region))
        neighbours = (self._neighbour(step) for step in (-1, 1))
        wishes += [ImageWish(image) for image in neighbours if image is not None]
        wishes += [PictureWish(place.region) for place in strip]
        wishes += [wish for place in strip if not place.blind for wish in self._draft_wishes(place.region)]
        wishes += self._learning.later_wishes()
        if sitting.current is not None and not sitting.current.blind and self._learning.prediction_is_wanted:
            # Last: of a large image it takes seconds, and it is left in the middle for anything else.
            wishes.append(PredictionWish(sitting.current.region.image, self._learning.version))
        self._light.want([*wishes, *last])

    def show_neighbour(self, step: int) -> None:
        """Show the frame before (-1) or after (1) of the same sequence until `show_own`, if there is one."""
        image = self._neighbour(step)
        pixels = None if image is None else self._light.get(ImageWish(image))
        if image is not None and pixels is not None:
            self.canvas.set_painting(False)
            self.canvas.show_image(image, pixels)

    def show_own(self) -> None:
        """Show the image of the region in hand again."""
        pixels = None if self.shown is None else self._light.get(ImageWish(self.shown.region.image))
        if self.shown is not None and pixels is not None:
            self.canvas.show_image(self.shown.region.image, pixels)
            self.canvas.set_painting(True)

    def _neighbour(self, step: int) -> str | None:
        if self._opened is None or self._sitting is None or self._sitting.current is None:
            return None
        dataset, image = self._opened.dataset, self._sitting.current.region.image
        place = dataset.ids.index(image) + step
        if not 0 <= place < len(dataset.ids) or dataset.sequence(dataset.ids[place]) != dataset.sequence(image):
            return None
        return dataset.ids[place]

    def _draft_wishes(self, region: Region) -> list[Wish]:
        """Of the newest model, but never another one while the region is painted.

        What an older model said is kept until the newest has said something: a new model must not make anybody wait.
        """
        newest, known = self._learning.version, self._versions.get(region)
        if known is None or (not self._in_hand(region) and self._light.get(DraftWish(region, known)) is None):
            known = self._versions[region] = newest
        if self._in_hand(region) or known == newest:
            return [DraftWish(region, known)]
        return [DraftWish(region, newest), DraftWish(region, known)]

    def _in_hand(self, region: Region) -> bool:
        return self.shown is not None and self.shown.region == region

    def draft_of(self, region: Region) -> DraftMade | None:
        """What the model says of a region, if that is known by now."""
        newest = DraftWish(region, self._learning.version)
        if not self._in_hand(region) and self._light.get(newest) is not None:
            self._versions[region] = newest.version
        made = self._light.get(DraftWish(region, self._versions.get(region, newest.version)))
        return made if isinstance(made, DraftMade) else None

    def show(self) -> None:
        """Put the region in hand on the canvas, as soon as its image is there."""
        sitting, opened = self._sitting, self._opened
        if sitting is None or opened is None or self._learning.reviewing:
            return
        place = sitting.current
        if place is None:
            self.shown = None
            self.canvas.set_painting(False)
            return
        pixels = self._light.get(ImageWish(place.region.image))
        if pixels is None:
            return
        if place == self.shown:
            self.canvas.show_image(place.region.image, pixels)
            self.canvas.set_painting(True)
            self.canvas.look_at(place.region)
            return
        if self.shown is not None and (taken := self.corrections) is not None:
            # Whoever comes back to it goes on counting.
            self._corrected[self.shown.region] = taken
        # From here on the draft stays that of the model which is newest now.
        self.draft_of(place.region)
        self.shown, self._laid = place, None
        patch = self._known(place)
        self.canvas.show(place.region, pixels, patch, self.around(place.region), sitting.schema)
        picture = self._light.get(PictureWish(place.region))
        self.annotation.set_superpixels(picture.superpixels if isinstance(picture, Picture) else None)
        self.annotation.protect(sitting.locked, self.others_protected)
        self._learning.show_prediction(place.region.image, place.blind)
        sitting.start_clock(time.monotonic())
        self._focus()
        self.region_shown.emit()

    def restore(self) -> None:
        """Put layers back that somebody deleted, with what was painted; the others stay as they are."""
        if self._sitting is None or self.shown is None:
            return
        region = self.shown.region
        if (pixels := self._light.get(ImageWish(region.image))) is not None:
            self.canvas.restore(region, pixels, self.around(region), self._sitting.schema)

    def _known(self, place: Place) -> Labels:
        """What the region begins with: its own strokes or labels, or else the draft."""
        assert self._sitting is not None
        if (patch := self._sitting.unfinished(place.region)) is not None:
            self._laid = patch
            return patch
        if (patch := self._sitting.painted(place.region)) is not None:
            self._laid = patch
            known = self._sitting.annotation(place.region)
            if known is not None and known.corrections is not None:
                self._corrected[place.region] = known.corrections
            return patch
        if (sure := self._sure(place)) is not None:
            self._laid = sure
            self._corrected.pop(place.region, None)
            self._count_from(place.region, sure)
            return sure
        self._corrected.pop(place.region, None)
        return np.full(place.region.shape, VOID, dtype=np.uint8)

    def _count_from(self, region: Region, sure: Labels, strokes: int = 0) -> None:
        """Corrections of a region begin with its first draft that says anything, after so many strokes."""
        if region not in self._corrected and (sure != VOID).any():
            self._corrected[region] = -strokes

    def _is_new(self, region: Region) -> bool:
        """Whether a region has neither labels nor strokes from before it came into the hand."""
        own = self._sitting
        return own is not None and own.annotation(region) is None and own.unfinished(region) is None

    def _sure(self, place: Place) -> Labels | None:
        made = None if place.blind else self.draft_of(place.region)
        return None if made is None else draft(made.labels, made.certainty, self.threshold, Purpose.TRAINING)

    def around(self, region: Region) -> Labels:
        """(H, W) what is labelled in the image round a region."""
        assert self._sitting is not None
        assert self._opened is not None
        labels = np.full(self._opened.dataset.size(region.image), VOID, dtype=np.uint8)
        for annotation in self._sitting.labelled_in(region.image):
            if annotation.region != region:
                labels[annotation.region.window] = annotation.labels
        return labels

    def lay_draft(self) -> None:
        """Lay the draft into what nobody has painted; strokes stay."""
        if self.shown is None or (sure := self._sure(self.shown)) is None:
            return
        patch = self.annotation.patch
        untouched = patch == (VOID if self._laid is None else self._laid)
        untouched |= patch == VOID
        self._laid = sure
        if self._is_new(self.shown.region):
            self._count_from(self.shown.region, sure, self.annotation.strokes)
        self.annotation.replace(np.where(untouched, sure, patch))

    def strokes(self) -> Labels | None:
        """What was painted of the region in hand; None if nobody has touched it."""
        if self.shown is None:
            return None
        patch = self.annotation.patch
        laid = np.full(patch.shape, VOID, np.uint8) if self._laid is None else self._laid
        return None if np.array_equal(patch, laid) else patch

    def keep_strokes(self) -> None:
        """Have what is painted written down, so that a kill loses no more than the last moment."""
        if self._keeper is not None and self._sitting is not None:
            own = self.strokes() if self.shown == self._sitting.current else None
            self._keeper.keep((self._sitting.all_unfinished(own), self._sitting.pairs.all))
