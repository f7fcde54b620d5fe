"""Pace: how many regions are asked at a time by a person who labels faster, or slower, than the machine learns."""

from __future__ import annotations

MOST_GROWTH = 4
"""Times the K of the settings: beyond, what is asked rests on a model that knows too little of it."""


def query_size(configured: int, current: int, during_fit: int) -> int:
    """K from now on: what is labelled while the machine learns should be one query.

    Parameters
    ----------
    configured:
        K of the settings, the least.
    current:
        K so far.
    during_fit:
        Regions answered while the last fit went on.
    """
    if during_fit > current:
        return min(MOST_GROWTH * configured, during_fit)
    if 2 * during_fit < current:
        return max(configured, during_fit)
    return current


def kept_query_size(configured: int, kept: int) -> int:
    """K that an earlier sitting reached, within the bounds of today's settings."""
    return min(MOST_GROWTH * configured, max(configured, kept))


def pace_text(before: int, now: int, during_fit: int) -> str:
    """One sentence on why K changed."""
    if now > before:
        return (
            f"The model learns for as long as you label {during_fit} regions: from now on {now} are asked at a time, "
            f"not {before}."
        )
    return f"The model keeps up again: from now on {now} regions are asked at a time, not {before}."
