"""The check set: labels of check regions as a person gives them, one by one, and the sample they make so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from src_model.data.annotation import Annotation
from src_model.data.labelled_set import LabelledSet
from src_model.data.region import Region, Size
from src_model.exceptions import AnnotationError
from src_model.labelling.check_regions import CheckDraw, CheckRegion, HeldOut, joined
from src_model.labelling.skip_consequences import consequence_of


@dataclass(frozen=True, slots=True, eq=False)
class CheckSample:
    """What models are measured with at one moment; labels that come in later do not change it.

    Attributes
    ----------
    regions:
        Labelled check regions with their probabilities.
    labels:
        Where their labels are found.
    version:
        Two samples of the same version are identical.
    """

    regions: tuple[CheckRegion, ...]
    labels: LabelledSet
    version: int


class CheckSet:
    """D_R of a person: regions drawn at random, asked in the order of the draw, labelled blind. Owned by one thread.

    A region that was passed over was drawn all the same: the sample speaks for what can be labelled. A region that is
    labelled out of turn counts from its turn on, for until then nobody knows how likely it was to be asked.

    Parameters
    ----------
    held_out:
        Which regions are never learnt from.
    draws:
        Orders of asking, oldest first; the newest is followed.
    sizes:
        Height and width of an image.
    num_classes:
        C.
    """

    def __init__(
        self, held_out: HeldOut, draws: Sequence[CheckDraw], sizes: Callable[[str], Size], num_classes: int
    ) -> None:
        self._held_out = held_out
        self._draws = list(draws)
        self._candidates = frozenset(held_out.candidates)
        self._labels = LabelledSet(sizes, num_classes)
        self._skipped: dict[Region, str] = {}
        self._version = 0

    def __len__(self) -> int:
        """Check regions that are labelled."""
        return len(self._labels)

    @property
    def labels(self) -> LabelledSet:
        """All labels so far; it grows."""
        return self._labels

    @property
    def answered(self) -> int:
        """Check regions that are labelled or were passed over."""
        return len(self._labels) + len(self._skipped)

    @property
    def pool(self) -> dict[str, Sequence[Region]]:
        """Regions by image that may be learnt from."""
        return dict(self._held_out.pool)

    @property
    def images(self) -> tuple[str, ...]:
        """Sorted ids of the images with check regions."""
        return tuple(sorted(self._held_out.check))

    def blind(self, region: Region) -> bool:
        """Whether no draft may be shown here and nothing learnt."""
        return self._held_out.blind(region)

    def refuse_others(self, region: Region) -> None:
        """Raise `AnnotationError` for what is not a check region."""
        if region not in self._candidates:
            raise AnnotationError(
                f"{region} is not a check region. Label those that are asked, or a region of the pool with teach."
            )

    def follow(self, draw: CheckDraw) -> None:
        """Ask in this order from now on; what the earlier ones brought counts."""
        self._draws.append(draw)
        self._version += 1

    def take(self, annotations: Sequence[Annotation], step: int) -> None:
        """Labels come in, or correct earlier ones."""
        self._labels.add(annotations, step)
        for annotation in annotations:
            self._skipped.pop(annotation.region, None)
        self._version += 1

    def skip(self, region: Region, reason: str) -> None:
        """A check region is passed over; what is only put off stays the next."""
        if not consequence_of(reason).asked_again:
            self._skipped[region] = reason
            self._version += 1

    def take_back(self, region: Region) -> None:
        """As if it had never been answered."""
        if region in self._labels:
            self._labels.remove([region])
        self._skipped.pop(region, None)
        self._version += 1

    def ahead(self, count: int) -> tuple[Region, ...]:
        """The next regions to ask, at most ``count``."""
        waiting = (region for region in self._draws[-1].regions if not self._is_answered(region))
        return tuple(region for region, _ in zip(waiting, range(count), strict=False))

    def sample(self) -> CheckSample:
        """What has been labelled in turn, with its probabilities."""
        counts = [(draw, sum(1 for _ in self._in_turn(draw))) for draw in self._draws]
        regions = tuple(own for own in joined(counts) if own.region in self._labels)
        return CheckSample(regions, self._labels.copy(), self._version)

    def _in_turn(self, draw: CheckDraw) -> Iterator[Region]:
        for region in draw.regions:
            if not self._is_answered(region):
                return
            yield region

    def _is_answered(self, region: Region) -> bool:
        return region in self._labels or region in self._skipped or region.image in self._bad_images

    @property
    def _bad_images(self) -> set[str]:
        return {region.image for region, reason in self._skipped.items() if consequence_of(reason).image_leaves_pool}
