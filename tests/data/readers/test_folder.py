"""Any folder: parts, sequences, masks of ids or colours, images without masks."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from src_model.config import DataConfig
from src_model.data.annotation import VOID
from src_model.data.readers import open_dataset
from src_model.exceptions import DataError

Make = Callable[[Path], DataConfig]
Write = Callable[[Path, np.ndarray], Path]
TABLE = "id,name,R,G,B\n0,street,1,1,1\n1,path,2,2,2\n"
PIXELS = np.zeros((4, 6, 3), dtype=np.uint8)
MASK = np.ones((4, 6), dtype=np.uint8)


def table(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "table.csv").write_text(TABLE)
    return folder / "table.csv"


def test_the_table_in_the_folder_or_the_one_that_is_named_is_taken(tmp_path: Path, layouts: dict[str, Make]) -> None:
    config = layouts["folder"](tmp_path / "data")
    assert open_dataset(config).schema.name == "classes"
    other = tmp_path / "other.csv"
    other.write_text((tmp_path / "data" / "classes.csv").read_text().replace("street", "lane"))
    assert open_dataset(config.model_copy(update={"classes": other})).schema.names == ("lane", "path")


def test_without_a_table_the_user_is_told_to_make_one(tmp_path: Path, layouts: dict[str, Make]) -> None:
    config = layouts["folder"](tmp_path)
    (tmp_path / "classes.csv").unlink()
    with pytest.raises(DataError, match=r"no class table .*Put classes.csv"):
        open_dataset(config)


def test_images_alone_are_all_unlabelled(tmp_path: Path, write: Write) -> None:
    classes = table(tmp_path)
    for name in ("IMG_0001.jpg", "IMG_0002.JPG", "walk/IMG_0003.png"):
        write(tmp_path / "photos" / name, PIXELS)
    dataset = open_dataset(DataConfig(path=tmp_path / "photos", classes=classes))
    assert dataset.ids == ("IMG_0001", "IMG_0002", "walk/IMG_0003")
    assert [dataset.sequence(image) for image in dataset.ids] == ["IMG", "IMG", "walk"]
    assert (dataset.labels("IMG_0001") == VOID).all()


@pytest.mark.parametrize("name", ["0001", "7"])
def test_a_name_that_is_only_a_number_belongs_to_one_sequence_with_its_like(
    tmp_path: Path, write: Write, name: str
) -> None:
    write(tmp_path / "images" / f"{name}.png", PIXELS)
    dataset = open_dataset(DataConfig(path=tmp_path, classes=table(tmp_path)))
    assert dataset.sequence(name) == "images"


@pytest.mark.parametrize("template", ["{part}/{kind}/{name}.png", "{kind}/{part}/{name}.png"])
def test_parts_are_found_above_and_below_images_and_masks(tmp_path: Path, write: Write, template: str) -> None:
    for part in ("train", "val", "testing"):
        write(tmp_path / template.format(part=part, kind="images", name="seq1/a_1"), PIXELS)
        write(tmp_path / template.format(part=part, kind="masks", name="seq1/a_1"), MASK)
    dataset = open_dataset(DataConfig(path=tmp_path, classes=table(tmp_path)))
    assert dataset.ids == ("testing/seq1/a_1", "train/seq1/a_1", "val/seq1/a_1")
    assert [dataset.published_split(image) for image in dataset.ids] == ["test", "train", "val"]
    assert {dataset.sequence(image) for image in dataset.ids} == {"seq1"}
    assert all(map(dataset.has_labels, dataset.ids))


def test_masks_may_show_ids_in_one_file_and_colours_in_another(tmp_path: Path, write: Write) -> None:
    for name in ("a", "b"):
        write(tmp_path / "images" / f"{name}.png", PIXELS)
    write(tmp_path / "masks" / "a.png", MASK)
    write(tmp_path / "masks" / "b.png", np.full((4, 6, 3), 2, dtype=np.uint8))
    dataset = open_dataset(DataConfig(path=tmp_path, classes=table(tmp_path)))
    np.testing.assert_array_equal(dataset.labels("a"), dataset.labels("b"))


def test_two_images_of_one_name_are_refused(tmp_path: Path, write: Write) -> None:
    write(tmp_path / "images" / "a.png", PIXELS)
    write(tmp_path / "images" / "a.jpg", PIXELS)
    with pytest.raises(DataError, match=r"a\.jpg and .*a\.png have the same name"):
        open_dataset(DataConfig(path=tmp_path, classes=table(tmp_path)))


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"There are no images in .*\.png.*Check --data"):
        open_dataset(DataConfig(path=tmp_path, classes=table(tmp_path)))


def test_masks_without_a_folder_of_images_are_refused(tmp_path: Path, write: Write) -> None:
    write(tmp_path / "masks" / "a.png", MASK)
    with pytest.raises(DataError, match="masks has no folder images beside it"):
        open_dataset(DataConfig(path=tmp_path, classes=table(tmp_path)))


def test_two_thousand_images_open_within_two_seconds(tmp_path: Path, write: Write) -> None:
    image = write(tmp_path / "images" / "0.png", PIXELS).read_bytes()
    for number in range(1, 2000):
        (tmp_path / "images" / f"{number}.png").write_bytes(image)
    config = DataConfig(path=tmp_path, classes=table(tmp_path))
    started = time.process_time()
    assert len(open_dataset(config)) == 2000
    assert time.process_time() - started < 2
