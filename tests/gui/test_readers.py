"""File > Open: projects and data sets become layers, quickly; everything else is left to other plugins."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from napari_ralis import readers
from napari_ralis.layers.origin import Origin, origin_of
from napari_ralis.readers import dataset_reader, project_reader, read_project
from src_model.config import DataConfig, RunConfig, make_run_config
from src_model.data.annotation import IGNORED, VOID, Annotation
from src_model.data.dataset import Dataset
from src_model.data.region import Region
from src_model.exceptions import DataError, ProjectError
from src_model.project.project import Project

FIRST = "0001TP_000001"


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the user is told."""
    messages: list[str] = []
    monkeypatch.setattr("napari.utils.notifications.show_info", messages.append)
    return messages


@pytest.fixture
def settings(tiny_camvid: Path) -> RunConfig:
    return make_run_config({"data": {"path": str(tiny_camvid), "reader": "camvid", "region": "12x16"}})


@pytest.fixture
def project(tmp_path: Path, settings: RunConfig) -> Path:
    with Project.create(tmp_path / "mine", settings):
        pass
    return tmp_path / "mine"


def annotate(folder: Path, *given: tuple[str, int, int, int]) -> None:
    """Label regions at the left border, by image, row, episode and value."""
    with Project.open(folder) as project:
        for image, row, episode, value in given:
            patch = np.full((12, 16), value, dtype=np.uint8)
            project.record_annotations(episode, 1, [Annotation.from_labels(Region(image, row, 0, 12, 16), patch)])


def test_a_data_set_shows_its_first_labelled_image_with_its_classes(tiny_camvid: Path, said: list[str]) -> None:
    reader = dataset_reader(str(tiny_camvid))
    assert reader is not None
    image, masks = reader(str(tiny_camvid))
    assert (image[0].shape, image[1]["name"], image[2]) == ((36, 48, 3), FIRST, "image")
    assert (masks[1]["name"], masks[2]) == (f"{FIRST}: classes", "labels")
    assert set(np.unique(masks[0])) == {0, 3, VOID}
    assert list(masks[1]["features"]["class"])[3] == "road"
    expected = Origin(DataConfig(path=tiny_camvid, reader="camvid"), FIRST)
    assert origin_of(image[1]["metadata"]) == origin_of(masks[1]["metadata"]) == expected
    [message] = said
    assert message == "Layers > Annotate > Label this data set goes on. camvid: 1 of 8 images is shown."


def test_only_the_two_files_that_are_shown_are_opened(
    tiny_camvid: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    made = Dataset.__init__

    def watched(self: Dataset, schema: Any, records: Any, *others: Any, **more: Any) -> None:
        opened.extend(record.id for record in records)
        made(self, schema, records, *others, **more)

    monkeypatch.setattr(Dataset, "__init__", watched)
    (tiny_camvid / "train" / "0001TP_000002.png").write_text("damaged, and nobody asked for it")
    readers.read_dataset(DataConfig(path=tiny_camvid, reader="camvid"))
    assert opened == [FIRST]


def test_what_is_shown_can_be_painted_on(tiny_camvid: Path, said: list[str]) -> None:
    for data, _, _ in readers.read_dataset(DataConfig(path=tiny_camvid, reader="camvid")):
        data[0, 0] = 0


def test_a_data_set_whose_masks_are_damaged_says_which_file(tiny_camvid: Path) -> None:
    (tiny_camvid / "trainannot" / f"{FIRST}.png").write_text("hello")
    with pytest.raises(DataError, match=FIRST):
        readers.read_dataset(DataConfig(path=tiny_camvid, reader="camvid"))


@pytest.mark.parametrize("make", [lambda folder: None, lambda folder: (folder / "a.png").write_bytes(b"")])
def test_other_folders_are_left_to_other_plugins_at_once(tmp_path: Path, make: Callable[[Path], Any]) -> None:
    make(tmp_path)
    begun = time.perf_counter()
    assert dataset_reader(str(tmp_path)) is project_reader(str(tmp_path)) is None
    assert dataset_reader([str(tmp_path)]) is project_reader([str(tmp_path)]) is None
    assert time.perf_counter() - begun < 0.5


def test_a_project_json_of_another_program_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "project.json").write_text('{"frameworks": {}}')
    assert project_reader(str(tmp_path / "project.json")) is project_reader(str(tmp_path)) is None


def test_a_project_is_no_data_set(project: Path) -> None:
    (project / "images").mkdir()
    (project / "classes.csv").write_text("id,name,R,G,B,ignore\n0,street,1,2,3,0\n")
    assert dataset_reader(str(project)) is None


@pytest.mark.parametrize("name", ["", "project.json"])
def test_a_project_without_labels_shows_its_first_image(project: Path, said: list[str], name: str) -> None:
    path = str(project / name)
    reader = project_reader(path)
    assert reader is not None
    image, masks = reader(path)
    assert image[1]["name"] == FIRST
    assert set(np.unique(masks[0])) == {0, 3, VOID}
    origin = origin_of(image[1]["metadata"])
    assert origin is not None
    assert (origin.project, origin.data.region) == (project, (12, 16))


def test_a_project_shows_what_was_labelled_last_and_nothing_of_the_true_masks(project: Path, said: list[str]) -> None:
    image = "0006R0_000004"
    annotate(project, (FIRST, 24, 1, 9), (image, 0, 2, 5), (FIRST, 12, 2, 7), (image, 0, 2, IGNORED))
    shown, masks = read_project(project)
    assert shown[1]["name"] == image
    assert (masks[0][:12, :16] == IGNORED).all(), "the later answer to the same question counts"
    assert (masks[0][12:] == VOID).all()
    assert (masks[0][:, 16:] == VOID).all()
    assert "mine: 2 labelled regions" in said[0]


def test_a_project_whose_image_is_gone_or_smaller_says_so(project: Path, tiny_camvid: Path, said: list[str]) -> None:
    annotate(project, ("0006R0_000004", 0, 1, 0))
    path = tiny_camvid / "train" / "0006R0_000004.png"
    Image.new("RGB", (10, 10)).save(path)
    with pytest.raises(DataError, match="now measures 10x10"):
        read_project(project)
    path.unlink()
    with pytest.raises(DataError, match="no image '0006R0_000004'"):
        read_project(project)


def test_a_damaged_project_and_a_missing_data_set_say_what_to_do(project: Path, tiny_camvid: Path) -> None:
    tiny_camvid.rename(tiny_camvid.with_name("elsewhere"))
    with pytest.raises(DataError, match="There is no folder"):
        read_project(project)
    (project / "settings.toml").write_text("nonsense")
    with pytest.raises(ProjectError, match="settings"):
        read_project(project)


def test_napari_opens_a_data_set_through_the_manifest_and_shows_the_class_under_the_cursor(
    make_napari_viewer: Callable[..., Any], tiny_camvid: Path
) -> None:
    viewer = make_napari_viewer()
    image, masks = viewer.open(str(tiny_camvid), plugin="napari-ralis")
    assert image.rgb
    assert [each.name for each in viewer.layers] == [FIRST, f"{FIRST}: classes"]
    assert "road" in masks.get_status(np.array([10.0, 40.0]))["value"]
    assert (masks.colormap.map(np.array([VOID], dtype=np.uint8))[..., 3] == 0).all()


def test_napari_opens_a_project_by_its_card_without_asking_which_plugin(
    make_napari_viewer: Callable[..., Any], project: Path
) -> None:
    viewer = make_napari_viewer()
    viewer.open(str(project / "project.json"), plugin=None)
    assert len(viewer.layers) == 2


def test_napari_hears_that_a_foreign_folder_is_not_ours(make_napari_viewer: Callable[..., Any], tmp_path: Path) -> None:
    viewer = make_napari_viewer()
    with pytest.raises(ValueError, match="refused the file"):
        viewer.open(str(tmp_path), plugin="napari-ralis")


def test_an_origin_that_somebody_has_changed_is_none() -> None:
    kept = Origin(DataConfig(), "a", Path("/project")).to_metadata()
    assert origin_of(kept) == Origin(DataConfig(), "a", Path("/project"))
    [(key, body)] = kept.items()
    for broken in (None, 3, {}, {**body, "data": {"region": "small"}}, {**body, "data": 1}):
        assert origin_of({key: broken}) is None
    assert origin_of({}) is None
