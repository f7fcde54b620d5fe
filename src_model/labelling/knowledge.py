"""Knowledge: one sentence about what a young model knows, while nothing of it can be measured yet."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_KNOWN = 0.5
"""Part of the labels of a class that the model finds again, from which on the class counts as known."""
_MOST_NAMED = 6


def knowledge_text(confusion: npt.NDArray[np.int64], names: Sequence[str], shown_left: int) -> str:
    """What the model finds again of what it was taught, what it does not, what it was never shown, and what is next.

    These are its own lessons, so that nothing is said of how good it is.

    Parameters
    ----------
    confusion:
        (C, C) pixels by label and prediction, on the labels that were learnt from.
    names:
        C class names.
    shown_left:
        Regions of places that somebody showed and that are still to be labelled.
    """
    labelled = confusion.sum(axis=1)
    found = np.diagonal(confusion) / np.maximum(labelled, 1)
    known = [name for name, own in zip(names, found, strict=True) if own >= _KNOWN]
    taught = [name for name, own, seen in zip(names, found, labelled, strict=True) if seen and own < _KNOWN]
    missing = [name for name, seen in zip(names, labelled, strict=True) if not seen]
    parts = [f"Knows {_listed(known)}" if known else "Knows nothing well yet"]
    parts += [f"not yet {_listed(taught)}"] if taught else []
    parts += [f"nothing of {_listed(missing)}"] if missing else []
    return f"{'; '.join(parts)}. {_next(shown_left)}"


def _next(shown_left: int) -> str:
    if shown_left:
        places = "one more place" if shown_left == 1 else f"{shown_left} more places"
        return f"Next: {places} that you showed."
    return "Next: places it chooses; every fourth region measures it."


def _listed(names: Sequence[str]) -> str:
    if len(names) > _MOST_NAMED:
        return f"{', '.join(names[: _MOST_NAMED - 1])} and {len(names) - _MOST_NAMED + 1} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
