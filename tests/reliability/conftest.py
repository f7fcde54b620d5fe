"""Small runs that finish in about a second, and a watch over what a refused command may not have touched."""

from __future__ import annotations

import csv
import math
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from src_model.config import RunConfig, make_run_config
from src_model.data.readers import open_dataset
from src_model.data.splits import assign_roles
from src_model.device import generator_for
from src_model.events import drain
from src_model.exceptions import RalisError
from src_model.policy_training.train_policy import train_policy
from src_model.pretraining.supervised import pretrain
from src_model.simulation.simulate import simulate

SMALL: dict[str, Any] = {
    "data": {
        "reader": "camvid",
        "region": "12x12",
        "split": "random",
        "train_images": 2,
        "state_images": 1,
        "reward_images": 1,
    },
    "segmentation": {
        "segmenter": "fast",
        "fast_cell": "4x4",
        "fast_input": "64x96",
        "fast_components": 4,
        "fast_updates": 4,
    },
    "acquisition": {"name": "random", "budget": 4, "regions_per_query": 2, "pool_size": 2},
    "dqn": {"batch_size": 2, "episodes": 1},
    "device": "cpu",
    "threads": 1,
    "checkpoint_seconds": 0,
}

Contents = dict[str, bytes | list[str]]


@pytest.fixture(scope="session")
def _features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("features")


@pytest.fixture(autouse=True)
def _own_cache(_features: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One cache for all tests: features are named by the pixels they were made from."""
    monkeypatch.setenv("RALIS_CACHE", str(_features))


@pytest.fixture
def small() -> Callable[..., RunConfig]:
    """Settings of a small run: ``small(data, dqn={"episodes": 2})``."""

    def settings(folder: Path, /, **changes: Any) -> RunConfig:
        return make_run_config(SMALL, {"data": {"path": folder}}, changes)

    return settings


@pytest.fixture
def image_in() -> Callable[[RunConfig, str], str]:
    """Id of the first labelled image that a run uses as ``pool``, ``reward``, …"""

    def find(config: RunConfig, role: str) -> str:
        dataset = open_dataset(config.data)
        roles = assign_roles(dataset, config.data, generator_for(config.seed, "roles"))
        images: tuple[str, ...] = getattr(roles, role)
        return next(image for image in images if dataset.has_labels(image))

    return find


@pytest.fixture
def refused() -> Callable[..., AbstractContextManager[None]]:
    """Context in which a command must be refused and leave ``untouched`` as it is, or not there.

    ``names`` are pieces of the message that name what is at fault, ``then`` is its next step.
    """

    @contextmanager
    def watch(kind: type[RalisError], untouched: Path, *names: object, then: str) -> Iterator[None]:
        before = contents(untouched)
        with pytest.raises(kind) as caught:
            yield
        message = str(caught.value)
        assert [str(name) for name in names if str(name) not in message] == [], message
        assert then in message
        assert contents(untouched) == before

    return watch


@pytest.fixture(name="contents")
def contents_fixture() -> Callable[[Path], Contents | None]:
    """What lies in a folder, file by file; None if there is no such folder."""
    return contents


def contents(folder: Path) -> Contents | None:
    if not folder.exists():
        return None
    found: Contents = {}
    for path in sorted(folder.rglob("*")):
        # The lock is taken by whoever looks, and the side files of SQLite come and go.
        if path.is_file() and path.name not in {"lock", "lock.json", "log.sqlite-wal", "log.sqlite-shm"}:
            name = path.relative_to(folder).as_posix()
            found[name] = records(path) if path.name == "log.sqlite" else path.read_bytes()
    return found


def records(log: Path) -> list[str] | bytes:
    connection = sqlite3.connect(log)
    try:
        return list(connection.iterdump())
    except sqlite3.DatabaseError:
        return log.read_bytes()
    finally:
        connection.close()


@pytest.fixture
def tables() -> Callable[[Path], dict[str, list[dict[str, str]]]]:
    """The tables of a run by file name, after a look at every cell: empty, text or a finite number."""

    def read(folder: Path) -> dict[str, list[dict[str, str]]]:
        found = {}
        for path in sorted(folder.glob("*.csv")):
            with path.open(newline="") as file:
                found[path.name] = list(csv.DictReader(file))
            for row in found[path.name]:
                assert [name for name, cell in row.items() if not finite(cell)] == []
        assert "metrics.csv" in found
        return found

    return read


def finite(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return True


def train(config: RunConfig, out: Path) -> object:
    asking = config.acquisition.model_copy(update={"name": "dqn"})
    return drain(train_policy(config.model_copy(update={"acquisition": asking}), out))


RUNS: dict[str, Callable[[RunConfig, Path], object]] = {
    "simulate": lambda config, out: drain(simulate(config, out)),
    "train-policy": train,
    "pretrain": lambda config, out: drain(pretrain(config, out, "train", 1)),
}


@pytest.fixture
def runs() -> dict[str, Callable[[RunConfig, Path], object]]:
    """What trains, by its command."""
    return RUNS


@pytest.fixture(params=RUNS.values(), ids=RUNS)
def run(request: pytest.FixtureRequest) -> object:
    """Each of them, one after the other."""
    return request.param


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs that are made once; tests get copies of them."""
    return tmp_path_factory.mktemp("originals")


@pytest.fixture
def finished(originals: Path, tiny_camvid: Path, tmp_path: Path, small: Callable[..., RunConfig]) -> Path:
    """Folder of a simulation that has ended."""
    original = originals / "finished"
    if not original.exists():
        drain(simulate(small(tiny_camvid), original))
    return shutil.copytree(original, tmp_path / "finished")
