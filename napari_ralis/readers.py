"""Readers: what napari's File > Open shows of a project or a data set, and the way to the rest of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from napari_ralis.layers.origin import Origin
from napari_ralis.preferences import mask_opacity
from src_model.config import DataConfig
from src_model.data.annotation import VOID, Annotation, Labels
from src_model.data.class_schema import ClassSchema
from src_model.data.dataset import Dataset, ImageRecord
from src_model.data.images import Pixels
from src_model.data.readers import read_layout
from src_model.data.readers.folder import class_table_in
from src_model.data.readers.layout import Layout
from src_model.data.readers.recognition import recognised_reader
from src_model.data.region import Size
from src_model.exceptions import DataError
from src_model.project.folder import ABOUT, LOG
from src_model.project.view import ProjectView

LayerData = tuple[Any, dict[str, Any], str]
"""Data, arguments and kind of a layer, as napari takes them from plugins."""
Reader = Callable[[str | Sequence[str]], list[LayerData]]


def project_reader(path: str | Sequence[str]) -> Reader | None:
    """Reader of a project, by its folder or the ``project.json`` in it; None for anything else."""
    folder = _project_folder(path)
    return None if folder is None else lambda _path: read_project(folder)


def dataset_reader(path: str | Sequence[str]) -> Reader | None:
    """Reader of a data set's folder; None for anything else, projects and images without a class table among it.

    A few names in the folder decide, so that the answer is there at once.
    """
    if not isinstance(path, str) or _project_folder(path) is not None:
        return None
    folder = Path(path)
    reader = recognised_reader(folder)
    if reader is None or (reader == "folder" and class_table_in(folder) is None):
        return None
    config = DataConfig(path=folder, reader=reader)
    return lambda _path: read_dataset(config)


def read_dataset(config: DataConfig, project: Path | None = None) -> list[LayerData]:
    """The first image of a data set that has a mask, with it; no other file is opened.

    Parameters
    ----------
    config:
        How the data set is opened.
    project:
        Folder of the project that is being opened, if it is one.

    Raises
    ------
    RalisError
        If the folder is not as its reader expects it, or one of the two files is damaged.
    """
    layout = read_layout(config)
    records = sorted(layout.records, key=lambda record: record.id)
    record = next((record for record in records if record.mask is not None), records[0])
    picture = _alone(record, layout, config)
    _say(f"{config.path.name}: 1 of {len(records):,} images is shown.")
    origin = Origin(config, record.id, project)
    return layer_data(record.id, picture.image(record.id), picture.labels(record.id), layout.schema, origin)


def read_project(folder: Path) -> list[LayerData]:
    """The image of a project that was labelled last, with all labels it has been given; without any, as `read_dataset`.

    Raises
    ------
    RalisError
        If the project or its data set is missing or damaged.
    """
    with ProjectView.read(folder) as view:
        config = view.settings.data
        newest = view.newest_annotation()
        given = [] if newest is None else [annotation for _, annotation in view.annotations(newest[0])]
    if newest is None:
        return read_dataset(config, folder)
    image = newest[1].region.image
    layout = read_layout(config)
    record = next((record for record in layout.records if record.id == image), None)
    if record is None:
        raise DataError(f"There is no image {image!r} in {config.path} any more. Put it back, or open another project.")
    picture = _alone(record, layout, config)
    labels = _assembled([own for own in given if own.region.image == image], picture.size(image))
    regions = len({own.region for own in given})
    _say(f"{folder.name}: {regions:,} labelled regions; the image of the last one is shown.")
    return layer_data(image, picture.image(image), labels, layout.schema, Origin(config, image, folder))


def layer_data(name: str, pixels: Pixels, labels: Labels, schema: ClassSchema, origin: Origin) -> list[LayerData]:
    """An image layer and a layer of its masks, or stacks of them, which know their classes and where they are from."""
    # Here, because napari asks what a folder is far more often than it opens one of ours.
    from napari_ralis.layers.layer_group import class_features, label_colours

    image = {"name": name, "rgb": True, "metadata": origin.to_metadata()}
    masks = {
        "name": f"{name}: classes",
        "opacity": mask_opacity(),
        "colormap": label_colours(schema),
        "features": class_features(schema),
        "metadata": {**origin.to_metadata(), "schema": schema},
    }
    return [(pixels.copy(), image, "image"), (labels.copy(), masks, "labels")]


def _project_folder(path: str | Sequence[str]) -> Path | None:
    """The folder of ours that this path means; two names are enough, since other programs have a ``project.json``."""
    if not isinstance(path, str):
        return None
    folder = Path(path).parent if Path(path).name == ABOUT else Path(path)
    return folder if (folder / ABOUT).is_file() and (folder / LOG).is_file() else None


def _alone(record: ImageRecord, layout: Layout, config: DataConfig) -> Dataset:
    """A data set of one image: the headers of all would be read otherwise, which takes long on a slow drive."""
    dataset = Dataset(layout.schema, [record], layout.decode_mask, cache_bytes=0)
    return dataset if config.image_size is None else dataset.scaled(config.image_size)


def _assembled(annotations: Sequence[Annotation], size: Size) -> Labels:
    """(h, w) labels of one image: the later annotation of a region counts, and VOID is where there is none."""
    labels = np.full(size, VOID, dtype=np.uint8)
    for annotation in annotations:
        region = annotation.region
        if labels[region.window].shape != region.shape:
            raise DataError(
                f"{region} lies outside of its image, which now measures {size[0]}x{size[1]} (height x width). "
                "Put back the image that was labelled."
            )
        labels[region.window] = annotation.labels
    return labels


def _say(what: str) -> None:
    from napari.utils.notifications import show_info

    # The way on comes first: napari cuts its notices off after some forty letters.
    show_info(f"Layers > Annotate > Label this data set goes on. {what}")
