"""Assembly: what a run knows of its data beforehand."""

import csv
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from src_model.active_learning.assembly import Assembly, assemble, budgets_in_regions, keep_class_pixels
from src_model.config import RunConfig, make_run_config, preset_settings
from src_model.events import LabelsRead, Progress, drain
from src_model.exceptions import ConfigurationError
from src_model.policy_training.train_policy import train_policy
from src_model.pretraining.supervised import pretrain
from src_model.simulation.simulate import simulate


def settings(data: Path, **changes: Any) -> RunConfig:
    small = {
        "data": {"path": str(data), "reader": "camvid", "split": "random", "region": "12x12", "train_images": 1},
        "segmentation": {"segmenter": "fast"},
        "device": "cpu",
        "threads": 1,
    }
    roles = {"data": {"state_images": 1, "reward_images": 1}}
    return make_run_config(preset_settings("default", "camvid"), small, roles, changes)


def assembled(data: Path) -> Assembly:
    whole = drain(assemble(settings(data)))
    assert whole is not None
    return whole


def test_pixels_and_images_of_each_class_are_counted_in_the_pool_and_in_what_is_scored(
    tiny_camvid: Path, tmp_path: Path
) -> None:
    assembly = assembled(tiny_camvid)
    keep_class_pixels(tmp_path, assembly)
    with (tmp_path / "class_pixels.csv").open(newline="") as file:
        rows = {row.pop("class"): {name: int(cell) for name, cell in row.items()} for row in csv.DictReader(file)}
    # 34 of 36 rows are labelled, each half sky, half road; an image has 34·24 of both
    pool = sum(map(assembly.dataset.has_labels, assembly.roles.pool))
    scored = len(assembly.roles.test or assembly.roles.reward)
    there = {"pool_pixels": pool * 816, "pool_images": pool, "scored_pixels": scored * 816, "scored_images": scored}
    assert rows["sky"] == rows["road"] == there
    assert set(rows["pole"].values()) == {0}


def test_it_tells_how_many_labels_it_has_read_and_reads_each_once(tiny_camvid: Path) -> None:
    told: list[object] = []
    assembly = drain(assemble(settings(tiny_camvid)), told.append)
    assert assembly is not None
    roles = assembly.roles
    read = [*roles.train, *roles.reward, *roles.pool, *roles.test]
    assert told == [LabelsRead(done, len(read)) for done in range(1, len(read) + 1)]
    assert set(assembly.labelled_pixels) == set(read)
    image = next(filter(assembly.dataset.has_labels, read))
    assert assembly.class_pixels([image]).sum() == 34 * 48  # of 36 rows; two are ignored


@pytest.mark.parametrize("read", [0, 2])
def test_a_stop_while_labels_are_read_leaves_nothing(tiny_camvid: Path, read: int) -> None:
    told: list[object] = []
    assert drain(assemble(settings(tiny_camvid), lambda: len(told) == read), told.append) is None
    assert len(told) == read


@pytest.mark.parametrize("run", [simulate, train_policy, partial(pretrain, images="all", updates=1)])
def test_a_run_that_is_stopped_while_labels_are_read_writes_nothing(
    tiny_camvid: Path, tmp_path: Path, run: Callable[..., Progress[object]]
) -> None:
    config = settings(tiny_camvid, acquisition={"name": "dqn" if run is train_policy else "random"})
    assert not drain(run(config, tmp_path / "out", should_stop=lambda: True))
    assert not (tmp_path / "out").exists()


def test_what_was_counted_is_not_counted_again(tiny_camvid: Path, tmp_path: Path) -> None:
    (tmp_path / "class_pixels.csv").write_text("counted")
    keep_class_pixels(tmp_path, assembled(tiny_camvid))
    assert (tmp_path / "class_pixels.csv").read_text() == "counted"


def test_budgets_in_percent_become_regions_of_the_training_pixels(tiny_camvid: Path) -> None:
    assembly = assembled(tiny_camvid)
    counted = assembly.surroundings().counted_pixels
    config = settings(tiny_camvid, budget_fractions=(0.5, 0.1), final_at=(2,))
    resolved = budgets_in_regions(config, assembly)
    in_all = counted / 144  # 12×12 pixels a region; images of 36×48 are 12 of them
    assert in_all == int(in_all)
    assert resolved.acquisition.budget == -(-in_all // 2)
    assert resolved.final_at == tuple(sorted({2, int(-(-in_all // 10)), int(-(-in_all // 2))}))
    assert budgets_in_regions(resolved, assembly) == resolved


def test_without_fractions_budgets_stay_as_they_are(tiny_camvid: Path) -> None:
    config = settings(tiny_camvid)
    assert budgets_in_regions(config, assembled(tiny_camvid)) is config


@pytest.mark.parametrize("fraction", [0, 1.5, "five"])
def test_a_fraction_that_is_none_is_refused(tiny_camvid: Path, fraction: object) -> None:
    with pytest.raises(ConfigurationError, match="budget_fractions"):
        settings(tiny_camvid, budget_fractions=(fraction,))
