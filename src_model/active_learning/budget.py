"""The label budget: how many regions may be asked, what has been, and how many come next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from src_model.data.region import Region


@dataclass(frozen=True, slots=True)
class LabelBudget:
    """B in the papers, counted in regions; pixels are kept beside it, since regions at a border are smaller.

    Attributes
    ----------
    regions:
        B, regions that may be asked in all.
    regions_per_query:
        K.
    asked:
        Regions labelled so far.
    pixels:
        Their area.
    """

    regions: int
    regions_per_query: int
    asked: int = 0
    pixels: int = 0

    @property
    def left(self) -> int:
        """Regions that may still be asked; 0 also where a person labelled more than the budget."""
        return max(0, self.regions - self.asked)

    @property
    def spent(self) -> bool:
        """Nothing may be asked any more."""
        return self.left == 0

    @property
    def steps_left(self) -> int:
        """Queries until the budget is spent, the last one possibly smaller."""
        return -(-self.left // self.regions_per_query)

    def next_query(self, available: int) -> int:
        """K for the next step, out of ``available`` unlabelled regions; less than K at the end, 0 when it is over."""
        return min(self.regions_per_query, self.left, available)

    def after(self, labelled: Sequence[Region]) -> LabelBudget:
        """The budget once these regions, none of them labelled before, have their labels."""
        pixels = self.pixels + sum(region.pixels for region in labelled)
        return replace(self, asked=self.asked + len(labelled), pixels=pixels)
