"""Cityscapes: 19 classes by train id, 35 by id, from either kind of mask."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from src_model.config import DataConfig
from src_model.data.readers import open_dataset
from src_model.data.readers.cityscapes import CITYSCAPES, CITYSCAPES_35
from src_model.exceptions import DataError

Make = Callable[[Path], DataConfig]


def test_the_nineteen_evaluated_classes_stand_in_the_order_of_their_train_ids() -> None:
    assert CITYSCAPES.ids.tolist() == [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33]
    assert CITYSCAPES.names[0] == "road"
    assert CITYSCAPES.names[18] == "bicycle"
    assert len(CITYSCAPES.ignored) == 16


def test_all_thirty_five_ids_are_classes_of_their_own() -> None:
    assert CITYSCAPES_35.num_classes == 35
    assert CITYSCAPES_35.ids.tolist() == list(range(35))
    assert CITYSCAPES_35.names[7] == "road"


def test_both_kinds_of_masks_give_the_same_labels(tmp_path: Path, layouts: dict[str, Make]) -> None:
    by_id = open_dataset(layouts["cityscapes"](tmp_path / "ids"))
    by_train_id = open_dataset(layouts["cityscapes train ids"](tmp_path / "train_ids"))
    assert by_id.ids == by_train_id.ids
    for image in by_id.ids:
        np.testing.assert_array_equal(by_id.labels(image), by_train_id.labels(image))


def test_thirty_five_classes_keep_what_nineteen_ignore(tmp_path: Path, layouts: dict[str, Make]) -> None:
    labels = open_dataset(layouts["cityscapes35"](tmp_path)).labels("aachen_0_0")
    assert labels[0, 0] == 7
    assert labels[-1, 0] == 0


def test_ids_are_those_of_the_published_splits_and_the_test_part_is_unlabelled(
    tmp_path: Path, layouts: dict[str, Make]
) -> None:
    dataset = open_dataset(layouts["cityscapes"](tmp_path))
    assert dataset.ids == ("aachen_0_0", "aachen_0_1", "bonn_0_0", "bonn_0_1", "rome_0_0", "ulm_0_0")
    assert dataset.published_split("rome_0_0") == "test"
    assert not dataset.has_labels("rome_0_0")
    assert dataset.has_labels("ulm_0_0")
    assert dataset.sequence("ulm_0_0") == "ulm"


def test_train_ids_cannot_be_opened_with_thirty_five_classes(tmp_path: Path, layouts: dict[str, Make]) -> None:
    config = layouts["cityscapes train ids"](tmp_path).model_copy(update={"reader": "cityscapes35"})
    with pytest.raises(DataError, match=r"only 19 classes.*reader cityscapes"):
        open_dataset(config)


def test_other_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no folder leftImg8bit"):
        open_dataset(DataConfig(path=tmp_path, reader="cityscapes"))
