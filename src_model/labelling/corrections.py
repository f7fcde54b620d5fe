"""Corrections: how many strokes the drafts of a project took, at first and by now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LEAST = 6
"""Regions that began with a draft before anything is said: two in each third."""


@dataclass(frozen=True, slots=True)
class Corrections:
    """Strokes and fills a region.

    Attributes
    ----------
    thirds:
        Means of the first, the middle and the last third of the regions.
    regions:
        How many were counted.
    """

    thirds: tuple[float, float, float]
    regions: int


def corrections_over_time(strokes: Sequence[int | None]) -> Corrections | None:
    """Means of three thirds of equal size, or as near to it as can be; None before there are enough.

    Parameters
    ----------
    strokes:
        Of each region in the order of labelling; None where it was not counted: such regions are left out.
    """
    counted = [own for own in strokes if own is not None]
    if len(counted) < LEAST:
        return None
    first, last = round(len(counted) / 3), round(2 * len(counted) / 3)
    one, two, three = (sum(part) / len(part) for part in (counted[:first], counted[first:last], counted[last:]))
    return Corrections((one, two, three), len(counted))


def corrections_text(corrections: Corrections | None) -> str:
    """One sentence; empty where nothing was measured."""
    if corrections is None:
        return ""
    means = " → ".join(f"{mean:.1f}".removesuffix(".0") for mean in corrections.thirds)
    return f"Corrections a region: {means} (first, middle and last third of {corrections.regions} with a draft)."
