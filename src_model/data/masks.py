"""Masks: predicted or painted class maps as index PNGs that the reader ``folder`` takes back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from src_model.atomic_file import replacing
from src_model.data.annotation import IGNORED, VOID, Labels
from src_model.data.class_schema import ClassSchema
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
    foreign = np.unique(labels[(labels >= schema.num_classes) & (labels < IGNORED)])
    if foreign.size:
        raise DataError(
            f"Cannot write {path}: {foreign.tolist()} are no classes of {schema.name}. Check the class table."
        )
    values = _ids_of(schema, path).take(labels)
    if (values < 0).any():
        raise DataError(
            f"Cannot write {path}: 255 is a class of {schema.name}, so that nothing stands for pixels without a label. "
            "Add an ignored entry to the class table."
        )
    mask = Image.fromarray(values.astype(np.uint8))
    mask.putpalette(_palette(schema))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as partial:
            mask.save(partial, format="PNG")
    except OSError as exc:
        raise DataError(f"Cannot write {path}: {exc}. Free some space or choose another folder.") from exc


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
