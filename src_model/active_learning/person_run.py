"""A person's run: a project in which somebody labels, over the engine that simulations use; commands in, events out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from src_model.active_learning.acquisition.acquisition import Acquisition
from src_model.active_learning.acquisition.registry import make_acquisition
from src_model.active_learning.assembly import Assembly, keep_schema, refuse_other_classes
from src_model.active_learning.check_events import KnowledgeTold
from src_model.active_learning.decision import recorded_decision
from src_model.active_learning.engine import ActiveLearningEngine
from src_model.active_learning.first_look import FirstLook
from src_model.active_learning.person_history import PersonHistory
from src_model.active_learning.person_pace import PersonPace
from src_model.active_learning.person_queue import PersonQueue
from src_model.active_learning.person_start import (
    CheckPlan,
    assemble_for_person,
    kept_checks,
    planned_checks,
    roles_for_person,
)
from src_model.active_learning.person_status import Asked, RunStatus
from src_model.active_learning.policy_in_use import policy_in_use
from src_model.active_learning.serving import ServedModel
from src_model.active_learning.weights_in_service import WeightsInService
from src_model.config import RunConfig
from src_model.data.annotation import Annotation, Source
from src_model.data.answers import Recorded
from src_model.data.dataset import Dataset
from src_model.data.region import Region
from src_model.device import describe_device, generator_for, memory_in_use, release_memory
from src_model.dqn.double_dqn import DQNLearner
from src_model.dqn.policy import EpsilonGreedyPolicy
from src_model.events import FitReport, Notice, Progress, Query, QueryReady, ShouldStop, never
from src_model.labelling.check_regions import CheckDraw, draw_check_regions
from src_model.labelling.check_set import CheckSet
from src_model.labelling.examples import Examples
from src_model.labelling.knowledge import knowledge_text
from src_model.labelling.skipping import SkipReason
from src_model.project.folder import ABOUT
from src_model.project.project import Project

_EPISODE = 1
"""A person's run is one episode."""
_FEW_IMAGES = 24
"""Looked at once more to say what the model knows; later check regions say it better."""


class PersonRun:
    """One open project of a person; use it in a ``with`` block. Owned by one thread, but for `served`.

    `start` comes first. Between two pieces of a `fit` or a `propose` answers may come in: they are on the disk when the
    call returns, and the running fit does not see them.

    Parameters
    ----------
    config:
        Of the run.
    assembly:
        Data, roles and the network that is trained.
    plan:
        What is held out, and the order in which it is asked.
    project:
        An open project, closed with the run.
    """

    def __init__(self, config: RunConfig, assembly: Assembly, plan: CheckPlan, project: Project) -> None:
        self._config = config
        self._assembly = assembly
        self._project = project
        self._plan = plan
        dataset = assembly.dataset
        self._checks = CheckSet(plan.held_out, plan.draws, dataset.size, dataset.schema.num_classes)
        surroundings = replace(assembly.surroundings(), checks=self._checks)
        acquisition, learner = _chosen_by(config, assembly)
        self._engine = ActiveLearningEngine(config, surroundings, assembly.segmenter, acquisition, project, learner)
        self.history = PersonHistory(project, self._engine, dataset.schema.num_classes)
        self.served = ServedModel(config, dataset, assembly.device)
        self.first_look = FirstLook(config, assembly, plan.held_out, project)
        self._queue = PersonQueue(config, self._engine, self._checks, self.first_look, dataset.sequence)
        self._pace = PersonPace(config, self._engine, project)
        self._in_service = WeightsInService(assembly.segmenter, self.served)
        self._has_begun = False

    @classmethod
    def open(cls, folder: Path, config: RunConfig | None = None, person: str = "") -> PersonRun:
        """Open the project in ``folder``, or make one with these settings; ``person`` answers from now on.

        Raises
        ------
        RalisError
            For bad data, settings, weights or policy, before anything is written; if the project is locked, damaged or
            has other settings; if there is neither a project nor settings.
        """
        if config is None or (folder / ABOUT).is_file():
            run = cls._reopened(folder, config)
        else:
            assembly = assemble_for_person(config)
            plan = planned_checks(config, assembly.dataset)
            run = cls._with(config, assembly, plan, Project.create(folder, config))
        run._project.person = person
        return run

    @classmethod
    def _reopened(cls, folder: Path, config: RunConfig | None) -> PersonRun:
        project = Project.open(folder) if config is None else Project.create_or_resume(folder, config)
        try:
            assembly = assemble_for_person(project.settings)
            refuse_other_classes(folder, assembly.dataset.schema)
            plan = kept_checks(project.settings, assembly.dataset, project)
            # A kill may have come between the making of the project and that of the plan.
            plan = plan or planned_checks(project.settings, assembly.dataset)
        except BaseException:
            project.close()
            raise
        return cls._with(project.settings, assembly, plan, project)

    @classmethod
    def _with(cls, config: RunConfig, assembly: Assembly, plan: CheckPlan, project: Project) -> PersonRun:
        try:
            roles = roles_for_person(config, plan.held_out, assembly.dataset)
            run = cls(config, assembly.in_roles(lambda _: roles), plan, project)
            keep_schema(project.folder, assembly.dataset.schema)
        except BaseException:
            project.close()
            raise
        return run

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._project.__exit__(kind, error, trace)
        release_memory(self._assembly.device)

    def close(self) -> None:
        """Close the project and give the GPU's memory back; twice is harmless."""
        self._project.close()
        release_memory(self._assembly.device)

    # --- what is going on -------------------------------------------------------------------------------------

    @property
    def status(self) -> RunStatus:
        """How the run stands."""
        labelled = self._engine.labelled
        return RunStatus(
            labelled_regions=len(labelled),
            labelled_pixels=labelled.pixels,
            check_regions=len(self._checks),
            unseen=self._engine.unseen,
            waiting=len(self._engine.waiting),
            may_fit=self._has_begun and self._engine.has_answers,
            fit_is_due=self._has_begun and self._engine.is_due,
            should_propose=self._queue.should_propose,
            should_embed=self.first_look.should_embed or self._may_draw_by_examples,
        )

    def queue(self, count: int) -> tuple[Asked, ...]:
        """The next regions to label, at most ``count``: what was shown, then what was chosen; see `in_turn`."""
        return self._queue.first(count)

    def blind(self, region: Region) -> bool:
        """Whether a region is held out: labelled without a draft, measured with, never learnt from."""
        return self._checks.blind(region)

    @property
    def queries(self) -> tuple[Query, ...]:
        """Queries that no fit has learned from, oldest first, each with the grounds it was chosen on."""
        return self._engine.open_queries

    @property
    def regions_per_query(self) -> int:
        """K as the pace asks for it."""
        return self._engine.regions_per_query

    @property
    def person(self) -> str:
        """Who answers; empty: nobody knows."""
        return self._project.person

    @property
    def serving(self) -> str:
        """Whose drafts are seen and why, in one sentence; empty before anything was decided."""
        return self._in_service.text

    @property
    def machine(self) -> tuple[str, int, int | None]:
        """What computes, the bytes of memory in use, and those on a GPU."""
        return describe_device(self._assembly.device), *memory_in_use(self._assembly.device)

    @property
    def config(self) -> RunConfig:
        """Settings of the run."""
        return self._config

    @property
    def dataset(self) -> Dataset:
        """Images and classes; other threads may read it too."""
        return self._assembly.dataset

    @property
    def annotations(self) -> tuple[Annotation, ...]:
        """Everything that is labelled, check regions included, in the order of labelling."""
        sets = (self._engine.labelled, self._checks.labels)
        return tuple(own.annotation(region) for own in sets for region in own.regions)

    @property
    def answers(self) -> tuple[Recorded, ...]:
        """Everything that was ever said, in the order in which it was said."""
        return tuple(self._project.answers(_EPISODE))

    @property
    def proposed(self) -> frozenset[Region]:
        """Every region that was ever asked for; others a person has chosen."""
        return frozenset(region for query in self._project.queries(_EPISODE) for region in query.regions)

    def annotation(self, region: Region) -> Annotation | None:
        """What was given for this region, to be corrected; None if it is not labelled."""
        labels = self._checks.labels if self.blind(region) else self._engine.labelled
        return labels.annotation(region) if region in labels else None

    # --- slow work: generators of events ----------------------------------------------------------------------

    def start(self, should_stop: ShouldStop = never) -> Progress[None]:
        """Go on where the project stands, with everything that was ever labelled, or begin."""
        if not self._project.check_draws():
            draw, note = self._plan.draws[0], self._plan.held_out.note
            self._project.record_check_draw(_EPISODE, draw.to_arrays(), note)
        for note in self._assembly.roles.notes:
            yield Notice(note)
        if self._project.checkpoint is None:
            yield from self._engine.recall_checks(should_stop)
        if not (self._queue.checks_come_first and self._is_untouched):
            yield from self._begin(should_stop)

    @property
    def _is_untouched(self) -> bool:
        """Whether nothing was learned and nothing but check regions was labelled."""
        answers = self._project.answers(_EPISODE) if self._project.checkpoint is None else None
        return answers is not None and not any(isinstance(own.answer, Annotation) for own in answers)

    def _begin(self, should_stop: ShouldStop) -> Progress[None]:
        yield from self._engine.start(should_stop)
        if not should_stop():
            self._has_begun = True
            self.served.show(self.first_look.examples.shown)
            fitted = self._engine.fitted_step
            yield from self._in_service.resume(fitted, self._project.last_served(self._engine.episode, fitted))

    def propose(self, should_stop: ShouldStop = never) -> Progress[None]:
        """Ask until enough regions wait, or none is left; each query is an event.

        Where check regions come first, the first reading is taken when they are labelled, and so here.
        """
        if not self._has_begun:
            yield from self._begin(should_stop)
        while self.status.should_propose and not should_stop():
            query = yield from self._engine.propose(should_stop)
            if query is not None:
                yield QueryReady(query)

    def fit(self, should_stop: ShouldStop = never) -> Progress[FitReport]:
        """Train, measure, and serve the new weights unless they are measurably worse than those served.

        A stop leaves all as it was, and the labels to the next fit.

        Raises
        ------
        RalisError
            If nothing has been labelled since the last fit.
        """
        before = self._pace.answers
        report = yield from self._engine.fit(should_stop)
        fitted = self._engine.last_fit
        if report.stopped or fitted is None:
            return report
        decided = yield from self._in_service.decide(fitted, should_stop)
        decided = replace(decided, regions=len(self._engine.labelled) + len(self._checks))
        self._project.record_serving(_EPISODE, fitted.step, decided.served, decided.text)
        self.history.record(fitted, decided.regions, served=decided.served)
        yield decided
        if fitted.reading.reading is None:
            yield from self._tell_knowledge(fitted.step, should_stop)
        yield from self._pace.keep(fitted.step, self._pace.answers - before)
        return report

    def embed(self, should_stop: ShouldStop = never) -> Progress[None]:
        """Embed a few images of the first look; once all are there, draw check regions by what was shown."""
        yield from self.first_look.embed(should_stop)
        if self._may_draw_by_examples and not should_stop():
            self.draw_checks(self.first_look.embedded.shares(self.check_candidates, self.first_look.examples.shown))

    # --- answers: on the disk when these return ---------------------------------------------------------------

    def accept(self, annotations: Sequence[Annotation]) -> None:
        """Take a person's labels, asked for or not, first ones or corrections: check regions apart from the others.

        Raises
        ------
        AnnotationError
            If one is not to be labelled, or holds values that are no class; then nothing is taken.
        """
        human = [replace(annotation, source=Source.HUMAN) for annotation in annotations]
        checks = [annotation for annotation in human if self.blind(annotation.region)]
        self._engine.answer([own for own in human if not self.blind(own.region)], checks)
        self._pace.answers += len(human)

    def skip(self, region: Region, reason: SkipReason) -> None:
        """Pass a region over, with what follows from the reason."""
        self._engine.skip(region, reason)
        self._pace.answers += 1

    def take_back(self, regions: Sequence[Region]) -> None:
        """Undo what was said to these regions."""
        self._engine.take_back(regions)

    def show(self, examples: Examples) -> None:
        """Keep what a person has shown to be what, on the disk on return.

        Raises
        ------
        AnnotationError
            If one of the places is held out; then nothing is kept.
        """
        self.first_look.show(examples)
        self.served.show(examples.shown)

    def draw_checks(self, shares: npt.NDArray[np.floating]) -> None:
        """Ask check regions in a new order, now that classes are known; what is labelled counts on.

        Parameters
        ----------
        shares:
            (N, C) for `check_candidates`, as `draw_check_regions` takes them.
        """
        draws = len(self._project.check_draws())
        rng = generator_for(self._config.seed, "check regions", draws)
        self.follow(draw_check_regions(self.check_candidates, rng, shares))

    def follow(self, draw: CheckDraw) -> None:
        """Ask check regions in this order from now on; what is labelled counts on."""
        self._project.record_check_draw(_EPISODE, draw.to_arrays(), self._plan.held_out.note)
        self._checks.follow(draw)

    def ask(self, query: Query) -> None:
        """Ask what was asked in another run of these images, instead of choosing."""
        self._engine.ask(recorded_decision(query))

    @property
    def check_candidates(self) -> tuple[Region, ...]:
        """Every region that is held out, in order."""
        return self._plan.held_out.candidates

    @property
    def _may_draw_by_examples(self) -> bool:
        return self.first_look.is_ready and len(self._project.check_draws()) == 1

    def _tell_knowledge(self, step: int, should_stop: ShouldStop) -> Progress[None]:
        labelled = self._engine.labelled
        images = sorted({region.image for region in labelled.regions})
        if len(images) <= _FEW_IMAGES:
            confusion = yield from self._assembly.segmenter.evaluate(images, labelled, should_stop)
            left = len(self._engine.unanswered(self.first_look.regions))
            yield KnowledgeTold(step, knowledge_text(confusion.counts, self.dataset.schema.names, left))


def _chosen_by(config: RunConfig, assembly: Assembly) -> tuple[Acquisition, DQNLearner | None]:
    """The rule that asks and, where it is a policy for any classes, what teaches it from measured gains."""
    network = policy_in_use(config, assembly)
    learns = network is not None and config.dqn.features == "default"
    learner = DQNLearner(config.dqn, network) if learns and network is not None else None
    policy = EpsilonGreedyPolicy(config.dqn.epsilon_coin)
    return make_acquisition(config.acquisition, network, policy), learner
