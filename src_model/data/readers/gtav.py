"""GTAV: rendered streets with the classes of Cityscapes, ``images`` and ``labels`` with the same file names."""

from __future__ import annotations

from pathlib import Path

from src_model.data.dataset import ImageRecord
from src_model.data.decoding import IndexMasks, id_table
from src_model.data.readers.cityscapes import CITYSCAPES
from src_model.data.readers.layout import (
    IMAGE_ENDINGS,
    MASK_ENDINGS,
    Layout,
    existing_folder,
    files_below,
    paired,
    with_some_masks,
)

_DIFFERENT_SIZES = frozenset({15188, 17705, *range(20801, 20861)})
"""Published numbers whose masks are not as large as their images; the reference code leaves them out too."""


def read_gtav(folder: Path) -> Layout:
    """All images but those known to be broken, in one sequence, since the names do not tell the drives apart.

    Raises
    ------
    DataError
        If the folders are not there, or images and masks do not fit together.
    """
    existing_folder(folder)
    images = _usable(files_below(existing_folder(folder / "images"), IMAGE_ENDINGS))
    masks = _usable(files_below(existing_folder(folder / "labels"), MASK_ENDINGS))
    records = tuple(
        ImageRecord(name, image, mask, "gtav") for name, (image, mask) in paired(images, masks, folder).items()
    )
    return Layout(
        CITYSCAPES, with_some_masks(records, folder, "labels"), IndexMasks(CITYSCAPES.name, id_table(CITYSCAPES))
    )


def _usable(files: dict[str, Path]) -> dict[str, Path]:
    return {
        name: path for name, path in files.items() if not (path.stem.isdecimal() and int(path.stem) in _DIFFERENT_SIZES)
    }
