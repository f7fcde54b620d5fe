"""The crops controller: the wall of what was labelled, a region's earlier versions, and the cards of classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, NamedTuple

from qtpy.QtCore import QTimer

from napari_ralis.crops import Crop, CropFilter, Showing, chosen, people_of
from napari_ralis.easel import Easel
from napari_ralis.keybindings import Verb
from napari_ralis.learning_controller import LearningController
from napari_ralis.panels.canvas_focus import CanvasFocus, Spot
from napari_ralis.panels.class_card import EXAMPLES, CardEntry, ClassCard
from napari_ralis.panels.labelling_panel import LabellingPanel
from napari_ralis.panels.wall_panel import WallPanel
from napari_ralis.sitting import Place, Sitting
from napari_ralis.threads.canvas_lane import CanvasLane
from napari_ralis.threads.crop_wishes import CropWish, DisagreementWish, Looks, LooksWish
from napari_ralis.threads.run_messages import Opened
from napari_ralis.threads.wishes import Wish
from src_model.data.annotation import Annotation
from src_model.data.answers import labels_of
from src_model.data.region import Region

_AT_ONCE = 4
"""Images, or regions, whose labels are looked at between two looks at what else is wanted."""
_SETTLE = 250
"""Milliseconds in which what was found out is gathered before the wall is filtered anew."""


class _Version(NamedTuple):
    time: datetime | None
    labels: Annotation
    person: str


class CropsController:
    """Opens and closes the wall; the region in hand stays where it is.

    Parameters
    ----------
    take:
        Takes a region into the hand.
    """

    def __init__(
        self,
        panel: LabellingPanel,
        focus: CanvasFocus,
        light: CanvasLane,
        learning: LearningController,
        easel: Easel,
        take: Callable[[Place], None],
    ) -> None:
        self._panel, self._focus, self._light = panel, focus, light
        self._learning, self._easel, self._take = learning, easel, take
        self.wall, self.card = WallPanel(panel), ClassCard(panel)
        self._opened: Opened | None = None
        self._sitting: Sitting | None = None
        self._keys: Mapping[int, str] = {}
        self._began = datetime.now(UTC)
        self._versions: dict[Region, list[_Version]] = {}
        self._looks: dict[Annotation, Looks] = {}
        self._stale: set[str] = set()
        self._differs: dict[tuple[Annotation, int], float] = {}
        self._in_sight: tuple[Region, ...] = ()
        self._examples: tuple[Annotation, ...] = ()
        self._pictures: dict[Annotation, Any] = {}
        self._replayed: Region | None = None
        self._settling = QTimer(panel)
        self._settling.setSingleShot(True)
        self._settling.setInterval(_SETTLE)
        self._settling.timeout.connect(self._show_crops)
        self._connect()

    def begin(self, opened: Opened, sitting: Sitting, keys: Mapping[int, str]) -> None:
        """A project is open; ``keys`` are those of the classes, by index."""
        self.end()
        self._opened, self._sitting, self._keys = opened, sitting, keys
        self._began = datetime.now(UTC)
        for recorded in opened.answers:
            if (labels := labels_of(recorded.answer)) is not None:
                time = datetime.fromisoformat(recorded.time) if recorded.time else None
                self._versions.setdefault(labels.region, []).append(_Version(time, labels, recorded.person))
        self._stale = {own.region.image for own in sitting.all}
        self.wall.set_classes(sitting.schema, keys)

    def end(self) -> None:
        """The project is closed."""
        self.close_wall()
        self.close_card()
        self._settling.stop()
        self._opened = self._sitting = self._replayed = None
        self._versions, self._looks, self._differs, self._pictures = {}, {}, {}, {}
        self._in_sight, self._examples, self._stale = (), (), set()

    def accepted(self, annotation: Annotation) -> None:
        """A region has other labels than before."""
        person = "" if self._opened is None else self._opened.person
        self._versions.setdefault(annotation.region, []).append(_Version(datetime.now(UTC), annotation, person))
        self._stale.add(annotation.region.image)
        self.wall.model.forget_pictures([annotation.region])
        if self.card.isVisible():
            self._show_card()

    def wishes(self) -> tuple[Sequence[Wish], Sequence[Wish]]:
        """What the light lane should make: pictures in sight before everything, the rest after it."""
        if self._sitting is None:
            return (), ()
        wanted = (*self._annotations_in_sight, *self._examples)
        pictures = [CropWish(own) for own in wanted if own not in self._pictures]
        return (pictures, self._questions()) if self.wall.isVisible() else (pictures, ())

    @property
    def _annotations_in_sight(self) -> tuple[Annotation, ...]:
        if self._sitting is None:
            return ()
        return tuple(own for own in map(self._sitting.annotation, self._in_sight) if own is not None)

    # --- the wall ---------------------------------------------------------------------------------------------

    def toggle_wall(self) -> None:
        """Open the wall, or close it."""
        if self.wall.isVisible():
            self.close_wall()
        elif self._sitting is not None and not self._learning.reviewing:
            self.open_wall(CropFilter())

    def open_wall(self, wanted: CropFilter) -> None:
        """Lay the wall over the canvas."""
        self.wall.set_filter(wanted)
        self._focus.lay(self.wall, Spot.ALL)
        self._show_crops()
        self._focus.give_back()

    def close_wall(self) -> None:
        """Back to the region in hand."""
        if self.wall.isVisible():
            self.wall.hide()
            self._in_sight = ()
            self._focus.give_back()

    def _crops(self) -> tuple[Crop, ...]:
        sitting = self._sitting
        return () if sitting is None else tuple(map(self._crop, sitting.all))

    def _crop(self, own: Annotation) -> Crop:
        assert self._sitting is not None
        region, looks = own.region, self._looks.get(own)
        pairs = self._sitting.pairs
        versions = self._versions.get(region, ())
        doubts = (pairs.name(pairs.value(doubt.first, doubt.second)) for doubt in own.doubts)
        return Crop(
            region,
            self._sitting.classes_in(region),
            tuple(version.time for version in versions if version.time is not None),
            region in self._sitting.own_choice,
            tuple(doubts),
            None if looks is None else looks.seam,
            None if looks is None else looks.not_looked_at,
            None if looks is None else looks.ignored,
            self._differs.get((own, self._learning.version)),
            versions[-1].person if versions else "",
        )

    def _show_crops(self) -> None:
        sitting = self._sitting
        if sitting is None or not self.wall.isVisible():
            return
        crops = self._crops()
        self.wall.set_people(people_of(crops))
        shown = chosen(crops, self.wall.filter, datetime.now(UTC), self._began)
        self.wall.set_crops(shown, len(crops), self._remark())
        self._easel.want()

    def _remark(self) -> str:
        showing, waiting = self.wall.filter.showing, 0
        if showing in (Showing.SEAMS, Showing.NOT_LOOKED_AT, Showing.IGNORED):
            waiting = sum(own not in self._looks for own in self._all)
        elif showing is Showing.DIFFERS:
            waiting = len(self._undecided)
        return f"still looking at {waiting:,}" if waiting else ""

    @property
    def _all(self) -> tuple[Annotation, ...]:
        return () if self._sitting is None else self._sitting.all

    @property
    def _undecided(self) -> list[Annotation]:
        """Regions of which the model of now has not said what it thinks; check regions are none of its business."""
        assert self._opened is not None
        version, blind = self._learning.version, self._opened.blind
        if not version and not self._opened.served.step:
            # Nothing has been learnt: what the model says is noise.
            return []
        return [own for own in self._all if (own, version) not in self._differs and not blind(own.region)]

    def _questions(self) -> list[Wish]:
        """A few at a time: what is no longer wanted is not begun."""
        assert self._sitting is not None
        if self.wall.filter.showing is Showing.DIFFERS:
            return [DisagreementWish(own, self._learning.version) for own in islice(self._undecided, _AT_ONCE)]
        images = sorted(self._stale)[:_AT_ONCE]
        return [LooksWish(image, self._sitting.labelled_in(image)) for image in images]

    def _on_made(self, wish: Wish, made: Any) -> None:
        if isinstance(wish, CropWish):
            self._on_picture(wish.annotation, made)
        elif isinstance(wish, LooksWish) and self._sitting is not None:
            if wish.annotations == self._sitting.labelled_in(wish.image):
                self._looks |= {own: made[own.region] for own in wish.annotations}
                self._stale.discard(wish.image)
            self._ask_on()
        elif isinstance(wish, DisagreementWish):
            self._differs[wish.annotation, wish.version] = made
            self._ask_on()

    def _ask_on(self) -> None:
        if not self._settling.isActive():
            self._settling.start()

    def _ask_for_pictures(self) -> None:
        self._easel.want()
        # What a card has shown may be there already, and then nobody says that it was made.
        for own in self._annotations_in_sight:
            made = self._pictures[own] if own in self._pictures else self._light.get(CropWish(own))
            if made is not None:
                self._on_picture(own, made)

    def _on_picture(self, own: Annotation, pixels: Any) -> None:
        if self.wall.isVisible() and self._sitting is not None and self._sitting.annotation(own.region) == own:
            self.wall.set_picture(own.region, pixels)
        if own in self._examples:
            self._pictures[own] = pixels
            self.card.set_pictures([self._pictures[each] for each in self._examples if each in self._pictures])

    def _on_view_pictures_wanted(self, regions: tuple[Region, ...]) -> None:
        if self.wall.isVisible():
            self._in_sight = regions
            self._ask_for_pictures()

    def _on_view_region_requested(self, region: Region) -> None:
        """The region comes into the hand; Ctrl+Z goes back through what it was before."""
        if self._opened is not None:
            self.close_wall()
            self._replayed = region
            self._take(Place(region, self._opened.blind(region)))
            self._replay()

    def _replay(self) -> None:
        shown, sitting = self._easel.shown, self._sitting
        if sitting is None or shown is None or shown.region != self._replayed:
            return
        self._replayed = None
        patch, annotation = self._easel.annotation.patch, self._easel.annotation
        versions = [sitting.pairs.painted(own.labels) for own in self._versions.get(shown.region, ())]
        if len(versions) < 2:
            return
        # Nothing is protected from its own past.
        annotation.protect(frozenset(), others=False)
        for version in (*versions[:-1], patch):
            annotation.replace(version)
        annotation.protect(sitting.locked, self._easel.others_protected)
        self._panel.add_to_log(f"Labelled {len(versions)} times: Ctrl+Z goes back through what was there before.")

    # --- class cards ------------------------------------------------------------------------------------------

    def toggle_card(self) -> None:
        """Show the card of the class in the brush, or put it away."""
        if self.card.isVisible():
            self.close_card()
        elif self._sitting is not None and self._easel.annotation.selected_class < self._sitting.schema.num_classes:
            self._show_card()
            self._focus.lay(self.card, Spot.TOP_LEFT)
            self._panel.aids.set_on(Verb.CLASS_CARD, on=True)

    def close_card(self) -> None:
        """Put the card away."""
        self.card.hide()
        self._examples = ()
        self._panel.aids.set_on(Verb.CLASS_CARD, on=False)

    def _show_card(self) -> None:
        sitting, index = self._sitting, self._easel.annotation.selected_class
        if sitting is None or index >= sitting.schema.num_classes:
            return
        entry = sitting.schema.classes[index]
        regions = sitting.regions_by_class.get(index, 0)
        definition = str(getattr(entry, "definition", "") or "")
        self.card.set_entry(
            CardEntry(entry.id, entry.name, entry.colour, self._keys.get(index, ""), definition, regions)
        )
        holding = (own for own in reversed(sitting.all) if index in sitting.classes_in(own.region))
        self._examples = tuple(islice(holding, EXAMPLES))
        self._pictures = {own: self._pictures[own] for own in self._examples if own in self._pictures}
        self.card.set_pictures([self._pictures[own] for own in self._examples if own in self._pictures])
        self._ask_for_pictures()

    def _on_class_chosen(self, _index: int) -> None:
        if self.card.isVisible():
            self._show_card()

    def _on_view_card_wall_requested(self) -> None:
        index = self._easel.annotation.selected_class
        self.close_card()
        self.open_wall(CropFilter(index))

    def _connect(self) -> None:
        self._light.made.connect(self._on_made)
        self.wall.close_requested.connect(self.close_wall)
        self.wall.filter_changed.connect(self._show_crops)
        self.wall.pictures_wanted.connect(self._on_view_pictures_wanted)
        self.wall.region_requested.connect(self._on_view_region_requested)
        self.card.close_requested.connect(self.close_card)
        self.card.wall_requested.connect(self._on_view_card_wall_requested)
        self._easel.annotation.class_chosen.connect(self._on_class_chosen)
        self._easel.region_shown.connect(self._replay)
