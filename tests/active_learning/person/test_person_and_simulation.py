"""One engine: a person who answers as the oracle does gets the numbers of the simulation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from src_model.active_learning.acquisition.registry import make_acquisition
from src_model.active_learning.assembly import Assembly, assemble
from src_model.active_learning.engine import ActiveLearningEngine
from src_model.active_learning.person_run import PersonRun
from src_model.active_learning.person_start import CheckPlan
from src_model.config import RunConfig, make_run_config, preset_settings
from src_model.data.region import grids
from src_model.events import drain
from src_model.labelling.check_regions import HeldOut, draw_check_regions
from src_model.project.project import Project
from src_model.project.view import ProjectView
from src_model.simulation.episode import run_episode
from src_model.simulation.oracle import GroundTruthOracle
from src_model.simulation.simulate import answerable, simulate

FAST = {"segmenter": "fast", "fast_cell": "4x4", "fast_input": "64x96", "fast_components": 4, "fast_updates": 5}
Rows = list[dict[str, Any]]


@pytest.fixture
def config(tiny_camvid: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunConfig:
    monkeypatch.setenv("RALIS_CACHE", str(tmp_path / "cache"))
    images = {"train_images": 0, "state_images": 1, "reward_images": 1}
    own = {
        "data": {"path": tiny_camvid, "reader": "camvid", "region": "12x12", "split": "random", **images},
        "segmentation": FAST,
        "acquisition": {"name": "margin_class_balanced", "budget": 8, "regions_per_query": 2, "pool_size": 3},
        "device": "cpu",
        "threads": 1,
    }
    return make_run_config(preset_settings("default", "camvid"), own)


def twin(folder: Path, config: RunConfig, assembly: Assembly) -> PersonRun:
    """A run of the same roles, in which a person labels the reward images: each region of them is a check region."""
    grid = grids(assembly.dataset.size, config.data.region)
    roles = assembly.roles
    check, pool = ({image: grid(image).regions(image) for image in images} for images in (roles.reward, roles.pool))
    held_out = HeldOut(check, pool, "")
    draw = draw_check_regions(held_out.candidates, np.random.default_rng(0))
    return PersonRun(config, assembly, CheckPlan(held_out, (draw,)), Project.create(folder, config))


def played(run: PersonRun, oracle: GroundTruthOracle) -> None:
    """All check regions first, then each query as it is asked, and a fit after it."""
    run.accept(oracle.answer(run.check_candidates))
    drain(run.start())
    while not run._engine.finished:
        query = drain(run._engine.query())
        assert query is not None
        run.accept(oracle.answer(query.regions))
        drain(run.fit())


def numbers(folder: Path) -> tuple[Rows, list[Any]]:
    with ProjectView.read(folder) as view:
        rows = [{key: cell for key, cell in row.items() if not key.endswith("_seconds")} for row in view.rows()]
        return rows, view.queries(1)


@pytest.fixture
def both(config: RunConfig, tmp_path: Path, request: pytest.FixtureRequest) -> tuple[Path, Path]:
    """The folders of a simulation and of its twin; with a test set or without one."""
    whole = drain(assemble(config))
    assert whole is not None
    assembly = answerable(whole, config)
    oracle = GroundTruthOracle(assembly.dataset, assembly.dataset.schema.num_classes)
    if request.param == "test set":
        drain(simulate(config, tmp_path / "simulated"))
    else:
        assembly = assembly.in_roles(lambda roles: replace(roles, test=()))
        with Project.create(tmp_path / "simulated", config) as project:
            engine = ActiveLearningEngine(
                config, assembly.surroundings(), assembly.segmenter, make_acquisition(config.acquisition), project
            )
            drain(engine.start())
            assert drain(run_episode(engine, oracle))
    with twin(tmp_path / "person", config, assembly) as run:
        played(run, oracle)
    return tmp_path / "simulated", tmp_path / "person"


@pytest.mark.parametrize("both", ["test set", "no test set"], indirect=True)
def test_all_check_regions_first_and_one_query_at_a_time_give_the_numbers_of_the_simulation(
    both: tuple[Path, Path],
) -> None:
    """Where every held-out region is labelled, each counts once, and enough of them hold each class."""
    (simulated, asked), (person, asked_of_person) = map(numbers, both)
    assert asked == asked_of_person
    assert len(simulated) == len(person) == 5
    for ours, theirs in zip(simulated, person, strict=True):
        assert theirs.get("check_regions", 12) == 12
        # Its path through float32 is another: the logarithm of a probability.
        assert theirs["reward_set_loss"] == pytest.approx(ours["reward_set_loss"], rel=1e-5)
        assert {key: theirs[key] for key in ours if key != "reward_set_loss"} == {
            key: cell for key, cell in ours.items() if key != "reward_set_loss"
        }
    assert any(row.get("reward") for row in simulated)
