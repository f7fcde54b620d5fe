"""The engine: query → teach → fit, the same for a person and for an oracle."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from src_model.active_learning.acquisition.acquisition import Acquisition, CandidatePool
from src_model.active_learning.answering import Answering
from src_model.active_learning.candidates import Draw, look_at
from src_model.active_learning.choice_grounds import grounds_of
from src_model.active_learning.decision import Decision, decision_of
from src_model.active_learning.episode_records import Records
from src_model.active_learning.episode_state import EpisodeState
from src_model.active_learning.phase_clock import PhaseClock
from src_model.active_learning.policy_update import update_policy
from src_model.active_learning.readings import Row, loss_row
from src_model.active_learning.rewarding import LastFit, Rewarding
from src_model.active_learning.run_checkpoint import load_run, restore_weights, save_run
from src_model.active_learning.scoring import Scoring
from src_model.active_learning.surroundings import Knowledge, Surroundings
from src_model.config import RunConfig
from src_model.data.annotation import Annotation
from src_model.data.labelled_set import LabelledSet
from src_model.data.region import Region, grids
from src_model.device import generator_for
from src_model.dqn.credit import rewards_of
from src_model.dqn.double_dqn import DQNLearner
from src_model.dqn.reward import Reading
from src_model.events import FitReport, PolicyUpdated, Progress, Query, ShouldStop, StepDone, never
from src_model.exceptions import EmptyPool, RalisError
from src_model.labelling.skipping import SkipReason
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
        self.regions_per_query = config.acquisition.regions_per_query
        """K of the next queries: that of the settings, unless a person's pace asks for more."""
        self._project = project
        self._learner = learner
        self._knowledge = knowledge or Knowledge()
        self._grid = grids(surroundings.size, config.data.region)
        self._scoring = Scoring(config, surroundings, segmenter)
        self._now = self._new_episode(1)
        self._rewarding = Rewarding(config.dqn, surroundings, segmenter)
        self._answering = Answering(surroundings, project)
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
    def waiting(self) -> tuple[Region, ...]:
        """Regions of all queries that are neither labelled nor skipped, in the order in which they were asked."""
        return self._now.waiting

    @property
    def open_queries(self) -> tuple[Query, ...]:
        """Queries that no fit has learned from, oldest first."""
        return tuple(decision.query for decision in self._now.decisions)

    @property
    def has_answers(self) -> bool:
        """Whether labels have come in that no fit has seen, asked for or not."""
        return self._now.answered_decision is not None or bool(self._now.unseen)

    @property
    def unseen(self) -> int:
        """How many labels no fit has seen."""
        return len(self._now.unseen)

    @property
    def fitted_step(self) -> int:
        """Step of the last fit; 0 before the first."""
        return self._now.fitted_step

    @property
    def is_due(self) -> bool:
        """Whether a query has all its answers, or as many have come in, not all of which a query asked for."""
        return self._now.is_due(self._config.acquisition.regions_per_query)

    def unanswered(self, regions: Sequence[Region]) -> tuple[Region, ...]:
        """Of these, what may be labelled and is neither labelled nor passed over."""
        return self._now.unanswered(regions)

    @property
    def last_fit(self) -> LastFit | None:
        """What the last fit of this process was measured on, and what it changed."""
        return self._rewarding.last_fit

    @property
    def may_ask(self) -> bool:
        """Whether budget and pool allow another query."""
        return self._now.budget_left(self._config.acquisition.budget) > 0 and len(self._now.free) > 0

    @property
    def finished(self) -> bool:
        """Whether there is nothing to ask, to answer or to learn any more."""
        return self._rewarding.phi is not None and not self._now.decisions and not self.may_ask

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
        yield from self._segmenter.prepare(self._data.all_images(), should_stop)
        self._rewarding.phi = restore_weights(tensors, self._segmenter, self._learner, self._config.dqn)
        # Only now that the weights are known to fit: what is taken back is lost.
        self._project.resume()
        self._now.unpack(header, tensors)
        self._answering.take_checks(self._now)
        self._answering.take_recorded(self._now)

    def recall_checks(self, should_stop: ShouldStop = never) -> Progress[None]:
        """Get the images ready and know the check regions that are labelled, before an episode begins."""
        yield from self._segmenter.prepare(self._data.all_images(), should_stop)
        self._answering.take_checks(self._now)

    def begin(self, episode: int = 1, should_stop: ShouldStop = never) -> Progress[None]:
        """Start an episode: start weights, nothing labelled, Φ_0 measured and recorded as step 0."""
        self._segmenter.reset()
        self._now = self._new_episode(episode)
        if self._learner is not None:
            self._learner.begin_episode()
        yield from self._segmenter.prepare(self._data.all_images(), should_stop)
        self._answering.take_checks(self._now)
        clock, known = PhaseClock(), self._answering.known_until(self._project.last)
        first = yield from self._rewarding.reward_set().read(self._segmenter, should_stop)
        scored = yield from self._scoring.score(first, 0, self.may_ask, should_stop)
        clock.lap("evaluate_seconds")
        if should_stop():
            return
        self._rewarding.begin(self._now, first)
        row = self._scoring.row(0, self._now.labelled, scored) | loss_row(first.evaluation) | clock.laps | known
        self._project.record_step(episode, 0, row)
        self._answering.take_recorded(self._now)
        yield StepDone(episode, 0, self._now.steps_in_all(self._config.acquisition), row)

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
        return (yield from self.propose(should_stop))

    def propose(self, should_stop: ShouldStop = never) -> Progress[Query | None]:
        """As `query`, also while others wait for answers, so that a person never waits for the next region.

        Raises
        ------
        EmptyPool
            If the budget is spent, or every region is labelled, skipped or asked.
        """
        if not self.may_ask:
            raise EmptyPool("The budget is spent or all regions are labelled. Raise the budget, add images, or finish.")
        decision, free = self._now.prepared, self._now.free
        # A person may have labelled what was chosen before it was asked.
        if decision is None or not all(region in free for region in decision.query.regions):
            clock = PhaseClock()
            candidates = yield from self._look(should_stop)
            if should_stop():
                return None
            decision = self._choose(candidates)
            self._now.query_seconds = clock.lap("query_seconds")
        return self.ask(replace(decision, query=replace(decision.query, step=self._now.step + 1)))

    def ask(self, decision: Decision) -> Query:
        """Ask what has been decided, here or in another run of these images; recorded before it is returned."""
        self._project.record_query(self._now.episode, decision.query, self._answering.asked)
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
        self._answering.answer(self._now, annotations)

    def answer(self, annotations: Sequence[Annotation], checks: Sequence[Annotation]) -> None:
        """As `teach`, together with labels of check regions, which are never learnt from: all or none."""
        self._answering.answer(self._now, annotations, checks)

    def skip(self, region: Region, reason: SkipReason) -> None:
        """Pass over a region that is not labelled, asked or not; durably, with what follows from the reason."""
        self._answering.skip(self._now, region, reason)

    def take_back(self, regions: Sequence[Region]) -> None:
        """Undo what was said to these regions, recorded durably: they wait again, or may be asked again.

        What a fit has learned from their labels stays in the weights until they are trained on the others.
        """
        self._answering.take_back(self._now, regions)

    def fit(self, should_stop: ShouldStop = never) -> Progress[FitReport]:
        """Train on the labels, read the reward set, reward and train the query network, record the step.

        Labels that come in meanwhile are left to the next fit. A stop leaves whole weights and no record of the step;
        `fit` may be called again. In a person's run it leaves the weights as they were.

        Raises
        ------
        RalisError
            If nothing has been labelled since the last fit.
        """
        if self._rewarding.phi is None or not self.has_answers:
            raise RalisError("Nothing has been labelled since the last training. Label a region first.")
        decision = self._now.decision_to_learn(self._config.acquisition.regions_per_query)
        if self._data.checks is None:
            return (yield from self._fit(decision, should_stop))
        weights, kept, report = self._segmenter.state_dict(), self._now.settled(), None
        try:
            report = yield from self._fit(decision, should_stop)
        finally:
            if report is None or report.stopped:
                self._segmenter.load_state_dict(weights)
                self._now.unsettle(kept)
                self._rewarding.last = None
        return report

    # --- query ------------------------------------------------------------------------------------------------

    def _look(self, should_stop: ShouldStop) -> Progress[CandidatePool]:
        now, settings, needs = self._now, self._config.acquisition, self._acquisition.needs
        wanted = min(self.regions_per_query, now.budget_left(settings.budget))
        draw = Draw(*now.free.draw(self._rng("candidates"), wanted, settings.pool_size, settings.regions_per_image))
        standing, state, rng = now.standing(settings.budget), self._data.roles.state, self._rng("passes")
        looked = look_at(draw, needs, self._segmenter, self._grid, state, now.labelled, rng, should_stop, standing)
        return (yield from looked)

    def _choose(self, candidates: CandidatePool) -> Decision:
        epsilon = 0.0 if self._learner is None else self._learner.epsilon
        context = self._knowledge.context(self._now.labelled, epsilon)
        choice = self._acquisition.choose(candidates, context, self._rng("choice"))
        grounds = grounds_of(candidates, choice, context, self._config.acquisition, lambda: self._rng("choice"))
        return decision_of(self._now.step + 1, candidates, choice, epsilon, grounds)

    # --- fit --------------------------------------------------------------------------------------------------

    def _fit(self, decision: Decision | None, should_stop: ShouldStop) -> Progress[FitReport]:
        now, rewarded, seen_until = self._now, self._rewarding.reward_set(), self._project.last
        step = now.step + 1 if decision is None else decision.query.step
        labelled, unseen = now.labelled.copy(), dict(now.unseen)
        clock = PhaseClock()
        if not rewarded.is_read_in(self._rewarding.last):
            yield from self._rewarding.read_again(rewarded, now, should_stop)
            clock.lap("read_again_seconds")
            if should_stop():
                return FitReport(0, 0, None, 0.0, stopped=True)
        task = FitTask(labelled, labelled.regions, tuple(unseen))
        report = yield from self._segmenter.fit(task, self._rng("fit", step), should_stop)
        clock.lap("fit_seconds")
        after = yield from rewarded.read(self._segmenter, should_stop)
        scored = yield from self._scoring.score(after, step, self.may_ask, should_stop)
        looked_back: Row = {}
        if scored is not None and self._learner is None:  # The training of a policy does without.
            looked_back = yield from self._scoring.look_back(labelled, rewarded.images, should_stop)
        clock.lap("evaluate_seconds")
        rng = self._rng("final", step)
        final = yield from self._scoring.final_training(step, labelled, rewarded, rng, should_stop)
        if report.stopped or should_stop():
            return replace(report, stopped=True)
        row = self._scoring.row(step, labelled, scored) | loss_row(after.evaluation, report.class_weights)
        row |= looked_back | clock.laps | {"train_loss": report.loss, "query_seconds": now.query_seconds}
        before, worth = now.before, (yield from self._rewarding.worth(step, rewarded, now.before, after))
        now.settle(decision, after.reading, worth.reward, labelled)
        row |= worth.row | self._answering.known_until(seen_until)
        if decision is not None and worth.teaches:
            row |= yield from self._learn(decision, before, after.reading)
        now.seen_until, now.fitted_step, now.step = seen_until, step, max(now.step, step)
        self._commit(step, row, final)
        now.has_seen(unseen)
        yield StepDone(now.episode, step, now.steps_in_all(self._config.acquisition), row)
        return report

    def _learn(self, decision: Decision, before: Reading | None, after: Reading | None) -> Progress[Row]:
        """Store what the query was worth, look at what follows it, update the query network."""
        learner, reward = self._learner, self._rewarding.phi
        if learner is None or reward is None or after is None or decision.is_bare:
            return {}
        clock = PhaseClock()
        following = next((own for own in self._now.decisions if not own.is_bare), None)
        candidates = None if following is None else following.candidates
        if candidates is None and self.may_ask:
            candidates = yield from self._look(never)
            self._now.query_seconds = clock.lap("query_seconds")
        answered = np.array([region in self._now.labelled for region in decision.query.regions])
        pixels = self._now.labelled.class_pixels_of(decision.query.regions)
        rewards = rewards_of(self._config.dqn.credit, reward, before, after, pixels, answered)
        rng = self._rng("replay", decision.query.step)
        loss = update_policy(learner, decision, answered, rewards, candidates, rng)
        if candidates is not None and following is None:
            self._now.prepared = self._choose(candidates)
        if loss is not None:
            yield PolicyUpdated(loss, decision.epsilon)
        return {"q_loss": loss, "epsilon": decision.epsilon, "learn_seconds": clock.lap("learn_seconds")}

    def _commit(self, step: int, row: Row, final: Row | None) -> None:
        """Record the step, with a checkpoint when the last one is old or nothing is left to do."""
        assert self._rewarding.phi is not None
        episode = self._now.episode
        if final is not None:
            self._project.record_final(episode, step, len(self._now.labelled), final)
        path = None
        if self.finished or time.monotonic() - self._checkpointed >= self._config.checkpoint_seconds:
            path = self._project.new_checkpoint_path()
            if path is not None:
                save_run(path, self._segmenter, self._learner, self._rewarding.phi, self._now)
            self._checkpointed = time.monotonic()
        self._project.record_step(episode, step, row, path)

    # --- small things -----------------------------------------------------------------------------------------

    def _new_episode(self, episode: int) -> EpisodeState:
        regions = self._data.pool_regions(self._grid)
        return EpisodeState(episode, regions, self._data.size, self._data.schema.num_classes)

    def _rng(self, purpose: str, step: int | None = None) -> np.random.Generator:
        at = self._now.step + 1 if step is None else step
        return generator_for(self._config.seed, self._now.episode, at, purpose)

    def _steps_in_all(self) -> int:
        return self._now.step + -(-self._now.budget_left(self._config.acquisition.budget) // self.regions_per_query)
