"""The surroundings of a run: its data as the engine needs it, and what only a simulation knows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from src_model.active_learning.acquisition.acquisition import Context, Gains, Shares
from src_model.data.class_schema import ClassSchema
from src_model.data.images import LabelSource
from src_model.data.labelled_set import LabelledSet
from src_model.data.region import Region, RegionGrid, Size
from src_model.data.splits import Roles
from src_model.labelling.check_set import CheckSet


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What only a simulation knows; the upper lines look at it, nothing else does."""

    shares: Shares | None = None
    gains: Callable[[Sequence[Region], LabelledSet], npt.NDArray[np.float64]] | None = None

    def gains_on(self, labelled: LabelledSet) -> Gains | None:
        """Gains on top of these labels."""
        measure = self.gains
        return None if measure is None else lambda regions: measure(regions, labelled)

    def context(self, labelled: LabelledSet, epsilon: float) -> Context:
        """What an acquisition may know besides its candidates."""
        return Context(labelled.shares, epsilon, self.shares, self.gains_on(labelled))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The data of a run as the engine needs it.

    Attributes
    ----------
    schema:
        Classes 0 … C-1.
    roles:
        Which images are asked from (``pool``), represent the data (``state``), give the reward, are only scored.
    size:
        Height and width of an image.
    measured:
        Labels of the reward and test images; in a person's run of the test images alone.
    counted_pixels:
        Pixels that 100 % of the budget axis stands for.
    checks:
        Where a person labels the reward set: it takes the place of the reward images, and says what may be asked.
    """

    schema: ClassSchema
    roles: Roles
    size: Callable[[str], Size]
    measured: LabelSource
    counted_pixels: int
    checks: CheckSet | None = None

    def pool_regions(self, grid: Callable[[str], RegionGrid]) -> dict[str, Sequence[Region]]:
        """What may be asked, by image."""
        if self.checks is None:
            return {image: grid(image).regions(image) for image in self.roles.pool}
        of_images = self.checks.pool
        return {image: of_images[image] for image in self.roles.pool}

    def all_images(self) -> tuple[str, ...]:
        """Sorted ids of all images that a run looks at."""
        roles = self.roles
        checked = () if self.checks is None else self.checks.images
        return tuple(sorted({*roles.pool, *roles.state, *roles.reward, *roles.test, *checked}))
