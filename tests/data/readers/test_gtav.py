"""GTAV: palette masks whose indices are the ids of Cityscapes, without the frames known to be broken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from src_model.config import DataConfig
from src_model.data.readers import open_dataset
from src_model.data.readers.cityscapes import CITYSCAPES

Make = Callable[[Path], DataConfig]


def test_masks_are_palette_images_with_the_ids_of_cityscapes(tmp_path: Path, layouts: dict[str, Make]) -> None:
    config = layouts["gtav"](tmp_path)
    palette = Image.new("P", (32, 24), color=33)
    palette.putpalette([5, 5, 5] * 40)
    palette.save(tmp_path / "labels" / "00001.png")
    dataset = open_dataset(config)
    assert dataset.schema == CITYSCAPES
    assert np.unique(dataset.labels("00001")).tolist() == [18]
    assert [dataset.published_split(image) for image in dataset.ids] == [None] * 4


@pytest.mark.parametrize("number", [15_188, 17_705, 20_801, 20_860])
def test_frames_whose_masks_have_another_size_are_left_out(
    tmp_path: Path, layouts: dict[str, Make], write: Callable[..., Path], number: int
) -> None:
    config = layouts["gtav"](tmp_path)
    write(tmp_path / "images" / f"{number}.png", np.zeros((10, 10, 3), dtype=np.uint8))
    write(tmp_path / "labels" / f"{number}.png", np.zeros((8, 8), dtype=np.uint8))
    assert open_dataset(config).ids == ("00001", "00002", "00003", "00004")
