"""History: what happened in a person's project, in order, so that it can be told or done again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from src_model.data.answers import Answer
from src_model.events import Query
from src_model.exceptions import ProjectError
from src_model.project.event_log import Kind, Record
from src_model.project.folder import LOG
from src_model.project.records import Row, answer_of, draw_of, query_of, row_of
from src_model.project.tables import KNOWN_UNTIL
from src_model.project.view import ProjectView

_ANSWERS = (Kind.ANNOTATION, Kind.CHECK, Kind.SKIP, Kind.TAKEN_BACK)


@dataclass(frozen=True, slots=True, eq=False)
class OrderOfChecks:
    """From here on check regions were asked in this order: the arrays of a `CheckDraw`."""

    arrays: Mapping[str, npt.NDArray[np.generic]]


@dataclass(frozen=True, slots=True, eq=False)
class StepMeasured:
    """A step was made, from what the project held up to the record ``known_until``."""

    known_until: int
    row: Row


@dataclass(frozen=True, slots=True)
class Serving:
    """The weights of a step made the drafts from then on, or did not; ``text`` says why."""

    step: int
    served: bool
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Happened:
    """Something that happened, and when.

    Attributes
    ----------
    seq:
        Rises from record to record.
    time:
        UTC.
    """

    seq: int
    time: datetime
    what: Query | Answer | OrderOfChecks | StepMeasured | Serving


def history(view: ProjectView) -> list[Happened]:
    """Everything that was asked, said and measured, in the order in which it reached the log.

    Raises
    ------
    ProjectError
        If nobody labels in this project, it is damaged, or it comes from a version that did not write down what a step
        knew.
    """
    if not view.check_draws():
        raise ProjectError(
            f"Nobody has labelled in {view.folder}: it is no session of a person. Give the folder of a project that "
            "was made with `napari-ralis label`."
        )
    return [
        Happened(record.seq, datetime.fromisoformat(record.time), _what(view, record))
        for record in view.records((Kind.QUERY, *_ANSWERS, Kind.CHECK_DRAW, Kind.STEP, Kind.SERVED))
    ]


def _what(view: ProjectView, record: Record) -> Query | Answer | OrderOfChecks | StepMeasured | Serving:
    path, kind = view.folder / LOG, record.entry.kind
    if kind is Kind.QUERY:
        return query_of(path, record)
    if kind is Kind.CHECK_DRAW:
        return OrderOfChecks(draw_of(path, record)[0])
    if kind is Kind.SERVED:
        body = record.entry.body
        return Serving(record.entry.step, bool(body["served"]), str(body["text"]))
    if kind is not Kind.STEP:
        return answer_of(path, record).answer
    row = row_of(record)
    known = row.get(KNOWN_UNTIL)
    if not isinstance(known, int):
        raise ProjectError(
            f"{view.folder} was labelled with a version that did not write down what each training knew, so it cannot "
            "be done again. Open it in napari and go on labelling; its metrics are in metrics.csv."
        )
    return StepMeasured(known, row)
