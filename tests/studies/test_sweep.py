"""Studies: which runs they consist of, and that an interrupted one goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from src_model.events import Notice, drain
from src_model.exceptions import ConfigurationError
from src_model.studies.sweep import DONE, jobs_of, read_study, sweep

STUDY = """
seeds = 2
[base]
device = "cpu"
[base.data]
reader = "camvid"
split = "random"
region = "12x12"
train_images = 2
state_images = 1
reward_images = 1
[base.segmentation]
segmenter = "fast"
fast_cell = "4x4"
fast_input = "64x96"
fast_components = 4
[base.acquisition]
budget = 2
regions_per_query = 2
pool_size = 2
[lines.random.settings.acquisition]
name = "random"
[lines.dqn.settings.acquisition]
name = "dqn"
[lines.dqn.train.acquisition]
pool_size = 3
"""


@pytest.fixture
def study_file(tmp_path: Path) -> Path:
    path = tmp_path / "study.toml"
    path.write_text(STUDY)
    return path


def test_lines_are_paired_seed_by_seed(study_file: Path, tmp_path: Path) -> None:
    jobs = jobs_of(read_study(study_file, tmp_path), tmp_path / "out")
    assert [job.folder.name for _, job in jobs] == ["random-seed0", "dqn-seed0", "random-seed1", "dqn-seed1"]
    assert [job.config.seed for _, job in jobs] == [0, 0, 1, 1]


def test_a_policy_is_trained_with_its_own_settings_and_then_used(study_file: Path, tmp_path: Path) -> None:
    training, simulation = jobs_of(read_study(study_file, tmp_path), tmp_path / "out")[1]
    assert training is not None
    assert training.trains
    assert (training.config.acquisition.pool_size, simulation.config.acquisition.pool_size) == (3, 2)
    assert simulation.config.dqn.policy == training.folder / "policy.safetensors"


def test_a_few_policies_serve_all_seeds_where_roles_do_not_depend_on_the_seed(study_file: Path, tmp_path: Path) -> None:
    shared = STUDY.replace("[lines.dqn.settings", "[lines.dqn]\npolicies = 1\n[lines.dqn.settings")
    study_file.write_text(shared)
    with pytest.raises(ConfigurationError, match="tested on what it was trained on"):
        jobs_of(read_study(study_file, tmp_path), tmp_path / "out")
    study_file.write_text(shared.replace('split = "random"', 'split = "ralis"'))
    jobs = jobs_of(read_study(study_file, tmp_path), tmp_path / "out")
    trainings = [training.folder.name for training, _ in jobs if training is not None]
    assert trainings == ["dqn-seed0", "dqn-seed0"]


def test_a_study_with_an_unknown_key_is_refused(study_file: Path, tmp_path: Path) -> None:
    study_file.write_text("sedes = 3\n" + STUDY)
    with pytest.raises(ConfigurationError, match="sedes"):
        read_study(study_file, tmp_path)


@pytest.mark.timeout(300)
def test_a_study_runs_once_and_reports_what_fails(
    study_file: Path, tmp_path: Path, tiny_camvid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RALIS_CACHE", str(tmp_path / "cache"))
    study_file.write_text(STUDY.partition("[lines.dqn")[0] + '[lines.broken.settings.acquisition]\nname = "rand"\n')
    study = read_study(study_file, tiny_camvid)
    notices: list[Notice] = []
    failed = drain(
        sweep(study, tmp_path / "out", workers=1), lambda e: notices.append(e) if isinstance(e, Notice) else None
    )
    assert failed == 2
    assert all("rand" in notice.text for notice in notices)
    finished = sorted(path.parent.name for path in (tmp_path / "out").glob(f"*/{DONE}"))
    assert finished == ["random-seed0", "random-seed1"]
