"""Regions: every pixel lies in exactly one, and what is left at the border follows the rule."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src_model.data.region import Region, RegionGrid, grids
from src_model.exceptions import ConfigurationError

GRIDS = st.builds(
    RegionGrid,
    st.tuples(st.integers(1, 70), st.integers(1, 70)),
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
)


@given(GRIDS)
def test_every_pixel_lies_in_exactly_one_region(grid: RegionGrid) -> None:
    covered = np.zeros(grid.image_size, dtype=int)
    for region in grid.regions("a"):
        covered[region.window] += 1
    assert (covered == 1).all()


@given(GRIDS)
def test_no_region_is_smaller_than_half_a_cell_or_larger_than_one_and_a_half(grid: RegionGrid) -> None:
    for region in grid.regions("a"):
        for length, cell, whole in zip(region.shape, grid.region_size, grid.image_size, strict=True):
            assert length >= min(cell / 2, whole)
            assert length < 1.5 * cell


@given(GRIDS)
def test_the_regions_come_row_by_row_and_are_counted(grid: RegionGrid) -> None:
    regions = grid.regions("a")
    assert list(regions) == sorted(regions)
    assert len(regions) == len(grid)


@given(GRIDS)
def test_the_shape_groups_are_the_regions_sorted_by_shape(grid: RegionGrid) -> None:
    groups = grid.shape_groups()
    regions = grid.regions("a")
    assert len(groups) <= 4
    assert sorted(index for group in groups for index in group.indices) == list(range(len(grid)))
    for group in groups:
        for index, row, column in zip(group.indices, group.rows, group.columns, strict=True):
            assert regions[index] == Region("a", row, column, *group.shape)


@given(GRIDS, st.data())
def test_a_pixel_is_found_in_its_region(grid: RegionGrid, data: st.DataObject) -> None:
    row = data.draw(st.integers(0, grid.image_size[0] - 1))
    column = data.draw(st.integers(0, grid.image_size[1] - 1))
    region = grid.regions("a")[grid.index_at(row, column)]
    assert region.row <= row < region.row + region.height
    assert region.column <= column < region.column + region.width


@pytest.mark.parametrize(
    ("length", "edges"),
    [
        (20, (0, 10, 20)),
        (24, (0, 10, 24)),
        (25, (0, 10, 20, 25)),
        (10, (0, 10)),
        (14, (0, 14)),
        (15, (0, 10, 15)),
        (4, (0, 4)),
    ],
)
def test_a_strip_under_half_a_cell_joins_its_neighbour(length: int, edges: tuple[int, ...]) -> None:
    assert RegionGrid((length, 10), (10, 10)).row_edges == edges
    assert RegionGrid((10, length), (10, 10)).column_edges == edges


def test_camvid_and_cityscapes_have_the_published_number_of_regions() -> None:
    assert len(RegionGrid((360, 480), (90, 80))) == 24
    assert len(RegionGrid((1024, 2048), (128, 128))) == 128
    assert RegionGrid((360, 480), (90, 80)).regions("a")[6] == Region("a", 90, 0, 90, 80)


def test_images_of_one_size_share_a_grid() -> None:
    grid = grids(lambda image: (20, 20) if image != "small" else (10, 20), (10, 10))
    assert grid("a") is grid("b")
    assert (len(grid("a")), len(grid("small"))) == (4, 2)


def test_a_region_cuts_its_window_out_of_an_array() -> None:
    pixels = np.arange(12).reshape(3, 4)
    assert pixels[Region("a", 1, 2, 2, 2).window].tolist() == [[6, 7], [10, 11]]
    assert Region("a", 1, 2, 2, 3).pixels == 6


@pytest.mark.parametrize(("image", "region"), [((0, 5), (2, 2)), ((5, 5), (0, 2)), ((5, -1), (2, 2))])
def test_sizes_that_are_not_positive_are_refused(image: tuple[int, int], region: tuple[int, int]) -> None:
    with pytest.raises(ConfigurationError, match="HEIGHTxWIDTH"):
        RegionGrid(image, region)
