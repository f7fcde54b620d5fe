"""The data set: lazy, sorted, bounded in memory, and clear about what does not fit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from src_model.data.annotation import VOID
from src_model.data.dataset import Dataset, ImageRecord
from src_model.exceptions import DataError

Build = Callable[..., Dataset]


def filled(value: int, shape: tuple[int, int] = (4, 6)) -> np.ndarray:
    return np.full(shape, value, dtype=np.uint8)


def test_images_are_sorted_by_id(dataset_of: Build) -> None:
    dataset = dataset_of({"b": filled(0), "a": filled(1), "c": None})
    assert dataset.ids == ("a", "b", "c")
    assert len(dataset) == 3


def test_an_image_without_a_mask_is_void_everywhere(dataset_of: Build) -> None:
    dataset = dataset_of({"a": None, "b": filled(1)})
    assert not dataset.has_labels("a")
    assert dataset.has_labels("b")
    assert (dataset.labels("a") == VOID).all()
    assert dataset.labels("a").shape == dataset.size("a")


def test_opening_decodes_nothing(dataset_of: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[Path] = []
    monkeypatch.setattr("src_model.data.decoding.load", lambda path: decoded.append(path))
    dataset = dataset_of({"a": filled(1), "b": filled(0)})
    assert dataset.size("a") == (4, 6)
    assert dataset.scaled((2, 3)).size("a") == (2, 3)
    assert decoded == []


def test_what_was_decoded_is_remembered_and_cannot_be_written_to(dataset_of: Build) -> None:
    dataset = dataset_of({"a": filled(1)})
    assert dataset.labels("a") is dataset.labels("a")
    assert dataset.image("a") is dataset.image("a")
    with pytest.raises(ValueError, match="read-only"):
        dataset.image("a")[0, 0] = 1


def test_a_copy_has_the_version_of_its_original_and_another_picture_has_not(
    tmp_path: Path, write: Callable[..., Path]
) -> None:
    plain = np.zeros((40, 60, 3), dtype=np.uint8)
    pictures = {"a": plain, "b": plain, "c": np.random.default_rng(0).integers(256, size=(40, 60, 3), dtype=np.uint8)}
    records = [
        ImageRecord(name, write(tmp_path / f"{name}.png", pixels), None, "") for name, pixels in pictures.items()
    ]
    dataset = Dataset(None, records, None, 0)  # type: ignore[arg-type]  # Neither classes nor a decoder: no mask is read.
    a, b, c = map(dataset.version, dataset.ids)
    assert a == b != c


def test_a_scaled_data_set_has_scaled_images_and_masks_and_leaves_the_first_alone(dataset_of: Build) -> None:
    dataset = dataset_of({"a": np.repeat(filled(1), 2, axis=1), "b": filled(2, (2, 2)), "c": None})
    dataset.image("a")
    small = dataset.scaled((2, 3))
    for image in dataset.ids:
        assert small.size(image) == small.labels(image).shape == small.image(image).shape[:2] == (2, 3)
    assert set(np.unique(small.labels("a"))) == {1}
    assert dataset.image("a").shape == (4, 12, 3)
    assert dataset.size("b") == (2, 2)


def test_a_mask_of_another_size_than_its_image_is_refused(tmp_path: Path, write: Callable[..., Path]) -> None:
    image = write(tmp_path / "a.png", np.zeros((4, 6, 3), dtype=np.uint8))
    mask = write(tmp_path / "mask.png", filled(0, (6, 4)))
    with pytest.raises(DataError, match=r"mask\.png is 6x4 .* a\.png is 4x6.*Replace the mask"):
        # Neither classes nor a decoder: headers alone are read.
        Dataset(None, [ImageRecord("a", image, mask, "")], None, 0)  # type: ignore[arg-type]


def test_two_images_of_one_name_are_refused(tmp_path: Path, write: Callable[..., Path]) -> None:
    image = write(tmp_path / "a.png", np.zeros((4, 6, 3), dtype=np.uint8))
    records = [ImageRecord("a", image, None, ""), ImageRecord("a", image, None, "")]
    with pytest.raises(DataError, match="both called 'a'"):
        # Neither classes nor a decoder: names alone are compared.
        Dataset(None, records, None, 0)  # type: ignore[arg-type]


def test_an_unknown_image_is_named(dataset_of: Build) -> None:
    with pytest.raises(DataError, match="no image 'z'"):
        dataset_of({"a": None}).image("z")


def test_bad_masks_are_found_and_counted_together(dataset_of: Build) -> None:
    dataset = dataset_of({"a": filled(1), "b": filled(9), "c": filled(9), "d": filled(8)})
    assert [image for image, _ in dataset.read_labels(["a"])] == ["a"]
    with pytest.raises(DataError, match=r"3 masks .*id 9 \(48 pixels\), id 8 \(24 pixels\).*tiny"):
        list(dataset.read_labels(dataset.ids))


def test_labels_are_read_one_by_one_and_bad_ones_told_of_after_the_last(dataset_of: Build) -> None:
    dataset = dataset_of({"a": filled(1), "b": filled(9), "c": filled(1), "d": None})
    reading = dataset.read_labels(dataset.ids)
    for image in ("a", "c", "d"):
        read, labels = next(reading)
        assert read == image
        assert np.array_equal(labels, dataset.labels(image))
    with pytest.raises(DataError, match="id 9"):
        next(reading)
