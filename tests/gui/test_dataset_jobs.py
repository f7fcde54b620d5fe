"""Looking at a folder: a project, a simulation, a data set, or none of them."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_ralis.threads.dataset_jobs import FoundProject, OpenedDataset, free_folder, look_job, open_job
from napari_ralis.threads.engine_worker import Job
from napari_ralis.threads.start_jobs import Plan, project_job
from src_model.config import DataConfig, make_run_config
from src_model.data.region import Region
from src_model.exceptions import DataError, ProjectError
from src_model.labelling.check_regions import draw_check_regions
from src_model.project.folder import ABOUT
from src_model.project.project import Project


def answer(job: Job) -> Any:
    steps = job()
    while isinstance(steps, Generator):
        try:
            next(steps)
        except StopIteration as end:
            return end.value
    return steps


@pytest.fixture
def simulation(tmp_path: Path, tiny_camvid: Path) -> Path:
    config = make_run_config({"data": {"path": str(tiny_camvid), "reader": "camvid", "region": "12x16"}})
    with Project.create(tmp_path / "run", config):
        pass
    return tmp_path / "run"


@pytest.fixture
def project(simulation: Path) -> Path:
    """The same with check regions drawn, which only a person's has."""
    regions = [Region("0001TP_000001", row, 0, 12, 16) for row in (0, 12)]
    with Project.open(simulation) as opened:
        draw = draw_check_regions(regions, np.random.default_rng(0))
        opened.record_check_draw(1, draw.to_arrays(), "")
    return simulation


def test_a_persons_project_is_found_by_its_folder_and_by_its_card(project: Path) -> None:
    assert answer(look_job(project)) == FoundProject(project)
    assert answer(look_job(project / ABOUT)) == FoundProject(project)


def test_a_project_that_is_opened_as_a_data_set_is_a_project_all_the_same(project: Path) -> None:
    assert answer(open_job(DataConfig(path=project, reader="camvid"))) == FoundProject(project)


def test_of_a_simulation_the_data_set_is_opened(simulation: Path, tiny_camvid: Path) -> None:
    opened = answer(look_job(simulation))
    assert isinstance(opened, OpenedDataset)
    assert opened.contents.config.path == tiny_camvid
    assert opened.contents.config.region == (12, 16)


def test_a_project_json_of_another_program_is_no_project(tiny_camvid: Path) -> None:
    (tiny_camvid / ABOUT).write_text("{}")
    assert isinstance(answer(look_job(tiny_camvid)), OpenedDataset)


@pytest.mark.parametrize("name", ["empty", "nowhere"])
def test_a_folder_without_images_says_what_to_do(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=rf"{name}\. Choose"):
        answer(look_job(tmp_path / name))


def test_a_new_project_is_proposed_where_nothing_lies(tmp_path: Path) -> None:
    assert free_folder(tmp_path / "walk") == tmp_path / "walk-labels"
    (tmp_path / "walk-labels").mkdir()
    assert free_folder(tmp_path / "walk") == tmp_path / "walk-labels-2"


def test_no_project_is_laid_out_over_another_nor_among_other_files(project: Path, tmp_path: Path) -> None:
    data = DataConfig(path=tmp_path, reader="camvid")
    with pytest.raises(ProjectError, match="is a project already"):
        project_job(Plan(project, data))()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "classes.csv").write_text("mine")
    with pytest.raises(ProjectError, match="is not empty"):
        project_job(Plan(tmp_path / "full", data))()


def test_what_was_typed_under_advanced_is_laid_over_how_the_data_set_was_opened(tmp_path: Path) -> None:
    data = DataConfig(path=tmp_path, reader="camvid", image_size=(18, 24))
    ready = project_job(Plan(tmp_path / "new", data, settings={"seed": 4, "data": {"image_size": "36x48"}}))()
    assert ready.settings == {
        "seed": 4,
        "data": {"path": str(tmp_path), "reader": "camvid", "image_size": "36x48"},
    }
