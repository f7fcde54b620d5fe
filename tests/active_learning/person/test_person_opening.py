"""Opening a person's run: again with everything painted, with later images, or not at all."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from person_kit import Painted, Settings, answer_query, checks, opened, proposals

from src_model.active_learning.answering import Answering
from src_model.active_learning.person_run import PersonRun
from src_model.data.region import Region
from src_model.events import drain
from src_model.exceptions import AnnotationError, ProjectError, RalisError
from src_model.labelling.skipping import SkipReason
from src_model.project.project import Project


def unasked(run: PersonRun) -> Region:
    asked = set(proposals(run))
    pool = run._engine._data.pool_regions(run._engine._grid)
    return next(region for regions in pool.values() for region in regions if region not in asked)


def weights_of(run: PersonRun) -> dict[str, torch.Tensor]:
    return run._assembly.segmenter.state_dict()


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


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
