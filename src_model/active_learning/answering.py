"""Answering: what people and oracles say to regions, validated, put on the disk, then known to the episode."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from src_model.active_learning.decision import recorded_decision
from src_model.active_learning.episode_records import Records
from src_model.active_learning.episode_state import EpisodeState
from src_model.active_learning.readings import Row
from src_model.active_learning.surroundings import Surroundings
from src_model.data.annotation import Annotation, Source
from src_model.data.answers import Answer, Checked, Skipped, TakenBack, region_of
from src_model.data.region import Region
from src_model.exceptions import AnnotationError, RalisError
from src_model.labelling.check_set import CheckSet
from src_model.labelling.skipping import SkipReason
from src_model.project.tables import KNOWN_UNTIL


class Answering:
    """Takes answers for an episode, and those of an earlier process from the project.

    Parameters
    ----------
    data:
        Classes, images that may be labelled, the check set of a person's run.
    project:
        Where answers are recorded.
    """

    def __init__(self, data: Surroundings, project: Records) -> None:
        self._data = data
        self._project = project

    def answer(self, now: EpisodeState, annotations: Sequence[Annotation], checks: Sequence[Annotation] = ()) -> None:
        """Labels to learn from and to measure with; see `ActiveLearningEngine.teach` and `answer`."""
        for annotation in annotations:
            self._refuse_others(annotation.region)
        for annotation in checks:
            self._checks.refuse_others(annotation.region)
        # Before they are recorded: what the set would refuse must not be found in the log at the next start.
        now.labelled.refuse_misfits((*annotations, *checks))
        checked = [Checked(replace(annotation, source=Source.HUMAN)) for annotation in checks]
        self._answer(now, [*annotations, *checked])

    def skip(self, now: EpisodeState, region: Region, reason: SkipReason) -> None:
        """A region is passed over; see `ActiveLearningEngine.skip`."""
        if region in now.labelled or (self._data.checks is not None and region in self._data.checks.labels):
            raise AnnotationError(f"{region} is labelled. Take the labels back before you skip it.")
        self._answer(now, [Skipped(region, str(reason))])

    def take_back(self, now: EpisodeState, regions: Sequence[Region]) -> None:
        """Answers are undone; see `ActiveLearningEngine.take_back`."""
        self._answer(now, [TakenBack(region) for region in regions])

    def take_checks(self, now: EpisodeState) -> None:
        """What the log holds for the check set, before it is read for the first time."""
        if self._data.checks is not None:
            self._take_recorded(now, checks=True)

    def take_recorded(self, now: EpisodeState) -> None:
        """What the log holds for the pool, and what was asked of a person after the checkpoint."""
        self._take_recorded(now, checks=False)
        for query in self._project.queries(now.episode):
            if query.step > now.step:
                now.decisions.append(recorded_decision(query))
                now.step = query.step
        now.drop_skipped()

    @property
    def asked(self) -> Source:
        """Who answers."""
        return Source.ORACLE if self._data.checks is None else Source.HUMAN

    def known_until(self, newest: int) -> Row:
        """Column with the newest record that a step knew: answers of a person go on coming while it is made."""
        return {} if self._data.checks is None else {KNOWN_UNTIL: newest}

    @property
    def _checks(self) -> CheckSet:
        if self._data.checks is None:
            raise RalisError("This run is measured with masks and has no check regions. Use the run of a person.")
        return self._data.checks

    def _refuse_others(self, region: Region) -> None:
        if region.image not in self._data.roles.pool:
            raise AnnotationError(f"{region.image} is not an image to be labelled here. Choose a region of the pool.")
        if self._is_check(region):
            raise AnnotationError(f"{region} is held out to check models with. Choose a region of the pool.")

    def _take_recorded(self, now: EpisodeState, *, checks: bool) -> None:
        for recorded in self._project.answers(now.episode):
            answer = recorded.answer
            if self._is_check(region_of(answer)) is not checks:
                continue
            self._take(now, answer, recorded.step)
            if recorded.seq <= now.seen_until and isinstance(answer, Annotation):
                now.unseen.pop(answer.region, None)

    def _answer(self, now: EpisodeState, answers: Sequence[Answer]) -> None:
        """First on the disk, all in one transaction, then known."""
        steps = [now.step_of(region_of(answer)) for answer in answers]
        self._project.record_answers(now.episode, list(zip(steps, answers, strict=True)))
        for answer, step in zip(answers, steps, strict=True):
            self._take(now, answer, step)

    def _take(self, now: EpisodeState, answer: Answer, step: int) -> None:
        is_check = self._is_check(region_of(answer))
        match answer:
            case Annotation():
                now.take([answer], step)
            case Checked(annotation):
                self._checks.take([annotation], step)
            case Skipped(region, reason) if is_check:
                self._checks.skip(region, reason)
            case Skipped(region, reason):
                now.skip(region, reason, step)
            case TakenBack(region) if is_check:
                self._checks.take_back(region)
            case TakenBack(region):
                now.take_back(region)

    def _is_check(self, region: Region) -> bool:
        return self._data.checks is not None and self._data.checks.blind(region)
