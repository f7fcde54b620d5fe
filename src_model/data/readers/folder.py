"""Any folder: ``images`` and ``masks`` with the same names, and a class table; also images alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from src_model.data.class_schema import ClassSchema
from src_model.data.dataset import ImageRecord
from src_model.data.decoding import IndexOrColourMasks
from src_model.data.readers.class_table import read_class_table
from src_model.data.readers.layout import (
    IMAGE_ENDINGS,
    MASK_ENDINGS,
    Layout,
    Pair,
    existing_folder,
    files_below,
    paired,
)
from src_model.exceptions import DataError

_SPLITS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}
_MASK_FOLDERS = ("masks", "labels")
_CLASS_TABLES = ("classes.csv", "classes.yaml", "classes.yml")


def read_folder(folder: Path, classes: Path | None) -> Layout:
    """Images of a folder, each with the mask of the same name, if there is one.

    Accepted are ``images`` with ``masks`` (or ``labels``), both with any subfolders; the same within ``train``, ``val``
    and ``test``; and images without such folders, which are then all unlabelled. Masks are index images (grey, palette,
    16-bit) or show the colours of the table. A subfolder called like a part is a part; any other one is a sequence;
    without it a sequence is what the name begins with, up to its number.

    Parameters
    ----------
    folder:
        Where the images are.
    classes:
        Class table; None: the file ``classes.csv`` or ``classes.yaml`` in the folder.

    Raises
    ------
    DataError
        If folder or table are not there, or images and masks do not fit together.
    """
    existing_folder(folder)
    schema = read_class_table(_table_of(folder) if classes is None else classes)
    records = tuple(_record(name, image, mask) for name, (image, mask) in _pairs(folder).items())
    return Layout(schema, records, IndexOrColourMasks(schema))


def read_pictures(folder: Path, schema: ClassSchema) -> Layout:
    """The images of a folder as `read_folder` finds them, without labels; ``schema`` is what will be labelled.

    Masks are left alone, since nobody has said yet what they mean.

    Raises
    ------
    DataError
        As `read_folder`, but for the table.
    """
    existing_folder(folder)
    records = tuple(_record(name, image, None) for name, (image, _) in _pairs(folder).items())
    return Layout(schema, records, IndexOrColourMasks(schema))


def class_table_in(folder: Path) -> Path | None:
    """The class table that lies in a folder."""
    return next((folder / name for name in _CLASS_TABLES if (folder / name).is_file()), None)


def _table_of(folder: Path) -> Path:
    found = class_table_in(folder)
    if found is None:
        raise DataError(
            f"There is no class table for {folder}. Put classes.csv with id,name,R,G,B,ignore into it, "
            "or name one with --classes."
        )
    return found


def _pairs(folder: Path) -> dict[str, Pair]:
    images: dict[str, Path] = {}
    masks: dict[str, Path] = {}
    for prefix, part in _parts(folder):
        own_images = part / "images"
        own_masks = next((part / name for name in _MASK_FOLDERS if (part / name).is_dir()), None)
        if own_masks is not None and not own_images.is_dir():
            raise DataError(
                f"{own_masks} has no folder images beside it. Put the images there, under the names of the masks."
            )
        source = own_images if own_images.is_dir() else part
        images |= {prefix + name: path for name, path in files_below(source, IMAGE_ENDINGS).items()}
        if own_masks is not None:
            masks |= {prefix + name: path for name, path in files_below(own_masks, MASK_ENDINGS).items()}
    return paired(images, masks, folder)


def _parts(folder: Path) -> Iterator[tuple[str, Path]]:
    parts = [name for name in _SPLITS if (folder / name / "images").is_dir()]
    yield from ((f"{name}/", folder / name) for name in parts)
    if not parts:
        yield "", folder


def _record(name: str, image: Path, mask: Path | None) -> ImageRecord:
    *between, stem = name.split("/")
    split = _SPLITS.get(between[0].lower()) if between else None
    above = between[1:] if split else between
    return ImageRecord(
        name, image, mask, "/".join(above) or stem.rstrip("0123456789").rstrip("_-. ") or "images", split
    )
