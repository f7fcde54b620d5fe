"""Another rule: what another acquisition would have asked in a person's session, and what it would have brought.

Two runs with the same check regions, all of them labelled beforehand, the same number of labels and a training after
each query: one asks what was labelled in the session, in its order; in the other the rule chooses. Answers are those of
the session where it has them; where the data set has masks these answer for the rest. Without masks only what was
labelled can be asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from src_model.active_learning.acquisition.dqn import DQNAcquisition
from src_model.active_learning.acquisition.registry import ACQUISITIONS
from src_model.active_learning.assembly import Assembly, keep_schema
from src_model.active_learning.person_run import PersonRun
from src_model.active_learning.person_start import CheckPlan, assemble_for_person, kept_checks, roles_for_person
from src_model.active_learning.policy_in_use import policy_in_use
from src_model.atomic_file import replacing
from src_model.config import CheckOrder, RunConfig, Schedule, make_run_config
from src_model.data.annotation import Annotation
from src_model.data.answers import Checked, Skipped, TakenBack
from src_model.data.region import Region
from src_model.data.splits import Roles
from src_model.device import generator_for
from src_model.events import LineBegun, Progress, Query, QueryReady, ShouldStop, never
from src_model.exceptions import ConfigurationError, EmptyPool
from src_model.labelling.check_regions import CheckDraw
from src_model.labelling.skipping import SkipReason
from src_model.project.folder import COMPARED
from src_model.project.history import history
from src_model.project.project import Project
from src_model.project.view import ProjectView
from src_model.simulation.oracle import GroundTruthOracle

RECORDED = "recorded"
"""Name of the folder of the session's own choices."""
_OF_SIMULATIONS = ("label_balance_true", "gain_greedy")
"""They look at true labels before they ask."""


@dataclass(frozen=True, slots=True)
class Known:
    """How much of what a rule asked was known, and from whom.

    Attributes
    ----------
    session:
        Folder of the session.
    recorded, rule:
        Acquisition of the session, and the other one.
    asked, from_session, from_masks:
        Regions that the rule asked, answered by the session and by masks.
    labelled, askable, pool:
        Regions that the session labelled to learn from, that the rule could choose from, and that there are.
    """

    session: str
    recorded: str
    rule: str
    asked: int
    from_session: int
    from_masks: int
    labelled: int
    askable: int
    pool: int


@dataclass(frozen=True, slots=True)
class _Said:
    """What a session says in the end: labels in the order of their first giving, check labels, passed-over checks."""

    labels: Mapping[Region, Annotation]
    checks: Mapping[Region, Annotation]
    passed_over: Mapping[Region, str]


def ask_otherwise(session: Path, out: Path, rule: str, should_stop: ShouldStop = never) -> Progress[Known | None]:
    """Make both runs, as projects in ``out/recorded`` and ``out/RULE``; None if stopped.

    Raises
    ------
    RalisError
        If nobody labelled in ``session``, nothing is labelled to learn from, there is no such rule, it needs what only
        a simulation knows, the images are gone, or ``out`` holds something.
    """
    with ProjectView.read(session) as view:
        said, config = _said_in(view), view.settings
        assembly = assemble_for_person(config)
        plan = kept_checks(config, assembly.dataset, view)
    assert plan is not None  # history() has refused a project without check regions
    if not said.labels:
        raise EmptyPool(f"Nothing is labelled in {session} that a model could learn from. Label some regions first.")
    _refuse_unknown(rule)
    roles = _with_state(roles_for_person(config, plan.held_out, assembly.dataset), rule, config, said)
    whole = sum(len(plan.held_out.pool[image]) for image in roles.pool)
    pool = _askable(assembly, roles, plan, said)
    roles, plan = replace(roles, pool=tuple(pool)), _narrowed(plan, pool)
    place = _Place(assembly.in_roles(lambda _: roles), plan, said)
    names = {RECORDED: config.acquisition.name, rule: rule}
    settings = {name: _settings(config, asks, place.budget) for name, asks in names.items()}
    policy_in_use(settings[rule], place.assembly)  # what is wrong with it is said before anything is written
    asked: dict[str, list[Region]] = {}
    for number, (name, own) in enumerate(settings.items(), 1):
        yield LineBegun(name, number, 2)
        run = place.run(own, out / name)
        regions = yield from _played(run, place, name == RECORDED, should_stop)
        if regions is None:
            return None
        asked[name] = regions
    from_session = sum(region in said.labels for region in asked[rule])
    known = Known(
        session=str(session),
        recorded=config.acquisition.name,
        rule=rule,
        asked=len(asked[rule]),
        from_session=from_session,
        from_masks=len(asked[rule]) - from_session,
        labelled=len(said.labels),
        askable=len(place.pool),
        pool=whole,
    )
    with replacing(out / COMPARED) as partial:
        partial.write_text(json.dumps(asdict(known), indent=1), encoding="utf-8")
    return known


@dataclass(frozen=True, slots=True)
class _Place:
    """Where both runs take place, and what is known there."""

    assembly: Assembly
    plan: CheckPlan
    said: _Said

    @property
    def pool(self) -> frozenset[Region]:
        """What can be asked."""
        return frozenset(region for regions in self.plan.held_out.pool.values() for region in regions)

    @property
    def budget(self) -> int:
        """Labels of the session that can be given again."""
        return len(self.pool & self.said.labels.keys())

    def run(self, config: RunConfig, folder: Path) -> PersonRun:
        """A run with nothing labelled; the network is at its start weights again when it starts."""
        made = PersonRun(config, self.assembly, self.plan, Project.create(folder, config))
        keep_schema(folder, self.assembly.dataset.schema)
        return made

    def answers(self, regions: Iterable[Region]) -> list[Annotation]:
        """By the session where it has one, else by the masks."""
        oracle = GroundTruthOracle(self.assembly.dataset, self.assembly.dataset.schema.num_classes)
        return [self.said.labels.get(region) or oracle.answer([region])[0] for region in regions]


def _said_in(view: ProjectView) -> _Said:
    check_regions = (
        frozenset(CheckDraw.from_arrays(view.check_draws()[0][0]).regions) if view.check_draws() else frozenset()
    )
    labels: dict[Region, Annotation] = {}
    checks: dict[Region, Annotation] = {}
    passed_over: dict[Region, str] = {}
    for happened in history(view):
        match happened.what:
            case Annotation() as annotation:
                labels[annotation.region] = annotation
            case Checked(annotation):
                checks[annotation.region] = annotation
                passed_over.pop(annotation.region, None)
            case Skipped(region, reason) if region in check_regions:
                passed_over[region] = reason
            case TakenBack(region):
                labels.pop(region, None)
                checks.pop(region, None)
                passed_over.pop(region, None)
    return _Said(labels, checks, passed_over)


def _askable(assembly: Assembly, roles: Roles, plan: CheckPlan, said: _Said) -> dict[str, Sequence[Region]]:
    """Regions by image whose labels are known: those of the session, and whole images where there are masks."""
    has_masks = assembly.dataset.has_labels
    pool = {
        image: tuple(own for own in plan.held_out.pool[image] if own in said.labels or has_masks(image))
        for image in roles.pool
    }
    return {image: regions for image, regions in pool.items() if regions}


def _narrowed(plan: CheckPlan, pool: Mapping[str, Sequence[Region]]) -> CheckPlan:
    return replace(plan, held_out=replace(plan.held_out, pool=pool))


def _with_state(roles: Roles, rule: str, config: RunConfig, said: _Said) -> Roles:
    """D_S for a policy in a session that had none: images in which nothing was labelled, so that no answer is lost."""
    if roles.state or rule != DQNAcquisition.name:
        return roles
    labelled = {region.image for region in said.labels}
    free = [image for image in roles.pool if image not in labelled]
    drawn = generator_for(config.seed, "state images").permutation(free).tolist()[: config.data.state_images]
    return replace(roles, state=tuple(sorted(drawn)), pool=tuple(own for own in roles.pool if own not in set(drawn)))


def _refuse_unknown(rule: str) -> None:
    known = [name for name in ACQUISITIONS if name not in _OF_SIMULATIONS]
    if rule not in known:
        raise ConfigurationError(
            f"There is no acquisition {rule!r} that could have asked here. Choose one of: {', '.join(known)}."
        )


def _settings(config: RunConfig, rule: str, budget: int) -> RunConfig:
    """Those of the session with the other rule, one query at a time; no check region is waited for."""
    changes = {
        "acquisition": {"name": rule, "budget": budget},
        "labelling": {"check_order": CheckOrder.IN_TURN},
        "schedule": Schedule.SEQUENTIAL,
    }
    return make_run_config(config.model_dump(), changes)


def _played(run: PersonRun, place: _Place, as_recorded: bool, should_stop: ShouldStop) -> Progress[list[Region] | None]:
    """What was asked, in order; None if stopped."""
    asked: list[Region] = []
    with run:
        run.accept(list(place.said.checks.values()))
        for region, reason in place.said.passed_over.items():
            run.skip(region, SkipReason(reason))
        yield from run.start(should_stop)
        queries = _recorded_queries(run, place) if as_recorded else None
        while not should_stop():
            query = (yield from _chosen(run, should_stop)) if queries is None else _asked_again(run, queries)
            if query is None:
                return asked
            asked += query.regions
            run.accept(place.answers(query.regions))
            yield from run.fit(should_stop)
    return None


def _recorded_queries(run: PersonRun, place: _Place) -> Iterator[Query]:
    """What was labelled, K at a time in the order of labelling; nobody scored it."""
    regions = [region for region in place.said.labels if region in place.pool]
    per_query = run.config.acquisition.regions_per_query
    for step, begin in enumerate(range(0, len(regions), per_query), 1):
        of_step = tuple(regions[begin : begin + per_query])
        yield Query(step, of_step, (0.0,) * len(of_step))


def _asked_again(run: PersonRun, queries: Iterator[Query]) -> Query | None:
    query = next(queries, None)
    if query is not None:
        run.ask(query)
    return query


def _chosen(run: PersonRun, should_stop: ShouldStop) -> Progress[Query | None]:
    found = None
    for event in run.propose(should_stop):
        yield event
        if isinstance(event, QueryReady):
            found = event.query
    return found
