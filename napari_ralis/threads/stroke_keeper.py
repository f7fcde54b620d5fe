"""The stroke keeper: writes what is being painted to the disk, beside the main thread, which never waits for it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from napari_ralis.threads.keeper import Keeper
from src_model.data.annotation import Labels
from src_model.data.region import Region
from src_model.project.strokes import keep_strokes


class StrokeKeeper(Keeper[Mapping[Region, Labels]]):
    """One thread for one project; patches take the place of all that were kept before."""

    def __init__(self, folder: Path) -> None:
        super().__init__(partial(keep_strokes, folder), "ralis-strokes")
