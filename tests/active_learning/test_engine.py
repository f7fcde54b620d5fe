"""The engine with a segmenter that learns nothing but counts: what is asked, taught, fitted and recorded."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from src_model.active_learning import engine as engine_module
from src_model.active_learning.acquisition.acquisition import CandidatePool, Choice, Context
from src_model.active_learning.acquisition.dqn import DQNAcquisition
from src_model.active_learning.acquisition.registry import make_acquisition
from src_model.active_learning.candidates import Draw, look_at
from src_model.active_learning.engine import ActiveLearningEngine
from src_model.active_learning.surroundings import Surroundings
from src_model.config import RunConfig, make_run_config
from src_model.data.annotation import Annotation
from src_model.data.class_schema import ClassSchema, SemanticClass
from src_model.data.region import Region
from src_model.data.splits import Roles
from src_model.dqn.default_query_network import DefaultQueryNetwork
from src_model.dqn.double_dqn import DQNLearner
from src_model.dqn.policy import EpsilonGreedyPolicy
from src_model.dqn.query_network import QueryNetwork, ReferenceQueryNetwork
from src_model.events import FitReport, Progress, Query, QueryReady, ShouldStop, drain, never
from src_model.exceptions import AnnotationError, EmptyPool, RalisError
from src_model.project.project import Project
from src_model.segmentation.metrics import ConfusionMatrix, Evaluation, confusion_matrix
from src_model.segmentation.segmenter import FitTask, OptionalMap, PredictionMaps
from src_model.simulation.episode import run_episode
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


ROLES = Roles(train=(), state=("s1", "s2"), reward=("r1",), pool=("a", "b", "c"), test=())
ORACLE = GroundTruthOracle(Truth(), 2)


def settings(acquisition: str = "entropy", budget: int = 6, **sections: dict[str, object]) -> RunConfig:
    base = {
        "data": {"region": "8x8", "path": "made-up"},
        "acquisition": {"name": acquisition, "budget": budget, "regions_per_query": 2, "pool_size": 2},
        "checkpoint_seconds": 0,
    }
    return make_run_config(base, sections)


def engine_in(
    project: Project,
    config: RunConfig,
    learner: DQNLearner | None = None,
    network: QueryNetwork | None = None,
    roles: Roles = ROLES,
    truth: Truth | None = None,
) -> tuple[ActiveLearningEngine, CountingSegmenter]:
    segmenter = CountingSegmenter()
    policy = EpsilonGreedyPolicy(config.dqn.epsilon_coin)
    acquisition = make_acquisition(config.acquisition, learner.network if learner else network, policy)
    surroundings = Surroundings(SCHEMA, roles, lambda _image: SIZE, truth or Truth(), counted_pixels=6 * 256)
    return ActiveLearningEngine(config, surroundings, segmenter, acquisition, project, learner), segmenter


def learner_for(config: RunConfig) -> DQNLearner:
    generator = torch.Generator().manual_seed(1)
    default = config.dqn.features == "default"
    return DQNLearner(config.dqn, DefaultQueryNetwork(generator) if default else ReferenceQueryNetwork(2, 8, generator))


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "run", settings()) as opened:
        yield opened


def asked(query: Query) -> set[Region]:
    return set(query.regions)


def test_a_region_is_asked_only_once(project: Project) -> None:
    engine, _ = engine_in(project, settings(budget=12))
    drain(engine.start())
    seen: list[Region] = []
    while not engine.finished:
        query = drain(engine.query())
        seen += query.regions
        engine.teach(ORACLE.answer(query.regions))
        drain(engine.fit())
    assert len(seen) == len(set(seen)) == 12


def test_a_budget_larger_than_the_pool_ends_with_the_pool(project: Project) -> None:
    engine, _ = engine_in(project, settings(budget=100))
    drain(engine.start())
    assert drain(run_episode(engine, ORACLE))
    assert len(engine.labelled) == 12
    with pytest.raises(EmptyPool, match="budget"):
        drain(engine.query())


def test_the_last_query_takes_what_is_left_of_the_budget(project: Project) -> None:
    engine, _ = engine_in(project, settings(budget=5))
    drain(engine.start())
    drain(run_episode(engine, ORACLE))
    assert [len(query.regions) for query in project.queries(1)] == [2, 2, 1]


def test_a_stop_during_the_search_leaves_no_query(project: Project) -> None:
    engine, _ = engine_in(project, settings())
    drain(engine.start())
    assert drain(engine.query(lambda: True)) is None
    assert engine.open_query is None
    assert project.queries(1) == []
    assert drain(engine.query()) is not None


def test_a_second_query_waits_for_answers_to_the_first(project: Project) -> None:
    engine, _ = engine_in(project, settings())
    drain(engine.start())
    drain(engine.query())
    with pytest.raises(RalisError, match="still open"):
        drain(engine.query())


def test_a_fit_without_new_labels_is_refused(project: Project) -> None:
    engine, _ = engine_in(project, settings())
    drain(engine.start())
    with pytest.raises(RalisError, match="Label a region first"):
        drain(engine.fit())


def test_labels_that_are_no_class_are_refused_and_change_nothing(project: Project) -> None:
    engine, _ = engine_in(project, settings())
    drain(engine.start())
    query = drain(engine.query())
    wrong = Annotation.from_labels(query.regions[0], np.full((8, 8), 7, dtype=np.uint8))
    with pytest.raises(AnnotationError, match="7"):
        engine.teach([wrong])
    assert len(engine.labelled) == 0
    assert project.annotations(1) == []


def test_the_reward_is_the_gain_in_points_from_the_measured_start(project: Project) -> None:
    config = settings(dqn={"reward_baseline": "measured"})
    engine, _ = engine_in(project, config)
    drain(engine.start())
    drain(run_episode(engine, ORACLE))
    rows = project.rows()
    gains = [row["reward"] for row in rows[1:]]
    # Prediction is all road at first: IoU of road 128/256, of car 0, so Φ_0 = 25 points.
    phi = [25.0, *(row["phi"] for row in rows[1:])]
    assert gains == pytest.approx(np.diff(phi).tolist())


def test_the_iou_on_labels_is_read_with_the_weights_of_the_step(project: Project) -> None:
    engine, segmenter = engine_in(project, settings(budget=12))
    drain(engine.start())
    drain(run_episode(engine, ORACLE))
    first, *_, last = project.rows()
    assert "train_mean_iou" not in first
    # everything is labelled in the end: as many rows are car as there were fits, of 16 of which 8 are road
    predicted_car = segmenter.fits
    assert predicted_car == 6
    assert last["train_mean_iou"] == pytest.approx((2 / 16 + 0 / 14) / 2)


def test_the_iou_on_labels_knows_nothing_of_what_is_not_labelled(project: Project) -> None:
    engine, _ = engine_in(project, settings())
    drain(engine.start())
    region = drain(engine.query()).regions[0]
    engine.teach(ORACLE.answer([region]))
    drain(engine.fit())
    # after one fit the first row is car: of 64 pixels of road 8 are wrong, and car below is never found
    assert project.rows()[1]["train_mean_iou"] == (56 / 64 if region.row == 0 else 0.0)


def test_steps_that_are_not_scored_and_trainings_of_a_policy_do_without_it(project: Project) -> None:
    roles = replace(ROLES, test=("t1",))
    engine, _ = engine_in(project, settings().model_copy(update={"evaluate_every": 2}), roles=roles)
    drain(engine.start())
    drain(run_episode(engine, ORACLE))
    rows = project.rows()
    assert [row["step"] for row in rows if "train_mean_iou" in row] == [2, 3]
    assert [row["step"] for row in rows if "confusion" in row] == [0, 2, 3]


def test_the_loss_on_the_reward_set_is_weighted_as_the_training_before_it(project: Project) -> None:
    engine, _ = engine_in(project, settings(final_at=[4]), roles=replace(ROLES, test=("t1",)), truth=Truth(("t1",)))
    drain(engine.start())
    drain(run_episode(engine, ORACLE))
    # r1 has 128 pixels of road and 128 of car. Car is never found: 3 nats a pixel. Of road, a row of 16 is lost a fit.
    # Before the first training both classes count alike, then road once and car three times.
    road, car = np.array([128, 128 + 32, 128 + 64, 128 + 96]), 3 * 128
    expected = [(road[0] + car) / 256, *((road[1:] + 3 * car) / 512)]
    assert [row["reward_set_loss"] for row in project.rows()] == pytest.approx(expected)
    assert "reward_set_loss" not in project.finals()[0]  # which read the test set


def test_the_published_first_reward_counts_from_zero(project: Project) -> None:
    engine, _ = engine_in(project, settings(dqn={"reward_baseline": "zero"}))
    drain(engine.start())
    drain(run_episode(engine, ORACLE))
    first = project.rows()[1]
    assert first["reward"] == first["phi"]


def test_a_stopped_fit_records_nothing_and_can_be_repeated(project: Project) -> None:
    engine, segmenter = engine_in(project, settings())
    drain(engine.start())
    query = drain(engine.query())
    engine.teach(ORACLE.answer(query.regions))
    assert drain(engine.fit(lambda: True)).stopped
    assert len(project.rows()) == 1
    drain(engine.fit())
    assert [row["step"] for row in project.rows()] == [0, 1]
    assert segmenter.fits == 1


def test_pipelined_asks_from_the_weights_before_the_fit(project: Project) -> None:
    engine, segmenter = engine_in(project, settings())
    drain(engine.start())
    fits_when_asked: list[int] = []
    progress = run_episode(engine, ORACLE, settings(schedule="pipelined").schedule)
    for event in progress:
        if type(event).__name__ == "QueryReady":
            fits_when_asked.append(segmenter.fits)
    assert fits_when_asked == [0, 0, 1]
    assert len(engine.labelled) == 6


def test_a_skipped_region_is_no_label_and_stays_in_the_pool(project: Project) -> None:
    engine, _ = engine_in(project, settings())
    drain(engine.start())
    query = drain(engine.query())
    engine.teach(ORACLE.answer(query.regions[:1]))
    drain(engine.fit())
    assert len(engine.labelled) == 1
    assert engine.regions_in_pool == 11


def test_final_trainings_start_anew_and_leave_no_trace(project: Project) -> None:
    engine, segmenter = engine_in(project, settings(final_at=[4]))
    drain(engine.start())
    drain(run_episode(engine, ORACLE))
    assert [row["budget"] for row in project.finals()] == [4]
    assert segmenter.tasks[2].updates == settings().segmentation.final_updates
    assert segmenter.fits == 3
    assert project.finals()[0]["reward_set_loss"] == project.rows()[1]["reward_set_loss"]  # one fit from the start


# --- where this loop departs from the published one, and where it does not ------------------------------------------


def test_every_acquisition_is_offered_the_same_candidates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offered: list[Draw] = []

    def watched(draw: Draw, *rest: object) -> Progress[CandidatePool]:
        offered.append(draw)
        return look_at(draw, *rest)  # type: ignore[arg-type]  # Whatever the engine gives is handed on.

    monkeypatch.setattr(engine_module, "look_at", watched)
    for name in ("random", "entropy", "margin", "margin_class_balanced", "impurity", "dqn"):
        config = settings(name)
        with Project.create(tmp_path / name, config) as opened:
            engine, _ = engine_in(opened, config, learner_for(config) if name == "dqn" else None)
            drain(engine.start())
            drain(engine.query())
    assert len(offered) == 6
    assert len(set(offered)) == 1


def test_images_are_looked_at_once_a_step_and_never_after_the_last(project: Project) -> None:
    config = settings("dqn")
    engine, segmenter = engine_in(project, config, learner_for(config))
    drain(engine.start())
    drain(run_episode(engine, ORACLE))
    assert len(segmenter.scanned) == len(project.queries(1)) == 3
    for images in segmenter.scanned:
        assert len(set(images)) == len(images)
        assert {"s1", "s2"} < set(images) <= {"a", "b", "c", "s1", "s2"}


def test_random_looks_at_no_image(project: Project) -> None:
    engine, segmenter = engine_in(project, settings("random"))
    drain(engine.start())
    drain(run_episode(engine, ORACLE))
    assert segmenter.scanned == []


def test_every_sub_action_is_given_the_whole_reward_of_its_query(project: Project) -> None:
    config = settings("dqn")
    learner = learner_for(config)
    engine, _ = engine_in(project, config, learner)
    drain(engine.start())
    drain(run_episode(engine, ORACLE))
    rewards = [row["reward"] for row in project.rows()[1:]]
    assert len(set(rewards)) > 1
    assert learner.replay.state_dict()["rewards"].tolist() == pytest.approx(np.repeat(rewards, 2).tolist())


def test_the_gain_of_a_class_goes_to_those_who_brought_it(project: Project) -> None:
    """Every region holds one class; where a query brings one class alone, the gain of the other is for both."""
    config = settings("dqn", 12, dqn={"credit": "class", "reward_baseline": "measured"})
    learner = learner_for(config)
    engine, _ = engine_in(project, config, learner)
    drain(engine.start())
    queries = [event.query for event in run_episode(engine, ORACLE) if isinstance(event, QueryReady)]
    rows = project.rows()
    expected = []
    for query, before, after in zip(queries, rows, rows[1:], strict=False):
        road, car = (50 * (float(after[name]) - float(before[name])) for name in ("iou_road", "iou_car"))
        of_car = [region.row >= 8 for region in query.regions]
        expected += (
            [2 * car if is_car else 2 * road for is_car in of_car] if len(set(of_car)) == 2 else [road + car] * 2
        )
    assert len({tuple(expected[i : i + 2]) for i in range(0, len(expected), 2)}) > 1
    assert learner.replay.state_dict()["rewards"].tolist() == pytest.approx(expected)
    assert any(one != pytest.approx(other) for one, other in zip(expected[::2], expected[1::2], strict=True))


def test_the_next_candidates_are_seen_before_the_query_network_learns(project: Project) -> None:
    config = settings("dqn", dqn={"batch_size": 2})
    engine, _ = engine_in(project, config, learner_for(config))
    drain(engine.start())
    drain(run_episode(engine, ORACLE))
    assert all(row["q_loss"] is not None for row in project.rows()[1:])


def test_a_policy_in_use_neither_explores_nor_learns(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    contexts: list[Context] = []
    choose = DQNAcquisition.choose

    def watched(rule: DQNAcquisition, candidates: CandidatePool, context: Context, rng: np.random.Generator) -> Choice:
        contexts.append(context)
        return choose(rule, candidates, context, rng)

    monkeypatch.setattr(DQNAcquisition, "choose", watched)
    network = ReferenceQueryNetwork(2, 8, torch.Generator().manual_seed(1)).eval()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    engine, _ = engine_in(project, settings("dqn"), network=network)
    drain(engine.start())
    drain(run_episode(engine, ORACLE))
    assert [context.epsilon for context in contexts] == [0.0] * 3
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
    assert not any("q_loss" in row for row in project.rows())


def test_labels_of_the_state_set_are_never_read(project: Project) -> None:
    config = settings("dqn")
    truth = Truth(hidden=ROLES.state)
    engine, _ = engine_in(project, config, learner_for(config), truth=truth)
    drain(engine.start())
    assert drain(run_episode(engine, GroundTruthOracle(truth, 2)))


def test_labels_that_are_only_scored_decide_nothing(tmp_path: Path) -> None:
    config = settings("dqn", dqn={"batch_size": 2})
    runs = []
    for name, turned in (("one", ()), ("other", ("t1",))):
        with Project.create(tmp_path / name, config) as opened:
            roles, truth = replace(ROLES, test=("t1",)), Truth(turned)
            engine, _ = engine_in(opened, config, learner_for(config), roles=roles, truth=truth)
            drain(engine.start())
            drain(run_episode(engine, ORACLE))
            runs.append((opened.queries(1), opened.rows()))
    (asked_first, first), (asked_then, then) = runs
    assert asked_first == asked_then
    for column in ("reward", "phi", "q_loss", "train_loss", "reward_set_loss"):
        assert [row.get(column) for row in first] == [row.get(column) for row in then]
    assert [row["mean_iou"] for row in first] != [row["mean_iou"] for row in then]


@pytest.mark.parametrize("schedule", ["sequential", "pipelined"])
def test_what_is_learned_from_is_what_was_seen_at_each_choice(
    project: Project, monkeypatch: pytest.MonkeyPatch, schedule: str
) -> None:
    choices: list[Choice] = []
    begun: list[np.ndarray] = []
    choose = DQNAcquisition.choose

    def watched(rule: DQNAcquisition, candidates: CandidatePool, context: Context, rng: np.random.Generator) -> Choice:
        choices.append(choose(rule, candidates, context, rng))
        begun.append(candidates.action_features)
        return choices[-1]

    monkeypatch.setattr(DQNAcquisition, "choose", watched)
    config = settings("dqn", schedule=schedule, dqn={"features": "default"})
    learner = learner_for(config)
    engine, _ = engine_in(project, config, learner)
    drain(engine.start())
    drain(run_episode(engine, ORACLE, config.schedule))
    kept = learner.replay.state_dict()
    seen = np.concatenate([choice.action_features for choice in choices])
    np.testing.assert_array_equal(kept["pools"].numpy(), seen.astype(np.float16))
    assert not np.array_equal(seen, np.concatenate(begun))
    assert kept["rows"][:, 1].tolist() == [place % 2 for choice in choices for place in choice.positions.tolist()]


# --- going on after a kill ------------------------------------------------------------------------------------------


def run_to_the_end(folder: Path, config: RunConfig, learns: bool, stop_after: int | None = None) -> list[dict]:
    """Run, or go on with, an episode; ``stop_after`` events it is abandoned as by a kill."""
    with Project.create_or_resume(folder, config) as project:
        engine, _ = engine_in(project, config, learner_for(config) if learns else None)
        drain(engine.start())
        for count, _event in enumerate(run_episode(engine, ORACLE, config.schedule)):
            if count == stop_after:
                break
        return project.rows()


def numbers(rows: list[dict]) -> list[dict]:
    return [{key: value for key, value in row.items() if not key.endswith("_seconds")} for row in rows]


@pytest.mark.parametrize("target", ["double_dqn", "sarsa"])
@pytest.mark.parametrize("schedule", ["sequential", "pipelined"])
@pytest.mark.parametrize("checkpoint_seconds", [0, 1000])
@pytest.mark.parametrize(("acquisition", "features"), [("random", "reference"), ("dqn", "reference"),
                                                     ("dqn", "default")])  # fmt: skip
def test_a_run_that_was_cut_off_ends_with_the_same_numbers(
    tmp_path: Path, schedule: str, target: str, checkpoint_seconds: float, acquisition: str, features: str
) -> None:
    config = settings(
        acquisition,
        12,
        schedule=schedule,
        checkpoint_seconds=checkpoint_seconds,
        dqn={"target": target, "batch_size": 2, "epsilon_coin": "sub_action", "features": features},
    )
    learns = acquisition == "dqn"
    whole = run_to_the_end(tmp_path / "whole", config, learns)
    for events in (1, 4, 9):
        run_to_the_end(tmp_path / "cut", config, learns, stop_after=events)
    cut = run_to_the_end(tmp_path / "cut", config, learns)
    assert numbers(cut) == numbers(whole)
    assert len(whole) == 7
