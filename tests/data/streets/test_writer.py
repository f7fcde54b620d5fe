"""Writing: what a reader gives back is what was drawn, and a writer that is stopped leaves nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from src_model.cli import app
from src_model.config import DataConfig
from src_model.data.dataset import Dataset
from src_model.data.readers import open_dataset
from src_model.data.streets.domain import DOMAIN_NAMES
from src_model.data.streets.street_images import StreetImages
from src_model.data.streets.writer import reader_for, write_streets
from src_model.exceptions import ConfigurationError, DataError

SIZE = (34, 50)


def images_of(domain: str, count: int = 7) -> StreetImages:
    return StreetImages(domain, count, SIZE, seed=3, sequence_length=2)


def written(images: StreetImages, out: Path) -> Dataset:
    assert list(write_streets(images, out)) == list(range(1, len(images) + 1))
    return open_dataset(DataConfig(path=out, reader=reader_for(images.domain)))


@pytest.mark.parametrize("domain", DOMAIN_NAMES)
def test_a_reader_gives_back_what_was_drawn(domain: str, tmp_path: Path) -> None:
    images = images_of(domain)
    dataset = written(images, tmp_path / "streets")
    assert dataset.schema.names == images.schema.names
    names = {image.rpartition("/")[2]: image for image in dataset.ids}
    assert sorted(names) == list(images.ids)
    for name, image in names.items():
        np.testing.assert_array_equal(dataset.image(image), images.image(name))
        np.testing.assert_array_equal(dataset.labels(image), images.labels(name))
        assert dataset.sequence(image) == images.sequence(name)
        assert dataset.published_split(image) == images.published_split(name)


@pytest.mark.parametrize("domain", DOMAIN_NAMES)
def test_whole_sequences_lie_on_one_side_of_the_split(domain: str, tmp_path: Path) -> None:
    dataset = written(images_of(domain), tmp_path / "streets")
    sides: dict[str, set[str | None]] = {}
    for image in dataset.ids:
        sides.setdefault(dataset.sequence(image), set()).add(dataset.published_split(image))
    assert len(sides) == 4
    assert all(len(side) == 1 for side in sides.values())
    assert set.union(*sides.values()) == {"train", "val"}


def test_an_image_does_not_depend_on_how_many_there_are() -> None:
    few, many = images_of("target", 3), images_of("target", 40)
    assert many.ids[:3] == few.ids
    np.testing.assert_array_equal(few.image(few.ids[2]), many.image(few.ids[2]))


def test_the_folder_says_what_to_ask_for_to_get_it_again(tmp_path: Path) -> None:
    written(images_of("drone", 2), tmp_path / "town")
    about = json.loads((tmp_path / "town" / "streets.json").read_text())
    assert about == {
        "domain": "drone",
        "count": 2,
        "size": "34x50",
        "seed": 3,
        "world": 0,
        "sequence_length": 2,
        "reader": "folder",
    }


@pytest.mark.parametrize("domain", ["target", "drone"])
def test_a_writer_that_is_stopped_leaves_nothing_and_can_begin_anew(domain: str, tmp_path: Path) -> None:
    out = tmp_path / "streets"
    stopped = write_streets(images_of(domain), out)
    next(stopped)
    next(stopped)
    stopped.close()
    assert list(tmp_path.iterdir()) == []
    assert len(written(images_of(domain), out)) == 7


def test_what_a_killed_writer_left_is_not_mixed_with_new_images(tmp_path: Path) -> None:
    out = tmp_path / "streets"
    killed = write_streets(images_of("target", 7), out)
    next(killed)
    (left,) = tmp_path.iterdir()
    kept = tmp_path / "kept"
    left.rename(kept)
    killed.close()
    kept.rename(left)
    assert len(written(images_of("source", 2), out)) == 2
    assert list(tmp_path.iterdir()) == [out]


def test_a_folder_with_something_in_it_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(DataError, match="not empty"):
        next(write_streets(images_of("target"), tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    "image", ["target000000_000002", "target0_0", "source000000_000000", "target000003_000001", ""]
)
def test_an_image_that_is_not_there_is_refused(image: str) -> None:
    with pytest.raises(DataError, match="target000003_000000"):
        images_of("target").image(image)


def test_a_data_set_of_nothing_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="at least 1"):
        images_of("target", 0)


def call(*arguments: object) -> str:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False).stdout


def test_the_command_writes_what_its_last_line_says_how_to_read(tmp_path: Path) -> None:
    out = tmp_path / "city"
    said = call("streets", "--out", out, "--count", 3, "--size", "32x48", "--domain", "source", "--sequence-length", 1)
    assert said.strip() == f"{out} (--reader cityscapes)"
    dataset = open_dataset(DataConfig(path=out, reader="cityscapes"))
    assert [dataset.sequence(image) for image in dataset.ids] == ["source000000", "source000001", "source000002"]
    assert dataset.size(dataset.ids[0]) == (32, 48)


@pytest.mark.parametrize(
    ("options", "said"),
    [(("--domain", "moon"), "source, target, drone"), (("--size", "big"), "HEIGHTxWIDTH"), (("--seed", -1), "seed")],
)
def test_the_command_refuses_what_it_cannot_do_and_writes_nothing(
    options: tuple[object, ...], said: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        call("streets", "--out", tmp_path / "city", "--count", 2, *options)
    assert list(tmp_path.iterdir()) == []
