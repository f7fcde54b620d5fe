"""Readers: one file a layout; `open_dataset` chooses among them by name."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from types import MappingProxyType

from src_model.config import DataConfig
from src_model.data.class_schema import ClassSchema
from src_model.data.dataset import Dataset, read_sizes
from src_model.data.readers.camvid import CAMVID, CAMVID_FROM_CITYSCAPES, read_camvid
from src_model.data.readers.cityscapes import read_cityscapes, read_cityscapes35
from src_model.data.readers.folder import read_folder, read_pictures
from src_model.data.readers.gtav import read_gtav
from src_model.data.readers.layout import Layout
from src_model.data.region import Size
from src_model.exceptions import ConfigurationError

READER_NAMES = ("camvid", "cityscapes", "cityscapes35", "gtav", "folder")

_HEADERS_A_STEP = 100
"""A few hundredths of a second on a local drive."""
_WITH_OWN_CLASSES: Mapping[str, Callable[[Path], Layout]] = MappingProxyType(
    {"camvid": read_camvid, "cityscapes": read_cityscapes, "cityscapes35": read_cityscapes35, "gtav": read_gtav}
)


def open_dataset(config: DataConfig) -> Dataset:
    """The data set that the settings speak of; headers are read, nothing is decoded.

    Raises
    ------
    ConfigurationError
        If there is no such reader, or it takes no class table.
    DataError
        If the folder is not as the reader expects it.
    """
    layout = read_layout(config)
    dataset = Dataset(layout.schema, layout.records, layout.decode_mask, config.cache_megabytes * 2**20)
    return dataset if config.image_size is None else dataset.scaled(config.image_size)


def opened_in_steps(config: DataConfig, schema: ClassSchema | None = None) -> Generator[tuple[int, int], None, Dataset]:
    """`open_dataset` for large folders: yields how many headers are read, of how many, and returns the data set.

    Parameters
    ----------
    config:
        How it is opened.
    schema:
        What is to be labelled in a folder that says nothing of classes, and whose masks therefore mean nothing.

    Raises
    ------
    ConfigurationError, DataError
        As `open_dataset`.
    """
    layout = read_layout(config) if schema is None else read_pictures(config.path, schema)
    total, sizes = len(layout.records), dict[str, Size]()
    for done, (image, size) in enumerate(read_sizes(layout.records), start=1):
        sizes[image] = size
        if done % _HEADERS_A_STEP == 0:
            yield done, total
    dataset = Dataset(layout.schema, layout.records, layout.decode_mask, config.cache_megabytes * 2**20, sizes)
    return dataset if config.image_size is None else dataset.scaled(config.image_size)


def read_layout(config: DataConfig) -> Layout:
    """Where the images of a data set lie, of which not even the headers are read.

    Raises
    ------
    ConfigurationError, DataError
        As `open_dataset`.
    """
    if config.reader == "folder":
        return read_folder(config.path, config.classes)
    if config.reader not in _WITH_OWN_CLASSES:
        raise ConfigurationError(f"There is no reader {config.reader!r}. Choose one of: {', '.join(READER_NAMES)}.")
    if config.classes is not None:
        raise ConfigurationError(
            f"The reader {config.reader} brings its own classes. Leave out the class table {config.classes}, "
            "or choose the reader folder."
        )
    return _WITH_OWN_CLASSES[config.reader](config.path)


def published_aliases(source: ClassSchema, target: ClassSchema) -> Mapping[str, str]:
    """Names of ``source`` that are called differently in ``target``, for `ClassSchema.mapping_to`.

    Known is the published table from Cityscapes and GTAV to CamVid; other pairs have to do with namesakes.
    """
    return {name: own_name for name, own_name in aliases_into(target).items() if name in source.names}


def aliases_into(target: ClassSchema) -> Mapping[str, str]:
    """What the classes of ``target`` are called in other data sets: foreign name to own name."""
    return CAMVID_FROM_CITYSCAPES if target.name == CAMVID.name else {}
