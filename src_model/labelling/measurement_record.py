"""Measurement records: what check regions said after each fit, as it is kept in a project and read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np

from src_model.labelling.intervals import Interval
from src_model.labelling.measurement import Change, Measurement


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredFit:
    """A fit and what was read of it.

    Attributes
    ----------
    step:
        Of the fit.
    regions:
        Labelled when it was read, check regions included.
    measurement:
        Of its weights.
    change:
        Against the weights before; None without a reading of them.
    served:
        Whether its weights came to make the drafts.
    """

    step: int
    regions: int
    measurement: Measurement
    change: Change | None
    served: bool


def measured_to_json(fit: MeasuredFit) -> dict[str, Any]:
    """Plain numbers, lists and dictionaries, without the step."""
    read, change = fit.measurement, fit.change
    return {
        "labelled": fit.regions,
        "served": fit.served,
        "check_regions": read.regions,
        "confusion": read.confusion.round(1).tolist(),
        "support": read.support.tolist(),
        "iou": _listed(read.iou),
        "mean": _listed([read.mean])[0],
        "change": None
        if change is None
        else {"regions": change.regions, "iou": _listed(change.iou), "mean": _listed([change.mean])[0]},
    }


def measured_from_json(step: int, body: Mapping[str, Any]) -> MeasuredFit:
    """Reverse of `measured_to_json`.

    Raises
    ------
    KeyError, TypeError, ValueError
        If it is damaged.
    """
    measurement = Measurement(
        confusion=np.asarray(body["confusion"], dtype=np.float64),
        regions=int(body["check_regions"]),
        support=np.asarray(body["support"], dtype=np.int64),
        iou=_intervals(body["iou"]),
        mean=_intervals([body["mean"]])[0],
    )
    change, own = None, body["change"]
    if own is not None:
        change = Change(int(own["regions"]), _intervals(own["iou"]), _intervals([own["mean"]])[0])
    return MeasuredFit(step, int(body["labelled"]), measurement, change, bool(body["served"]))


def _listed(intervals: Sequence[Interval | None]) -> list[list[float] | None]:
    return [None if own is None else [float(value) for value in astuple(own)] for own in intervals]


def _intervals(listed: Sequence[Sequence[float] | None]) -> tuple[Interval | None, ...]:
    return tuple(None if own is None else Interval(*own) for own in listed)
