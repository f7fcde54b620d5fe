"""Cityscapes: 19 classes or all 35 ids, from ``labelIds`` or ``labelTrainIds`` masks."""

from __future__ import annotations

from pathlib import Path

from src_model.data.annotation import VOID
from src_model.data.class_schema import ClassSchema, SemanticClass
from src_model.data.dataset import ImageRecord
from src_model.data.decoding import IndexMasks, MaskDecoder, id_table
from src_model.data.readers.layout import Layout, existing_folder, files_below, paired, with_some_masks
from src_model.exceptions import DataError

_LICENCE_PLATE = 34
"""-1 in the published table; masks that hold it (GTAV's do) write 34."""

_ALL = (
    SemanticClass(0, "unlabeled", (0, 0, 0)),
    SemanticClass(1, "ego vehicle", (0, 0, 0)),
    SemanticClass(2, "rectification border", (0, 0, 0)),
    SemanticClass(3, "out of roi", (0, 0, 0)),
    SemanticClass(4, "static", (0, 0, 0)),
    SemanticClass(5, "dynamic", (111, 74, 0)),
    SemanticClass(6, "ground", (81, 0, 81)),
    SemanticClass(7, "road", (128, 64, 128)),
    SemanticClass(8, "sidewalk", (244, 35, 232)),
    SemanticClass(9, "parking", (250, 170, 160)),
    SemanticClass(10, "rail track", (230, 150, 140)),
    SemanticClass(11, "building", (70, 70, 70)),
    SemanticClass(12, "wall", (102, 102, 156)),
    SemanticClass(13, "fence", (190, 153, 153)),
    SemanticClass(14, "guard rail", (180, 165, 180)),
    SemanticClass(15, "bridge", (150, 100, 100)),
    SemanticClass(16, "tunnel", (150, 120, 90)),
    SemanticClass(17, "pole", (153, 153, 153)),
    SemanticClass(18, "polegroup", (153, 153, 153)),
    SemanticClass(19, "traffic light", (250, 170, 30)),
    SemanticClass(20, "traffic sign", (220, 220, 0)),
    SemanticClass(21, "vegetation", (107, 142, 35)),
    SemanticClass(22, "terrain", (152, 251, 152)),
    SemanticClass(23, "sky", (70, 130, 180)),
    SemanticClass(24, "person", (220, 20, 60)),
    SemanticClass(25, "rider", (255, 0, 0)),
    SemanticClass(26, "car", (0, 0, 142)),
    SemanticClass(27, "truck", (0, 0, 70)),
    SemanticClass(28, "bus", (0, 60, 100)),
    SemanticClass(29, "caravan", (0, 0, 90)),
    SemanticClass(30, "trailer", (0, 0, 110)),
    SemanticClass(31, "train", (0, 80, 100)),
    SemanticClass(32, "motorcycle", (0, 0, 230)),
    SemanticClass(33, "bicycle", (119, 11, 32)),
    SemanticClass(_LICENCE_PLATE, "license plate", (0, 0, 142)),
)
_EVALUATED = frozenset({7, 8, 11, 12, 13, 17, *range(19, 29), 31, 32, 33})

CITYSCAPES = ClassSchema(
    "cityscapes",
    tuple(entry for entry in _ALL if entry.id in _EVALUATED),
    ignored=tuple(entry for entry in _ALL if entry.id not in _EVALUATED),
)
"""The 19 evaluated classes; the index of a class is its ``trainId``."""
CITYSCAPES_35 = ClassSchema("cityscapes35", _ALL)
"""All ids as classes of their own."""

_IMAGE = "_leftImg8bit.png"
_LABEL_IDS = "_gtFine_labelIds.png"
_TRAIN_IDS = "_gtFine_labelTrainIds.png"


def read_cityscapes(folder: Path) -> Layout:
    """Images with the 19 evaluated classes; a sequence is a city, the masks of ``test`` (dummies) are passed over.

    Raises
    ------
    DataError
        If the folders are not there, or images and masks do not fit together.
    """
    masks = _masks(folder, _LABEL_IDS)
    if masks:
        return _layout(folder, CITYSCAPES, masks, IndexMasks(CITYSCAPES.name, id_table(CITYSCAPES)))
    train_ids = {VOID: VOID} | {index: index for index in range(CITYSCAPES.num_classes)}
    return _layout(folder, CITYSCAPES, _masks(folder, _TRAIN_IDS), IndexMasks("cityscapes (labelTrainIds)", train_ids))


def read_cityscapes35(folder: Path) -> Layout:
    """Images with all 35 ids as classes, otherwise as `read_cityscapes`.

    Raises
    ------
    DataError
        If there are only ``labelTrainIds`` masks, which know 19 classes, and as `read_cityscapes`.
    """
    masks = _masks(folder, _LABEL_IDS)
    if not masks and _masks(folder, _TRAIN_IDS):
        raise DataError(
            f"{folder} holds labelTrainIds masks, which know only 19 classes. Choose the reader cityscapes."
        )
    return _layout(folder, CITYSCAPES_35, masks, IndexMasks(CITYSCAPES_35.name, id_table(CITYSCAPES_35)))


def _masks(folder: Path, ending: str) -> dict[str, Path]:
    root = existing_folder(folder) / "gtFine"
    found = {split: root / split for split in ("train", "val") if (root / split).is_dir()}
    return {
        f"{split}/{name}": path for split, part in found.items() for name, path in files_below(part, (ending,)).items()
    }


def _layout(folder: Path, schema: ClassSchema, masks: dict[str, Path], decode_mask: MaskDecoder) -> Layout:
    root = folder / "leftImg8bit"
    if not root.is_dir():
        raise DataError(f"{folder} has no folder leftImg8bit. Check --data, or choose another --reader.")
    parts = [split for split in ("train", "val", "test") if (root / split).is_dir()]
    images = {f"{split}/{name}": path for split in parts for name, path in files_below(root / split, (_IMAGE,)).items()}
    records = tuple(_record(name, image, mask) for name, (image, mask) in paired(images, masks, folder).items())
    return Layout(schema, with_some_masks(records, folder, f"gtFine/<split>/<city>/*{_LABEL_IDS}"), decode_mask)


def _record(name: str, image: Path, mask: Path | None) -> ImageRecord:
    split, *between, stem = name.split("/")
    return ImageRecord(stem, image, mask, "/".join(between) or stem.partition("_")[0], split)
