"""The labelling session: what is open and what is shown. It knows neither Qt nor napari; everybody else reads it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from psygnal import Signal

from napari_ralis.sitting import Sitting
from src_model.config import DataConfig
from src_model.data.class_schema import ClassSchema
from src_model.data.region import RegionGrid, Size


class Phase(StrEnum):
    """What the session is doing."""

    EMPTY = "empty"
    OPENING = "opening"
    OPEN = "open"
    STARTING = "starting"
    """A project is being opened; its images are looked at for the first time."""
    LABELLING = "labelling"
    FAILED = "failed"
    """The project could not be opened, or was stopped on the way; ``problem`` says why, and it may be tried again."""


@dataclass(frozen=True, slots=True)
class ImageEntry:
    """One image of the data set, as far as file names and headers tell.

    Attributes
    ----------
    image:
        Stable id.
    size:
        Height and width in pixels.
    sequence:
        Drive or flight it was taken on.
    split:
        Published split, if the data set has one.
    labelled:
        Whether a mask lies beside it.
    """

    image: str
    size: Size
    sequence: str
    split: str | None
    labelled: bool


@dataclass(frozen=True)
class DatasetContents:
    """What a data set holds.

    Attributes
    ----------
    config:
        The settings it was opened with.
    schema:
        Its classes, or those that are proposed where it says nothing of classes.
    entries:
        Its images in order.
    brings_classes:
        Whether the classes are its own, so that its masks can be read and its ids are given.
    project:
        Where a new project of it would lie.
    """

    config: DataConfig
    schema: ClassSchema
    entries: tuple[ImageEntry, ...]
    brings_classes: bool = True
    project: Path = Path()

    @cached_property
    def num_regions(self) -> int:
        """Regions of all images together."""
        sizes = Counter(entry.size for entry in self.entries)
        return sum(count * len(RegionGrid(size, self.config.region)) for size, count in sizes.items())


class LabellingSession:
    """Evented state. Each verb changes it as a whole and then emits ``changed`` once."""

    changed = Signal()

    def __init__(self) -> None:
        self._phase = Phase.EMPTY
        self._contents: DatasetContents | None = None
        self._current: int | None = None
        self._sitting: Sitting | None = None
        self._problem = ""

    @property
    def phase(self) -> Phase:
        """What is going on."""
        return self._phase

    @property
    def contents(self) -> DatasetContents | None:
        """The open data set; the one before stays until the next has opened."""
        return self._contents

    @property
    def current(self) -> int | None:
        """Position of the shown image in ``contents.entries``."""
        return self._current

    @property
    def entry(self) -> ImageEntry | None:
        """The shown image."""
        if self._contents is None or self._current is None:
            return None
        return self._contents.entries[self._current]

    @property
    def sitting(self) -> Sitting | None:
        """What a person has before them; None unless a project is open."""
        return self._sitting

    @property
    def problem(self) -> str:
        """Why the project could not be opened; empty unless the phase is FAILED."""
        return self._problem

    def start_labelling(self) -> None:
        """A project is being opened."""
        self._phase, self._problem, self._sitting = Phase.STARTING, "", None
        self.changed.emit()

    def begin_sitting(self, sitting: Sitting) -> None:
        """The project is open."""
        self._phase, self._sitting = Phase.LABELLING, sitting
        self.changed.emit()

    def fail(self, problem: str) -> None:
        """The project could not be opened, or somebody has stopped it."""
        self._phase, self._problem, self._sitting = Phase.FAILED, problem, None
        self.changed.emit()

    def leave_labelling(self) -> None:
        """The project is closed: back to the data set."""
        self._phase = Phase.EMPTY if self._contents is None else Phase.OPEN
        self._problem, self._sitting = "", None
        self.changed.emit()

    def start_opening(self) -> None:
        """A data set is being opened."""
        self._phase = Phase.OPENING
        self.changed.emit()

    def abandon_opening(self) -> None:
        """The data set could not be opened, or nobody wants it any more: back to the one before."""
        self._phase = Phase.EMPTY if self._contents is None else Phase.OPEN
        self.changed.emit()

    def finish_opening(self, contents: DatasetContents) -> None:
        """The data set is open; its first image is shown."""
        self._phase = Phase.OPEN
        self._contents = contents
        self._current = 0 if contents.entries else None
        self.changed.emit()

    def close_dataset(self) -> None:
        """Nobody wants the data set any more: back to the beginning."""
        if self._phase is Phase.OPEN:
            self._phase, self._contents, self._current = Phase.EMPTY, None, None
            self.changed.emit()

    def cut(self, region: Size) -> None:
        """Cut the images of the open data set into regions of another size."""
        if self._phase is Phase.OPEN and self._contents is not None and self._contents.config.region != region:
            config = self._contents.config.model_copy(update={"region": region})
            self._contents = replace(self._contents, config=config)
            self.changed.emit()

    def select(self, index: int) -> None:
        """Show the image at this position, unless a data set is being opened; positions beyond an end mean that end."""
        if self._phase is not Phase.OPEN or self._contents is None or not self._contents.entries:
            return
        nearest = min(max(index, 0), len(self._contents.entries) - 1)
        if nearest != self._current:
            self._current = nearest
            self.changed.emit()
