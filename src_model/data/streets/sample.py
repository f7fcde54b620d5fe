"""Sample streets: a small labelled data set that is drawn once a user and version and kept in the cache."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock

from src_model.config import DataConfig
from src_model.data.streets.scene import DRAWING
from src_model.data.streets.street_images import StreetImages
from src_model.data.streets.writer import is_written, reader_for, write_streets
from src_model.exceptions import DataError
from src_model.user_folders import cache_folder

SAMPLE = StreetImages("target", count=40, size_of_all=(256, 512), seed=7, sequence_length=4)
"""Ten drives through streets unlike those that the shipped segmenter has seen; two of them are for validation."""
REGION = (64, 64)
"""Height and width of a region in pixels: 32 in an image."""


def sample_config() -> DataConfig:
    """How the sample is opened once it is drawn."""
    return DataConfig(
        path=_folder(), reader=reader_for(SAMPLE.domain), region=REGION, train_images=0, state_images=6, reward_images=6
    )


def draw_sample() -> Iterator[int]:
    """Draw the sample unless it is there; yields how many of its images are drawn. Two to three seconds on one core.

    Other windows that want it at the same time wait for the first one.

    Raises
    ------
    DataError
        If it cannot be written.
    """
    folder = _folder()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_suffix(".lock")):
            if not _is_whole(folder):
                # Whatever cleans caches may have taken some of it; nothing in there is anybody's work.
                shutil.rmtree(folder, ignore_errors=True)
                yield from write_streets(SAMPLE, folder)
    except OSError as exc:
        raise DataError(
            f"Cannot write {folder}: {exc}. Free some space, or let RALIS_CACHE name another folder."
        ) from exc


def _is_whole(folder: Path) -> bool:
    return is_written(SAMPLE, folder) and sum(1 for _ in folder.rglob("*.png")) == 2 * len(SAMPLE)


def _folder() -> Path:
    # Another drawing has another folder: a newer version would not find its own pictures in this one.
    return cache_folder() / f"streets-{DRAWING}"
