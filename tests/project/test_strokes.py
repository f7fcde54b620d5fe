"""Strokes without an answer are kept whole, and a damaged file costs only them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from src_model.data.region import Region
from src_model.exceptions import ProjectError
from src_model.project.strokes import STROKES, keep_strokes, kept_pairs, kept_strokes

HERE, THERE = Region("a_1", 0, 8, 4, 6), Region("ä/b_2", 16, 0, 4, 6)


def patch(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (4, 6)).astype(np.uint8)


def test_what_is_kept_comes_back_and_may_be_painted_on(tmp_path: Path) -> None:
    keep_strokes(tmp_path, {HERE: patch(0), THERE: patch(1)})
    found = kept_strokes(tmp_path)
    assert list(found) == [HERE, THERE]
    assert np.array_equal(found[THERE], patch(1))
    found[HERE][0, 0] = 7


def test_the_newest_state_replaces_the_one_before_and_nothing_leaves_no_file(tmp_path: Path) -> None:
    keep_strokes(tmp_path, {HERE: patch(0), THERE: patch(1)})
    keep_strokes(tmp_path, {HERE: patch(2)})
    assert {region: labels.tolist() for region, labels in kept_strokes(tmp_path).items()} == {HERE: patch(2).tolist()}
    keep_strokes(tmp_path, {})
    keep_strokes(tmp_path, {})
    assert not list(tmp_path.iterdir())
    assert kept_strokes(tmp_path) == {}


def test_the_pairs_that_strokes_speak_of_are_kept_with_them(tmp_path: Path) -> None:
    keep_strokes(tmp_path, {HERE: patch(0)}, [(7, 9), (1, 12)])
    assert kept_pairs(tmp_path) == ((7, 9), (1, 12))
    keep_strokes(tmp_path, {})
    assert kept_pairs(tmp_path) == ()


def test_strokes_that_an_earlier_version_kept_are_read(tmp_path: Path) -> None:
    keep_strokes(tmp_path, {HERE: patch(0)})
    (tmp_path / STROKES).write_text(json.dumps(json.loads((tmp_path / STROKES).read_text())["regions"]))
    assert np.array_equal(kept_strokes(tmp_path)[HERE], patch(0))
    assert kept_pairs(tmp_path) == ()


@pytest.mark.parametrize("content", ["", "[", "[{}]", '[{"image": "a", "labels": "!!"}]', '{"a": 1}'])
def test_a_damaged_file_is_told_and_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str) -> None:
    (tmp_path / STROKES).write_text(content)
    assert kept_strokes(tmp_path) == {}
    assert "damaged" in caplog.text
    assert (tmp_path / STROKES).read_text() == content


def test_a_patch_of_another_size_is_damage(tmp_path: Path) -> None:
    keep_strokes(tmp_path, {HERE: np.zeros((3, 3), np.uint8)})
    assert kept_strokes(tmp_path) == {}


def test_a_disk_that_refuses_is_named_and_keeps_the_state_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_strokes(tmp_path, {HERE: patch(0)})

    def full(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(ProjectError, match="No space"):
        keep_strokes(tmp_path, {HERE: patch(1)})
    monkeypatch.undo()
    assert np.array_equal(kept_strokes(tmp_path)[HERE], patch(0))
