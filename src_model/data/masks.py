"""Masks: predicted or painted class maps as PNGs, of ids or of colours, that the reader ``folder`` takes back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from src_model.atomic_file import replacing
from src_model.data.annotation import IGNORED, VOID, Labels
from src_model.data.class_schema import ClassSchema, Colour
from src_model.exceptions import DataError


def save_mask(path: Path, labels: Labels, schema: ClassSchema) -> None:
    """Write an 8-bit palette PNG whose values are the permanent ids of the classes, in their colours.

    VOID and IGNORED become 255, or the first ignored id of the schema if 255 is a class. Folders are made; the file
    appears under its name when it is whole.

    Parameters
    ----------
    path:
        Ends in ``.png``.
    labels:
        (h, w) uint8 class indices.
    schema:
        Of these indices.

    Raises
    ------
    DataError
        If a value is no class, an id does not fit 8 bits, or the file cannot be written.
    """
    _refuse_foreign(labels, schema, path)
    values = _ids_of(schema, path).take(labels)
    if (values < 0).any():
        raise DataError(
            f"Cannot write {path}: 255 is a class of {schema.name}, so that nothing stands for pixels without a label. "
            "Add an ignored entry to the class table."
        )
    mask = Image.fromarray(values.astype(np.uint8))
    mask.putpalette(_palette(schema))
    save_png(path, mask)


def save_colour_mask(path: Path, labels: Labels, schema: ClassSchema) -> None:
    """Write an RGB PNG of the classes' colours, for programs that take masks this way.

    VOID and IGNORED get the colour of the schema's first ignored entry that no class has, or black if no class has it:
    by the class table with such an entry the reader takes them back as VOID. Otherwise as `save_mask`.

    Parameters
    ----------
    path, labels, schema:
        As in `save_mask`.

    Raises
    ------
    DataError
        If a value is no class, two classes have the same colour, no colour is left for pixels without a label, or the
        file cannot be written.
    """
    _refuse_foreign(labels, schema, path)
    colours = np.zeros((256, 3), dtype=np.uint8)
    colours[: schema.num_classes] = schema.colours
    colours[[IGNORED, VOID]] = _void_colour(schema, path)
    save_png(path, Image.fromarray(colours[labels]))


def save_png(path: Path, picture: Image.Image) -> None:
    """Write a picture; folders are made, and the file appears under its name when it is whole.

    Raises
    ------
    DataError
        If it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as partial:
            picture.save(partial, format="PNG")
    except OSError as exc:
        raise DataError(f"Cannot write {path}: {exc}. Free some space or choose another folder.") from exc


def _refuse_foreign(labels: Labels, schema: ClassSchema, path: Path) -> None:
    foreign = np.unique(labels[(labels >= schema.num_classes) & (labels < IGNORED)])
    if foreign.size:
        raise DataError(
            f"Cannot write {path}: {foreign.tolist()} are no classes of {schema.name}. Check the class table."
        )


def _void_colour(schema: ClassSchema, path: Path) -> Colour:
    taken = {entry.colour for entry in schema.classes}
    if len(taken) < schema.num_classes:
        raise DataError(
            f"Cannot write {path}: two classes of {schema.name} have the same colour. Give each its own, or save ids."
        )
    free = [colour for colour in (*(entry.colour for entry in schema.ignored), (0, 0, 0)) if colour not in taken]
    if not free:
        raise DataError(
            f"Cannot write {path}: black is a class of {schema.name}, so that no colour stands for pixels without a "
            "label. Add an ignored entry with a colour of its own to the class table, or save ids."
        )
    return free[0]


def _ids_of(schema: ClassSchema, path: Path) -> npt.NDArray[np.int16]:
    if schema.ids.max() > VOID:
        raise DataError(
            f"Cannot write {path}: {schema.name} has the id {schema.ids.max()}, a mask has 8 bits. Use ids up to 254."
        )
    free = [VOID, *(entry.id for entry in schema.ignored if entry.id <= VOID)]
    void = next((value for value in free if value not in schema.ids), -1)
    ids = np.full(256, -1, dtype=np.int16)
    ids[: schema.num_classes] = schema.ids
    ids[[IGNORED, VOID]] = void
    return ids


def _palette(schema: ClassSchema) -> bytes:
    palette = np.zeros((256, 3), dtype=np.uint8)
    for entry in (*schema.ignored, *schema.classes):
        if entry.id <= VOID:
            palette[entry.id] = entry.colour
    return palette.tobytes()
