"""While a person's run trains: labels that come in, stops, failures, and whose drafts are shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
import torch
from person_kit import Painted, Settings, answer_query, checks, last_row, opened, proposals

from src_model import events
from src_model.active_learning.check_events import ServingDecided
from src_model.active_learning.person_run import PersonRun
from src_model.data.region import Region
from src_model.events import FitReport, drain
from src_model.segmentation.segmenter import FitTask


def weights_of(run: PersonRun) -> dict[str, torch.Tensor]:
    return run._assembly.segmenter.state_dict()


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


def serving(run: PersonRun) -> ServingDecided:
    return next(event for event in run.fit() if isinstance(event, ServingDecided))


def test_labels_that_come_in_during_a_fit_are_left_to_the_next(
    tmp_path: Path, settings: Settings, painted: Painted
) -> None:
    found = []
    for name, disturbed in (("quiet", False), ("busy", True)):
        with opened(tmp_path / name, settings()) as run:
            answer_query(run, painted)
            run.accept([painted(region) for region in checks(run, 12)])
            for count, _ in enumerate(run.fit()):
                if disturbed and count == 0:
                    waiting = [asked.region for asked in run.queue(99) if not asked.blind]
                    run.accept([painted(region) for region in waiting])
                    run.accept([painted(region) for region in checks(run, 5)])
            found.append((weights_of(run), last_row(tmp_path / name)))
            assert run.status.unseen == (2 if disturbed else 0)
            assert run.status.fit_is_due is disturbed
    (quiet, first), (busy, then) = found
    assert same(quiet, busy)
    assert {key: cell for key, cell in first.items() if not key.endswith("_seconds")} == {
        key: cell for key, cell in then.items() if not key.endswith("_seconds")
    }


def test_a_stopped_fit_leaves_everything_as_it_was(run: PersonRun, tmp_path: Path, painted: Painted) -> None:
    answer_query(run, painted)
    run.accept([painted(region) for region in checks(run, 12)])
    before = weights_of(run)
    done = sum(1 for _ in run.fit())
    after, row = weights_of(run), last_row(tmp_path / "run")
    assert not same(before, after)
    answer_query(run, painted)
    for stop_at in range(done):
        stop = Event()
        for count, _ in enumerate(run.fit(stop.is_set)):
            if count == stop_at:
                stop.set()
        if last_row(tmp_path / "run") != row:
            break  # the step was done before the stop came
        assert same(weights_of(run), after)
        assert run.status.unseen == 2
    assert stop_at > 2, "a fit was never stopped in its middle"


def test_a_failed_fit_leaves_the_weights_as_they_were(run: PersonRun, painted: Painted) -> None:
    answer_query(run, painted)
    before = weights_of(run)
    progress = run.fit()
    next(progress)
    with pytest.raises(MemoryError):
        progress.throw(MemoryError())
    assert same(weights_of(run), before)
    assert run.status.may_fit
    assert not drain(run.fit()).stopped


def test_a_draft_is_the_region_of_its_image_with_how_sure_it_is(run: PersonRun, painted: Painted) -> None:
    answer_query(run, painted)
    drain(run.fit())
    region = proposals(run)[0]
    whole = run.served.image(region.image)
    draft = run.served.region(region)
    assert draft.labels.shape == draft.certainty.shape == region.shape
    assert whole.labels.shape == whole.certainty.shape == (36, 48)
    assert (draft.certainty > 0).all()
    assert (draft.certainty <= 1).all()


def test_a_network_looks_at_a_region_with_its_neighbours_and_not_at_the_whole_image(
    tmp_path: Path, settings: Settings
) -> None:
    tiny = {"segmenter": "fpn", "encoder": "tu-test_efficientnet", "encoder_weights": "none", "mixed_precision": False}
    with opened(tmp_path / "run", settings(segmentation={**tiny, "start_weights": None, "updates": 1})) as run:
        sizes = []
        segmenter = run.served._segmenter
        scan = segmenter.scan

        def spy(images: Sequence[str], *rest: Any, **named: Any) -> Any:
            sizes.append(run.served._images.size(images[0]))
            return scan(images, *rest, **named)

        segmenter.scan = spy  # type: ignore[method-assign]  # A spy.
        image = run.check_candidates[0].image
        corner, inner = Region(image, 0, 0, 12, 12), Region(image, 12, 12, 12, 12)
        assert run.served.region(inner).labels.shape == run.served.region(corner).certainty.shape == (12, 12)
        assert sizes == [(36, 36), (24, 24)]
        assert run.served.image(image).labels.shape == (36, 48)


def test_new_weights_come_in_between_regions_only(run: PersonRun, painted: Painted) -> None:
    first, second = proposals(run)[2:4]
    before = run.served.region(first)
    answer_query(run, painted)
    drain(run.fit())
    assert run.served.region(first).step == before.step == 0
    assert run.served.image(second.image).step == 0
    assert run.served.region(second).step == 1
    assert run.served.region(first).step == 1
    assert not np.array_equal(run.served.region(first).certainty, before.certainty)


def test_weights_that_are_measurably_worse_are_not_served_until_they_are_better(
    run: PersonRun, painted: Painted
) -> None:
    run.accept([painted(region) for region in run.check_candidates])
    learn = run._assembly.segmenter
    for _ in range(3):
        answer_query(run, painted)
        decided = serving(run)
        assert decided.served
    good = decided.step
    start = weights_of(run)
    run.accept([painted(region, turned=True) for region in proposals(run)[:2]])
    fit = learn.fit

    def spoilt(task: FitTask, *rest: object) -> Iterator[events.Event]:
        """Afterwards every class is the same to the network."""
        report: FitReport = yield from fit(task, *rest)  # type: ignore[arg-type]  # Handed on.
        learn.reset()
        return report

    learn.fit = spoilt  # type: ignore[method-assign, assignment]  # A fit that goes wrong.
    decided = serving(run)
    assert not decided.served
    assert "is worse" in decided.text
    assert f"step {good}" in decided.text
    run.served.region(proposals(run)[0])
    assert run.served.step == good
    # Unchanged against the weights before, but still worse than those served.
    answer_query(run, painted)
    assert not serving(run).served
    del learn.fit
    learn.load_state_dict(start)
    answer_query(run, painted)
    decided = serving(run)
    assert decided.served
    run.served.region(proposals(run)[1])
    assert run.served.step == decided.step
