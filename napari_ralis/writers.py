"""Writers: a Labels layer as a PNG of class ids or of class colours, from napari's File > Save Selected Layers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from src_model.data.annotation import VOID, Labels
from src_model.data.class_schema import ClassSchema
from src_model.data.masks import save_colour_mask, save_mask, save_png
from src_model.exceptions import DataError


def write_ids(path: str, data: Any, attributes: Mapping[str, Any]) -> list[str]:
    """Write a mask of permanent class ids in the colours of the classes; 255 is where nothing is labelled.

    A layer that knows no classes, of whatever origin, keeps its numbers as they are.

    Parameters
    ----------
    path:
        Ends in ``.png``.
    data:
        (h, w) integers.
    attributes:
        Of the layer; the classes are in its metadata.

    Returns
    -------
    The one file that was written.

    Raises
    ------
    DataError
        If the layer is no single picture, holds a number that a mask cannot hold, or cannot be written.
    """
    target, labels, schema = Path(path), _picture(path, data), _schema_of(attributes)
    if schema is None:
        save_png(target, Image.fromarray(labels))
    else:
        save_mask(target, labels, schema)
    return [path]


def write_colours(path: str, data: Any, attributes: Mapping[str, Any]) -> list[str]:
    """Write a mask of class colours; parameters and errors are those of `write_ids`, and the layer has to know classes.

    Returns
    -------
    The one file that was written.
    """
    labels, schema = _picture(path, data), _schema_of(attributes)
    if schema is None:
        raise DataError(
            f"Cannot write {path}: the layer knows no classes and so no colours. Save ids, or open the mask with RALIS."
        )
    save_colour_mask(Path(path), labels, schema)
    return [path]


def _picture(path: str, data: Any) -> Labels:
    numbers: npt.NDArray[np.integer] = np.asarray(data)
    if numbers.ndim != 2:
        raise DataError(
            f"Cannot write {path}: the layer has the shape {numbers.shape}, a PNG is one picture. "
            "Save one image at a time, or as TIFF."
        )
    if numbers.size and not (numbers.min() >= 0 and numbers.max() <= VOID):
        raise DataError(
            f"Cannot write {path}: the layer holds {numbers.min()} to {numbers.max()}, a mask 0 to {VOID}. "
            "Save it as TIFF."
        )
    return numbers.astype(np.uint8)


def _schema_of(attributes: Mapping[str, Any]) -> ClassSchema | None:
    schema = attributes.get("metadata", {}).get("schema")
    return schema if isinstance(schema, ClassSchema) else None
