"""The tables of a run: metrics, confusions and queried regions as CSV, caches that the event log can rebuild."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TextIO

from src_model.atomic_file import replacing
from src_model.events import Query
from src_model.exceptions import ProjectError
from src_model.project.records import Cell

_READINGS = (
    "budget",
    "labelled_regions",
    "labelled_pixels",
    "labelled_fraction",
    "mean_iou",
    "weighted_iou",
    "reward",
    "epsilon",
    "q_loss",
)
CONFUSION = "confusion"
"""Column of a row that holds a whole confusion matrix: a row a label, ended by ``;``, pixels a prediction."""

KNOWN_UNTIL = "known_until"
"""Cell with the number of the newest record that a step knew; for who does the run again, not for readers."""

AS = "as_"
"""Before the name of a class in `write_confusions`: pixels predicted as it."""

_SECONDS = ("query_seconds", "fit_seconds", "evaluate_seconds")
_REGION = ("image", "row", "column", "height", "width")


def write_metrics(rows: Sequence[Mapping[str, Cell]], path: Path) -> None:
    """Write a row a step: readings in a fixed order, seconds a phase, IoU a class, then other columns by name.

    ``episode`` comes first if there are several; ``budget`` stands only in tables that have one; None becomes an
    empty cell. IoU columns keep the order in which the rows have them, that of the class schema. Confusion matrices
    are left to `write_confusions`, and `KNOWN_UNTIL` to the log.

    Parameters
    ----------
    rows:
        With ``step``, and ``episode`` where there are several.

    Raises
    ------
    ProjectError
        If the file cannot be written; an older one stays.
    ValueError
        If a value is NaN or infinite.
    """
    columns = _metric_columns(rows)
    _write(path, columns, ([row.get(column) for column in columns] for row in rows))


def write_confusions(rows: Sequence[Mapping[str, Cell]], path: Path) -> None:
    """Write the confusion matrix of every reading: a row a labelled class, a column a predicted one, in pixels.

    Parameters
    ----------
    rows:
        As for `write_metrics`; those without a matrix are left out. The ``iou_`` columns tell the classes.

    Raises
    ------
    ProjectError
        If the file cannot be written; an older one stays.
    """
    read = [row for row in rows if row.get(CONFUSION)]
    names = [column.removeprefix("iou_") for column in (read[0] if read else ()) if column.startswith("iou_")]
    columns = ["episode", "step", "labelled_regions", "label", *(AS + name for name in names)]
    _write(path, columns, (line for row in read for line in _confusion_lines(row, names)))


def write_class_pixels(counts: Mapping[str, Mapping[str, int]], path: Path) -> None:
    """Write how much there is of each class: a row a class, by name, in the columns of ``counts``.

    Raises
    ------
    ProjectError
        If the file cannot be written; an older one stays.
    """
    columns = list(dict.fromkeys(column for own in counts.values() for column in own))
    _write(path, ["class", *columns], ([name, *(own[column] for column in columns)] for name, own in counts.items()))


def write_queried_regions(queries: Sequence[tuple[int, Query]], path: Path) -> None:
    """Write a row a region that was asked: step, image, row, column, height, width, score.

    ``episode`` comes first if there are several.

    Parameters
    ----------
    queries:
        Each with its episode, in order.

    Raises
    ------
    ProjectError
        If the file cannot be written; an older one stays.
    ValueError
        If a score is NaN or infinite.
    """
    several = len({episode for episode, _ in queries}) > 1
    columns = [*(["episode"] if several else []), "step", *_REGION, "score"]
    _write(path, columns, (line[not several :] for episode, query in queries for line in _lines(episode, query)))


def _lines(episode: int, query: Query) -> Iterator[list[Cell]]:
    for region, score in zip(query.regions, query.scores, strict=True):
        yield [episode, query.step, region.image, region.row, region.column, *region.shape, score]


def _confusion_lines(row: Mapping[str, Cell], names: Sequence[str]) -> Iterator[list[Cell]]:
    for name, counts in zip(names, str(row[CONFUSION]).split(";"), strict=True):
        yield [row.get("episode"), row["step"], row.get("labelled_regions"), name, *map(int, counts.split())]


def _metric_columns(rows: Sequence[Mapping[str, Cell]]) -> list[str]:
    present = dict.fromkeys(column for row in rows for column in row)
    several = len({row.get("episode") for row in rows}) > 1
    first = (["episode"] if several else []) + ["step"]
    readings = [column for column in _READINGS if column != "budget" or column in present]
    rest = [
        column for column in present if column not in {"episode", CONFUSION, KNOWN_UNTIL, *first, *readings, *_SECONDS}
    ]
    seconds = sorted(column for column in rest if column.endswith("_seconds"))
    iou = [column for column in rest if column.startswith("iou_")]
    others = sorted(set(rest).difference(seconds, iou))
    return [*first, *readings, *_SECONDS, *seconds, *iou, *others]


class _LineFeeds:
    """Ends lines in a line feed; csv quotes the carriage return in a name only if its own lines end in one."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, line: str) -> int:
        return self._file.write(line.removesuffix("\r\n") + "\n")


def _write(path: Path, columns: Sequence[str], lines: Iterable[Sequence[Cell]]) -> None:
    try:
        # File names that are not Unicode reach us with lone surrogates; the table stays valid UTF-8 all the same.
        with (
            replacing(path) as partial,
            partial.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file,
        ):
            writer = csv.writer(_LineFeeds(file), lineterminator="\r\n")
            writer.writerow(columns)
            writer.writerows(
                [_cell(path, column, cell) for column, cell in zip(columns, line, strict=True)] for line in lines
            )
    except OSError as exc:
        raise ProjectError(
            f"Cannot write {path}: {exc}. Nothing is lost: the table is made again from the event log. Free some "
            "space, close the file in other programs, and run the same command again."
        ) from exc


def _cell(path: Path, column: str, value: Cell) -> Cell:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"Column {column} of {path.name} would hold {value}; write None for what was not measured.")
    return value
