"""Answers: what a person says to a region: labels, labels to check with, a reason to pass it over, or nothing again."""

from __future__ import annotations

from dataclasses import dataclass

from src_model.data.annotation import Annotation
from src_model.data.region import Region


@dataclass(frozen=True, slots=True)
class Checked:
    """Labels of a check region: models are measured with them and never learn from them."""

    annotation: Annotation


@dataclass(frozen=True, slots=True)
class Skipped:
    """A region was passed over.

    Attributes
    ----------
    reason:
        A value of `labelling.skipping.SkipReason`, which says what follows.
    """

    region: Region
    reason: str


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What was said to this region counts no more: it is as if nobody had answered."""

    region: Region


Answer = Annotation | Checked | Skipped | TakenBack


@dataclass(frozen=True, slots=True)
class Recorded:
    """An answer in the log.

    Attributes
    ----------
    seq:
        Rises from record to record.
    step:
        Of the query it belongs to.
    time:
        When it was said: UTC in ISO format, "" if that is not known.
    person:
        Who said it, "" if that is not known.
    """

    seq: int
    step: int
    answer: Answer
    time: str = ""
    person: str = ""


def region_of(answer: Answer) -> Region:
    """The region that was answered."""
    return answer.annotation.region if isinstance(answer, Checked) else answer.region


def labels_of(answer: Answer) -> Annotation | None:
    """The labels that were given, to learn from or to check with; None if it was something else."""
    if isinstance(answer, Checked):
        return answer.annotation
    return answer if isinstance(answer, Annotation) else None
