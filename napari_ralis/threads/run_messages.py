"""Run messages: what the lane of a run tells the main thread. Frozen, without torch, safe to look at anywhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from napari_ralis.sitting import Place
from src_model.config import RunConfig
from src_model.data.annotation import Annotation
from src_model.data.answers import Recorded
from src_model.data.dataset import Dataset
from src_model.data.region import Region
from src_model.events import Event, Query
from src_model.labelling.examples import Examples
from src_model.labelling.measurement import Change, Measurement
from src_model.labelling.measurement_record import MeasuredFit

if TYPE_CHECKING:
    from src_model.active_learning.serving import ServedModel


class Job(StrEnum):
    """What the lane does at length; the value is what people read."""

    OPENING = "opening the project"
    STARTING = "getting ready"
    PROPOSING = "choosing regions"
    LEARNING = "learning"
    EMBEDDING = "looking at the images"


@dataclass(frozen=True, slots=True)
class Message:
    """Anything the lane says."""


@dataclass(frozen=True, slots=True, eq=False)
class Opened(Message):
    """The project is open.

    Attributes
    ----------
    folder, config:
        Where it lies and how it was set up.
    dataset, served:
        For the light lane: images, and a model that makes drafts.
    blind:
        Whether a region is held out to measure with.
    annotations:
        Everything that was ever labelled.
    pool:
        Images that may be learnt from, in an order whose beginning is varied.
    examples:
        What was shown to be what.
    measured, losses:
        What check regions said after each fit, and step and mean loss of each, oldest first.
    answers:
        Everything that was ever said, in order.
    proposed:
        Every region that was ever asked for; others a person has chosen.
    person:
        Who answers from now on; empty: nobody knows.
    """

    folder: Path
    config: RunConfig
    dataset: Dataset
    served: ServedModel
    blind: Callable[[Region], bool]
    annotations: tuple[Annotation, ...]
    pool: tuple[str, ...]
    examples: Examples
    measured: tuple[MeasuredFit, ...] = ()
    losses: tuple[tuple[int, float], ...] = ()
    answers: tuple[Recorded, ...] = ()
    proposed: frozenset[Region] = frozenset()
    person: str = ""


@dataclass(frozen=True, slots=True)
class Standing(Message):
    """How the run stands: what it asks next and why, K as it is by now, and how many labels no training has seen."""

    queue: tuple[Place, ...]
    check_regions: int
    unseen: int
    fit_is_due: bool
    queries: tuple[Query, ...] = ()
    regions_per_query: int | None = None


@dataclass(frozen=True, slots=True)
class Machine(Message):
    """What computes, the bytes of memory in use, and those of a GPU, if there is one."""

    device: str
    memory: int
    gpu_memory: int | None


@dataclass(frozen=True, slots=True)
class ShowcaseReady(Message):
    """Images to show, each as different as can be from those before."""

    images: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Began(Message):
    """A job has begun."""

    job: Job


@dataclass(frozen=True, slots=True)
class Happened(Message):
    """The engine reports progress."""

    event: Event


@dataclass(frozen=True, slots=True, eq=False)
class Measured(Message):
    """A training was measured on check regions; `Served` says whether its weights are used."""

    step: int
    measurement: Measurement
    change: Change | None
    text: str


@dataclass(frozen=True, slots=True)
class Served(Message):
    """Whether the newest weights make the drafts from now on, in one sentence."""

    step: int
    served: bool
    text: str
    regions: int = 0
    """Labelled by then, check regions included."""


@dataclass(frozen=True, slots=True)
class Knows(Message):
    """What a model knows that cannot be measured yet, in one sentence."""

    text: str


@dataclass(frozen=True, slots=True)
class Ended(Message):
    """A job is over, or was stopped."""

    job: Job
    stopped: bool


@dataclass(frozen=True, slots=True, eq=False)
class Failed(Message):
    """A job failed. Nothing was lost; the lane waits to be told to try again."""

    job: Job
    error: Exception


@dataclass(frozen=True, slots=True)
class Heard(Message):
    """Answers to these regions are on the disk."""

    regions: tuple[Region, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Refused(Message):
    """Answers to these regions could not be taken."""

    regions: tuple[Region, ...]
    error: Exception
