"""The sitting: which region is in hand, which come next, and what was answered. It knows neither Qt nor napari."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from src_model.data.annotation import Annotation, Labels, class_pixels
from src_model.data.class_schema import ClassSchema
from src_model.data.region import Region
from src_model.events import Query
from src_model.labelling.skipping import CONSEQUENCES, SkipReason
from src_model.labelling.unpainted import Pair, UnsurePairs

_LONGEST_PAUSE = 60.0
"""Seconds a region counts at most: who goes for coffee does not label."""


class Fate(StrEnum):
    """What became of a region; the values are those that the query panel knows."""

    OPEN = "open"
    ACCEPTED = "accepted"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Place:
    """A region to label; a blind one measures the model and gets no draft."""

    region: Region
    blind: bool


class Sitting:
    """What a person has before them. Answers count here at once; the engine hears of them a moment later.

    Parameters
    ----------
    schema:
        The classes.
    regions_per_query:
        K: how many regions are shown as one query.
    annotations:
        What was labelled before.
    pairs:
        Unsure pairs that strokes of an earlier sitting speak of.
    """

    def __init__(
        self,
        schema: ClassSchema,
        regions_per_query: int,
        annotations: Iterable[Annotation] = (),
        pairs: Iterable[Pair] = (),
    ) -> None:
        self.schema = schema
        self.pairs = UnsurePairs(schema, pairs)
        self.own_choice: set[Region] = set()
        """Regions that nobody proposed: they are learnt from and count like the others."""
        self.current: Place | None = None
        self.strip: tuple[Place, ...] = ()
        self.seconds = 0.0
        self.durations: list[float] = []
        """Seconds of each region answered in this sitting."""
        self.starred: frozenset[int] = frozenset()
        self.locked: frozenset[int] = frozenset()
        self.definitions: Mapping[int, str] = {}
        self.shown: Mapping[Region, Sequence[int]] = {}
        """Class indices that the person has shown in regions, before any label."""
        self._per_query = regions_per_query
        self._queries: dict[Region, Query] = {}
        self._ahead: list[Place] = []
        self._first: list[Place] = []
        self._fates: dict[Region, Fate] = {}
        self._history: list[Place] = []
        self._unheard: set[Region] = set()
        self._annotations: dict[Region, Annotation] = {}
        self._by_image: dict[str, list[Region]] = {}
        self._counts: Counter[int] = Counter()
        self._classes: dict[Region, frozenset[int]] = {}
        self.worth = np.zeros(schema.num_classes)
        """(C,) labels in regions' worth of pixels."""
        self._unfinished: dict[Region, Labels] = {}
        self._since: float | None = None
        for annotation in annotations:
            self._keep(annotation)

    # --- what is known ----------------------------------------------------------------------------------------

    @property
    def ahead(self) -> tuple[Place, ...]:
        """What comes after the region in hand, soonest first."""
        return (*self._first, *self._ahead)

    @property
    def can_go_back(self) -> bool:
        """Whether there is an answer to look at again."""
        return bool(self._history)

    @property
    def regions(self) -> int:
        """Labelled so far, check regions included."""
        return len(self._annotations)

    @property
    def pixels(self) -> int:
        """Area of what is labelled."""
        return sum(region.pixels for region in self._annotations)

    @property
    def minutes(self) -> float:
        """Spent on labelling, earlier sittings included."""
        return self.seconds / 60

    @property
    def regions_by_class(self) -> dict[int, int]:
        """How many labelled regions hold each class index."""
        return dict(self._counts)

    def query_of(self, region: Region) -> Query | None:
        """The query that asked for a region; None for check regions and places that the person chose."""
        return self._queries.get(region)

    def annotation(self, region: Region) -> Annotation | None:
        """What this region was given; None if nothing."""
        return self._annotations.get(region)

    def painted(self, region: Region) -> Labels | None:
        """(h, w) what this region was given, as it was painted: with what somebody was unsure of."""
        own = self._annotations.get(region)
        return None if own is None else self.pairs.painted(own)

    @property
    def chosen_by_hand(self) -> int:
        """How many labelled regions nobody had proposed."""
        return len(self.own_choice & self._annotations.keys())

    def classes_in(self, region: Region) -> frozenset[int]:
        """Indices of the classes that a labelled region holds."""
        return self._classes.get(region, frozenset())

    @property
    def all(self) -> tuple[Annotation, ...]:
        """Everything that is labelled."""
        return tuple(self._annotations.values())

    def labelled_in(self, image: str) -> tuple[Annotation, ...]:
        """Everything labelled in an image."""
        return tuple(self._annotations[region] for region in self._by_image.get(image, ()))

    def unfinished(self, region: Region) -> Labels | None:
        """Strokes of a region that was left without an answer."""
        return self._unfinished.get(region)

    def all_unfinished(self, in_hand: Labels | None) -> dict[Region, Labels]:
        """All that is painted and not on the disk: of regions that wait, with an answer on its way, and in hand."""
        patches = {own: patch for own in self._unheard if (patch := self.painted(own)) is not None}
        patches |= self._unfinished
        if self.current is not None and in_hand is not None:
            patches[self.current.region] = in_hand
        return patches

    def restore(self, patches: Mapping[Place, Labels]) -> int:
        """Go on with what an earlier sitting left unfinished, before everything else; returns how many regions that is.

        An answer that reached the disk after all is none of them.
        """
        open_still = {
            place: patch
            for place, patch in patches.items()
            if (known := self.painted(place.region)) is None or not np.array_equal(known, patch)
        }
        self._unfinished |= {place.region: patch for place, patch in open_still.items()}
        self._first = [*open_still, *self._first]
        return len(open_still)

    def fate(self, region: Region) -> Fate:
        """What became of a region of the strip."""
        return self._fates.get(region, Fate.OPEN)

    # --- what the engine says ---------------------------------------------------------------------------------

    def follow(
        self, queue: Sequence[Place], queries: Iterable[Query] = (), regions_per_query: int | None = None
    ) -> None:
        """The engine's queue: what it has not heard of yet stays answered; and what it asked, and why."""
        self._queries |= {region: query for query in queries for region in query.regions}
        self._per_query = regions_per_query or self._per_query
        done = self._unheard | {place.region for place in self._first}
        done |= {self.current.region} if self.current else set()
        self._ahead = [place for place in queue if place.region not in done]
        if self.current is None:
            self._turn()
        self._fill_strip()

    def hear(self, regions: Iterable[Region]) -> None:
        """The engine has these answers: from now on its queue is right about them."""
        self._unheard -= set(regions)

    def refuse(self, region: Region) -> None:
        """The engine would not have this answer: the region is open again and comes next, as it was painted."""
        self._unheard.discard(region)
        self._fates.pop(region, None)
        if (patch := self.painted(region)) is not None:
            self._unfinished[region] = patch
            self._drop(region)
        place = next((own for own in self._history if own.region == region), Place(region, False))
        self._history = [own for own in self._history if own.region != region]
        self._first.insert(0, place)

    # --- what the person does ---------------------------------------------------------------------------------

    def accept(self, annotation: Annotation, now: float) -> None:
        """The region in hand has these labels; the next one comes into the hand."""
        self._keep(annotation)
        self._answer(Fate.ACCEPTED, now)

    def skip(self, reason: SkipReason, now: float) -> None:
        """The region in hand is passed over; with a bad image, so is the rest of it."""
        if self.current is not None and CONSEQUENCES[reason].image_leaves_pool:
            image = self.current.region.image
            self._ahead = [place for place in self._ahead if place.region.image != image]
        self._answer(Fate.SKIPPED, now)

    def go_back(self, patch: Labels | None) -> Place | None:
        """Take the last answer up again; ``patch`` is what was painted of the region that has to wait for it."""
        if not self._history:
            return None
        place = self._history.pop()
        self.take(place, patch)
        return place

    def take(self, place: Place, patch: Labels | None) -> None:
        """Take any region into the hand; the one in hand waits with its strokes and comes next."""
        if self.current is not None and self.current.region != place.region:
            if patch is not None:
                self._unfinished[self.current.region] = patch
            self._first.insert(0, self.current)
        self._first = [own for own in self._first if own.region != place.region]
        self._ahead = [own for own in self._ahead if own.region != place.region]
        self.current = place
        self._fill_strip()

    def put_in_front(self, place: Place) -> None:
        """Let this region come next; the one in hand stays there."""
        if self.current is not None and self.current.region == place.region:
            return
        self._ahead = [own for own in self._ahead if own.region != place.region]
        self._first = [place, *(own for own in self._first if own.region != place.region)]
        self._fill_strip()

    def bring_forward(self, places: Sequence[Place], patch: Labels | None) -> None:
        """These come next, as the engine will say in a moment; what is in hand waits, unless ``patch`` was painted."""
        answered = set(self._fates) | set(self._annotations)
        wanted = [place for place in places if place.region not in answered]
        in_hand = [] if self.current is None or patch is not None else [self.current]
        rest = [place for place in (*in_hand, *self._ahead) if place not in wanted]
        self._ahead = [place for place in wanted if place != self.current or in_hand] + rest
        if in_hand or self.current is None:
            self._turn()
        self._fill_strip()

    def reopen(self, region: Region) -> None:
        """A region that has an answer is open again; its labels are kept until there are others."""
        self._fates.pop(region, None)
        self._unheard.discard(region)
        self._history = [own for own in self._history if own.region != region]

    def start_clock(self, now: float) -> None:
        """The region in hand is on the canvas."""
        self._since = now

    def _answer(self, fate: Fate, now: float) -> None:
        if self.current is None:
            return
        region = self.current.region
        self._fates[region] = fate
        self._unheard.add(region)
        self._unfinished.pop(region, None)
        self._history = [own for own in self._history if own.region != region]
        self._history.append(self.current)
        if self._since is not None:
            self.durations.append(min(now - self._since, _LONGEST_PAUSE))
            self.seconds += self.durations[-1]
        self._turn()
        self._fill_strip()

    def _turn(self) -> None:
        following = self._first or self._ahead
        self.current = following.pop(0) if following else None

    def _fill_strip(self) -> None:
        """K regions, those with an answer first, until each has one; then the next K."""
        answered = [place for place in self.strip if self.fate(place.region) is not Fate.OPEN]
        coming = [place for place in (self.current, *self.ahead) if place is not None]
        if len(answered) >= self._per_query:
            answered = []
        self.strip = (*answered, *coming[: self._per_query - len(answered)])

    def _keep(self, annotation: Annotation) -> None:
        region = annotation.region
        if region in self._annotations:
            self._drop(region)
        self._annotations[region] = annotation
        self._by_image.setdefault(region.image, []).append(region)
        shares = self._shares(annotation)
        self.worth = self.worth + shares
        self._classes[region] = frozenset(np.nonzero(shares)[0].tolist())
        self._counts.update(self._classes[region])

    def _drop(self, region: Region) -> None:
        annotation = self._annotations.pop(region)
        self._by_image[region.image].remove(region)
        shares = self._shares(annotation)
        self.worth = self.worth - shares
        self._counts.subtract(self._classes.pop(region))

    def forget(self, region: Region) -> None:
        """What was said to this region is taken back."""
        self._fates.pop(region, None)
        if region in self._annotations:
            self._drop(region)

    def _shares(self, annotation: Annotation) -> npt.NDArray[np.float64]:
        """(C,) part of the region that each class fills."""
        shares: npt.NDArray[np.float64] = (
            class_pixels(annotation.labels, self.schema.num_classes) / annotation.region.pixels
        )
        return shares
