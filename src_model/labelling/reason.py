"""Reasons: one plain sentence why a region is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from src_model.data.grounds import Ground, Grounds

FloatArray = npt.NDArray[np.floating]

_SMOOTHING = 0.01
"""Of a region of each class, as in label balance: what is missing altogether comes first."""
_WORTH_NAMING = 0.02
"""Share of a region under which a prediction is more likely noise than an object."""
_MOST_NAMED = 2
_LITTLE = 3.0
"""Regions' worth of labels under which a class counts as known too little to be right about."""
_UNSURE, _SURE = 0.75, 0.25
_UNDECIDED = 0.95
"""Mean p₂/p₁ from which on the model names a class, but does not mean it."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a region is asked for.

    Attributes
    ----------
    classes:
        Indices of the classes it is expected to bring that are most wanted, the most wanted first; at most two.
    sentence:
        The same for people.
    """

    classes: tuple[int, ...]
    sentence: str


def reason_for(
    predicted: FloatArray, labelled: FloatArray, names: Sequence[str], doubt: float, at_random: bool = False
) -> Reason:
    """Say why a region is worth labelling, from what the model expects in it and what has been labelled so far.

    Parameters
    ----------
    predicted:
        (C,) mean softmax of the region.
    labelled:
        (C,) labels so far in regions' worth of pixels.
    names:
        C class names.
    doubt:
        Place of its margin among the candidates of the step, 0: the surest … 1: the least sure.
    at_random:
        It was drawn, not chosen.
    """
    if at_random:
        return Reason((), "Drawn at random, to look where the model would not.")
    if labelled.sum() <= 0:
        return Reason((), f"Nothing is labelled yet: what this place shows is new.{_doubt(doubt)}")
    wanted = np.log1p(predicted / (labelled + _SMOOTHING)) * (predicted >= _WORTH_NAMING)
    order = np.argsort(-wanted, kind="stable")[:_MOST_NAMED]
    best = wanted[order[0]] if len(order) else 0.0
    classes = tuple(int(index) for index in order if wanted[index] > 0 and wanted[index] >= best / 2)
    if not classes:
        return Reason((), f"The model finds nothing here that it knows.{_doubt(doubt)}")
    listed = " and ".join(names[index] for index in classes)
    if labelled[classes[0]] <= 0:
        known = "not labelled anywhere yet"
    elif labelled[classes[0]] < _LITTLE:
        known = f"of which {_amount(labelled[list(classes)])} labelled so far"
    else:
        known = "more of what makes the labels even"
    return Reason(classes, f"Probably {listed}, {known}.{_doubt(doubt)}")


def reason_on(grounds: Grounds, ground: Ground, names: Sequence[str]) -> Reason:
    """The same from what the rule knew when it chose, with its rank among the candidates.

    Parameters
    ----------
    ground:
        One of ``grounds.regions``.
    names:
        C class names.
    """
    if not ground.shares or ground.doubt is None or grounds.at_random:
        return reason_for(np.zeros(len(names)), np.zeros(len(names)), names, 0.5, at_random=True)
    rank = f"rank {ground.rank} of {grounds.candidates}"
    if ground.margin is not None and ground.margin >= _UNDECIDED:
        return Reason((), f"The model cannot tell yet what is here ({rank}).")
    reason = reason_for(np.array(ground.shares), np.array(grounds.labelled), names, ground.doubt)
    return Reason(reason.classes, f"{reason.sentence.removesuffix('.')} ({rank}).")


def _amount(regions: FloatArray) -> str:
    total = float(regions.sum())
    return "less than one region's worth is" if total < 1 else f"{total:.1f} regions' worth are"


def _doubt(place: float) -> str:
    if place >= _UNSURE:
        return " The model is unsure here."
    if place <= _SURE:
        return " The model believes it knows this place."
    return ""
