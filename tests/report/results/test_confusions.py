"""Confusions: rows are labels, and every run counts the same."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from src_model.exceptions import DataError
from src_model.report.results.confusions import confusion_counts, mean_confusion
from src_model.report.results.run_tables import read_run

WriteRun = Callable[..., Path]


def test_a_confusion_is_read_at_its_budget(write_run: WriteRun) -> None:
    run = read_run(write_run(recorded=True))
    found = confusion_counts(run, 4.0)
    assert found is not None
    assert found[0] == ("sky", "pole")
    assert found[1].tolist() == [[81, 9], [5, 5]]
    assert confusion_counts(run, 3.0) is None


def test_rows_are_shares_and_runs_count_the_same_whatever_their_pixels(write_run: WriteRun) -> None:
    folders = [write_run(seed=seed, recorded=True) for seed in (0, 1)]
    table = folders[1] / "confusion.csv"
    table.write_text(table.read_text().replace(",81,9", ",10,30"))
    mean = mean_confusion([read_run(folder) for folder in folders], 4.0)
    assert mean is not None
    assert mean.shares == pytest.approx(np.array([[(0.9 + 0.25) / 2, (0.1 + 0.75) / 2], [0.5, 0.5]]))
    assert mean.runs == 2


def test_a_class_without_pixels_has_an_empty_row_and_no_nan(write_run: WriteRun) -> None:
    folder = write_run(recorded=True)
    (folder / "confusion.csv").write_text((folder / "confusion.csv").read_text().replace(",5,5", ",0,0"))
    mean = mean_confusion([read_run(folder)], 4.0)
    assert mean is not None
    assert mean.shares == pytest.approx(np.array([[0.9, 0.1], [0, 0]]))


def test_runs_that_recorded_none_are_left_out_of_the_mean(write_run: WriteRun) -> None:
    old, new = read_run(write_run(seed=0)), read_run(write_run(seed=1, recorded=True))
    mean = mean_confusion([old, new], 4.0)
    assert mean is not None
    assert mean.runs == 1
    assert mean_confusion([old], 4.0) is None


def test_steps_that_were_not_read_have_none(write_run: WriteRun) -> None:
    assert mean_confusion([read_run(write_run(curve=(0.2, None), recorded=True))], 4.0) is None


@pytest.mark.parametrize(("old", "new"), [(",81,9", ",many,9"), ("as_pole", "as_lamp")])
def test_a_damaged_table_is_named(write_run: WriteRun, old: str, new: str) -> None:
    folder = write_run(recorded=True)
    (folder / "confusion.csv").write_text((folder / "confusion.csv").read_text().replace(old, new))
    with pytest.raises(DataError, match=r"confusion\.csv is damaged"):
        mean_confusion([read_run(folder)], 4.0)
