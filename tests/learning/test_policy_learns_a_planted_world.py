"""Learnability through the engine: a world in which the value of each region is known, and has to be learned.

Every region holds a share of *ore*, the only class whose labels raise its IoU: by the ore they hold. The segmenter
gives it away neither by what it predicts (noise) nor by being unsure: ore lies where the entropy is one particular
value, neither low nor high.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from src_model.active_learning.assembly import Assembly
from src_model.checkpoint import load_tensors
from src_model.config import RunConfig, make_run_config, preset_settings
from src_model.data.annotation import class_pixels
from src_model.data.class_schema import ClassSchema, SemanticClass
from src_model.data.region import Size
from src_model.data.splits import Roles
from src_model.dqn.default_query_network import DefaultQueryNetwork
from src_model.dqn.policy import Policy, save_policy
from src_model.events import FitReport, Progress, ShouldStop, drain, never
from src_model.policy_training import train_policy as train_policy_module
from src_model.policy_training.train_policy import POLICY, train_policy
from src_model.project.view import ProjectView
from src_model.segmentation.metrics import ConfusionMatrix, Evaluation
from src_model.segmentation.segmenter import FitTask, OptionalMap, PredictionMaps
from src_model.simulation import simulate as simulate_module
from src_model.simulation.simulate import simulate

SIDE, CELLS = 8, 4
"""Images of four by four regions of 8×8 pixels; the segmenter says one thing of each region."""

SCHEMA = ClassSchema(
    "ore",
    (
        SemanticClass(0, "ground", (1, 1, 1)),
        SemanticClass(1, "ore", (2, 2, 2)),
        SemanticClass(2, "stone", (3, 3, 3)),
    ),
)
ROLES = Roles(
    train=tuple(f"train {i:02}" for i in range(40)),
    state=("state",),
    reward=("reward",),
    pool=tuple(f"pool {i:02}" for i in range(40)),
    test=(),
)
TOLD_BY, WITHIN = 0.35, 0.12
"""Entropy, as a share of its maximum, at which a region is all ore, and how far from it there is any."""

MOST = 5000
"""Labelled pixels of ore at which its IoU is 1: about what the best 80 of 400 regions hold."""

SETTINGS: dict[str, Any] = {
    "data": {"path": "planted", "region": "8x8"},
    "acquisition": {"name": "dqn", "budget": 80, "regions_per_query": 8, "pool_size": 5},
    "device": "cpu",
    "checkpoint_seconds": 1000,
}
TRAINING: dict[str, Any] = {"dqn": {"episodes": 24, "epsilon_decay": 60.0}}


class PlantedWorld:
    """Images with nothing but what the segmenter says of each region, and labels that follow from it."""

    schema = SCHEMA

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        images = (*ROLES.train, *ROLES.state, *ROLES.reward, *ROLES.pool)
        self.entropy = dict(zip(images, rng.random((len(images), CELLS, CELLS)), strict=True))
        self.margin = dict(zip(images, rng.random((len(images), CELLS, CELLS)), strict=True))
        shares = rng.dirichlet([1, 1, 1], size=(len(images), CELLS, CELLS))
        self.probabilities = dict(zip(images, shares.transpose(0, 3, 1, 2), strict=True))

    def __len__(self) -> int:
        return len(self.entropy)

    def size(self, image: str) -> Size:
        return (SIDE * CELLS, SIDE * CELLS)

    def has_labels(self, image: str) -> bool:
        return True

    def labels(self, image: str) -> npt.NDArray[np.uint8]:
        ore = np.exp(-(((self.entropy[image] - TOLD_BY) / WITHIN) ** 2))
        pixel = np.arange(SIDE * SIDE).reshape(SIDE, 1, SIDE)
        labels = pixel < np.rint(ore * SIDE * SIDE)[:, None, :, None]  # (4, 8, 4, 8)
        return np.asarray(labels.reshape(self.size(image)), dtype=np.uint8)


class PlantedSegmenter:
    """What it has learned is one number, the labelled pixels of ore; it never predicts any better.

    ``confused``: it says of each region what holds of another one.
    """

    num_classes = 3
    cell = (SIDE, SIDE)

    def __init__(self, world: PlantedWorld, confused: bool = False) -> None:
        self._world = world
        order = np.arange(CELLS * CELLS)
        self._order = np.random.default_rng(0).permutation(order) if confused else order
        self._found = 0

    def prepare(self, images: Sequence[str], should_stop: ShouldStop = never) -> Progress[None]:
        yield from ()

    def reset(self) -> None:
        self._found = 0

    def scan(
        self,
        images: Sequence[str],
        maps: Collection[OptionalMap] = (),
        rng: np.random.Generator | None = None,
        should_stop: ShouldStop = never,
    ) -> Iterator[PredictionMaps]:
        entropy, margin, probabilities = (
            self._maps([values[image] for image in images])
            for values in (self._world.entropy, self._world.margin, self._world.probabilities)
        )
        classes = probabilities.argmax(dim=1).to(torch.uint8)
        yield PredictionMaps(tuple(images), classes, entropy * np.log(3), margin, probabilities, cell=self.cell)

    def _maps(self, values: Sequence[npt.NDArray[np.float64]]) -> torch.Tensor:
        stacked = np.stack(values)
        moved = stacked.reshape(*stacked.shape[:-2], -1)[..., self._order].reshape(stacked.shape)
        return torch.from_numpy(moved.astype(np.float32))

    def fit(self, task: FitTask, rng: np.random.Generator, should_stop: ShouldStop = never) -> Progress[FitReport]:
        yield from ()
        self._found = sum(int((task.labels.labels(r.image)[r.window] == 1).sum()) for r in task.regions)
        return FitReport(1, len(task.regions), 0.0, 0.0)

    def evaluate(
        self, images: Sequence[str], labels: object, should_stop: ShouldStop = never
    ) -> Progress[ConfusionMatrix]:
        """Ore that is missed is taken for stone, which nothing is: ground stays at an IoU of 1."""
        yield from ()
        found = min(self._found, MOST)
        return ConfusionMatrix(np.array([[1000, 0, 0], [0, found, MOST - found], [0, 0, 0]]))

    def evaluate_with_loss(
        self, images: Sequence[str], labels: object, should_stop: ShouldStop = never
    ) -> Progress[Evaluation]:
        return Evaluation((yield from self.evaluate(images, labels)), np.zeros(3))

    def state_dict(self) -> dict[str, torch.Tensor]:
        return {"found": torch.tensor(self._found)}

    def load_state_dict(self, state: dict[str, torch.Tensor]) -> None:
        self._found = int(state["found"])


def assembly(seed: int, confused: bool = False) -> Assembly:
    world = PlantedWorld(seed)
    pixels = {image: class_pixels(world.labels(image), len(SCHEMA.names)) for image in world.entropy}
    return Assembly(world, ROLES, PlantedSegmenter(world, confused), torch.device("cpu"), (SIDE, SIDE), pixels)


def assembled(config: RunConfig, confused: bool) -> Progress[Assembly]:
    yield from ()
    return assembly(config.seed, confused)


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch)


def use(monkeypatch: pytest.MonkeyPatch, confused: bool = False) -> None:
    """Training and simulation find the planted world in the place of a data set."""
    for module in (train_policy_module, simulate_module):
        monkeypatch.setattr(module, "assemble", lambda config, _: assembled(config, confused))


def run_config(*layers: dict[str, Any], seed: int = 0) -> RunConfig:
    return make_run_config(preset_settings("default", "folder"), SETTINGS, {"seed": seed}, *layers)


def gain_of(out: Path, *layers: dict[str, Any], seed: int = 0) -> float:
    """Rise of the IoU of ore from the first reading to the last of a simulation on the pool."""
    drain(simulate(run_config(*layers, seed=seed), out))
    with ProjectView.read(out) as view:
        rows = view.rows()
    return float(rows[-1]["iou_ore"] or 0) - float(rows[0]["iou_ore"] or 0)


def with_policy(path: Path) -> dict[str, Any]:
    return {"dqn": {"policy": path}}


def untrained_policy(path: Path, seed: int = 0) -> Path:
    save_policy(path, Policy(DefaultQueryNetwork(torch.Generator().manual_seed(seed)), SCHEMA.names))
    return path


@pytest.mark.usefixtures("planted")
def test_the_default_policy_finds_what_only_learning_can_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert drain(train_policy(run_config(TRAINING), tmp_path / "training"))
    trained = with_policy(tmp_path / "training" / POLICY)
    untrained = with_policy(untrained_policy(tmp_path / "untrained.safetensors"))

    best = gain_of(tmp_path / "oracle", {"acquisition": {"name": "gain_greedy"}})
    assert gain_of(tmp_path / "trained", trained) >= 0.9 * best
    for heuristic in ("random", "entropy", "margin", "label_balance"):
        assert gain_of(tmp_path / heuristic, {"acquisition": {"name": heuristic}}) < 0.7 * best
    assert gain_of(tmp_path / "without training", untrained) < 0.7 * best
    use(monkeypatch, confused=True)
    assert gain_of(tmp_path / "confused", trained) < 0.7 * best


@pytest.mark.usefixtures("planted")
def test_two_trainings_with_one_seed_end_with_the_same_weights(tmp_path: Path) -> None:
    short = TRAINING | {"dqn": TRAINING["dqn"] | {"episodes": 2}}
    weights = []
    for run, seed in (("first", 3), ("second", 3), ("other", 4)):
        drain(train_policy(run_config(short, seed=seed), tmp_path / run))
        weights.append(load_tensors(tmp_path / run / POLICY)[0])
    first, second, other = weights

    assert all(torch.equal(tensor, second[name]) for name, tensor in first.items())
    assert any(not torch.equal(tensor, other[name]) for name, tensor in first.items())
