"""Assembly: from a run's settings to the parts that the engine needs."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from src_model.active_learning.surroundings import Surroundings
from src_model.atomic_file import replacing
from src_model.config import RunConfig
from src_model.data.annotation import class_pixels
from src_model.data.class_schema import ClassSchema
from src_model.data.dataset import Dataset
from src_model.data.images import ImageSource
from src_model.data.readers import aliases_into, open_dataset
from src_model.data.region import Size, grids
from src_model.data.splits import Roles, assign_roles
from src_model.device import choose_device, generator_for, set_threads
from src_model.dqn.reward import class_frequencies, class_weights
from src_model.events import LabelsRead, Progress, ShouldStop, never
from src_model.exceptions import ProjectError
from src_model.project.folder import CLASS_PIXELS
from src_model.project.tables import write_class_pixels
from src_model.segmentation.fast_segmenter import FastSegmenter
from src_model.segmentation.fpn_segmenter import FPNSegmenter
from src_model.segmentation.segmenter import Segmenter
from src_model.user_folders import cache_folder

CLASSES = "classes.json"
"""Name of the class schema in a project folder."""


@dataclass(frozen=True, slots=True)
class Assembly:
    """What simulation and desktop alike build a run from.

    Attributes
    ----------
    dataset:
        Images and, where there are any, labels, at the size the run works at.
    roles:
        Which image serves what.
    segmenter:
        At its start weights.
    device:
        Where it computes.
    region_size:
        Height and width of a region in pixels.
    labelled_pixels:
        (C,) int64 pixels of each class, for each image of D_T, D_R, the pool and the test set.
    """

    dataset: Dataset
    roles: Roles
    segmenter: Segmenter
    device: torch.device
    region_size: Size
    labelled_pixels: Mapping[str, npt.NDArray[np.int64]]

    def in_roles(self, change: Callable[[Roles], Roles]) -> Assembly:
        """The same parts with other roles."""
        return replace(self, roles=change(self.roles))

    def state_regions(self) -> int:
        """S: regions of the images of D_S, all of which the query network sees."""
        grid = grids(self.dataset.size, self.region_size)
        return sum(len(grid(image)) for image in self.roles.state)

    def class_pixels(self, images: Iterable[str]) -> npt.NDArray[np.int64]:
        """(C,) labelled pixels of each class in these images."""
        nothing = np.zeros(self.dataset.schema.num_classes, dtype=np.int64)
        return sum((self.labelled_pixels[image] for image in images), start=nothing)

    def surroundings(self) -> Surroundings:
        """The data as the engine sees it; 100 % of the budget axis are all images that are not test images."""
        unscored = self.roles.train + self.roles.state + self.roles.reward + self.roles.pool
        counted = sum(height * width for height, width in map(self.dataset.size, unscored))
        return Surroundings(self.dataset.schema, self.roles, self.dataset.size, self.dataset, counted)


def assemble(config: RunConfig, should_stop: ShouldStop = never) -> Progress[Assembly | None]:
    """Open the data, give every image its role, read all labels once and build the segmenter; None if stopped.

    Raises
    ------
    RalisError
        Whatever is wrong with data, settings or weights; nothing has been written.
    """
    set_threads(config.threads)
    device = choose_device(config.device)
    dataset = open_dataset(config.data)
    roles = assign_roles(dataset, config.data, generator_for(config.seed, "roles"))
    # Bad masks and bad weights of the classes would be found in the middle of a run otherwise.
    read = dict.fromkeys((*roles.train, *roles.reward, *roles.pool, *roles.test))
    pixels = yield from _labelled_pixels(dataset, tuple(read), should_stop)
    if pixels is None:
        return None
    segmenter = make_segmenter(config, dataset, dataset.schema, device)
    assembly = Assembly(dataset, roles, segmenter, device, config.data.region, pixels)
    for measured in (roles.reward, roles.test):
        class_weights(class_frequencies(assembly.class_pixels(measured)), config.dqn.weighted_epsilon)
    return assembly


def _labelled_pixels(
    dataset: Dataset, images: Sequence[str], should_stop: ShouldStop
) -> Progress[Mapping[str, npt.NDArray[np.int64]] | None]:
    """(C,) pixels of each class in each image; None if stopped."""
    pixels: dict[str, npt.NDArray[np.int64]] = {}
    for image, labels in dataset.read_labels(images):
        if should_stop():
            return None
        pixels[image] = class_pixels(labels, dataset.schema.num_classes)
        yield LabelsRead(len(pixels), len(images))
    return pixels


def budgets_in_regions(config: RunConfig, assembly: Assembly) -> RunConfig:
    """The same run with its ``budget_fractions``, if it has any, as regions: the last to end at, each to read at.

    A region counts with its full size; images that it does not divide have smaller ones at their borders.
    """
    if not config.budget_fractions:
        return config
    height, width = config.data.region
    counted = assembly.surroundings().counted_pixels
    regions = [math.ceil(fraction * counted / (height * width)) for fraction in config.budget_fractions]
    acquisition = config.acquisition.model_copy(update={"budget": max(regions)})
    final_at = tuple(sorted({*config.final_at, *regions}))
    return config.model_copy(update={"acquisition": acquisition, "final_at": final_at})


def make_segmenter(config: RunConfig, images: ImageSource, schema: ClassSchema, device: torch.device) -> Segmenter:
    """The segmenter of the settings, at its start weights."""
    settings = config.segmentation
    if settings.segmenter == "fast":
        return FastSegmenter(images, schema.num_classes, settings, device, config.seed, feature_cache())
    aliases = aliases_into(schema)
    return FPNSegmenter(images, schema.num_classes, settings, device, config.seed, schema.names, aliases)


def keep_class_pixels(folder: Path, assembly: Assembly) -> None:
    """Write once how much there is of each class in the pool and in the scored images of a run: pixels and images.

    It follows from data and settings alone, and is made again where it is missing.

    Raises
    ------
    ProjectError
        If it cannot be written.
    """
    path = folder / CLASS_PIXELS
    if path.is_file():
        return
    roles, dataset = assembly.roles, assembly.dataset
    columns: dict[str, npt.NDArray[np.int64]] = {}
    for role, images in {"pool": roles.pool, "scored": roles.test or roles.reward}.items():
        known = [assembly.labelled_pixels[image] for image in images]
        counts = np.array(known, dtype=np.int64).reshape(-1, dataset.schema.num_classes)
        columns |= {f"{role}_pixels": counts.sum(axis=0), f"{role}_images": (counts > 0).sum(axis=0)}
    rows = {
        name: {column: int(values[index]) for column, values in columns.items()}
        for index, name in enumerate(dataset.schema.names)
    }
    write_class_pixels(rows, path)


def keep_schema(folder: Path, schema: ClassSchema) -> None:
    """Write the classes into a project folder, so that its network can be used without the training data."""
    with replacing(folder / CLASSES) as partial:
        partial.write_text(json.dumps(schema.to_json(), indent=1), encoding="utf-8")


def refuse_other_classes(folder: Path, schema: ClassSchema) -> None:
    """Refuse classes that are not those of the project: labels are kept as positions in their list.

    Other names and colours are no others, and neither is a project from before its classes were kept.

    Raises
    ------
    ProjectError
        Naming the classes that have come, gone or moved.
    """
    if not (folder / CLASSES).is_file():
        return
    kept = kept_schema(folder)
    before, now = ({entry.id: entry.name for entry in own.classes} for own in (kept, schema))
    if list(before) == list(now):
        return
    gone = ", ".join(name for id, name in before.items() if id not in now)
    come = ", ".join(name for id, name in now.items() if id not in before)
    changes = "; ".join(text for text in (gone and f"gone: {gone}", come and f"new: {come}") if text) or "the order"
    raise ProjectError(
        f"The classes are others than when {folder} was labelled ({changes}). Its labels would be taken for other "
        f"classes. Put the class table back as it was ({folder / CLASSES} holds the old one), or begin a new project."
    )


def kept_schema(folder: Path) -> ClassSchema:
    """The classes of a project.

    Raises
    ------
    ProjectError
        If the folder holds none.
    """
    try:
        return ClassSchema.from_json(json.loads((folder / CLASSES).read_text(encoding="utf-8")))
    except (OSError, ValueError) as exc:
        raise ProjectError(
            f"Cannot read the classes of the project {folder}: {exc}. Run it again to restore them."
        ) from exc


def feature_cache() -> Path:
    """Folder of frozen features, shared by all runs; the environment variable ``RALIS_CACHE`` moves it."""
    return cache_folder() / "features"


def policy_training_roles(roles: Roles) -> Roles:
    """The roles while a policy is trained: regions are asked from D_T, and D_V and the test set stay untouched."""
    return replace(roles, train=(), pool=roles.train, test=())
