"""Confusions: which class a line takes for which, mean over its seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from src_model.project.folder import CONFUSION
from src_model.project.tables import AS
from src_model.report.results.csv_tables import damaged, read_rows, whole_numbers
from src_model.report.results.run_tables import Run
from src_model.report.results.statistics import Values


@dataclass(frozen=True, eq=False)
class Confusion:
    """Shares of the labelled pixels of each class by prediction.

    Attributes
    ----------
    classes:
        C names.
    shares:
        (C, C) in 0..1, mean over runs; rows are labels and sum to 1, columns are predictions. Of a class without pixels
        the row is 0.
    runs:
        How many runs it is the mean of.
    """

    classes: tuple[str, ...]
    shares: Values
    runs: int


def mean_confusion(runs: Sequence[Run], budget: float) -> Confusion | None:
    """Mean of the row-normalised confusions at exactly this budget, over the runs that recorded one; None if none did.

    Raises
    ------
    DataError
        If a table is damaged.
    """
    found = [counts for run in runs if (counts := confusion_counts(run, budget)) is not None]
    if not found:
        return None
    classes = found[0][0]
    shares = [_row_shares(counts) for own, counts in found if own == classes]
    return Confusion(classes, np.mean(shares, axis=0), len(shares))


def confusion_counts(run: Run, budget: float) -> tuple[tuple[str, ...], Values] | None:
    """Class names and (C, C) pixels, rows are labels; the last reading at this budget, None if it was not recorded.

    Raises
    ------
    DataError
        If the table is damaged.
    """
    path = run.folder / CONFUSION
    rows = read_rows(path, ("step", "labelled_regions", "label"))
    readings = [list(own) for _, own in groupby(rows, key=lambda row: row["step"])]
    there = [own for own in readings if whole_numbers(path, own[0], ["labelled_regions"]) == [budget]]
    if not there:
        return None
    classes = tuple(row["label"] for row in there[-1])
    columns = [AS + name for name in classes]
    if not set(columns) <= there[-1][0].keys():
        raise damaged(path, "its rows and columns are not the same classes")
    return classes, np.array([whole_numbers(path, row, columns) for row in there[-1]], dtype=np.float64)


def _row_shares(counts: Values) -> Values:
    support = counts.sum(axis=1, keepdims=True)
    shares: Values = np.divide(counts, support, out=np.zeros_like(counts), where=support > 0)
    return shares
