"""The mosaic: what was asked, above what the oracle answered."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from src_model.config import DataConfig
from src_model.data.annotation import VOID
from src_model.data.class_schema import ClassSchema, SemanticClass
from src_model.data.readers import open_dataset
from src_model.data.region import Region
from src_model.exceptions import DataError
from src_model.report.figures.mosaic import mosaic, tinted

SCHEMA = ClassSchema("two", (SemanticClass(0, "sky", (0, 0, 200)), SemanticClass(1, "road", (200, 0, 0))))


def test_labels_tint_the_grey_image_and_classes_meet_in_white() -> None:
    labels = np.array([[0, 0, 1, 1, VOID]], dtype=np.uint8)
    shown = tinted(np.full((1, 5, 3), (90, 100, 110), dtype=np.uint8), labels, SCHEMA)
    assert shown[0, 0].tolist() == [38, 38, 162]  # 0.62 of the blue, 0.38 of the grey 100
    assert shown[0, 1].tolist() == [255, 255, 255]
    assert shown[0, 2].tolist() == [162, 38, 38]
    assert shown[0, 4].tolist() == [100, 100, 100]


def test_regions_stand_side_by_side_above_their_labels(tiny_camvid: Path) -> None:
    dataset = open_dataset(DataConfig(path=tiny_camvid, reader="camvid"))
    regions = [Region("0001TP_000001", 0, column, 12, 12) for column in (0, 24)]
    with Image.open(io.BytesIO(mosaic(dataset, regions))) as image:
        assert image.size == (2 * 108 + 4, 2 * 108 + 2)
        pixels = np.asarray(image).astype(int)
    upper, lower = pixels[20:90], pixels[130:200]
    # the left region is sky (grey, blue above), the right one road (violet below)
    assert upper[:, 20:90].mean(axis=(0, 1))[2] > upper[:, 130:200].mean(axis=(0, 1))[2] + 50
    assert np.ptp(lower[:, 20:90].mean(axis=(0, 1))) < 10
    assert lower[:, 130:200].mean(axis=(0, 1))[1] < lower[:, 130:200].mean(axis=(0, 1))[0] - 20


def test_an_image_of_another_size_is_named(tiny_camvid: Path) -> None:
    dataset = open_dataset(DataConfig(path=tiny_camvid, reader="camvid"))
    with pytest.raises(DataError, match="0001TP_000001 has another size"):
        mosaic(dataset, [Region("0001TP_000001", 30, 0, 12, 12)])


def test_nothing_asked_is_an_error() -> None:
    with pytest.raises(DataError, match="No region was asked"):
        mosaic(None, [])  # type: ignore[arg-type]
