"""Replay: a person's session done again without the person, step by step, to the same metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from src_model.active_learning.assembly import keep_schema
from src_model.active_learning.person_run import PersonRun
from src_model.active_learning.person_start import CheckPlan, assemble_for_person, kept_checks, roles_for_person
from src_model.data.annotation import Annotation
from src_model.data.answers import Checked, Skipped, TakenBack
from src_model.events import Progress, Query, ShouldStop, never
from src_model.exceptions import ProjectError
from src_model.labelling.check_regions import CheckDraw
from src_model.labelling.skipping import SkipReason
from src_model.project.history import Happened, OrderOfChecks, Serving, StepMeasured, history
from src_model.project.project import Project
from src_model.project.records import Row
from src_model.project.tables import KNOWN_UNTIL
from src_model.project.view import ProjectView

_OF_THE_POLICY = ("q_loss", "epsilon")
"""What a policy learned goes with how it chose, which the log does not hold; what it asked is there."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came out.

    Attributes
    ----------
    steps:
        How many were made again.
    differing:
        Step and columns in which the numbers are others than those recorded; empty: the same to the bit.
    """

    steps: int
    differing: tuple[tuple[int, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class _Act:
    """One thing to do again; a step has with it what was said while it was made."""

    happened: Happened
    meanwhile: tuple[Happened, ...] = ()


def replay(session: Path, out: Path, should_stop: ShouldStop = never) -> Progress[Replayed | None]:
    """Do in ``out`` what was done in the project ``session``: ask, answer, skip, take back and train in its order.

    ``out`` becomes a project of its own; `session` is only read, also while somebody labels in it. Returns None if
    stopped.

    Raises
    ------
    RalisError
        If nobody labelled in ``session``, its images are gone, or ``out`` is not empty; nothing has been written.
    """
    with ProjectView.read(session) as view:
        config, acts = view.settings, _acts(history(view))
        assembly = assemble_for_person(config)
        plan = kept_checks(config, assembly.dataset, view)
    assert plan is not None  # history() has refused a project without check regions
    roles = roles_for_person(config, plan.held_out, assembly.dataset)
    first = CheckPlan(plan.held_out, plan.draws[:1])
    differing = []
    with PersonRun(config, assembly.in_roles(lambda _: roles), first, Project.create(out, config)) as run:
        keep_schema(out, assembly.dataset.schema)
        for act in acts:
            if should_stop():
                return None
            yield from _do(run, act, should_stop)
    with ProjectView.read(out) as view:
        made = {row["step"]: row for row in view.rows()}
    recorded = [act.happened.what.row for act in acts if isinstance(act.happened.what, StepMeasured)]
    for row in recorded:
        others = _differing(row, made.get(row["step"], {}))
        if others:
            differing.append((int(row["step"] or 0), others))
    return Replayed(len(recorded), tuple(differing))


def _acts(happened: Sequence[Happened]) -> list[_Act]:
    """In the order in which things were begun: a step comes after all that it knew."""
    # Which weights are served follows from what was measured.
    done = [own for own in happened if not isinstance(own.what, Serving)]
    order = sorted(done, key=lambda own: (_begun_at(own), own.seq))
    acts: list[_Act] = []
    position = 0
    while position < len(order):
        own, position = order[position], position + 1
        meanwhile = position
        if isinstance(own.what, StepMeasured):
            while meanwhile < len(order) and order[meanwhile].seq < own.seq:
                meanwhile += 1
        acts.append(_Act(own, tuple(order[position:meanwhile])))
        position = meanwhile
    # The first order of asking is that of the plan, which the run itself writes down.
    first = next(place for place, act in enumerate(acts) if isinstance(act.happened.what, OrderOfChecks))
    return acts[:first] + acts[first + 1 :]


def _begun_at(own: Happened) -> float:
    return own.what.known_until + 0.5 if isinstance(own.what, StepMeasured) else own.seq


def _do(run: PersonRun, act: _Act, should_stop: ShouldStop) -> Progress[None]:
    if not isinstance(act.happened.what, StepMeasured):
        _say(run, act.happened)
        return
    said = list(act.meanwhile)
    making = run.start(should_stop) if act.happened.what.row["step"] == 0 else run.fit(should_stop)
    for event in making:
        yield event
        # What was said while a step was made came between its pieces; it neither saw nor changed it.
        while said:
            _say(run, said.pop(0))
    while said:
        _say(run, said.pop(0))


def _say(run: PersonRun, happened: Happened) -> None:
    match happened.what:
        case Query() as query:
            run.ask(query)
        case Annotation() as annotation:
            run.accept([annotation])
        case Checked(annotation):
            run.accept([annotation])
        case Skipped(region, reason):
            run.skip(region, SkipReason(reason))
        case TakenBack(region):
            run.take_back([region])
        case OrderOfChecks(arrays):
            run.follow(CheckDraw.from_arrays(arrays))
        case StepMeasured() | Serving():
            raise ProjectError("A step was made while another one was. The log is damaged; take it from a backup.")


def _differing(recorded: Row, made: Row) -> tuple[str, ...]:
    """Columns whose cells are others, apart from what was timed, counted in records or learned by the policy."""
    return tuple(
        column
        for column, cell in recorded.items()
        if not column.endswith("_seconds") and column not in (KNOWN_UNTIL, *_OF_THE_POLICY) and made.get(column) != cell
    )
