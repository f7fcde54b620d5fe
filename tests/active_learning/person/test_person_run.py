"""A person's run from zero labels: asked, checked, learnt from, measured."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from person_kit import Painted, answer_query, checks, last_row, proposals

from src_model import events
from src_model.active_learning.check_events import CheckRegionsRead
from src_model.active_learning.person_run import PersonRun
from src_model.events import QueryReady, RewardMeasured, drain
from src_model.segmentation.segmenter import FitTask


def events_of(progress: Iterator[events.Event]) -> list[events.Event]:
    return list(progress)


def test_a_run_without_a_mask_begins_asks_and_learns(run: PersonRun, tmp_path: Path, painted: Painted) -> None:
    assert last_row(tmp_path / "run")["mean_iou"] is None
    queries = [event for event in run.propose() if isinstance(event, QueryReady)]
    assert [query.query.step for query in queries] == [1, 2]
    assert run.status.waiting == 4  # twice as many as a query has
    answer_query(run, painted)
    assert run.status.fit_is_due
    seen = events_of(run.fit())
    assert not any(isinstance(event, RewardMeasured) for event in seen)
    row = last_row(tmp_path / "run")
    assert (row["step"], row["labelled_regions"], row["reward"], row["phi"]) == (1, 2, None, None)
    assert (row["mean_iou"], row["iou_sky"], row["check_regions"]) == (None, None, 0)
    run.close()
    with (tmp_path / "run" / "metrics.csv").open(newline="") as file:
        cells = [cell for line in csv.DictReader(file) for cell in line.values()]
    assert not {"nan", "inf", "None"} & set(cells)


def test_held_out_sequences_are_neither_asked_from_nor_learnt(run: PersonRun, painted: Painted) -> None:
    held_out = {region.image for region in run.check_candidates}
    assert held_out
    assert not held_out & {region.image for region in proposals(run)}
    tasks: list[FitTask] = []
    segmenter = run._assembly.segmenter
    fit = segmenter.fit
    segmenter.fit = lambda task, *rest: tasks.append(task) or fit(task, *rest)  # type: ignore[method-assign, func-returns-value]  # A spy.
    answer_query(run, painted)
    run.accept([painted(region) for region in checks(run, 6)])
    drain(run.fit())
    assert not held_out & {region.image for region in tasks[0].regions}
    for image in held_out:
        assert (tasks[0].labels.labels(image) == 255).all()


def test_check_regions_come_in_their_turn_and_are_blind(run: PersonRun, painted: Painted) -> None:
    drain(run.propose())
    assert [asked.blind for asked in run.queue(4)] == [False, False, False, True]
    assert all(run.blind(asked.region) is asked.blind for asked in run.queue(99))
    run.accept([painted(asked.region) for asked in run.queue(4)])
    assert run.status.check_regions == 1
    assert run.status.labelled_regions == 3


def test_enough_check_labels_make_the_gain_measurable(run: PersonRun, tmp_path: Path, painted: Painted) -> None:
    answer_query(run, painted)
    drain(run.fit())
    run.accept([painted(region) for region in checks(run, 12)])
    answer_query(run, painted)
    seen = events_of(run.fit())
    (read,) = [event for event in seen if isinstance(event, CheckRegionsRead)]
    (measured,) = [event for event in seen if isinstance(event, RewardMeasured)]
    row = last_row(tmp_path / "run")
    assert read.change is not None
    assert read.change.mean is not None
    assert (read.measurement.regions, row["check_regions"]) == (12, 12)
    # The weights before were read again: on the regions of the first fit there was nothing to measure.
    assert measured.reward == row["reward"] == pytest.approx(100 * read.change.mean.value)
    assert row["mean_iou_low"] <= row["mean_iou"] <= row["mean_iou_high"]  # type: ignore[operator]  # Numbers.


def test_a_gain_is_measured_on_identical_check_regions(run: PersonRun, painted: Painted) -> None:
    """Labels that are added or corrected between two fits make the earlier weights be read again."""
    rewarded = []
    for turned in (False, True):
        run.accept([painted(region, turned) for region in run.check_candidates[:12]])
        run.accept([painted(region, turned) for region in checks(run, 12)])
        answer_query(run, painted)
        seen = events_of(run.fit())
        change = next(event.change for event in seen if isinstance(event, CheckRegionsRead))
        reward = next(event.reward for event in seen if isinstance(event, RewardMeasured))
        assert change is not None
        assert change.mean is not None
        assert reward == pytest.approx(100 * change.mean.value)
        rewarded.append(change.regions)
    assert rewarded[1] > rewarded[0]
