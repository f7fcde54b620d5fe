"""Skipping: why a region was not labelled, and what follows from each reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SkipReason(StrEnum):
    """Why a person passed a region over."""

    CANNOT_BE_LABELLED = "cannot be labelled"
    NO_CLASS_FITS = "no class fits"
    BAD_IMAGE = "bad image"
    NOT_USEFUL = "not useful"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Consequence:
    """What happens to a region that was skipped.

    Attributes
    ----------
    asked_again:
        Whether the region may be proposed again.
    image_leaves_pool:
        Whether no region of its image is proposed any more.
    class_requested:
        Whether it joins the list of places that wait for a new class.
    similar_rank_lower:
        Whether regions that look like it are proposed later.
    sentence:
        The same for people: a tooltip.
    """

    asked_again: bool
    image_leaves_pool: bool
    class_requested: bool
    similar_rank_lower: bool
    sentence: str


CONSEQUENCES: dict[SkipReason, Consequence] = {
    SkipReason.CANNOT_BE_LABELLED: Consequence(
        False, False, False, False, "Blurred, too dark or nothing to be made out: this region is not asked again."
    ),
    SkipReason.NO_CLASS_FITS: Consequence(
        False, False, True, False, "Waits with the class requests until a class is added; not asked until then."
    ),
    SkipReason.BAD_IMAGE: Consequence(
        False, True, False, False, "The whole image leaves the pool: none of its regions is asked again."
    ),
    SkipReason.NOT_USEFUL: Consequence(
        False, False, False, True, "Not asked again, and regions that look like it are proposed later."
    ),
    SkipReason.LATER: Consequence(True, False, False, False, "Nothing is decided: the region may be proposed again."),
}
"""What each reason leads to, in the order in which the reasons are offered."""
