"""Scenes: the data that feel is measured on, drawn once and kept in the cache."""

from __future__ import annotations

import sys
from pathlib import Path

from filelock import FileLock

from src_model.config import DataConfig
from src_model.data.region import Size
from src_model.data.streets.scene import DRAWING
from src_model.data.streets.street_images import StreetImages
from src_model.data.streets.writer import is_written, reader_for, write_streets
from src_model.user_folders import cache_folder

FULL: Size = (1024, 2048)
TINY: Size = (128, 256)
REGION: Size = (128, 128)
TINY_REGION: Size = (32, 32)
IMAGES = 24
SEQUENCE = 4


def streets_of(size: Size, images: int = IMAGES) -> Path:
    """The folder with these streets."""
    source = StreetImages("target", images, size, seed=11, sequence_length=SEQUENCE)
    folder = cache_folder() / "feel" / f"streets-{DRAWING}-{images}-{size[1]}x{size[0]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        if not is_written(source, folder):
            for done in write_streets(source, folder):
                print(f"\rdrawing streets {done}/{images}", end="", file=sys.stderr, flush=True)
            print(file=sys.stderr)
    return folder


def data_of(tiny: bool) -> DataConfig:
    """How the streets are opened: 2048×1024 with regions of 128×128, or tiny for a trial."""
    size, region = (TINY, TINY_REGION) if tiny else (FULL, REGION)
    return DataConfig(path=streets_of(size), reader=reader_for("target"), region=region)
