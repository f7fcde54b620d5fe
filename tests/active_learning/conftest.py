"""A made-up data set and a segmenter that learns nothing but counts: the engine's loop, with numbers known by hand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from src_model.active_learning.acquisition.registry import make_acquisition
from src_model.active_learning.engine import ActiveLearningEngine
from src_model.active_learning.surroundings import Surroundings
from src_model.config import RunConfig, make_run_config
from src_model.data.class_schema import ClassSchema, SemanticClass
from src_model.data.splits import Roles
from src_model.dqn.default_query_network import DefaultQueryNetwork
from src_model.dqn.double_dqn import DQNLearner
from src_model.dqn.policy import EpsilonGreedyPolicy
from src_model.dqn.query_network import QueryNetwork, ReferenceQueryNetwork
from src_model.events import FitReport, Progress, ShouldStop, never
from src_model.project.project import Project
from src_model.segmentation.metrics import ConfusionMatrix, Evaluation, confusion_matrix
from src_model.segmentation.segmenter import FitTask, OptionalMap, PredictionMaps
from src_model.simulation.oracle import GroundTruthOracle

SIZE = (16, 16)
"""Two by two regions of 8×8."""

SCHEMA = ClassSchema("two", (SemanticClass(0, "road", (128, 64, 128)), SemanticClass(1, "car", (0, 0, 142))))


class CountingSegmenter:
    """Predicts class 1 in as many rows as it has been fitted; its only weight is that number.

    A pixel that is right loses 1 nat, any other 3; a fit weighs its loss 1 to 3.
    """

    num_classes = 2
    cell = (1, 1)

    def __init__(self) -> None:
        self.fits = 0
        self.tasks: list[FitTask] = []
        self.scanned: list[tuple[str, ...]] = []

    def prepare(self, images: Sequence[str], should_stop: ShouldStop = never) -> Progress[None]:
        yield from ()

    def reset(self) -> None:
        self.fits = 0

    def scan(
        self,
        images: Sequence[str],
        maps: Collection[OptionalMap] = (),
        rng: np.random.Generator | None = None,
        should_stop: ShouldStop = never,
    ) -> Iterator[PredictionMaps]:
        count = len(images)
        self.scanned.append(tuple(images))
        classes = torch.zeros(count, *SIZE, dtype=torch.uint8)
        classes[:, : self.fits] = 1
        entropy = torch.linspace(0, 0.5, SIZE[0] * SIZE[1]).reshape(SIZE).expand(count, *SIZE).contiguous()
        probabilities = torch.where(torch.stack([classes == 0, classes == 1], dim=1), 0.9, 0.1)
        yield PredictionMaps(tuple(images), classes, entropy, entropy.clone(), probabilities)

    def fit(self, task: FitTask, rng: np.random.Generator, should_stop: ShouldStop = never) -> Progress[FitReport]:
        yield from ()
        if should_stop():
            return FitReport(0, 0, None, 0.0, stopped=True)
        self.fits += 1
        self.tasks.append(task)
        return FitReport(1, len(task.regions), 0.5, 0.0, class_weights=(1.0, 3.0))

    def evaluate(
        self, images: Sequence[str], labels: Truth, should_stop: ShouldStop = never
    ) -> Progress[ConfusionMatrix]:
        yield from ()
        predicted = np.zeros(SIZE, dtype=np.uint8)
        predicted[: self.fits] = 1
        total = ConfusionMatrix.empty(2)
        for image in images:
            total = total + confusion_matrix(labels.labels(image), predicted, 2)
        return total

    def evaluate_with_loss(
        self, images: Sequence[str], labels: Truth, should_stop: ShouldStop = never
    ) -> Progress[Evaluation]:
        confusion = yield from self.evaluate(images, labels, should_stop)
        return Evaluation(confusion, (confusion.counts * np.array([[1.0, 3.0], [3.0, 1.0]])).sum(axis=1))

    def class_map(self, image: np.ndarray) -> np.ndarray:
        return np.zeros(image.shape[:2], dtype=np.uint8)

    def state_dict(self) -> dict[str, torch.Tensor]:
        return {"fits": torch.tensor(self.fits)}

    def load_state_dict(self, state: dict[str, torch.Tensor]) -> None:
        self.fits = int(state["fits"])


class Truth:
    """The upper half is road, the lower half car; turned upside down in some images, not to be read in others."""

    def __init__(self, turned: Collection[str] = (), hidden: Collection[str] = ()) -> None:
        self.turned = turned
        self.hidden = hidden

    def labels(self, image: str) -> np.ndarray:
        assert image not in self.hidden, f"the labels of {image} were read"
        labels = np.ones(SIZE, dtype=np.uint8)
        labels[:8] = 0
        return labels[::-1].copy() if image in self.turned else labels


_ROLES = Roles(train=(), state=("s1", "s2"), reward=("r1",), pool=("a", "b", "c"), test=())


def _settings(acquisition: str = "entropy", budget: int = 6, **sections: dict[str, object]) -> RunConfig:
    base = {
        "data": {"region": "8x8", "path": "made-up"},
        "acquisition": {"name": acquisition, "budget": budget, "regions_per_query": 2, "pool_size": 2},
        "checkpoint_seconds": 0,
    }
    return make_run_config(base, sections)


def _engine_in(
    project: Project,
    config: RunConfig,
    learner: DQNLearner | None = None,
    network: QueryNetwork | None = None,
    roles: Roles = _ROLES,
    truth: Truth | None = None,
) -> tuple[ActiveLearningEngine, CountingSegmenter]:
    segmenter = CountingSegmenter()
    policy = EpsilonGreedyPolicy(config.dqn.epsilon_coin)
    acquisition = make_acquisition(config.acquisition, learner.network if learner else network, policy)
    surroundings = Surroundings(SCHEMA, roles, lambda _image: SIZE, truth or Truth(), counted_pixels=6 * 256)
    return ActiveLearningEngine(config, surroundings, segmenter, acquisition, project, learner), segmenter


def _learner_for(config: RunConfig) -> DQNLearner:
    generator = torch.Generator().manual_seed(1)
    default = config.dqn.features == "default"
    return DQNLearner(config.dqn, DefaultQueryNetwork(generator) if default else ReferenceQueryNetwork(2, 8, generator))


@pytest.fixture
def roles() -> Roles:
    """Images ``a``, ``b`` and ``c`` to ask from, ``s1`` and ``s2`` in D_S, ``r1`` in D_R, none to test on."""
    return _ROLES


@pytest.fixture
def truth() -> Callable[..., Truth]:
    """True labels: ``truth(turned, hidden)``, both ids of images."""
    return Truth


@pytest.fixture
def oracle() -> GroundTruthOracle:
    """Answers with the true labels."""
    return GroundTruthOracle(Truth(), 2)


@pytest.fixture
def settings() -> Callable[..., RunConfig]:
    """Settings of a run: ``settings("dqn", 12, dqn={"credit": "class"})`` spends 12 regions, two a query."""
    return _settings


@pytest.fixture
def engine_in() -> Callable[..., tuple[ActiveLearningEngine, CountingSegmenter]]:
    """An engine in a project, and its segmenter: ``engine_in(project, config, learner, roles=…)``."""
    return _engine_in


@pytest.fixture
def learner_for() -> Callable[[RunConfig], DQNLearner]:
    """The learner of a run, its query network always with the same weights."""
    return _learner_for


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A project that is open."""
    with Project.create(tmp_path / "run", _settings()) as opened:
        yield opened
