"""Tiny data sets in each layout: two sequences, one training image without a mask, one class that is ignored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from PIL import Image

from src_model.config import DataConfig
from src_model.data.class_schema import ClassSchema, SemanticClass
from src_model.data.dataset import Dataset, ImageRecord
from src_model.data.decoding import IndexMasks, id_table

SIZE = (24, 32)


def write(path: Path, array: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)
    return path


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, size=(*SIZE, 3), dtype=np.uint8)


def halves(left: int, right: int, below: int) -> np.ndarray:
    """Left half, right half, and the last two rows."""
    mask = np.full(SIZE, left, dtype=np.uint8)
    mask[:, SIZE[1] // 2 :] = right
    mask[-2:] = below
    return mask


def make_camvid(folder: Path) -> DataConfig:
    for number, name in enumerate(["0001TP_1", "0001TP_2", "0006R0_1", "0006R0_2"]):
        write(folder / "train" / f"{name}.png", picture(number))
    for name in ["0001TP_1", "0001TP_2", "0006R0_1"]:
        write(folder / "trainannot" / f"{name}.png", halves(0, 1, 11))
    write(folder / "val" / "0016E5_1.png", picture(9))
    write(folder / "valannot" / "0016E5_1.png", halves(0, 1, 11))
    return DataConfig(path=folder, reader="camvid")


def make_cityscapes(folder: Path, kind: str = "labelIds", reader: str = "cityscapes") -> DataConfig:
    left, right, below = (7, 8, 0) if kind == "labelIds" else (0, 1, 255)
    names = {"train": ["aachen_0_0", "aachen_0_1", "bonn_0_0", "bonn_0_1"], "val": ["ulm_0_0"], "test": ["rome_0_0"]}
    for split, stems in names.items():
        for number, stem in enumerate(stems):
            city = stem.partition("_")[0]
            write(folder / "leftImg8bit" / split / city / f"{stem}_leftImg8bit.png", picture(number))
            if stem != "bonn_0_1":
                mask = halves(left, right, below)
                write(folder / "gtFine" / split / city / f"{stem}_gtFine_{kind}.png", mask)
    return DataConfig(path=folder, reader=reader)


def make_cityscapes35(folder: Path) -> DataConfig:
    return make_cityscapes(folder, reader="cityscapes35")


def make_cityscapes_train_ids(folder: Path) -> DataConfig:
    return make_cityscapes(folder, kind="labelTrainIds")


def make_gtav(folder: Path) -> DataConfig:
    for number in range(1, 5):
        write(folder / "images" / f"{number:05}.png", picture(number))
        if number != 4:
            write(folder / "labels" / f"{number:05}.png", halves(7, 8, 0))
    return DataConfig(path=folder, reader="gtav")


TABLE = "id,name,R,G,B,ignore\n7,street,128,64,128,0\n9,path,244,35,232,0\n200,frame,0,0,0,1\n"


def make_folder(folder: Path) -> DataConfig:
    for number, name in enumerate(["drive_a/1", "drive_a/2", "drive_b/1", "drive_b/2"]):
        write(folder / "images" / f"{name}.jpg", picture(number))
        if name != "drive_b/2":
            write(folder / "masks" / f"{name}.png", halves(7, 9, 200))
    (folder / "classes.csv").write_text(TABLE)
    return DataConfig(path=folder, reader="folder")


LAYOUTS: dict[str, Callable[[Path], DataConfig]] = {
    "camvid": make_camvid,
    "cityscapes": make_cityscapes,
    "cityscapes train ids": make_cityscapes_train_ids,
    "cityscapes35": make_cityscapes35,
    "gtav": make_gtav,
    "folder": make_folder,
}


@pytest.fixture(params=LAYOUTS.values(), ids=LAYOUTS)
def any_layout(request: pytest.FixtureRequest, tmp_path: Path) -> DataConfig:
    """Settings of a tiny data set, once for each layout."""
    return request.param(tmp_path / "data")


@pytest.fixture(name="layouts")
def layouts_fixture() -> dict[str, Callable[[Path], DataConfig]]:
    """Functions that make a tiny data set in a folder and say how to open it."""
    return LAYOUTS


@pytest.fixture(name="write")
def write_fixture() -> Callable[[Path, np.ndarray], Path]:
    """Writes an array as an image, with its folders."""
    return write


@pytest.fixture(name="picture")
def picture_fixture() -> Callable[[int], np.ndarray]:
    """Noise of 24×32 by seed."""
    return picture


@pytest.fixture(name="halves")
def halves_fixture() -> Callable[[int, int, int], np.ndarray]:
    """A mask of 24×32: left half, right half, and the last two rows."""
    return halves


@pytest.fixture
def dataset_of(tmp_path: Path) -> Callable[..., Dataset]:
    """A data set of given label maps (None: no mask), with the sequences and published parts that are named."""

    def build(
        labels: Mapping[str, np.ndarray | None],
        num_classes: int = 3,
        sequences: Mapping[str, str] = MappingProxyType({}),
        splits: Mapping[str, str] = MappingProxyType({}),
    ) -> Dataset:
        schema = ClassSchema("tiny", tuple(SemanticClass(i, f"class {i}", (i, i, i)) for i in range(num_classes)))
        records = []
        for name, own in labels.items():
            shape = (4, 4) if own is None else own.shape
            image = write(tmp_path / "images" / f"{name}.png", np.zeros((*shape, 3), dtype=np.uint8))
            mask = None if own is None else write(tmp_path / "masks" / f"{name}.png", own)
            records.append(ImageRecord(name, image, mask, sequences.get(name, name), splits.get(name)))
        return Dataset(schema, records, IndexMasks(schema.name, id_table(schema)), cache_bytes=1 << 20)

    return build
