"""Records: how queries, annotations and readings are written into the event log and read back."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Mapping
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from src_model.data.annotation import Annotation, Source
from src_model.data.answers import Answer, Checked, Recorded, Skipped, TakenBack
from src_model.data.doubt import Doubt
from src_model.data.grounds import grounds_from_json, grounds_to_json
from src_model.data.region import Region
from src_model.events import Query
from src_model.exceptions import AnnotationError
from src_model.project.event_log import Entry, Kind, Record
from src_model.project.log_faults import damaged_record

Cell = float | int | str | None
"""A value of a table; None is an empty cell."""

Row = dict[str, Cell]
"""One line of a table, by column."""

_DOUBTS = 1
"""Version of how doubts are written beside an annotation; versions before knew none and leave them out."""
_PERSON, _CORRECTIONS = "person", "corrections"
"""Beside an answer; logs of earlier versions do not hold them, and those versions pass them over."""


def query_entry(episode: int, query: Query, asked: Source = Source.ORACLE) -> Entry:
    """What was asked. Regions are lists: image, row, column, height, width. What a person was asked is permanent.

    Raises
    ------
    ValueError
        If a score is NaN or infinite.
    """
    if not all(map(math.isfinite, query.scores)):
        raise ValueError(f"Query of step {query.step} has scores that are not finite: {query.scores}.")
    regions, scores = [astuple(region) for region in query.regions], list(map(float, query.scores))
    body: dict[str, Any] = {"regions": regions, "scores": scores}
    if query.grounds is not None:
        body["grounds"] = grounds_to_json(query.grounds)
    return Entry(Kind.QUERY, episode, query.step, body, permanent=asked is Source.HUMAN)


def query_of(path: Path, record: Record) -> Query:
    """Reverse of `query_entry`; ``path`` is named if the record is damaged.

    Raises
    ------
    ProjectError
        If the record is damaged.
    """
    body = record.entry.body
    try:
        regions = tuple(Region(*region) for region in body["regions"])
        grounds = grounds_from_json(body["grounds"]) if "grounds" in body else None
        return Query(record.entry.step, regions, tuple(body["scores"]), grounds)
    except (KeyError, TypeError, ValueError) as exc:
        raise damaged_record(path, record.seq) from exc


def annotation_entry(episode: int, step: int, annotation: Annotation) -> Entry:
    """What was answered, with what somebody was unsure of; a person's answer is permanent."""
    body: dict[str, Any] = {"region": astuple(annotation.region), "source": str(annotation.source)}
    if annotation.doubts:
        body["unsure"] = {"version": _DOUBTS, "doubts": [doubt.to_json() for doubt in annotation.doubts]}
    if annotation.corrections is not None:
        body[_CORRECTIONS] = annotation.corrections
    permanent = annotation.source is Source.HUMAN
    return Entry(Kind.ANNOTATION, episode, step, body, annotation.png, permanent)


def annotation_of(path: Path, record: Record) -> Annotation:
    """Reverse of `annotation_entry`; ``path`` is named if the record is damaged.

    Raises
    ------
    ProjectError
        If the record is damaged.
    """
    body, png = record.entry.body, record.entry.blob
    if png is None:
        raise damaged_record(path, record.seq)
    try:
        doubts = tuple(map(Doubt.from_json, body.get("unsure", {"doubts": ()})["doubts"]))
        strokes = None if body.get(_CORRECTIONS) is None else int(body[_CORRECTIONS])
        return Annotation(Region(*body["region"]), png, Source(body["source"]), doubts, strokes)
    except (KeyError, TypeError, ValueError, AnnotationError) as exc:
        raise damaged_record(path, record.seq) from exc


def answer_entry(episode: int, step: int, answer: Answer, person: str = "") -> Entry:
    """What a person said to a region, and who that was; all but labels of an oracle are permanent."""
    entry = _answer_entry(episode, step, answer)
    return replace(entry, body=entry.body | {_PERSON: person}) if person and entry.permanent else entry


def _answer_entry(episode: int, step: int, answer: Answer) -> Entry:
    match answer:
        case Annotation():
            return annotation_entry(episode, step, answer)
        case Checked(annotation):
            return replace(annotation_entry(episode, step, annotation), kind=Kind.CHECK, permanent=True)
        case Skipped(region, reason):
            body = {"region": astuple(region), "reason": reason}
            return Entry(Kind.SKIP, episode, step, body, permanent=True)
        case TakenBack(region):
            return Entry(Kind.TAKEN_BACK, episode, step, {"region": astuple(region)}, permanent=True)


def answer_of(path: Path, record: Record) -> Recorded:
    """Reverse of `answer_entry`; ``path`` is named if the record is damaged.

    Raises
    ------
    ProjectError
        If the record is damaged.
    """
    person = str(record.entry.body.get(_PERSON, ""))
    return Recorded(record.seq, record.entry.step, _answer(path, record), record.time, person)


def _answer(path: Path, record: Record) -> Answer:
    kind, body = record.entry.kind, record.entry.body
    if kind is Kind.ANNOTATION:
        return annotation_of(path, record)
    if kind is Kind.CHECK:
        return Checked(annotation_of(path, record))
    try:
        region = Region(*body["region"])
        return Skipped(region, str(body["reason"])) if kind is Kind.SKIP else TakenBack(region)
    except (KeyError, TypeError) as exc:
        raise damaged_record(path, record.seq) from exc


def draw_entry(episode: int, arrays: Mapping[str, npt.NDArray[np.generic]], note: str) -> Entry:
    """The order in which check regions are asked, as arrays; permanent, since measurements rest on it."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **dict(arrays))
    return Entry(Kind.CHECK_DRAW, episode, 0, {"note": note}, buffer.getvalue(), permanent=True)


def draw_of(path: Path, record: Record) -> tuple[dict[str, npt.NDArray[np.generic]], str]:
    """Reverse of `draw_entry`: arrays and note; ``path`` is named if the record is damaged.

    Raises
    ------
    ProjectError
        If the record is damaged.
    """
    try:
        with np.load(io.BytesIO(record.entry.blob or b""), allow_pickle=False) as arrays:
            return dict(arrays), str(record.entry.body["note"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as exc:
        raise damaged_record(path, record.seq) from exc


def row_entry(kind: Kind, episode: int, step: int, row: Mapping[str, Cell]) -> Entry:
    """What was measured; NumPy scalars become plain numbers.

    Raises
    ------
    ValueError
        If a value is NaN or infinite: what was not measured is None.
    """
    return Entry(kind, episode, step, {column: _plain(column, value) for column, value in row.items()})


def row_of(record: Record) -> Row:
    """Reverse of `row_entry`, with ``episode`` and ``step`` first."""
    entry = record.entry
    return {"episode": entry.episode, "step": entry.step} | {
        column: value for column, value in entry.body.items() if column not in ("episode", "step")
    }


def _plain(column: str, value: Any) -> Cell:
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, float) and not math.isfinite(plain):
        raise ValueError(f"Column {column} is {plain}; write None for what was not measured.")
    if not isinstance(plain, (float, int, str, type(None))):
        raise ValueError(f"Column {column} holds {type(value).__name__}; a cell is a number, a text or None.")
    return plain
