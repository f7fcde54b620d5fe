"""Labelling display: what the panels of a labelling session show, as pure functions of what is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from napari_ralis.panels.query_panel import Answer, Counters, Proposal
from napari_ralis.panels.training_panel import TrainingState, Work
from napari_ralis.sitting import Place, Sitting
from napari_ralis.threads.run_messages import (
    Began,
    Ended,
    Failed,
    Happened,
    Job,
    Knows,
    Measured,
    Message,
    Served,
    Standing,
)
from napari_ralis.threads.wishes import DraftMade, Picture
from src_model.data.images import Pixels
from src_model.data.region import Region
from src_model.events import Event, ImagesEvaluated, ImagesPrepared, ImagesScored, Notice, UpdatesDone
from src_model.labelling.reason import reason_for, reason_on

_EMPTY: Pixels = np.full((2, 2, 3), 96, dtype=np.uint8)
_BLIND = "A check region, drawn by chance: label it without help. It measures the model and is never learnt from."
_COMES = "Looking at this place …"
_PHASES: Mapping[type[Event], str] = {
    UpdatesDone: "training",
    ImagesEvaluated: "measuring",
    ImagesScored: "choosing regions",
    ImagesPrepared: "preparing images",
}
_RESTING = TrainingState()
_ENOUGH_FOR_A_PACE = 10
"""Regions answered before the time that is left is told."""
_LOSSES = 60
"""That many of the last losses are drawn."""


@dataclass(frozen=True, slots=True)
class Learning:
    """What the heavy lane is doing, as far as it has said; `after` takes each message in.

    Attributes
    ----------
    job:
        None while it rests.
    state:
        What the panel shows.
    since, at:
        When the phase began, in seconds, and how much of it was done by then.
    unseen:
        Labels that no training has seen.
    reading, serving:
        The last sentences about check regions and about whose drafts are shown.
    notice:
        What happened in the last training that a person should know: too little memory, another K.
    """

    job: Job | None = None
    state: TrainingState = _RESTING
    since: float = 0.0
    at: int = 0
    unseen: int = 0
    reading: str = ""
    serving: str = ""
    notice: str = ""


def after(before: Learning, message: Message, now: float) -> Learning:
    """The same after a message that came at this time, in seconds of any clock."""
    if isinstance(message, Happened):
        return _after_event(before, message.event, now)
    if isinstance(message, Began):
        state = TrainingState(Work.RUNNING, str(message.job), losses=before.state.losses)
        notice = "" if message.job is Job.LEARNING else before.notice
        return _remarked(replace(before, job=message.job, state=state, since=now, at=0, notice=notice))
    if isinstance(message, Ended):
        return _remarked(replace(before, job=None, state=TrainingState(losses=before.state.losses)))
    if isinstance(message, Failed):
        failed = TrainingState(Work.FAILED, remark=str(message.error), losses=before.state.losses)
        return replace(before, job=None, state=failed)
    if isinstance(message, Standing):
        return _remarked(replace(before, unseen=message.unseen))
    if isinstance(message, Measured):
        return _remarked(replace(before, reading=message.text))
    if isinstance(message, Served | Knows):
        return _remarked(replace(before, serving=message.text))
    return before


def paused(before: Learning, on: bool) -> Learning:
    """The same while it is paused, or goes on."""
    return replace(before, state=replace(before.state, work=Work.PAUSED if on else Work.RUNNING))


def stopping(before: Learning) -> Learning:
    """The same once it was asked to stop."""
    return replace(before, state=replace(before.state, work=Work.STOPPING))


def proposals(
    sitting: Sitting, pictures: Mapping[Region, Picture], drafts: Mapping[Region, DraftMade]
) -> tuple[tuple[Proposal, ...], int | None]:
    """The strip as the query panel shows it, and which of it is in hand."""
    reasons = reasons_for(sitting, drafts)
    shown = tuple(
        Proposal(
            pictures[place.region].thumbnail if place.region in pictures else _EMPTY,
            Answer(sitting.fate(place.region).value),
            reasons[place.region],
        )
        for place in sitting.strip
    )
    regions = [place.region for place in sitting.strip]
    current = sitting.current
    return shown, regions.index(current.region) if current and current.region in regions else None


def reasons_for(sitting: Sitting, drafts: Mapping[Region, DraftMade]) -> dict[Region, str]:
    """Why each region of the strip is asked, in one sentence."""
    known = [drafts[place.region] for place in sitting.strip if place.region in drafts]
    doubts = np.sort([1.0 - float(own.certainty.mean()) for own in known])
    return {place.region: _reason(sitting, place, drafts, doubts.tolist()) for place in sitting.strip}


def counters(sitting: Sitting, pixels_in_all: int) -> Counters:
    """What has been done."""
    return Counters(sitting.regions, sitting.pixels / max(1, pixels_in_all), sitting.minutes)


def minutes_left_text(sitting: Sitting, budget: int | None) -> str:
    """How long the rest of the budget takes at the pace of this sitting; empty where that cannot be told."""
    left = 0 if budget is None else budget - sitting.regions
    if left <= 0 or len(sitting.durations) < _ENOUGH_FOR_A_PACE:
        return ""
    seconds = float(np.median(sitting.durations))
    minutes = max(1, round(left * seconds / 60))
    return f"At {seconds:.0f} s a region, the {left:,} left of the budget of {budget:,} take about {minutes:,} minutes."


def _after_event(before: Learning, event: Event, now: float) -> Learning:
    if isinstance(event, Notice) and before.job is Job.LEARNING:
        return _remarked(replace(before, notice=event.text))
    phase = _PHASES.get(type(event))
    if phase is None:
        return before
    done, total = getattr(event, "done", 0), getattr(event, "total", None)
    if phase != before.state.phase or done < before.state.done:
        before = replace(before, since=now, at=done)
    losses = before.state.losses
    if isinstance(event, UpdatesDone):
        losses = ((*losses, event.loss) if done > before.state.done else (event.loss,))[-_LOSSES:]
    speed = (done - before.at) / (now - before.since) if now > before.since and done > before.at else 0.0
    left = (total - done) / speed if total is not None and speed else None
    # What was paused or is being stopped says a few last words.
    work = before.state.work if before.state.work in (Work.PAUSED, Work.STOPPING) else Work.RUNNING
    state = TrainingState(work, phase, done, total, left, losses, before.state.remark)
    return replace(before, state=state)


def _remarked(learning: Learning) -> Learning:
    if learning.state.work is Work.FAILED:
        return learning
    age = "" if not learning.unseen else f"The model is {learning.unseen} region{'s' * (learning.unseen > 1)} old."
    return replace(
        learning, state=replace(learning.state, remark=" ".join(filter(None, (age, learning.serving, learning.notice))))
    )


def _reason(sitting: Sitting, place: Place, drafts: Mapping[Region, DraftMade], doubts: Sequence[float]) -> str:
    if place.blind:
        return _BLIND
    if shown := sitting.shown.get(place.region):
        return f"You have shown {' and '.join(sitting.schema.names[index] for index in shown)} here."
    query = sitting.query_of(place.region)
    if query is not None and query.grounds is not None:
        ground = query.grounds.regions[query.regions.index(place.region)]
        return reason_on(query.grounds, ground, sitting.schema.names).sentence
    if (made := drafts.get(place.region)) is None:
        return _COMES
    own = 1.0 - float(made.certainty.mean())
    rank = float(np.searchsorted(doubts, own)) / max(1, len(doubts) - 1)
    return reason_for(made.shares, np.maximum(sitting.worth, 0.0), sitting.schema.names, rank).sentence
