"""Skip consequences: what follows from a reason as the log holds it, a text."""

from __future__ import annotations

from src_model.labelling.skipping import CONSEQUENCES, Consequence, SkipReason


def consequence_of(reason: str) -> Consequence:
    """What follows from this reason; from one that only a newer version knows: the region is not asked again."""
    known = reason if reason in list(SkipReason) else SkipReason.CANNOT_BE_LABELLED
    return CONSEQUENCES[SkipReason(known)]
