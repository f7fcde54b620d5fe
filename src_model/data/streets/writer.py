"""Writer: street images as a folder that one of the readers reads; the folder appears when it is whole."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from src_model.atomic_file import PARTIAL_SUFFIX
from src_model.data.images import Pixels
from src_model.data.masks import save_mask
from src_model.data.readers.class_table import write_class_table
from src_model.data.streets.domain import domain_named
from src_model.data.streets.street_images import StreetImages
from src_model.exceptions import DataError

_ABOUT = "streets.json"


def reader_for(domain: str) -> str:
    """Name of the reader that reads what is written for this domain."""
    return "folder" if domain_named(domain).from_above else "cityscapes"


def write_streets(images: StreetImages, out: Path) -> Iterator[int]:
    """Write all images with their masks; yields how many are written.

    Streets get the layout of Cityscapes, ``leftImg8bit`` and ``gtFine`` with a folder a sequence; drone images
    ``train`` and ``val`` with ``images``, ``masks`` and a class table, for the reader ``folder``. Everything is written
    to a hidden folder beside ``out``, which takes its name at the end; who stops before finds nothing.

    Raises
    ------
    DataError
        If ``out`` is there and not empty, or cannot be written.
    """
    _refuse_what_is_there(out)
    partial = out.with_name(f".{out.name}{PARTIAL_SUFFIX}")
    try:
        # What a killed writer left has no owner any more.
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for done, name in enumerate(images.ids, start=1):
            _write_one(images, name, partial)
            yield done
        _write_about(images, partial)
        if out.exists():
            out.rmdir()
        os.replace(partial, out)
    except OSError as exc:
        raise DataError(f"Cannot write {out}: {exc}. Free some space or choose another folder.") from exc
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def is_written(images: StreetImages, out: Path) -> bool:
    """Whether ``out`` holds just these images, as `write_streets` left them."""
    try:
        return bool(json.loads((out / _ABOUT).read_text(encoding="utf-8")) == _about(images))
    except (OSError, ValueError):
        return False


def _refuse_what_is_there(out: Path) -> None:
    if out.is_dir() and not any(out.iterdir()):
        return
    if out.exists():
        raise DataError(f"{out} is there and not empty. Choose another folder for --out, or remove it first.")


def _write_one(images: StreetImages, name: str, root: Path) -> None:
    picture, labels = images.scene(name)
    split, sequence = images.published_split(name), images.sequence(name)
    if reader_for(images.domain) == "cityscapes":
        image = root / "leftImg8bit" / split / sequence / f"{name}_leftImg8bit.png"
        mask = root / "gtFine" / split / sequence / f"{name}_gtFine_labelIds.png"
    else:
        image = root / split / "images" / sequence / f"{name}.png"
        mask = root / split / "masks" / sequence / f"{name}.png"
    _save_image(image, picture)
    save_mask(mask, labels, images.schema)


def _save_image(path: Path, picture: Pixels) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Noise does not get smaller by trying harder.
    Image.fromarray(picture).save(path, compress_level=2)


def _write_about(images: StreetImages, root: Path) -> None:
    """The class table for the reader ``folder``, and what to ask for to get the same images again."""
    if reader_for(images.domain) == "folder":
        write_class_table(root / "classes.csv", images.schema)
    (root / _ABOUT).write_text(json.dumps(_about(images), indent=1) + "\n", encoding="utf-8")


def _about(images: StreetImages) -> dict[str, str | int]:
    height, width = images.size_of_all
    return {
        "domain": images.domain,
        "count": images.count,
        "size": f"{height}x{width}",
        "seed": images.seed,
        "world": images.world,
        "sequence_length": images.sequence_length,
        "reader": reader_for(images.domain),
    }
