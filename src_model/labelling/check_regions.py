"""Check regions: the reward set as the labeller sees it, drawn at random with known probability.

They lie in images that nothing is ever learnt from (`hold_out`) and are labelled blind: no draft is shown on them.
A `CheckDraw` is a random order of everything that is held out; any number of its first regions is a sample whose
probabilities are known, so that a project may stop, or go on, wherever it likes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from src_model.data.region import Region
from src_model.exceptions import DataError

FloatArray = npt.NDArray[np.float64]
Arrays = dict[str, npt.NDArray[np.generic]]

_HELD_OUT_SHARE = 0.2
"""Of the images; of the regions where there is one image."""
_MOST_HELD_OUT = 0.5
"""A sequence that would go beyond this share of the images is not held out."""
_EARLY, _EARLY_EVERY, _LATE_EVERY = 160, 4, 10
"""Of the first 160 regions every fourth is a check region, later every tenth."""


@dataclass(frozen=True)
class HeldOut:
    """Which regions are only ever checked, and which are asked from.

    Attributes
    ----------
    check, pool:
        Regions by image; no region is in both, and no image either unless there is one image alone.
    note:
        What a reader of the measurements should know about this border.
    """

    check: Mapping[str, Sequence[Region]]
    pool: Mapping[str, Sequence[Region]]
    note: str

    @cached_property
    def candidates(self) -> tuple[Region, ...]:
        """Every region that may become a check region, in order."""
        return tuple(region for image in sorted(self.check) for region in sorted(self.check[image]))

    def blind(self, region: Region) -> bool:
        """Whether this is a place to be labelled without a draft and never to be learnt from.

        Any part of a held-out image is; where there is one image alone, whatever touches a region that is held out.
        """
        own = self.check.get(region.image, ())
        return bool(own) and (region.image not in self.pool or any(_overlap(region, other) for other in own))


@dataclass(frozen=True, slots=True)
class CheckRegion:
    """One region of the reward set.

    Attributes
    ----------
    region:
        Where it lies.
    probability:
        Of being in this sample, 0 < p ≤ 1: one region stands for 1/p held-out regions. It changes with the size of
        the sample, so it belongs to a measurement and not to the region.
    """

    region: Region
    probability: float


@dataclass(frozen=True, slots=True, eq=False)
class CheckDraw:
    """All held-out regions in a random order in which the likelier ones tend to come first.

    A priority sample (Duffield, Lund & Thorup 2007): region i has the priority q_i/u_i with its own u_i ~ U(0, 1), and
    the n highest are taken. With the highest priority among the others' n-th as threshold τ, i is taken with the
    probability min(1, q_i/τ), and weighting with its inverse leaves every total without bias, for each n. A sample of
    fixed size drawn in proportion to q without replacement has no such probabilities in closed form.

    Attributes
    ----------
    regions:
        N, in the order in which they are asked.
    chances:
        (N,) q: what each was drawn in proportion to; sums to 1, and is never under half of 1/N.
    priorities:
        (N,) falling.
    """

    regions: tuple[Region, ...]
    chances: FloatArray
    priorities: FloatArray

    def __len__(self) -> int:
        return len(self.regions)

    def probabilities(self, count: int) -> FloatArray:
        """(N,) probability of each region to be among the first ``count``, given how the others were drawn."""
        if not 0 <= count <= len(self):
            raise ValueError(f"count = {count} of {len(self)} regions")
        if count in (0, len(self)):
            return np.full(len(self), float(count > 0))
        of_others = np.full(len(self), self.priorities[count - 1])
        of_others[:count] = self.priorities[count]
        probabilities: FloatArray = np.minimum(1.0, self.chances / of_others)
        return probabilities

    def first(self, count: int) -> tuple[CheckRegion, ...]:
        """The first ``count`` regions with their probabilities."""
        return joined([(self, count)])

    def to_arrays(self) -> Arrays:
        """Plain arrays for a file; `from_arrays` gives an equal draw."""
        images, of_region = np.unique([region.image for region in self.regions], return_inverse=True)
        boxes = [(region.row, region.column, region.height, region.width) for region in self.regions]
        return {
            "images": images,
            "image_of_region": of_region.astype(np.int32),
            "boxes": np.array(boxes, dtype=np.int32).reshape(-1, 4),
            "chances": self.chances,
            "priorities": self.priorities,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> CheckDraw:
        """The draw that `to_arrays` wrote."""
        images = arrays["images"][arrays["image_of_region"].astype(np.intp)].tolist()
        boxes = arrays["boxes"].tolist()
        regions = tuple(Region(str(image), *box) for image, box in zip(images, boxes, strict=True))
        return cls(regions, arrays["chances"].astype(np.float64), arrays["priorities"].astype(np.float64))


def hold_out(
    regions: Mapping[str, Sequence[Region]], sequence: Callable[[str], str], rng: np.random.Generator
) -> HeldOut:
    """Set about a fifth of the images aside, by whole sequences, before anything is labelled.

    Parameters
    ----------
    regions:
        All regions by image.
    sequence:
        Drive or flight of an image.
    rng:
        Source of all randomness; the order in which images are given does not matter.

    Raises
    ------
    DataError
        If there is one region in all, or none.
    """
    images = sorted(image for image, own in regions.items() if own)
    if sum(len(regions[image]) for image in images) < 2:
        raise DataError(
            "There is a single region or none: nothing would be left to check with. Add images or make regions smaller."
        )
    if len(images) == 1:
        return _within_one_image(regions[images[0]], rng)
    chosen, note = _whole_sequences(images, sequence, rng)
    check = {image: tuple(regions[image]) for image in images if image in chosen}
    pool = {image: tuple(regions[image]) for image in images if image not in chosen}
    return HeldOut(check, pool, note)


def draw_check_regions(
    candidates: Sequence[Region], rng: np.random.Generator, shares: npt.NDArray[np.floating] | None = None
) -> CheckDraw:
    """Put the held-out regions into an order of asking: half by pure chance, half by class.

    q_i = ½·1/N + ½·mean over classes of s_ic/Σ_j s_jc, so that each class has its part however rare it is, and no
    region weighs more than twice as much as under pure chance. Where nothing is known of classes the draw is uniform.

    Parameters
    ----------
    candidates:
        N regions, `HeldOut.candidates`.
    rng:
        Its own stream: nothing that is learnt may depend on it.
    shares:
        (N, C) non-negative, how much of each class a region is believed to show: predicted shares, or the places
        where somebody has shown one of each, or None. They may be wrong: that costs precision, it adds no bias.

    Raises
    ------
    ValueError
        If shares do not fit.
    """
    chances = _chances(len(candidates), shares)
    priorities = chances / (1.0 - rng.random(len(candidates)))
    order = np.argsort(-priorities, kind="stable")
    regions = tuple(candidates[position] for position in order.tolist())
    return CheckDraw(regions, chances[order], priorities[order])


def joined(draws: Sequence[tuple[CheckDraw, int]]) -> tuple[CheckRegion, ...]:
    """The first regions of several independent draws as one sample, each region once, in the order of asking.

    A project grows so: when the classes are known better, a second draw follows the first, and a region that the first
    has brought already costs nothing. p = 1 − Π(1 − p_t) over the draws.

    Parameters
    ----------
    draws:
        Each with the number of its regions that have been asked.
    """
    taken = dict.fromkeys(region for draw, count in draws for region in draw.regions[:count])
    missed = np.ones(len(taken))
    for draw, count in draws:
        position = {region: index for index, region in enumerate(draw.regions)}
        probabilities = draw.probabilities(count)
        indices = np.array([position.get(region, -1) for region in taken], dtype=np.intp)
        missed *= np.where(indices >= 0, 1.0 - probabilities[indices], 1.0)
    return tuple(CheckRegion(region, 1.0 - miss) for region, miss in zip(taken, missed.tolist(), strict=True))


def checks_due(answered: int) -> int:
    """How many of the regions answered so far should be check regions: every fourth at first, later every tenth."""
    early = min(answered, _EARLY)
    return early // _EARLY_EVERY + (answered - early) // _LATE_EVERY


def _within_one_image(regions: Sequence[Region], rng: np.random.Generator) -> HeldOut:
    ordered = sorted(regions)
    count = max(1, round(_HELD_OUT_SHARE * len(ordered)))
    chosen = set(rng.permutation(len(ordered))[:count].tolist())
    image = ordered[0].image
    return HeldOut(
        {image: tuple(region for index, region in enumerate(ordered) if index in chosen)},
        {image: tuple(region for index, region in enumerate(ordered) if index not in chosen)},
        f"There is one image: {count} of its {len(ordered)} regions are held out. They adjoin what is learnt from, so "
        "that readings are optimistic. Add images of another place.",
    )


def _whole_sequences(
    images: Sequence[str], sequence: Callable[[str], str], rng: np.random.Generator
) -> tuple[set[str], str]:
    members: dict[str, list[str]] = {}
    for image in images:
        members.setdefault(sequence(image), []).append(image)
    if len(members) == 1:
        return _one_block(images, rng)
    held_out: list[str] = []
    chosen: set[str] = set()
    for name in rng.permutation(sorted(members)).tolist():
        if len(chosen) >= _HELD_OUT_SHARE * len(images):
            break
        if len(chosen) + len(members[name]) <= _MOST_HELD_OUT * len(images):
            held_out.append(name)
            chosen.update(members[name])
    sequences = f"{len(held_out)} of {len(members)} sequences"
    return chosen, f"{len(chosen)} of {len(images)} images, {sequences}, are held out for checking."


def _one_block(images: Sequence[str], rng: np.random.Generator) -> tuple[set[str], str]:
    # Neighbouring frames resemble each other: one block has two borders with the rest, scattered images have many.
    count = max(1, round(_HELD_OUT_SHARE * len(images)))
    start = int(rng.integers(len(images) - count + 1))
    note = (
        f"All images are one sequence: a block of {count} of {len(images)} is held out. Its ends adjoin what is learnt "
        "from, so that readings are a little optimistic."
    )
    return set(images[start : start + count]), note


def _chances(count: int, shares: npt.NDArray[np.floating] | None) -> FloatArray:
    uniform = np.full(count, 1.0 / max(1, count))
    if shares is None:
        return uniform
    known = np.asarray(shares, dtype=np.float64)
    if known.ndim != 2 or len(known) != count or not np.isfinite(known).all() or (known < 0).any():
        raise ValueError(f"shares {known.shape} of {count} regions must be finite and not negative, a row a region")
    totals = known.sum(axis=0)
    shown = known[:, totals > 0] / totals[totals > 0]
    return 0.5 * uniform + 0.5 * shown.mean(axis=1) if shown.shape[1] else uniform


def _overlap(first: Region, second: Region) -> bool:
    rows = first.row < second.row + second.height and second.row < first.row + first.height
    return rows and first.column < second.column + second.width and second.column < first.column + first.width
