"""CamVid in the SegNet layout: 11 classes, index masks, ``train`` + ``trainannot`` and so on, the same file names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from src_model.data.class_schema import ClassSchema, SemanticClass
from src_model.data.dataset import ImageRecord
from src_model.data.decoding import IndexMasks, id_table
from src_model.data.readers.layout import (
    IMAGE_ENDINGS,
    MASK_ENDINGS,
    Layout,
    existing_folder,
    files_below,
    paired,
    with_some_masks,
)
from src_model.exceptions import DataError

CAMVID = ClassSchema(
    "camvid",
    (
        SemanticClass(0, "sky", (128, 128, 128)),
        SemanticClass(1, "building", (128, 0, 0)),
        SemanticClass(2, "pole", (192, 192, 128)),
        SemanticClass(3, "road", (128, 64, 128)),
        SemanticClass(4, "sidewalk", (0, 0, 192)),
        SemanticClass(5, "tree", (128, 128, 0)),
        SemanticClass(6, "sign", (192, 128, 128)),
        SemanticClass(7, "fence", (64, 64, 128)),
        SemanticClass(8, "car", (64, 0, 128)),
        SemanticClass(9, "pedestrian", (64, 64, 0)),
        SemanticClass(10, "bicyclist", (0, 128, 192)),
    ),
    ignored=(SemanticClass(11, "void", (0, 0, 0)),),
)

CAMVID_FROM_CITYSCAPES: Mapping[str, str] = MappingProxyType(
    {
        "vegetation": "tree",
        "traffic light": "sign",
        "traffic sign": "sign",
        "truck": "car",
        "bus": "car",
        "motorcycle": "car",
        "person": "pedestrian",
        "bicycle": "bicyclist",
    }
)
"""The published table from GTAV, whose classes are those of Cityscapes, to CamVid; namesakes need no line."""

_SPLITS = ("train", "val", "test")


def read_camvid(folder: Path) -> Layout:
    """Images of ``train``, ``val`` and ``test``, as far as there are any; a sequence is the name up to the underscore.

    Raises
    ------
    DataError
        If no such folder is there, or images and masks do not fit together.
    """
    present = [split for split in _SPLITS if (existing_folder(folder) / split).is_dir()]
    if not present:
        raise DataError(f"{folder} has no folder train, val or test. Check --data, or choose another --reader.")
    records = tuple(record for split in present for record in _records(folder, split))
    return Layout(
        CAMVID,
        with_some_masks(records, folder, "trainannot, valannot, testannot"),
        IndexMasks(CAMVID.name, id_table(CAMVID)),
    )


def _records(folder: Path, split: str) -> list[ImageRecord]:
    masks = files_below(folder / f"{split}annot", MASK_ENDINGS) if (folder / f"{split}annot").is_dir() else {}
    pairs = paired(files_below(folder / split, IMAGE_ENDINGS), masks, folder / split)
    return [ImageRecord(name, image, mask, name.partition("_")[0], split) for name, (image, mask) in pairs.items()]
