"""A person's run: from zero labels, with check regions, skips, undone answers, a kill's worth of reopening, serving."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event

import numpy as np
import pytest
import torch

from src_model import events
from src_model.active_learning.answering import Answering
from src_model.active_learning.check_events import CheckRegionsRead, ServingDecided
from src_model.active_learning.person_run import PersonRun
from src_model.config import RunConfig
from src_model.data.annotation import Annotation
from src_model.data.region import Region
from src_model.events import FitReport, QueryReady, RewardMeasured, drain
from src_model.exceptions import AnnotationError, ProjectError, RalisError
from src_model.labelling.skipping import SkipReason
from src_model.project.project import Project
from src_model.project.view import ProjectView
from src_model.segmentation.segmenter import FitTask

Settings = Callable[..., RunConfig]
Painted = Callable[..., Annotation]


def opened(folder: Path, config: RunConfig | None = None) -> PersonRun:
    run = PersonRun.open(folder, config)
    drain(run.start())
    return run


def events_of(progress: Iterator[events.Event]) -> list[events.Event]:
    return list(progress)


def proposals(run: PersonRun) -> tuple[Region, ...]:
    drain(run.propose())
    return tuple(asked.region for asked in run.queue(99) if not asked.blind)


def checks(run: PersonRun, count: int) -> list[Region]:
    return [asked.region for asked in run.queue(99) if asked.blind][:count]


def answer_query(run: PersonRun, painted: Painted) -> None:
    """Two regions, which is one query."""
    run.accept([painted(region) for region in proposals(run)[:2]])


def last_row(run: Path) -> dict[str, object]:
    with ProjectView.read(run) as view:
        return dict(view.rows()[-1])


@pytest.fixture
def run(tmp_path: Path, settings: Settings) -> Iterator[PersonRun]:
    with opened(tmp_path / "run", settings()) as started:
        yield started


# --- from zero labels -------------------------------------------------------------------------------------------------


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


# --- any time ---------------------------------------------------------------------------------------------------------


def unasked(run: PersonRun) -> Region:
    asked = set(proposals(run))
    pool = run._engine._data.pool_regions(run._engine._grid)
    return next(region for regions in pool.values() for region in regions if region not in asked)


def test_labels_nobody_asked_for_are_learnt_from_on_their_own(run: PersonRun, tmp_path: Path, painted: Painted) -> None:
    run.accept([painted(unasked(run))])
    assert run.status.may_fit
    assert not run.status.fit_is_due
    drain(run.fit())
    assert not run.status.may_fit
    assert last_row(tmp_path / "run")["labelled_regions"] == 1
    assert run.status.waiting == 4  # what was asked still waits
    answer_query(run, painted)
    drain(run.fit())
    assert last_row(tmp_path / "run")["labelled_regions"] == 3


def test_a_corrected_region_counts_once_and_is_learnt_anew(run: PersonRun, painted: Painted) -> None:
    region = proposals(run)[0]
    run.accept([painted(region)])
    drain(run.fit())
    run.accept([painted(region, turned=True)])
    assert (run.status.labelled_regions, run.status.unseen) == (1, 1)
    found = run.annotation(region)
    assert found is not None
    assert (found.labels == painted(region, turned=True).labels).all()
    drain(run.fit())


def test_a_held_out_region_is_never_taught(run: PersonRun, painted: Painted) -> None:
    with pytest.raises(AnnotationError, match=r"not an image to be labelled|held out"):
        run._engine.teach([painted(run.check_candidates[0])])


def test_labels_that_do_not_fit_are_refused_before_they_are_recorded(run: PersonRun, painted: Painted) -> None:
    region = proposals(run)[0]
    beyond = replace(painted(region), region=replace(region, row=30))
    with pytest.raises(AnnotationError, match="does not fit"):
        run.accept([painted(region), beyond])
    assert run.status.labelled_regions == 0
    assert run._project.answers(1) == []


def test_a_query_is_answered_when_each_region_is_labelled_or_skipped(run: PersonRun, painted: Painted) -> None:
    first, second, *_ = proposals(run)
    run.accept([painted(first)])
    assert not run.status.fit_is_due
    run.skip(second, SkipReason.CANNOT_BE_LABELLED)
    assert run.status.fit_is_due
    drain(run.fit())
    assert run.status.labelled_regions == 1


def test_a_query_of_which_all_is_skipped_is_no_step(run: PersonRun) -> None:
    for region in proposals(run)[:2]:
        run.skip(region, SkipReason.NOT_USEFUL)
    assert not run.status.may_fit
    assert run.status.waiting == 2
    assert len(proposals(run)) == 4


@pytest.mark.parametrize("reason", list(SkipReason))
def test_a_skipped_region_leaves_the_pool_as_its_reason_says(
    tmp_path: Path, settings: Settings, reason: SkipReason
) -> None:
    with opened(tmp_path / "run", settings()) as run:
        region = proposals(run)[0]
        before = run._engine.regions_in_pool
        run.skip(region, reason)
        left = before - run._engine.regions_in_pool
        assert left == {SkipReason.LATER: 0, SkipReason.BAD_IMAGE: 12}.get(reason, 1)
        assert region not in proposals(run)
    with opened(tmp_path / "run") as run:
        assert before - run._engine.regions_in_pool == left
        run.take_back([region])
        assert run._engine.regions_in_pool == before


def test_what_is_put_off_may_be_asked_again(tmp_path: Path, settings: Settings) -> None:
    config = settings(acquisition={"budget": 1000})
    with opened(tmp_path / "run", config) as run:
        region = proposals(run)[0]
        run.skip(region, SkipReason.LATER)
        for _ in range(60):
            if region in proposals(run):
                break
            for other in proposals(run):
                run.skip(other, SkipReason.CANNOT_BE_LABELLED)
        assert region in proposals(run)
    with opened(tmp_path / "run") as run:
        assert region in proposals(run)


def test_a_bad_image_is_checked_no_more(run: PersonRun) -> None:
    drain(run.propose())
    first = checks(run, 1)[0]
    run.skip(first, SkipReason.BAD_IMAGE)
    assert first.image not in {region.image for region in checks(run, 99)}


def test_a_labelled_region_is_not_skipped_by_mistake(run: PersonRun, painted: Painted) -> None:
    region = proposals(run)[0]
    run.accept([painted(region)])
    with pytest.raises(AnnotationError, match="Take the labels back"):
        run.skip(region, SkipReason.NOT_USEFUL)


def test_an_undone_answer_waits_again_and_stays_undone(tmp_path: Path, settings: Settings, painted: Painted) -> None:
    with opened(tmp_path / "run", settings()) as run:
        regions, check = proposals(run), checks(run, 1)
        run.accept([painted(regions[0]), painted(check[0])])
        run.take_back([regions[0], check[0]])
        assert not run.status.may_fit
        assert proposals(run) == regions
        assert checks(run, 1) == check
    with opened(tmp_path / "run") as run:
        assert (run.status.labelled_regions, run.status.check_regions, run.status.unseen) == (0, 0, 0)
        assert proposals(run) == regions


# --- while it trains --------------------------------------------------------------------------------------------------


def weights_of(run: PersonRun) -> dict[str, torch.Tensor]:
    return run._assembly.segmenter.state_dict()


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


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


# --- drafts -----------------------------------------------------------------------------------------------------------


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
        segmenter.scan = lambda images, *rest: sizes.append(run.served._images.size(images[0])) or scan(images, *rest)  # type: ignore[method-assign, func-returns-value]  # A spy.
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


def serving(run: PersonRun) -> ServingDecided:
    return next(event for event in run.fit() if isinstance(event, ServingDecided))


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


# --- opening ----------------------------------------------------------------------------------------------------------


def test_a_reopened_run_goes_on_with_everything_painted(tmp_path: Path, settings: Settings, painted: Painted) -> None:
    with opened(tmp_path / "run", settings()) as run:
        answer_query(run, painted)
        run.accept([painted(region) for region in checks(run, 12)])
        drain(run.fit())
        waiting = proposals(run)
        run.accept([painted(waiting[0]), painted(unasked(run))])
        run.skip(waiting[1], SkipReason.NOT_USEFUL)
        before, queue, weights = run.status, run.queue(99), weights_of(run)
    with opened(tmp_path / "run") as run:
        assert run.status == before
        assert run.queue(99) == queue
        assert same(weights_of(run), weights)
        assert run.served.region(waiting[2]).step == 1
        drain(run.fit())


def test_images_that_came_later_are_learnt_from(tmp_path: Path, settings: Settings, bare: Path) -> None:
    with opened(tmp_path / "run", settings()) as run:
        held_out, pool = run.check_candidates, run._engine.regions_in_pool
    shutil.copy(bare / "0001TP_000001.png", bare / "0002AA_000001.png")
    with opened(tmp_path / "run") as run:
        assert sorted(run.check_candidates) == sorted(held_out)
        assert run._engine.regions_in_pool == pool + 12


def test_one_image_alone_is_held_out_in_part(tmp_path: Path, settings: Settings, painted: Painted, bare: Path) -> None:
    single = tmp_path / "single"
    single.mkdir()
    for name in ("0001TP_000001.png", "classes.csv"):
        shutil.copy(bare / name, single)
    with opened(tmp_path / "run", settings(data={"path": single})) as run:
        assert len(run.check_candidates) == 2
        assert run._engine.regions_in_pool == 10
        with pytest.raises(AnnotationError, match="held out"):
            run._engine.teach([painted(run.check_candidates[0])])
        answer_query(run, painted)
        drain(run.fit())
    with opened(tmp_path / "run") as run:
        assert run._engine.regions_in_pool == 8


def test_a_project_is_open_once(run: PersonRun, tmp_path: Path) -> None:
    with pytest.raises(ProjectError):
        PersonRun.open(tmp_path / "run")


def test_neither_project_nor_settings_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(RalisError, match="not a project"):
        PersonRun.open(tmp_path / "nothing")


def test_bad_data_leave_no_project_behind(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(RalisError):
        PersonRun.open(tmp_path / "run", settings(data={"path": tmp_path / "missing"}))
    assert not (tmp_path / "run").exists()


def test_a_simulation_has_no_check_regions(tmp_path: Path, painted: Painted, settings: Settings) -> None:
    with Project.create(tmp_path / "run", settings()) as project, opened(tmp_path / "other", settings()) as run:
        answering = Answering(replace(run._engine._data, checks=None), project)
        with pytest.raises(RalisError, match="no check regions"):
            answering.answer(run._engine._now, (), [painted(run.check_candidates[0])])


def test_nothing_new_is_no_fit(run: PersonRun) -> None:
    with pytest.raises(RalisError, match="Label a region first"):
        drain(run.fit())
