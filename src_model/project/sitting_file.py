"""The sitting file: what a person has set and spent in a project, kept beside the log for the next time."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from src_model.atomic_file import replacing
from src_model.exceptions import ProjectError

SITTING = "sitting.json"
"""Name of the file in a project folder."""


@dataclass(frozen=True, slots=True)
class SittingRecord:
    """What is kept.

    Attributes
    ----------
    seconds:
        Spent on labelling, in all sittings.
    starred, locked:
        Ids of classes (not their places) that must be good, and that are protected.
    minutes:
        Spent when the fit of each step was read.
    """

    seconds: float = 0.0
    starred: tuple[int, ...] = ()
    locked: tuple[int, ...] = ()
    minutes: Mapping[int, float] = field(default_factory=dict)


def keep_sitting(folder: Path, record: SittingRecord) -> None:
    """Replace what is kept, whole or not at all.

    Raises
    ------
    ProjectError
        If the disk is full or refuses; what was kept before is still there.
    """
    path = folder / SITTING
    body = {
        "seconds": record.seconds,
        "starred": list(record.starred),
        "locked": list(record.locked),
        "minutes": {str(step): minutes for step, minutes in record.minutes.items()},
    }
    try:
        with replacing(path) as partial:
            partial.write_text(json.dumps(body), encoding="utf-8")
    except OSError as exc:
        raise ProjectError(
            f"Minutes, stars and locks cannot be kept in {path}: {exc}. Free some space; accepted regions are safe."
        ) from exc


def kept_sitting(folder: Path) -> tuple[SittingRecord | None, str]:
    """What is kept, None of a new project, and a sentence for the person where it was damaged."""
    path = folder / SITTING
    if not path.is_file():
        return None, ""
    try:
        return _record(json.loads(path.read_text(encoding="utf-8"))), ""
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        notice = f"{path.name} is damaged ({exc}): minutes, stars and locks begin anew. All labels are there."
        return None, notice


def _record(body: Mapping[str, Any]) -> SittingRecord:
    starred, locked = (tuple(int(own) for own in body[name]) for name in ("starred", "locked"))
    minutes = {int(step): _duration(value) for step, value in body["minutes"].items()}
    return SittingRecord(_duration(body["seconds"]), starred, locked, minutes)


def _duration(value: Any) -> float:
    duration = float(value)
    if not (math.isfinite(duration) and duration >= 0):
        raise ValueError(f"{value} is no duration")
    return duration
