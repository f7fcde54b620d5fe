"""The sitting keeper: writes minutes, stars and locks to the disk, beside the main thread."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from napari_ralis.threads.keeper import Keeper
from src_model.project.sitting_file import SittingRecord, keep_sitting


class SittingKeeper(Keeper[SittingRecord]):
    """One thread for one project."""

    def __init__(self, folder: Path) -> None:
        super().__init__(partial(keep_sitting, folder), "ralis-sitting")
