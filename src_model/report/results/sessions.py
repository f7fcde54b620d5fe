"""Sessions: what a person's project holds for its reader, taken from the log and from nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from src_model.config import RunConfig
from src_model.data.annotation import VOID, Annotation, Labels
from src_model.data.answers import Checked, Skipped, TakenBack
from src_model.data.class_schema import ClassSchema
from src_model.data.dataset import Dataset
from src_model.data.images import Pixels
from src_model.data.region import Region
from src_model.events import Query
from src_model.exceptions import ProjectError
from src_model.project.folder import ABOUT
from src_model.project.history import Happened, Serving, StepMeasured, history
from src_model.project.records import Row
from src_model.project.view import ProjectView

_LONGEST_PAUSE = 60.0
"""Seconds between two answers that count at most: who goes for coffee does not label."""


@dataclass(frozen=True, slots=True)
class Step:
    """A training as it was measured on check regions.

    Attributes
    ----------
    row:
        Cells by column of ``metrics.csv``.
    minutes:
        Labelled until it began, pauses left out.
    """

    row: Row
    minutes: float

    def number(self, column: str) -> float | None:
        """A cell as a number; None where nothing was measured."""
        cell = self.row.get(column)
        return None if cell is None or isinstance(cell, str) else float(cell)

    @property
    def classes_measured(self) -> int:
        """How many classes enough check regions held."""
        return sum(name.startswith("iou_") and cell is not None for name, cell in self.row.items())

    @property
    def regions(self) -> float:
        """Labelled to learn from."""
        return self.number("labelled_regions") or 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """One project in which a person labels.

    Attributes
    ----------
    steps:
        Step 0 is the network before it has learned anything.
    serving:
        Whether each training's weights made the drafts from then on.
    queries:
        What was asked, oldest first.
    labels, checks:
        Regions labelled to learn from and to measure with.
    skipped:
        How often each reason was given.
    minutes:
        Labelled in all, pauses left out.
    """

    folder: Path
    config: RunConfig
    classes: tuple[str, ...]
    steps: tuple[Step, ...]
    serving: tuple[Serving, ...]
    queries: tuple[Query, ...]
    labels: Mapping[Region, Annotation]
    checks: Mapping[Region, Annotation]
    skipped: Mapping[str, int]
    minutes: float

    @property
    def measured(self) -> tuple[Step, ...]:
        """Steps in which at least one class was measurable."""
        return tuple(step for step in self.steps if step.number("mean_iou") is not None)


@dataclass(frozen=True, slots=True, eq=False)
class Painted:
    """Images with what was labelled in them, as a mosaic takes them."""

    dataset: Dataset
    annotations: Mapping[Region, Annotation]

    @property
    def schema(self) -> ClassSchema:
        """Classes of the labels."""
        return self.dataset.schema

    def image(self, image: str) -> Pixels:
        """(h, w, 3) uint8 RGB."""
        return self.dataset.image(image)

    def labels(self, image: str) -> Labels:
        """(h, w) uint8, VOID where nothing was labelled."""
        labels = np.full(self.dataset.size(image), VOID, dtype=np.uint8)
        for region, annotation in self.annotations.items():
            if region.image == image:
                labels[region.window] = annotation.labels
        return labels


def is_session(folder: Path) -> bool:
    """Whether somebody labels in this project: then there are check regions, and no masks need be there."""
    if not (folder / ABOUT).is_file():
        return False
    with ProjectView.read(folder) as view:
        return bool(view.check_draws())


def read_session(folder: Path) -> Session:
    """Read a project, also while somebody labels in it.

    Raises
    ------
    ProjectError
        If nobody labels in it, it is damaged, or nothing has been measured or labelled yet.
    """
    with ProjectView.read(folder) as view:
        happened, config = history(view), view.settings
    steps = [own for own in happened if isinstance(own.what, StepMeasured)]
    if not steps:
        raise ProjectError(
            f"{folder} has no reading yet: it was closed while it got ready. Open it and label a region."
        )
    labels, checks, skipped = _answers(happened)
    clock = _Clock(happened)
    classes = tuple(name.removeprefix("iou_") for name in _row(steps[0]) if name.startswith("iou_"))
    return Session(
        folder=folder,
        config=config,
        classes=classes,
        steps=tuple(Step(_row(own), clock.at(own)) for own in steps),
        serving=tuple(own.what for own in happened if isinstance(own.what, Serving)),
        queries=tuple(own.what for own in happened if isinstance(own.what, Query)),
        labels=labels,
        checks=checks,
        skipped=skipped,
        minutes=clock.total,
    )


def _row(own: Happened) -> Row:
    assert isinstance(own.what, StepMeasured)
    return own.what.row


def _answers(
    happened: Sequence[Happened],
) -> tuple[dict[Region, Annotation], dict[Region, Annotation], dict[str, int]]:
    labels: dict[Region, Annotation] = {}
    checks: dict[Region, Annotation] = {}
    passed_over: dict[Region, str] = {}
    for own in happened:
        match own.what:
            case Annotation() as annotation:
                labels[annotation.region] = annotation
            case Checked(annotation):
                checks[annotation.region] = annotation
            case Skipped(region, reason):
                passed_over[region] = reason
            case TakenBack(region):
                for known in (labels, checks, passed_over):
                    known.pop(region, None)
    skipped: dict[str, int] = {}
    for region, reason in passed_over.items():
        if region not in labels and region not in checks:
            skipped[reason] = skipped.get(reason, 0) + 1
    return labels, checks, skipped


class _Clock:
    """Minutes of labelling, from the times at which answers reached the log."""

    def __init__(self, happened: Sequence[Happened]) -> None:
        self._seqs, self._minutes = [0], [0.0]
        before: datetime | None = None
        for own in happened:
            if isinstance(own.what, Annotation | Checked | Skipped):
                seconds = 0.0 if before is None else (own.time - before).total_seconds()
                self._seqs.append(own.seq)
                self._minutes.append(self._minutes[-1] + min(max(0.0, seconds), _LONGEST_PAUSE) / 60)
            if not isinstance(own.what, StepMeasured | Serving):
                before = own.time

    def at(self, own: Happened) -> float:
        """When this step began."""
        assert isinstance(own.what, StepMeasured)
        return self._minutes[int(np.searchsorted(self._seqs, own.what.known_until, side="right")) - 1]

    @property
    def total(self) -> float:
        """All of it."""
        return self._minutes[-1]
