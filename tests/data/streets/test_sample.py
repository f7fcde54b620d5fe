"""The sample in the cache: drawn once, whole or not at all, and drawn anew where somebody has tidied up."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from src_model.data.readers import open_dataset
from src_model.data.streets import sample
from src_model.data.streets.sample import SAMPLE, draw_sample, sample_config
from src_model.exceptions import DataError


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a sample that is drawn in no time."""
    monkeypatch.setenv("RALIS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(sample, "SAMPLE", replace(SAMPLE, count=4, size_of_all=(16, 32), sequence_length=2))
    return tmp_path / "cache"


def test_the_sample_is_drawn_once_and_opens_with_its_settings(cache: Path) -> None:
    assert list(draw_sample()) == [1, 2, 3, 4]
    assert list(draw_sample()) == []
    dataset = open_dataset(sample_config())
    assert len(dataset) == 4
    assert all(dataset.has_labels(image) for image in dataset.ids)


def test_the_real_sample_has_drives_for_training_and_for_validation() -> None:
    assert len({SAMPLE.sequence(image) for image in SAMPLE.ids}) == 10
    parts = [SAMPLE.published_split(image) for image in SAMPLE.ids]
    assert (parts.count("train"), parts.count("val")) == (32, 8)
    assert sample_config().region == (64, 64)


@pytest.mark.parametrize("harm", ["*.png", "streets.json"])
def test_a_sample_of_which_something_is_gone_is_drawn_anew(cache: Path, harm: str) -> None:
    list(draw_sample())
    next(iter(sorted(cache.rglob(harm)))).unlink()
    assert list(draw_sample()) == [1, 2, 3, 4]
    assert len(open_dataset(sample_config())) == 4


def test_who_stops_drawing_leaves_nothing_and_another_may_begin(cache: Path) -> None:
    drawing = draw_sample()
    next(drawing)
    assert isinstance(drawing, Iterator)
    del drawing
    assert not sample_config().path.exists()
    assert list(draw_sample()) == [1, 2, 3, 4]


def test_two_windows_draw_it_once(cache: Path) -> None:
    drawn: list[int] = []
    begun = draw_sample()
    next(begun)
    other = threading.Thread(target=lambda: drawn.extend(draw_sample()))
    other.start()
    list(begun)
    other.join(60)
    assert drawn == []


def test_a_cache_that_cannot_be_written_says_what_to_do(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("a file where the cache should be")
    monkeypatch.setenv("RALIS_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataError, match="RALIS_CACHE"):
        list(draw_sample())
