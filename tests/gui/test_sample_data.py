"""File > Open Sample: streets are drawn once and shown as a stack with their classes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_ralis.layers.origin import origin_of
from src_model.data.readers import open_dataset
from src_model.data.streets import sample


@pytest.fixture(autouse=True)
def small_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of the test's own, and streets that are drawn in no time."""
    from napari_ralis import sample_data

    small = replace(sample.SAMPLE, count=6, size_of_all=(32, 64), sequence_length=2)
    monkeypatch.setenv("RALIS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(sample, "SAMPLE", small)
    monkeypatch.setattr(sample_data, "SAMPLE", small)


def test_one_scene_of_each_drive_is_shown_with_its_classes_and_can_be_labelled(
    make_napari_viewer: Callable[..., Any],
) -> None:
    viewer = make_napari_viewer()
    images, classes = viewer.open_sample("napari-ralis", "street_scenes")
    assert (images.data.shape, classes.data.shape) == ((3, 32, 64, 3), (3, 32, 64))
    assert images.rgb
    assert (images.name, classes.name) == ("Street scenes", "Street scenes: classes")
    origin = origin_of(images.metadata)
    assert origin is not None
    dataset = open_dataset(origin.data)
    assert len(dataset) == 6
    firsts = [image for image in dataset.ids if image.endswith("_000000")]
    for index, image in enumerate(firsts):
        np.testing.assert_array_equal(images.data[index], dataset.image(image))
        np.testing.assert_array_equal(classes.data[index], dataset.labels(image))


def test_the_second_time_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    from napari_ralis.sample_data import street_scenes

    first = street_scenes()
    monkeypatch.setattr(sample, "write_streets", lambda *_: pytest.fail("drawn again"))
    for before, after in zip(first, street_scenes(), strict=True):
        np.testing.assert_array_equal(before[0], after[0])
