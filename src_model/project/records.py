"""Records: how queries, annotations and readings are written into the event log and read back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np

from src_model.data.annotation import Annotation, Source
from src_model.data.region import Region
from src_model.events import Query
from src_model.project.event_log import Entry, Kind, Record
from src_model.project.log_faults import damaged_record

Cell = float | int | str | None
"""A value of a table; None is an empty cell."""

Row = dict[str, Cell]
"""One line of a table, by column."""


def query_entry(episode: int, query: Query) -> Entry:
    """What was asked. Regions are lists: image, row, column, height, width.

    Raises
    ------
    ValueError
        If a score is NaN or infinite.
    """
    if not all(map(math.isfinite, query.scores)):
        raise ValueError(f"Query of step {query.step} has scores that are not finite: {query.scores}.")
    body = {"regions": [astuple(region) for region in query.regions], "scores": list(map(float, query.scores))}
    return Entry(Kind.QUERY, episode, query.step, body)


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
        return Query(record.entry.step, regions, tuple(body["scores"]))
    except (KeyError, TypeError) as exc:
        raise damaged_record(path, record.seq) from exc


def annotation_entry(episode: int, step: int, annotation: Annotation) -> Entry:
    """What was answered; a person's answer is permanent."""
    body = {"region": astuple(annotation.region), "source": str(annotation.source)}
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
        return Annotation(Region(*body["region"]), png, Source(body["source"]))
    except (KeyError, TypeError, ValueError) as exc:
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
