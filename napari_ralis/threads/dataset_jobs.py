"""Jobs on a data set: open it, read one image. Headless; a worker runs them off the main thread."""

from __future__ import annotations

from dataclasses import dataclass

from napari_ralis.session import DatasetContents, ImageEntry
from napari_ralis.threads.engine_worker import Job
from src_model.config import DataConfig
from src_model.data.annotation import Labels
from src_model.data.dataset import Dataset
from src_model.data.images import Pixels
from src_model.data.readers import open_dataset


@dataclass(frozen=True, slots=True)
class OpenedDataset:
    """A data set and what it holds."""

    dataset: Dataset
    contents: DatasetContents


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


def open_job(config: DataConfig) -> Job:
    """Open a data set by the headers of its images; returns an OpenedDataset."""

    def job() -> OpenedDataset:
        dataset = open_dataset(config)
        entries = tuple(_entry(dataset, image) for image in dataset.ids)
        return OpenedDataset(dataset, DatasetContents(config, dataset.schema, entries))

    return job


def read_job(dataset: Dataset, image: str) -> Job:
    """Decode one image and its mask; returns a ReadImage."""

    def job() -> ReadImage:
        return ReadImage(dataset.image(image).copy(), dataset.labels(image).copy())

    return job


def _entry(dataset: Dataset, image: str) -> ImageEntry:
    return ImageEntry(
        image=image,
        size=dataset.size(image),
        sequence=dataset.sequence(image),
        split=dataset.published_split(image),
        labelled=dataset.has_labels(image),
    )
