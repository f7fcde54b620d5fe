"""Progress records: what the engine says while it works. Frozen, plain and picklable."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TypeVar

from src_model.data.grounds import Grounds
from src_model.data.region import Region


@dataclass(frozen=True, slots=True)
class Event:
    """Anything the engine reports; shown or dropped, never needed."""


@dataclass(frozen=True, slots=True)
class LabelsRead(Event):
    """The masks of ``done`` of ``total`` images have been decoded and hold nothing but known classes."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class ImagesPrepared(Event):
    """Frozen features of ``done`` of ``total`` images are ready."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class ImagesScored(Event):
    """``done`` of ``total`` images have been looked at for the next query."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class ImagesDrawn(Event):
    """``done`` of ``total`` synthetic images have been drawn and written."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class ImagesEvaluated(Event):
    """``done`` of ``total`` images have been compared with their labels."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class UpdatesDone(Event):
    """``done`` of ``total`` gradient steps of a fit; ``loss`` is the mean since the last report."""

    done: int
    total: int
    loss: float


@dataclass(frozen=True, slots=True)
class QueryReady(Event):
    """A query has been chosen."""

    query: Query


@dataclass(frozen=True, slots=True)
class RewardMeasured(Event):
    """Φ on the reward set and the reward it makes, in points (hundredths of IoU)."""

    metric: str
    value: float
    reward: float


@dataclass(frozen=True, slots=True)
class PolicyUpdated(Event):
    """The query network has learned from the replay buffer."""

    loss: float
    epsilon: float


@dataclass(frozen=True, slots=True)
class StepDone(Event):
    """A whole step is in the project's log. ``total`` counts the steps of the episode."""

    episode: int
    step: int
    total: int
    row: dict[str, float | int | str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EpisodePlayed(Event):
    """``done`` of ``total`` episodes that are played for one purpose, a generation or a reading."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class GenerationDone(Event):
    """``done`` of ``total`` generations of an evolution strategy; ``seconds_left`` as far as can be told."""

    done: int
    total: int
    seconds_left: float


@dataclass(frozen=True, slots=True)
class LineBegun(Event):
    """Of several lines run one after the other, number ``number`` (from 1) of ``total`` begins."""

    name: str
    number: int
    total: int


@dataclass(frozen=True, slots=True)
class Notice(Event):
    """Something the user should read once."""

    text: str


@dataclass(frozen=True, slots=True)
class Query:
    """The K regions asked in one step: a_t in the papers.

    Attributes
    ----------
    step:
        Counts from 1 within an episode.
    regions:
        K distinct regions, one for each pool, in pool order.
    scores:
        K scores of the acquisition, higher was better; aligned with ``regions``.
    grounds:
        What it knew when it chose; None of queries older than that was kept.
    """

    step: int
    regions: tuple[Region, ...]
    scores: tuple[float, ...]
    grounds: Grounds | None = None


@dataclass(frozen=True, slots=True)
class FitReport:
    """What a training did.

    Attributes
    ----------
    loss:
        Mean cross-entropy in nats, weighted by ``class_weights``; None if nothing was labelled.
    stopped:
        Asked to stop before the last update; the weights are whole all the same.
    class_weights:
        C weights of the classes in the loss; None if all pixels counted the same.
    """

    updates: int
    images: int
    loss: float | None
    seconds: float
    stopped: bool = False
    class_weights: tuple[float, ...] | None = None


ShouldStop = Callable[[], bool]
"""Polled between batches by everything slow."""

T = TypeVar("T")
Progress = Generator[Event, None, T]
"""Slow work: yields events, returns a report."""


def never() -> bool:
    """The ``should_stop`` of work that nobody will interrupt."""
    return False


def drain(progress: Progress[T], on_event: Callable[[Event], None] = lambda _event: None) -> T:
    """Run slow work to its end, hand each event to ``on_event`` and return the report."""
    while True:
        try:
            event = next(progress)
        except StopIteration as stop:
            result: T = stop.value
            return result
        on_event(event)
