"""What every reader promises, whatever the layout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from src_model.config import DataConfig
from src_model.data.annotation import VOID
from src_model.data.readers import READER_NAMES, open_dataset
from src_model.exceptions import ConfigurationError, DataError, RalisError

Make = Callable[[Path], DataConfig]


def test_a_layout_is_read_lazily_sorted_paired_and_with_void(any_layout: DataConfig) -> None:
    dataset = open_dataset(any_layout)
    assert list(dataset.ids) == sorted(dataset.ids)
    labelled = [image for image in dataset.ids if dataset.has_labels(image)]
    # The layouts have three labelled images for training, and some have another one in val.
    assert len([image for image in labelled if dataset.published_split(image) in (None, "train")]) == 3
    assert len(labelled) < len(dataset)
    for image in dataset.ids:
        assert dataset.size(image) == (24, 32)
        assert dataset.image(image).shape == (24, 32, 3)
        assert dataset.image(image).dtype == dataset.labels(image).dtype == np.uint8
        assert dataset.published_split(image) in (None, "train", "val", "test")
        assert dataset.sequence(image)
    for image in labelled:
        labels = dataset.labels(image)
        left, right = dataset.schema.index_of(dataset.schema.names[labels[0, 0]]), labels[0, -1]
        assert left < right < dataset.schema.num_classes
        assert (labels[:-2, :16] == left).all()
        assert (labels[:-2, 16:] == right).all()
    assert [image for image, _ in dataset.read_labels(dataset.ids)] == list(dataset.ids)


def test_what_a_layout_ignores_is_void(any_layout: DataConfig) -> None:
    dataset = open_dataset(any_layout)
    below = {int(value) for image in dataset.ids for value in np.unique(dataset.labels(image)[-2:])}
    expected = {VOID} if any_layout.reader != "cityscapes35" else {dataset.schema.index_of("unlabeled"), VOID}
    assert below == expected


def test_sequences_are_found(any_layout: DataConfig) -> None:
    dataset = open_dataset(any_layout)
    train = {dataset.sequence(image) for image in dataset.ids if dataset.published_split(image) in (None, "train")}
    found = {"camvid": {"0001TP", "0006R0"}, "gtav": {"gtav"}, "folder": {"drive_a", "drive_b"}}
    assert train == found.get(any_layout.reader, {"aachen", "bonn"})


def test_images_are_scaled_to_the_size_asked_for(any_layout: DataConfig) -> None:
    dataset = open_dataset(any_layout.model_copy(update={"image_size": (12, 16)}))
    for image in dataset.ids:
        assert dataset.size(image) == dataset.labels(image).shape == dataset.image(image).shape[:2] == (12, 16)


def test_the_same_folder_opens_the_same_way_twice(any_layout: DataConfig) -> None:
    first, second = open_dataset(any_layout), open_dataset(any_layout)
    assert first.ids == second.ids
    assert first.schema == second.schema


def _masks(folder: Path) -> list[Path]:
    """Masks that are read: those of Cityscapes' test part are not."""
    holders = {"trainannot", "valannot", "labels", "masks", "gtFine"}
    found = (path for path in sorted(folder.rglob("*.png")) if holders & set(path.parts))
    return [path for path in found if "test" not in path.relative_to(folder).parts]


def test_a_mask_without_image_is_refused(any_layout: DataConfig) -> None:
    mask = _masks(any_layout.path)[0]
    lonely = mask.with_name("x" + mask.name)
    lonely.write_bytes(mask.read_bytes())
    with pytest.raises(DataError, match=r"1 masks .* have no image.*Add the images or remove the masks") as caught:
        open_dataset(any_layout)
    assert str(lonely) in str(caught.value)


def test_a_mask_of_another_size_is_refused(any_layout: DataConfig) -> None:
    mask = _masks(any_layout.path)[0]
    Image.fromarray(np.zeros((12, 32), dtype=np.uint8)).save(mask)
    with pytest.raises(DataError, match=r"is 12x32 .* is 24x32") as caught:
        open_dataset(any_layout)
    assert str(mask) in str(caught.value)


def test_a_mask_that_was_cut_off_is_refused(any_layout: DataConfig) -> None:
    mask = _masks(any_layout.path)[0]
    mask.write_bytes(mask.read_bytes()[:-20])
    with pytest.raises(DataError, match="cut off") as caught:
        open_dataset(any_layout)
    assert str(mask) in str(caught.value)


def test_ids_that_no_class_has_are_counted_and_named(any_layout: DataConfig) -> None:
    mask = _masks(any_layout.path)[0]
    values = np.zeros((24, 32), dtype=np.uint8)
    with Image.open(mask) as image:
        values[:] = np.asarray(image)
    values[0, :5] = 77
    Image.fromarray(values).save(mask)
    with pytest.raises(DataError, match=r"id 77 \(5 pixels\).*Add them to the table") as caught:
        list(open_dataset(any_layout).read_labels(open_dataset(any_layout).ids))
    assert str(mask) in str(caught.value)


def test_masks_under_other_names_are_no_pairs(any_layout: DataConfig) -> None:
    for mask in _masks(any_layout.path):
        mask.rename(mask.with_name("x" + mask.name))
    with pytest.raises(DataError, match=r"No mask in .* has the name of an image.*same name"):
        open_dataset(any_layout)


def test_a_missing_folder_is_refused(any_layout: DataConfig) -> None:
    missing = any_layout.path / "elsewhere"
    with pytest.raises(RalisError, match=r"There is no folder .*elsewhere.*Check --data"):
        open_dataset(any_layout.model_copy(update={"path": missing}))


def test_an_empty_folder_is_refused(any_layout: DataConfig, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="empty"):
        open_dataset(any_layout.model_copy(update={"path": tmp_path / "empty"}))


def test_hidden_files_are_passed_over(any_layout: DataConfig) -> None:
    mask = _masks(any_layout.path)[0]
    mask.with_name("._" + mask.name).write_bytes(b"left by a file manager")
    open_dataset(any_layout)


def test_an_unknown_reader_is_refused_with_the_names_there_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=f"no reader 'coco'.*{', '.join(READER_NAMES)}"):
        open_dataset(DataConfig(path=tmp_path, reader="coco"))


@pytest.mark.parametrize("reader", [name for name in READER_NAMES if name != "folder"])
def test_a_class_table_for_a_reader_with_classes_of_its_own_is_refused(tmp_path: Path, reader: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"{reader} brings its own classes.*classes\.csv"):
        open_dataset(DataConfig(path=tmp_path, reader=reader, classes=Path("classes.csv")))
