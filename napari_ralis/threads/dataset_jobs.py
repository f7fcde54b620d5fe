"""Jobs on a data set: look what a folder is, open it, read one image. Headless; a worker runs them."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from napari_ralis.session import DatasetContents, ImageEntry
from napari_ralis.threads.engine_worker import Job
from src_model.config import DataConfig
from src_model.data.annotation import Labels
from src_model.data.dataset import Dataset
from src_model.data.images import Pixels
from src_model.data.readers import opened_in_steps
from src_model.data.readers.cityscapes import CITYSCAPES
from src_model.data.readers.folder import class_table_in
from src_model.data.readers.recognition import recognised_reader
from src_model.exceptions import DataError
from src_model.project.folder import ABOUT, LOG
from src_model.project.view import ProjectView

PROPOSED = CITYSCAPES
"""Classes for a folder that says nothing of them: those of the street, which the shipped segmenter knows."""


@dataclass(frozen=True, slots=True)
class Step:
    """How far a job is: ``done`` of ``total`` of what ``text`` speaks of."""

    text: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class OpenedDataset:
    """A data set and what it holds."""

    dataset: Dataset
    contents: DatasetContents


@dataclass(frozen=True, slots=True)
class FoundProject:
    """The folder is a project."""

    folder: Path


@dataclass(frozen=True, slots=True)
class ReadImage:
    """One image, copied for whoever asked.

    Attributes
    ----------
    pixels:
        (h, w, 3) uint8 RGB.
    labels:
        (h, w) uint8 class indices; VOID everywhere if there is no mask.
    """

    pixels: Pixels
    labels: Labels


Opening = Generator[Step, None, OpenedDataset | FoundProject]


def look_job(folder: Path) -> Job:
    """See what a folder is and open it by the headers of its images: steps, then an OpenedDataset or a FoundProject."""

    def job() -> Opening:
        home = folder.parent if folder.name == ABOUT else folder
        if is_project(home):
            return (yield from _project(home))
        if not home.is_dir():
            raise DataError(f"There is no folder {home}. Choose another one, or mount the drive it lies on.")
        reader = recognised_reader(home)
        if reader is None:
            raise DataError(f"There are no images in {home}. Choose the folder that holds them, or one of our layouts.")
        return (yield from _open(DataConfig(path=home, reader=reader)))

    return job


def open_job(config: DataConfig) -> Job:
    """Open a data set by the headers of its images: steps, then an OpenedDataset, or a FoundProject if it is one."""

    def job() -> Opening:
        if is_project(config.path):
            return (yield from _project(config.path))
        return (yield from _open(config))

    return job


def read_job(dataset: Dataset, image: str) -> Job:
    """Decode one image and its mask; returns a ReadImage."""

    def job() -> ReadImage:
        return ReadImage(dataset.image(image).copy(), dataset.labels(image).copy())

    return job


def read_ahead_job(dataset: Dataset, image: str) -> Job:
    """Decode an image and its mask into the data set's cache, for whoever asks for it next."""

    def job() -> None:
        dataset.image(image)
        dataset.labels(image)

    return job


def is_project(folder: Path) -> bool:
    """Whether this is one of our projects: two names are enough, since other programs have a ``project.json``."""
    return (folder / ABOUT).is_file() and (folder / LOG).is_file()


def free_folder(beside: Path) -> Path:
    """Where a new project of this data set may lie: a name beside it that nothing has."""
    path = beside.absolute()
    names = (f"{path.name}-labels{'' if number == 1 else f'-{number}'}" for number in count(1))
    return next(path.with_name(name) for name in names if not path.with_name(name).exists())


def _project(folder: Path) -> Opening:
    """A person's project itself; of a simulation the data set, since it has no check regions to draw."""
    with ProjectView.read(folder) as view:
        if view.check_draws():
            return FoundProject(folder)
        config = view.settings.data
    return (yield from _open(config))


def _open(config: DataConfig) -> Opening:
    says = config.reader != "folder" or config.classes is not None or class_table_in(config.path) is not None
    yield Step(f"Looking for images in {config.path.name} …", 0, 0)
    opening = opened_in_steps(config, None if says else PROPOSED)
    dataset = yield from _in_words(opening)
    entries = tuple(_entries(dataset))
    contents = DatasetContents(config, dataset.schema, entries, says, free_folder(config.path))
    return OpenedDataset(dataset, contents)


def _in_words(opening: Generator[tuple[int, int], None, Dataset]) -> Generator[Step, None, Dataset]:
    while True:
        try:
            done, total = next(opening)
        except StopIteration as end:
            dataset: Dataset = end.value
            return dataset
        yield Step(f"{done:,} of {total:,} images", done, total)


def _entries(dataset: Dataset) -> Iterable[ImageEntry]:
    for image in dataset.ids:
        yield ImageEntry(
            image=image,
            size=dataset.size(image),
            sequence=dataset.sequence(image),
            split=dataset.published_split(image),
            labelled=dataset.has_labels(image),
        )
