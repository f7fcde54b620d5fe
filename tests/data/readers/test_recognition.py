"""Recognition: the layout of a folder is told by a few names in it."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from src_model.config import DataConfig
from src_model.data.readers import open_dataset
from src_model.data.readers.recognition import recognised_reader

Write = Callable[[Path, np.ndarray], Path]


def test_each_layout_is_recognised_by_the_reader_that_reads_it(any_layout: DataConfig) -> None:
    # All ids as classes are for those who ask for them by name.
    expected = "cityscapes" if any_layout.reader == "cityscapes35" else any_layout.reader
    reader = recognised_reader(any_layout.path)
    assert reader == expected
    assert len(open_dataset(any_layout.model_copy(update={"reader": reader}))) == len(open_dataset(any_layout))


def test_a_class_table_makes_numbered_images_with_labels_one_s_own(
    tmp_path: Path, layouts: dict[str, Callable[[Path], DataConfig]]
) -> None:
    folder = layouts["gtav"](tmp_path).path
    (folder / "classes.csv").write_text("id,name,R,G,B,ignore\n7,street,128,64,128,0\n")
    assert recognised_reader(folder) == "folder"


def test_named_images_with_labels_are_not_gtav(tmp_path: Path, write: Write) -> None:
    write(tmp_path / "images" / "00001.png", np.zeros((4, 4, 3), dtype=np.uint8))
    write(tmp_path / "images" / "drive_1.png", np.zeros((4, 4, 3), dtype=np.uint8))
    (tmp_path / "labels").mkdir()
    assert recognised_reader(tmp_path) == "folder"


@pytest.mark.parametrize("name", ["train/images", "val/images", "images"])
def test_parts_with_images_are_a_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir(parents=True)
    assert recognised_reader(tmp_path) == "folder"


def test_loose_images_are_a_folder(tmp_path: Path, write: Write) -> None:
    write(tmp_path / "a.PNG", np.zeros((4, 4, 3), dtype=np.uint8))
    assert recognised_reader(tmp_path) == "folder"


@pytest.mark.parametrize("name", ["notes.txt", "train/notes.txt", ".hidden.png", "trainannot/a.png"])
def test_anything_else_is_not_ours(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("hello")
    assert recognised_reader(tmp_path) is None


def test_a_folder_that_is_not_there_is_not_ours_and_a_file_neither(tmp_path: Path) -> None:
    (tmp_path / "file.png").write_text("hello")
    assert recognised_reader(tmp_path / "nowhere") is None
    assert recognised_reader(tmp_path / "file.png") is None


def test_no_file_is_opened(any_layout: DataConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((builtins, "open"), (Path, "open"), (Image, "open")):
        monkeypatch.setattr(module, name, lambda *_args, **_kwargs: pytest.fail("a file was opened"))
    assert recognised_reader(any_layout.path)
