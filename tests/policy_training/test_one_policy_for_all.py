"""One policy file, whatever the classes and the images: trained, used, killed and gone on with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from src_model.active_learning.acquisition.registry import ACQUISITIONS
from src_model.config import RunConfig, make_run_config, preset_settings
from src_model.dqn.default_query_network import DefaultQueryNetwork
from src_model.dqn.policy import Policy, load_policy, save_policy
from src_model.events import drain
from src_model.exceptions import DataError
from src_model.policy_training.train_policy import POLICY, train_policy
from src_model.project.view import ProjectView
from src_model.simulation.simulate import simulate


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RALIS_CACHE", str(tmp_path / "cache"))


def data_set(folder: Path, classes: int, size: tuple[int, int] = (36, 48), alike: bool = False) -> Path:
    """Ten images of blocks in the colours of their classes, all of them the same if they are ``alike``."""
    height, width = size
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    colours = np.random.default_rng(classes).choice(256**3, classes, replace=False)
    palette = np.stack([colours % 256, colours // 256 % 256, colours // 256**2], axis=1).astype(np.uint8)
    rows = [f"{number},class {number},{r},{g},{b}" for number, (r, g, b) in enumerate(palette.tolist())]
    (folder / "classes.csv").write_text("\n".join(["id,name,R,G,B", *rows]))
    for number in range(10):
        blocks = np.random.default_rng(0 if alike else number).integers(0, classes, (height // 6, width // 6))
        mask = np.kron(blocks, np.ones((6, 6))).astype(np.uint8)
        name = f"{'abcdefghij'[number]}_1.png"
        Image.fromarray(palette[mask]).save(folder / "images" / name)
        Image.fromarray(mask).save(folder / "masks" / name)
    return folder


def run_on(data: Path, state_images: int = 1, **sections: dict[str, Any]) -> RunConfig:
    tiny = {
        "data": {"path": str(data), "region": "12x12", "train_images": 2, "state_images": state_images,
                 "reward_images": 2},
        "segmentation": {"segmenter": "fast", "fast_cell": "4x4", "fast_input": "64x96", "fast_components": 4},
        "acquisition": {"name": "dqn", "budget": 6, "regions_per_query": 2, "pool_size": 3},
        "dqn": {"batch_size": 2, "episodes": 1, "updates": 1},
        "device": "cpu",
        "threads": 1,
        "checkpoint_seconds": 0,
    }  # fmt: skip
    return make_run_config(preset_settings("default", "folder"), tiny, sections)


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.safetensors"
    save_policy(path, Policy(DefaultQueryNetwork(torch.Generator().manual_seed(0))))
    return path


def asked(out: Path) -> list[tuple[float, ...]]:
    with ProjectView.read(out) as view:
        assert view.rows()[-1]["labelled_regions"] == 6
        return [query.scores for query in view.queries(1)]


@pytest.mark.parametrize("classes", [1, 7, 11, 19, 66, 253])
@pytest.mark.parametrize(("size", "state_images"), [((36, 48), 1), ((60, 42), 2)])
def test_the_same_weights_answer_for_any_classes_images_and_d_s(
    policy: Path, tmp_path: Path, classes: int, size: tuple[int, int], state_images: int
) -> None:
    config = run_on(data_set(tmp_path / "data", classes, size), state_images, dqn={"policy": policy})
    assert drain(simulate(config, tmp_path / "out"))
    scores = np.array(asked(tmp_path / "out"))
    assert scores.shape == (3, 2)
    assert np.isfinite(scores).all()


def test_images_that_are_all_equal_are_asked_from(policy: Path, tmp_path: Path) -> None:
    config = run_on(data_set(tmp_path / "data", 5, alike=True), dqn={"policy": policy})
    assert drain(simulate(config, tmp_path / "out"))
    assert np.isfinite(asked(tmp_path / "out")).all()


FPN = {"segmenter": "fpn", "start_weights": None, "crop": "32x32", "batch_size": 2, "updates": 1, "inference_batch": 5}


@pytest.mark.parametrize(("classes", "alike"), [(1, False), (5, True)], ids=["one class", "equal images"])
@pytest.mark.parametrize(("acquisition", "segmentation"), [*((name, {}) for name in ACQUISITIONS), ("dqn", FPN)])
def test_every_rule_asks_where_there_is_nothing_to_tell_apart(
    policy: Path, tmp_path: Path, classes: int, alike: bool, acquisition: str, segmentation: dict[str, Any]
) -> None:
    data = data_set(tmp_path / "data", classes, alike=alike)
    rule = {"name": acquisition}
    assert drain(
        simulate(run_on(data, dqn={"policy": policy}, acquisition=rule, segmentation=segmentation), tmp_path / "out")
    )
    assert np.isfinite(asked(tmp_path / "out")).all()
    with ProjectView.read(tmp_path / "out") as view:
        readings = [(row["mean_iou"], row["reward_set_loss"]) for row in view.rows()]
    assert classes > 1 or readings == [(1.0, 0.0)] * 4
    assert np.isfinite(np.array(readings, dtype=float)).all()


def test_more_classes_than_a_mask_can_tell_apart_are_refused(policy: Path, tmp_path: Path) -> None:
    config = run_on(data_set(tmp_path / "data", 256), dqn={"policy": policy})
    with pytest.raises(DataError, match=r"253"):
        drain(simulate(config, tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_choice_of_all_candidates_works_with_it(policy: Path, tmp_path: Path) -> None:
    config = run_on(
        data_set(tmp_path / "data", 7), dqn={"policy": policy}, acquisition={"choice": "global", "noise": 0.1}
    )
    assert drain(simulate(config, tmp_path / "out"))
    assert np.isfinite(asked(tmp_path / "out")).all()


@pytest.mark.parametrize("schedule", ["sequential", "pipelined"])
def test_a_policy_trained_on_one_data_set_proposes_on_another(tmp_path: Path, schedule: str) -> None:
    training = run_on(data_set(tmp_path / "seven", 7), schedule=schedule)
    assert drain(train_policy(training, tmp_path / "policy"))
    trained = tmp_path / "policy" / POLICY
    network = load_policy(trained, (), 0).network
    untrained = DefaultQueryNetwork(torch.Generator())
    assert isinstance(network, type(untrained))
    config = run_on(data_set(tmp_path / "nineteen", 19, (60, 42)), 2, dqn={"policy": trained})
    assert drain(simulate(config, tmp_path / "out"))
    assert np.isfinite(asked(tmp_path / "out")).all()


def test_the_reference_features_of_a_file_win_over_the_settings(tmp_path: Path) -> None:
    training = run_on(data_set(tmp_path / "data", 3), dqn={"features": "reference"})
    assert drain(train_policy(training, tmp_path / "policy"))
    config = run_on(tmp_path / "data", dqn={"policy": tmp_path / "policy" / POLICY, "features": "default"})
    assert drain(simulate(config, tmp_path / "out"))
    assert np.isfinite(asked(tmp_path / "out")).all()
