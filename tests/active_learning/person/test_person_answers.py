"""Answers at any time: unasked labels, corrections, skips, take-backs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from person_kit import Painted, Settings, answer_query, checks, last_row, opened, proposals

from src_model.active_learning.person_run import PersonRun
from src_model.data.region import Region
from src_model.events import drain
from src_model.exceptions import AnnotationError
from src_model.labelling.skipping import SkipReason


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
