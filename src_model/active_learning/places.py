"""Places: where candidates lie in their images, and what is labelled round them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
import numpy.typing as npt

from src_model.data.labelled_set import LabelledSet
from src_model.data.region import Region, RegionGrid
from src_model.dqn.default_features import Places

FloatArray = npt.NDArray[np.float64]


def places_of(candidates: Sequence[Region], grid: Callable[[str], RegionGrid], labelled: LabelledSet) -> Places:
    """Places of N candidates, image by image of each size at once.

    A labelled region that is none of the grid counts for the cell that holds its centre.
    """
    columns = np.zeros((5, len(candidates)))
    by_grid: dict[RegionGrid, list[int]] = {}
    for position, region in enumerate(candidates):
        by_grid.setdefault(grid(region.image), []).append(position)
    for cut, positions in by_grid.items():
        columns[:, positions] = _in_equal_images([candidates[position] for position in positions], cut, labelled)
    return Places(*columns)


def _in_equal_images(candidates: Sequence[Region], grid: RegionGrid, labelled: LabelledSet) -> FloatArray:
    """(5, n): the fields of `Places` for candidates whose images are cut alike."""
    images = {image: number for number, image in enumerate(sorted({region.image for region in candidates}))}
    known = [region for region in labelled.regions if region.image in images]
    own_image = np.array([images[region.image] for region in candidates])
    image_of_known = np.array([images[region.image] for region in known], dtype=np.int64)
    centres, cells = _centres(candidates), _cells(_centres(candidates), grid)
    is_labelled = np.zeros((len(images), len(grid.row_edges) - 1, len(grid.column_edges) - 1))
    is_labelled[image_of_known, *_cells(_centres(known), grid)] = 1.0
    height, width = grid.image_size
    known_pixels = np.bincount(image_of_known, [region.pixels for region in known], minlength=len(images))
    neighbours = _sums_round(np.ones_like(is_labelled[:1]))[0]
    share_round = _sums_round(is_labelled) / np.maximum(neighbours, 1.0)
    return np.stack(
        [
            np.array([region.pixels for region in candidates]) / (grid.region_size[0] * grid.region_size[1]),
            centres[0] / height,
            centres[1] / width,
            np.minimum(known_pixels / (height * width), 1.0)[own_image],
            share_round[own_image, *cells],
        ]
    )


def _centres(regions: Sequence[Region]) -> FloatArray:
    """(2, n) rows and columns in pixels."""
    corners = np.array([(region.row, region.column, *region.shape) for region in regions], dtype=np.float64)
    top_left, size = np.split(corners.reshape(-1, 4).T, 2)
    return np.asarray(top_left + size / 2)


def _cells(centres: FloatArray, grid: RegionGrid) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Rows and columns of the grid in which points lie."""
    edges = np.asarray(grid.row_edges[1:-1]), np.asarray(grid.column_edges[1:-1])
    down, across = (np.searchsorted(own, values, side="right") for own, values in zip(edges, centres, strict=True))
    return down, across


def _sums_round(values: FloatArray) -> FloatArray:
    """(I, r, c) sums over the eight places round each, as far as there are any."""
    _, height, width = values.shape
    padded = np.pad(values, ((0, 0), (1, 1), (1, 1)))
    blocks = (padded[:, down : down + height, across : across + width] for down, across in product(range(3), range(3)))
    return np.asarray(sum(blocks) - values)
