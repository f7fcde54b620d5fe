"""CSV tables: rows of text as a project has written them, and how damage is named."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from src_model.exceptions import DataError

Cells = dict[str, str]
"""One row, by column."""


def read_rows(path: Path, needed: Iterable[str]) -> list[Cells]:
    """Rows of a table, none if it has not been written.

    Raises
    ------
    DataError
        If it cannot be read, or lacks a column of ``needed``.
    """
    if not path.is_file():
        return []
    try:
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            reader = csv.DictReader(file)
            rows = [{name: cell or "" for name, cell in row.items() if isinstance(name, str)} for row in reader]
    except (OSError, csv.Error) as exc:
        raise damaged(path, str(exc)) from exc
    missing = [name for name in needed if name not in (reader.fieldnames or ())]
    if missing:
        raise damaged(path, f"it lacks the columns {', '.join(missing)}")
    return rows


def whole_numbers(path: Path, row: Mapping[str, str], columns: Iterable[str]) -> list[int]:
    """The cells of these columns, in their order.

    Raises
    ------
    DataError
        If one is no whole number.
    """
    try:
        return [int(row[column]) for column in columns]
    except ValueError as exc:
        raise damaged(path, str(exc)) from exc


def damaged(path: Path, fault: str) -> DataError:
    """Make the error for a table that is not as it was written."""
    return DataError(
        f"{path} is damaged: {fault}. Delete it and run the same command again: it is made anew from the event log."
    )
