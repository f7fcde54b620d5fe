"""Layouts: what a reader answers, and how files are found and paired, the same way for all of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from src_model.data.class_schema import ClassSchema
from src_model.data.dataset import ImageRecord
from src_model.data.decoding import MaskDecoder
from src_model.exceptions import DataError

IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp")
"""Files that are taken for images."""
MASK_ENDINGS = (".png", ".tif", ".tiff", ".bmp")
"""Files that are taken for masks: formats that keep every value."""

Pair = tuple[Path, Path | None]
"""An image and its mask, if it has one."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A data set as a reader found it: nothing has been decoded.

    Attributes
    ----------
    schema:
        Classes of the masks.
    records:
        One for each image.
    decode_mask:
        Reads a mask file into class indices of ``schema``.
    """

    schema: ClassSchema
    records: tuple[ImageRecord, ...]
    decode_mask: MaskDecoder


def existing_folder(path: Path) -> Path:
    """The folder itself.

    Raises
    ------
    DataError
        If it is not there.
    """
    if not path.is_dir():
        raise DataError(f"There is no folder {path}. Check --data, or mount the drive it lies on.")
    return path


def files_below(folder: Path, endings: tuple[str, ...]) -> dict[str, Path]:
    """Files of a folder and its subfolders with one of these endings, sorted; hidden ones are passed over.

    The key is the path below ``folder`` without the ending, with ``/`` between folders on every system.

    Raises
    ------
    DataError
        If two files have the same key, or a folder cannot be listed.
    """
    found: dict[str, Path] = {}
    for path in sorted(_visible_files(folder)):
        ending = next((ending for ending in endings if path.name.lower().endswith(ending.lower())), None)
        if ending is None:
            continue
        name = path.relative_to(folder).as_posix()[: -len(ending)]
        if name in found:
            raise DataError(f"{found[name]} and {path} have the same name. Remove or rename one of them.")
        found[name] = path
    return found


def paired(images: Mapping[str, Path], masks: Mapping[str, Path], folder: Path) -> dict[str, Pair]:
    """Each image with the mask of the same name, or without one.

    Raises
    ------
    DataError
        If there is no image, or a mask has no image.
    """
    if not images:
        raise DataError(f"There are no images in {folder} ({', '.join(IMAGE_ENDINGS)}). Check --data and --reader.")
    lonely = [name for name in masks if name not in images]
    if masks and len(lonely) == len(masks):
        raise DataError(
            f"No mask in {folder} has the name of an image: masks are called like {lonely[0]!r}, images like "
            f"{next(iter(images))!r}. Give both the same name, or choose the reader that fits."
        )
    if lonely:
        raise DataError(
            f"{len(lonely)} masks in {folder} have no image; the first is {masks[lonely[0]]}. "
            "Add the images or remove the masks."
        )
    return {name: (path, masks.get(name)) for name, path in images.items()}


def with_some_masks(records: tuple[ImageRecord, ...], folder: Path, expected: str) -> tuple[ImageRecord, ...]:
    """The records themselves, of a data set that is published with masks.

    Raises
    ------
    DataError
        If none of them has a mask.
    """
    if all(record.mask is None for record in records):
        raise DataError(
            f"None of the {len(records)} images in {folder} has a mask; they are expected in {expected}. "
            "Check --data, or open unlabelled images with the reader folder."
        )
    return records


def _visible_files(folder: Path) -> Iterator[Path]:
    def refuse(fault: OSError) -> None:
        raise DataError(
            f"Cannot list {fault.filename}: {fault.strerror}. Check the permissions of the folder."
        ) from fault

    for parent, children, files in os.walk(folder, onerror=refuse):
        children[:] = [child for child in children if not child.startswith(".")]
        yield from (Path(parent, file) for file in files if not file.startswith("."))
