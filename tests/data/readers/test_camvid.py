"""CamVid: the published classes and parts, in a tiny copy and in the real one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from src_model.config import DataConfig
from src_model.data.annotation import VOID
from src_model.data.readers import open_dataset
from src_model.data.readers.camvid import CAMVID
from src_model.exceptions import DataError

Make = Callable[[Path], DataConfig]


def test_there_are_eleven_classes_in_the_published_order() -> None:
    assert CAMVID.names == (
        "sky", "building", "pole", "road", "sidewalk", "tree", "sign", "fence", "car", "pedestrian", "bicyclist",
    )  # fmt: skip
    assert CAMVID.ids.tolist() == list(range(11))


def test_parts_and_sequences_are_read_from_folders_and_names(tmp_path: Path, layouts: dict[str, Make]) -> None:
    dataset = open_dataset(layouts["camvid"](tmp_path))
    assert dataset.ids == ("0001TP_1", "0001TP_2", "0006R0_1", "0006R0_2", "0016E5_1")
    assert [dataset.published_split(image) for image in dataset.ids] == ["train"] * 4 + ["val"]
    assert dataset.sequence("0016E5_1") == "0016E5"


def test_a_folder_without_any_mask_is_refused(tmp_path: Path, layouts: dict[str, Make]) -> None:
    config = layouts["camvid"](tmp_path)
    for split in ("train", "val"):
        (tmp_path / f"{split}annot").rename(tmp_path / f"{split}masks")
    with pytest.raises(DataError, match=r"None of the 5 images .* has a mask.*trainannot"):
        open_dataset(config)


def test_the_same_image_in_two_parts_is_refused(tmp_path: Path, layouts: dict[str, Make]) -> None:
    config = layouts["camvid"](tmp_path)
    (tmp_path / "val" / "0001TP_1.png").write_bytes((tmp_path / "train" / "0001TP_1.png").read_bytes())
    with pytest.raises(DataError, match="both called '0001TP_1'"):
        open_dataset(config)


def test_the_real_camvid_is_as_published(camvid: Path) -> None:
    dataset = open_dataset(DataConfig(path=camvid, reader="camvid"))
    parts = Counter(dataset.published_split(image) for image in dataset.ids)
    assert (parts["train"], parts["val"]) == (367, 101)
    assert Counter(dataset.sequence(image) for image in dataset.ids if dataset.published_split(image) == "train") == {
        "0001TP": 62,
        "0006R0": 101,
        "0016E5": 204,
    }
    assert {dataset.size(image) for image in dataset.ids} == {(360, 480)}
    assert all(map(dataset.has_labels, dataset.ids))
    seen = np.zeros(256, dtype=int)
    for image in dataset.ids[::9]:
        seen += np.bincount(dataset.labels(image).ravel(), minlength=256)
    assert np.flatnonzero(seen).tolist() == [*range(11), VOID]
    assert seen[3] > seen[10]


def test_the_real_camvid_scales(camvid: Path) -> None:
    dataset = open_dataset(DataConfig(path=camvid, reader="camvid", image_size="180x240"))
    whole = open_dataset(DataConfig(path=camvid, reader="camvid"))
    image = dataset.ids[0]
    assert dataset.image(image).shape == (180, 240, 3)
    shares = [np.bincount(d.labels(image).ravel(), minlength=256) / d.labels(image).size for d in (dataset, whole)]
    np.testing.assert_allclose(shares[0], shares[1], atol=0.01)
