"""Recognition: which reader a folder is for, told by a few names in it; no list of files is made and none is opened."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

from src_model.data.readers.folder import class_table_in
from src_model.data.readers.layout import IMAGE_ENDINGS

_CAMVID_PARTS = ("train", "val", "test")
_LOOKED_AT = 64
"""Names in a folder that are looked at, so that a folder of a million files costs no more than any other."""
_GTAV_DIGITS = 5


def recognised_reader(folder: Path) -> str | None:
    """Name of the reader for this folder, or None if it looks like none of ours; under a millisecond.

    A class table in the folder makes it one for the reader ``folder``, since the other readers bring their own
    classes. So do images without masks, for which a table has yet to be named. GTAV and any pair of ``images`` and
    ``labels`` look the same but for the names of GTAV's images, which are numbers of five digits.
    """
    if (folder / "leftImg8bit").is_dir():
        return "cityscapes"
    if any((folder / part).is_dir() and (folder / f"{part}annot").is_dir() for part in _CAMVID_PARTS):
        return "camvid"
    images = folder / "images"
    if class_table_in(folder) is None and (folder / "labels").is_dir() and _begins_like_gtav(images):
        return "gtav"
    parts = (images, *(folder / part / "images" for part in _CAMVID_PARTS))
    return "folder" if any(part.is_dir() for part in parts) or _first_images(folder) else None


def _begins_like_gtav(images: Path) -> bool:
    stems = [name.partition(".")[0] for name in _first_images(images)]
    return bool(stems) and all(len(stem) == _GTAV_DIGITS and stem.isdecimal() for stem in stems)


def _first_images(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in islice(entries, _LOOKED_AT)]
    except OSError:
        return []
    return [name for name in names if name.lower().endswith(IMAGE_ENDINGS) and not name.startswith(".")]
