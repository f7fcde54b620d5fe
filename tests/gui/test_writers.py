"""File > Save: a Labels layer becomes a PNG that the readers take back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from npe2 import PluginManager
from PIL import Image

from napari_ralis.layers.origin import Origin
from napari_ralis.readers import layer_data
from napari_ralis.writers import write_colours, write_ids
from src_model.config import DataConfig
from src_model.data.annotation import VOID
from src_model.data.decoding import IndexMasks, id_table
from src_model.data.readers.cityscapes import CITYSCAPES
from src_model.exceptions import DataError

LABELS = np.array([[0, 13, VOID], [2, 2, 0]], dtype=np.uint8)
IDS = [[7, 26, 255], [11, 11, 7]]
KNOWN = {"metadata": {"schema": CITYSCAPES}}


def pixels(path: Path) -> Any:
    with Image.open(path) as image:
        return np.asarray(image).tolist()


def test_ids_are_permanent_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "mask.png"
    assert write_ids(str(path), LABELS, KNOWN) == [str(path)]
    assert pixels(path) == IDS
    np.testing.assert_array_equal(IndexMasks("cityscapes", id_table(CITYSCAPES))(path), LABELS)


def test_colours_are_those_of_the_classes(tmp_path: Path) -> None:
    path = tmp_path / "mask.png"
    assert write_colours(str(path), LABELS, KNOWN) == [str(path)]
    assert pixels(path)[0] == [[128, 64, 128], [0, 0, 142], [0, 0, 0]]


@pytest.mark.parametrize("kind", [np.int64, np.uint8, bool])
def test_a_layer_of_somebody_else_keeps_its_numbers(tmp_path: Path, kind: type) -> None:
    write_ids(str(tmp_path / "mask.png"), np.array([[0, 1], [1, 0]], dtype=kind), {"metadata": {"schema": "theirs"}})
    assert pixels(tmp_path / "mask.png") == [[0, 1], [1, 0]]


@pytest.mark.parametrize(
    ("data", "attributes", "reason"),
    [
        (LABELS[np.newaxis], KNOWN, "one image at a time"),
        (np.array([[300]]), {}, "Save it as TIFF"),
        (np.array([[-1]]), {}, "Save it as TIFF"),
        (np.array([[40]]), KNOWN, r"\[40\] are no classes"),
    ],
)
def test_what_a_mask_cannot_hold_is_refused_and_nothing_is_written(
    tmp_path: Path, data: np.ndarray, attributes: dict[str, Any], reason: str
) -> None:
    for write in (write_ids, write_colours):
        with pytest.raises(DataError, match=reason):
            write(str(tmp_path / "mask.png"), data, attributes | ({} if attributes or write is write_ids else KNOWN))
    assert not list(tmp_path.iterdir())


def test_colours_of_a_layer_without_classes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="knows no classes"):
        write_colours(str(tmp_path / "mask.png"), LABELS, {})


def test_napari_saves_a_layer_of_ours_as_either_kind_and_one_of_its_own_as_ids(
    make_napari_viewer: Callable[..., Any], tmp_path: Path
) -> None:
    viewer = make_napari_viewer()
    picture = np.zeros((2, 3, 3), dtype=np.uint8)
    for layer in layer_data("a", picture, LABELS, CITYSCAPES, Origin(DataConfig(), "a")):
        viewer._add_layer_from_data(*layer)
    masks = viewer.layers[-1]
    assert masks.save(str(tmp_path / "ids.png")) == [str(tmp_path / "ids.png")]
    assert pixels(tmp_path / "ids.png") == IDS
    offered = {
        writer.display_name: writer
        for writer in PluginManager.instance().iter_compatible_writers(["labels"])
        if writer.plugin_name == "napari-ralis"
    }
    assert set(offered) == {"class ids", "class colours"}
    viewer.layers.selection = {masks}
    viewer.layers.save(str(tmp_path / "colours.png"), selected=True, _writer=offered["class colours"])
    assert pixels(tmp_path / "colours.png")[1][0] == [70, 70, 70]
    viewer.add_labels(np.array([[0, 7]]), name="theirs").save(str(tmp_path / "theirs.png"))
    assert pixels(tmp_path / "theirs.png") == [[0, 7]]
