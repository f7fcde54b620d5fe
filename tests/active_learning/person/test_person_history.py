"""What a person's run keeps for the next time, serves together, and asks for at their pace."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from src_model.active_learning.check_events import CheckRegionsRead
from src_model.active_learning.person_run import PersonRun
from src_model.config import RunConfig
from src_model.data.annotation import Annotation
from src_model.events import Notice, drain

Settings = Callable[..., RunConfig]
Painted = Callable[..., Annotation]


def opened(folder: Path, config: RunConfig | None = None) -> PersonRun:
    run = PersonRun.open(folder, config)
    drain(run.start())
    return run


@pytest.fixture
def run(tmp_path: Path, settings: Settings) -> Iterator[PersonRun]:
    with opened(tmp_path / "run", settings()) as started:
        yield started


def answer_query(run: PersonRun, painted: Painted) -> None:
    drain(run.propose())
    query = run.queries[0]
    run.accept([painted(region) for region in query.regions])


def test_measurements_losses_and_grounds_are_there_after_reopening(
    run: PersonRun, tmp_path: Path, painted: Painted
) -> None:
    run.accept([painted(region) for region in run.check_candidates[:12]])
    told = []
    for _ in range(2):
        answer_query(run, painted)
        told += [event for event in run.fit() if isinstance(event, CheckRegionsRead)]
    drain(run.propose())
    measured, losses, queries = run.history.measured, run.history.losses, run.queries
    assert [own.step for own in measured] == [step for step, _ in losses] == [1, 2]
    assert [own.regions for own in measured] == [14, 16]
    assert all(query.grounds is not None for query in queries)
    run.close()
    with opened(tmp_path / "run") as again:
        assert again.queries == queries
        assert again.history.losses == losses
        for kept, event in zip(again.history.measured, told, strict=True):
            assert kept.measurement.iou == event.measurement.iou
            assert kept.change == event.change
            np.testing.assert_allclose(kept.measurement.confusion, event.measurement.confusion, atol=0.05)


def test_without_check_regions_nothing_is_kept_as_measured_but_zero_of_them(run: PersonRun, painted: Painted) -> None:
    answer_query(run, painted)
    drain(run.fit())
    assert [own.measurement.mean for own in run.history.measured] == [None]


def test_regions_of_an_image_are_served_together_and_queries_are_not_mixed(
    tmp_path: Path, settings: Settings, painted: Painted
) -> None:
    acquisition = {"name": "random", "regions_per_query": 6, "pool_size": 1, "regions_per_image": 1}
    with opened(tmp_path / "many", settings(acquisition=acquisition)) as run:
        drain(run.propose())
        served = [asked.region for asked in run.queue(99) if not asked.blind]
        queries = [query.regions for query in run.queries]
        assert [set(served[:6]), set(served[6:])] == [set(own) for own in queries]
        for own in (served[:6], served[6:]):
            images = [region.image for region in own]
            turns = sum(one != other for one, other in pairwise(images))
            assert turns == len(set(images)) - 1
        assert served[:6] != list(queries[0]), "the order of the query itself would pass by chance"
        run.accept([painted(served[0])])
        assert [asked.region for asked in run.queue(99) if not asked.blind] == served[1:]


def test_who_labels_more_than_a_query_while_the_model_learns_is_asked_more_at_a_time(
    run: PersonRun, painted: Painted
) -> None:
    answer_query(run, painted)
    fit, said = run.fit(), []
    said.append(next(fit))
    drain_first = [asked.region for asked in run.queue(99)][:3]
    run.accept([painted(region) for region in drain_first])
    said += list(fit)
    assert run.regions_per_query == 3
    (notice,) = [event.text for event in said if isinstance(event, Notice)]
    assert "label 3 regions" in notice
    drain(run.propose())
    assert len(run.queries[-1].regions) == 3
    answer_query(run, painted)
    drain(run.fit())
    assert run.regions_per_query == 2, "a fit during which nothing was labelled"
