"""The stroke keeper: writes what is being painted to the disk, beside the main thread, which never waits for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from napari_ralis.threads.keeper import Keeper
from src_model.data.annotation import Labels
from src_model.data.region import Region
from src_model.project.strokes import keep_strokes

Strokes = tuple[Mapping[Region, Labels], Sequence[tuple[int, int]]]
"""Patches, and the pairs of classes that unsure pixels in them speak of."""


class StrokeKeeper(Keeper[Strokes]):
    """One thread for one project; patches take the place of all that were kept before."""

    def __init__(self, folder: Path) -> None:
        super().__init__(lambda state: keep_strokes(folder, *state), "ralis-strokes")
