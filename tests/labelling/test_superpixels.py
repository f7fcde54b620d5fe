"""Superpixels of pictures whose parts are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from src_model.exceptions import ConfigurationError
from src_model.labelling.superpixels import superpixels_of


@pytest.fixture
def halves() -> np.ndarray:
    """32×48: blue above row 13, red below."""
    pixels = np.zeros((32, 48, 3), dtype=np.uint8)
    pixels[:13, :, 2] = 200
    pixels[13:, :, 0] = 200
    return pixels


def test_superpixels_follow_edges_and_leave_no_gap_in_their_numbers(halves: np.ndarray) -> None:
    cut = superpixels_of(halves, 64)
    assert cut.ids.dtype == np.int32
    assert cut.shape == (32, 48)
    assert np.unique(cut.ids).tolist() == list(range(len(cut)))
    assert set(np.unique(cut.ids[:13])).isdisjoint(np.unique(cut.ids[13:])), "none lies on both sides of the edge"


def test_superpixels_are_about_as_large_as_asked_where_there_is_only_noise() -> None:
    pixels = np.random.default_rng(0).integers(120, 124, size=(64, 64, 3), dtype=np.uint8)
    assert 10 <= len(superpixels_of(pixels, 256)) <= 22, "16 would fit exactly"
    assert len(superpixels_of(pixels, 64)) > 2 * len(superpixels_of(pixels, 256))


def test_one_picture_is_cut_in_one_way(halves: np.ndarray) -> None:
    assert (superpixels_of(halves, 50).ids == superpixels_of(halves, 50).ids).all()


def test_the_superpixel_under_a_point_is_looked_up_and_there_is_none_outside(halves: np.ndarray) -> None:
    cut = superpixels_of(halves, 64)
    assert cut.at((5.2, 7.9)) == cut.ids[5, 8]
    assert cut.mask(cut.ids[5, 8])[5, 8]
    assert [cut.at(point) for point in ((-1, 3), (3, -0.6), (32, 3), (3, 47.6))] == [None] * 4


def test_borders_run_along_both_sides_of_an_edge(halves: np.ndarray) -> None:
    borders = superpixels_of(halves, 64).borders
    assert borders[12:14].all()
    assert not borders.all()


def test_a_picture_smaller_than_a_superpixel_is_one(halves: np.ndarray) -> None:
    assert len(superpixels_of(halves[:4, :4], 400)) == 1


def test_superpixels_without_pixels_are_refused(halves: np.ndarray) -> None:
    with pytest.raises(ConfigurationError, match="at least 1"):
        superpixels_of(halves, 0)


def test_real_regions_are_cut_more_along_their_classes_than_by_squares(camvid: Path) -> None:
    rows, columns = np.mgrid[:128, :128]
    by_superpixels, by_squares = [], []
    for path in sorted((camvid / "train").glob("*.png"))[::120]:
        pixels = np.asarray(Image.open(path).convert("RGB"))[100:228, 100:228]
        labels = np.asarray(Image.open(camvid / "trainannot" / path.name))[100:228, 100:228]
        cut = superpixels_of(pixels, 80)
        side = round(np.sqrt(len(cut)))
        by_superpixels.append(_right(cut.ids, labels))
        by_squares.append(_right(rows * side // 128 * side + columns * side // 128, labels))
    assert np.mean(by_superpixels) > np.mean(by_squares) + 0.01, "than as many squares"


def _right(pieces: np.ndarray, labels: np.ndarray) -> float:
    """Share of the pixels that are right when each piece is painted with its commonest class."""
    counts = np.zeros((pieces.max() + 1, 12), dtype=np.int64)
    np.add.at(counts, (pieces.ravel(), labels.ravel()), 1)
    return float(counts.max(axis=1).sum() / counts.sum())
