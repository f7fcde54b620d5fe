"""The engine: query → teach → fit, the same for a person and for an oracle."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from src_model.active_learning.acquisition.acquisition import Acquisition, CandidatePool, Context, Gains
from src_model.active_learning.candidates import Draw, look_at
from src_model.active_learning.decision import Decision, decision_of
from src_model.active_learning.episode_records import Records
from src_model.active_learning.episode_state import EpisodeState
from src_model.active_learning.phase_clock import PhaseClock
from src_model.active_learning.policy_update import update_policy
from src_model.active_learning.readings import Row, look_back_images, loss_row, progress_row, reading_of, reading_row
from src_model.active_learning.run_checkpoint import load_run, restore_weights, save_run
from src_model.active_learning.surroundings import Knowledge, Surroundings
from src_model.config import RunConfig
from src_model.data.annotation import Annotation, check_class_indices
from src_model.data.labelled_set import LabelledSet
from src_model.data.region import grids
from src_model.device import generator_for
from src_model.dqn.credit import rewards_of
from src_model.dqn.double_dqn import DQNLearner
from src_model.dqn.reward import Reading, Reward, class_frequencies, class_weights
from src_model.events import FitReport, PolicyUpdated, Progress, Query, RewardMeasured, ShouldStop, StepDone, never
from src_model.exceptions import AnnotationError, EmptyPool, RalisError
from src_model.segmentation.metrics import ConfusionMatrix, Evaluation
from src_model.segmentation.segmenter import FitTask, Segmenter


class ActiveLearningEngine:
    """Ask-and-tell loop over one project; owned by one thread.

    Every number follows from the configuration, the seed and the answers: random numbers are addressed by
    (seed, episode, step, purpose), so a run that goes on from a checkpoint ends where an uninterrupted one does.

    Parameters
    ----------
    config:
        The run.
    surroundings:
        Images by role, classes, labels to measure with.
    segmenter, acquisition:
        f_t and the rule that chooses.
    project:
        Where everything is recorded: a project folder whose lock is held, or nowhere.
    learner:
        The query network while it is being trained; None when a policy is only used, or none is needed.
    knowledge:
        For the upper lines of a simulation.
    """

    def __init__(
        self,
        config: RunConfig,
        surroundings: Surroundings,
        segmenter: Segmenter,
        acquisition: Acquisition,
        project: Records,
        learner: DQNLearner | None = None,
        knowledge: Knowledge | None = None,
    ) -> None:
        self._config = config
        self._data = surroundings
        self._segmenter = segmenter
        self._acquisition = acquisition
        self._project = project
        self._learner = learner
        self._knowledge = knowledge or Knowledge()
        self._grid = grids(surroundings.size, config.data.region)
        self._now = self._new_episode(1)
        self._reward: Reward | None = None
        self._checkpointed = time.monotonic()

    # --- what is going on -------------------------------------------------------------------------------------

    @property
    def labelled(self) -> LabelledSet:
        """L_t: what has been labelled in this episode."""
        return self._now.labelled

    @property
    def episode(self) -> int:
        """Counts from 1."""
        return self._now.episode

    @property
    def regions_in_pool(self) -> int:
        """How many regions have no labels."""
        return len(self._now.pool)

    @property
    def open_query(self) -> Query | None:
        """The query that waits for answers."""
        decision = self._now.open_decision
        return None if decision is None else decision.query

    @property
    def has_answers(self) -> bool:
        """Whether labels have come in that no fit has seen."""
        return self._now.answered_decision is not None

    @property
    def may_ask(self) -> bool:
        """Whether budget and pool allow another query."""
        return self._now.budget_left(self._config.acquisition.budget) > 0 and len(self._now.pool) > 0

    @property
    def finished(self) -> bool:
        """Whether there is nothing to ask, to answer or to learn any more."""
        return self._reward is not None and not self._now.decisions and not self.may_ask

    # --- how a run and an episode start -----------------------------------------------------------------------

    def start(self, should_stop: ShouldStop = never) -> Progress[None]:
        """Go on from the project's checkpoint, or begin the first episode where there is none.

        Raises
        ------
        CheckpointError
            If the checkpoint is damaged or does not fit the settings; the project is as it was.
        """
        path = self._project.checkpoint
        if path is None:
            self._project.resume()
            yield from self.begin(1, should_stop)
            return
        tensors, header = load_run(path)
        self._now = self._new_episode(int(header["episode"]))
        yield from self._segmenter.prepare(self._all_images(), should_stop)
        self._reward = restore_weights(tensors, self._segmenter, self._learner, self._config.dqn)
        # Only now that the weights are known to fit: what is taken back is lost.
        self._project.resume()
        self._take_recorded()
        self._now.unpack(header, tensors)

    def begin(self, episode: int = 1, should_stop: ShouldStop = never) -> Progress[None]:
        """Start an episode: start weights, nothing labelled, Φ_0 measured and recorded as step 0."""
        self._segmenter.reset()
        self._now = self._new_episode(episode)
        if self._learner is not None:
            self._learner.begin_episode()
        yield from self._segmenter.prepare(self._all_images(), should_stop)
        clock = PhaseClock()
        on_reward_set = yield from self._read(self._data.roles.reward, should_stop)
        scored = yield from self._score(0, on_reward_set.confusion, should_stop)
        clock.lap("evaluate_seconds")
        if should_stop():
            return
        self._reward = self._reward_weighted_by(on_reward_set.confusion.support)
        self._now.reading = reading_of(on_reward_set.confusion)
        if self._reward.needs_first_reading:
            self._now.before = self._now.reading
        row = self._row(0, scored) | loss_row(on_reward_set) | clock.laps
        self._project.record_step(episode, 0, row)
        self._take_recorded()
        yield StepDone(episode, 0, self._steps_in_all(), row)

    # --- the three verbs --------------------------------------------------------------------------------------

    def query(self, should_stop: ShouldStop = never) -> Progress[Query | None]:
        """Choose the next regions: a_t. Recorded before it is returned; None if asked to stop before the choice.

        Raises
        ------
        EmptyPool
            If the budget is spent or every region is labelled.
        RalisError
            If the last query still waits for answers.
        """
        if self.open_query is not None:
            raise RalisError("The last query is still open. Label or skip its regions first.")
        if not self.may_ask:
            raise EmptyPool("The budget is spent or all regions are labelled. Raise the budget, add images, or finish.")
        decision = self._now.prepared
        if decision is None:
            clock = PhaseClock()
            candidates = yield from self._look(should_stop)
            if should_stop():
                return None
            decision = self._choose(candidates)
            self._now.query_seconds = clock.lap("query_seconds")
        self._project.record_query(self._now.episode, decision.query)
        self._now.prepared = None
        self._now.step = decision.query.step
        self._now.decisions.append(decision)
        return decision.query

    def teach(self, annotations: Sequence[Annotation]) -> None:
        """Take labels: validated first, then recorded durably, then known to the engine.

        Regions that were not asked for are welcome (``label here``); a region labelled before is corrected.

        Raises
        ------
        AnnotationError
            If a patch holds values that are no class, or lies in an image the project does not know.
        """
        known = set(self._data.roles.pool)
        for annotation in annotations:
            check_class_indices(annotation, self._data.schema.num_classes)
            if annotation.region.image not in known:
                raise AnnotationError(
                    f"{annotation.region.image} is not an image to be labelled here. Choose a region of the pool."
                )
        self._project.record_annotations(self._now.episode, self._now.step, annotations)
        self._now.take(annotations, self._now.step)

    def fit(self, should_stop: ShouldStop = never) -> Progress[FitReport]:
        """Train on the labels, read the reward set, reward and train the query network, record the step.

        A stop leaves whole weights and no record of the step; `fit` may be called again.

        Raises
        ------
        RalisError
            If nothing has been labelled since the last fit.
        """
        decision = self._now.answered_decision
        if decision is None or self._reward is None:
            raise RalisError("Nothing has been labelled since the last training. Label a region first.")
        step = decision.query.step
        clock = PhaseClock()
        report = yield from self._train(step, should_stop)
        clock.lap("fit_seconds")
        on_reward_set = yield from self._read(self._data.roles.reward, should_stop)
        scored = yield from self._score(step, on_reward_set.confusion, should_stop)
        looked_back = yield from self._look_back(scored, should_stop)
        clock.lap("evaluate_seconds")
        final = yield from self._final_training(step, should_stop)
        if report.stopped or should_stop():
            return report
        reading = reading_of(on_reward_set.confusion)
        value, reward = self._reward.value(reading), self._reward.gain(self._now.before, reading)
        yield RewardMeasured(self._config.dqn.reward, value, reward)
        before = self._now.before
        self._now.settle(decision, reading, reward)
        row = self._row(step, scored) | loss_row(on_reward_set, report.class_weights) | looked_back | clock.laps
        row |= {"reward": reward, "phi": value, "train_loss": report.loss, "query_seconds": self._now.query_seconds}
        row |= yield from self._learn(decision, before, reading)
        self._commit(step, row, final)
        yield StepDone(self._now.episode, step, self._steps_in_all(), row)
        return report

    # --- query ------------------------------------------------------------------------------------------------

    def _look(self, should_stop: ShouldStop) -> Progress[CandidatePool]:
        settings = self._config.acquisition
        wanted = min(settings.regions_per_query, self._now.budget_left(settings.budget))
        drawn = self._now.pool.draw(self._rng("candidates"), wanted, settings.pool_size, settings.regions_per_image)
        return (
            yield from look_at(
                Draw(*drawn),
                self._acquisition.needs,
                self._segmenter,
                self._grid,
                self._data.roles.state,
                self._now.labelled,
                self._rng("passes"),
                should_stop,
                self._now.standing(settings.budget),
            )
        )

    def _choose(self, candidates: CandidatePool) -> Decision:
        context = Context(
            labelled_shares=self._now.labelled.shares,
            epsilon=0.0 if self._learner is None else self._learner.epsilon,
            true_shares=self._knowledge.shares,
            gains=self._gains(),
        )
        choice = self._acquisition.choose(candidates, context, self._rng("choice"))
        return decision_of(self._now.step + 1, candidates, choice, context.epsilon)

    def _gains(self) -> Gains | None:
        measure = self._knowledge.gains
        return None if measure is None else lambda regions: measure(regions, self._now.labelled)

    # --- fit --------------------------------------------------------------------------------------------------

    def _train(self, step: int, should_stop: ShouldStop) -> Progress[FitReport]:
        labelled = self._now.labelled
        task = FitTask(labelled, labelled.regions, labelled.newest(step))
        return (yield from self._segmenter.fit(task, self._rng("fit", step), should_stop))

    def _read(self, images: Sequence[str], should_stop: ShouldStop) -> Progress[Evaluation]:
        return (yield from self._segmenter.evaluate_with_loss(images, self._data.measured, should_stop))

    def _score(
        self, step: int, on_reward_set: ConfusionMatrix, should_stop: ShouldStop
    ) -> Progress[ConfusionMatrix | None]:
        """The reading for the table: of the test set if there is one and this step is one of those to read."""
        if not self._data.roles.test:
            return on_reward_set
        if step % self._config.evaluate_every and self.may_ask:
            return None
        return (yield from self._segmenter.evaluate(self._data.roles.test, self._data.measured, should_stop))

    def _look_back(self, scored: ConfusionMatrix | None, should_stop: ShouldStop) -> Progress[Row]:
        """IoU on labels that were trained on, when the others are read; the training of a policy does without."""
        if scored is None or self._learner is not None:
            return {}
        roles = self._data.roles
        images = look_back_images(self._now.labelled, len(roles.test) + len(roles.reward))
        on_labels = yield from self._segmenter.evaluate(images, self._now.labelled, should_stop)
        return {"train_mean_iou": on_labels.mean_iou()}

    def _final_training(self, step: int, should_stop: ShouldStop) -> Progress[Row | None]:
        """A long training from the start weights at the budgets asked for; the run goes on as if it had not been."""
        labelled = self._now.labelled
        before = len(labelled) - len(labelled.newest(step))
        updates = self._config.segmentation.final_updates
        if not any(before < budget <= len(labelled) for budget in self._config.final_at) or not updates:
            return None
        weights = self._segmenter.state_dict()
        self._segmenter.reset()
        task = FitTask(labelled, labelled.regions, labelled.regions, updates)
        report = yield from self._segmenter.fit(task, self._rng("final", step), should_stop)
        roles = self._data.roles
        scored = yield from self._read(roles.test or roles.reward, should_stop)
        self._segmenter.load_state_dict(weights)
        row = self._row(step, scored.confusion) | ({} if roles.test else loss_row(scored, report.class_weights))
        return row | {"train_loss": report.loss, "fit_seconds": report.seconds}

    def _learn(self, decision: Decision, before: Reading | None, after: Reading) -> Progress[Row]:
        """Store what the query was worth, look at what follows it, update the query network."""
        learner = self._learner
        if learner is None or self._reward is None:
            return {}
        clock = PhaseClock()
        following = self._now.decisions[-1] if self._now.decisions else None
        candidates = following.candidates if following else None
        if candidates is None and self.may_ask:
            candidates = yield from self._look(never)
            self._now.query_seconds = clock.lap("query_seconds")
        answered = np.array([region in self._now.labelled for region in decision.query.regions])
        pixels = self._now.labelled.class_pixels_of(decision.query.regions)
        rewards = rewards_of(self._config.dqn.credit, self._reward, before, after, pixels, answered)
        rng = self._rng("replay", decision.query.step)
        loss = update_policy(learner, decision, answered, rewards, candidates, rng)
        if candidates is not None and following is None:
            self._now.prepared = self._choose(candidates)
        if loss is not None:
            yield PolicyUpdated(loss, decision.epsilon)
        return {"q_loss": loss, "epsilon": decision.epsilon, "learn_seconds": clock.lap("learn_seconds")}

    def _reward_weighted_by(self, label_pixels: npt.NDArray[np.int64]) -> Reward:
        settings = self._config.dqn
        weights = class_weights(class_frequencies(label_pixels), settings.weighted_epsilon)
        return Reward(settings.reward, settings.reward_baseline, weights)

    # --- records ----------------------------------------------------------------------------------------------

    def _commit(self, step: int, row: Row, final: Row | None) -> None:
        """Record the step, with a checkpoint when the last one is old or nothing is left to do."""
        assert self._reward is not None
        episode = self._now.episode
        if final is not None:
            self._project.record_final(episode, step, len(self._now.labelled), final)
        path = None
        if self.finished or time.monotonic() - self._checkpointed >= self._config.checkpoint_seconds:
            path = self._project.new_checkpoint_path()
            if path is not None:
                save_run(path, self._segmenter, self._learner, self._reward, self._now)
            self._checkpointed = time.monotonic()
        self._project.record_step(episode, step, row, path)

    def _take_recorded(self) -> None:
        """What the log holds for this episode: all labels after a checkpoint, a person's before the first."""
        for step, annotation in self._project.annotations(self._now.episode):
            self._now.take([annotation], step)

    def _row(self, step: int, scored: ConfusionMatrix | None) -> Row:
        """What stands in every row of metrics.csv; a reading that was not taken leaves its cells empty."""
        names = self._data.schema.names
        row = progress_row(step, self._now.labelled, self._data.counted_pixels, names)
        return row if scored is None else row | reading_row(scored, self._config.dqn.weighted_epsilon, names)

    # --- small things -----------------------------------------------------------------------------------------

    def _new_episode(self, episode: int) -> EpisodeState:
        regions = {image: self._grid(image).regions(image) for image in self._data.roles.pool}
        return EpisodeState(episode, regions, self._data.size, self._data.schema.num_classes)

    def _rng(self, purpose: str, step: int | None = None) -> np.random.Generator:
        return generator_for(
            self._config.seed, self._now.episode, self._now.step + 1 if step is None else step, purpose
        )

    def _steps_in_all(self) -> int:
        settings = self._config.acquisition
        return self._now.step + -(-self._now.budget_left(settings.budget) // settings.regions_per_query)

    def _all_images(self) -> tuple[str, ...]:
        roles = self._data.roles
        return tuple(sorted({*roles.pool, *roles.state, *roles.reward, *roles.test}))
