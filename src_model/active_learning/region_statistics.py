"""Region statistics: prediction maps reduced to a few numbers for each region, without a loop over regions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise, product

import numpy as np
import numpy.typing as npt
import torch

from src_model.active_learning.acquisition.acquisition import RegionStatistics, Statistic
from src_model.active_learning.acquisition.impurity import class_entropy_map, window_cells
from src_model.data.region import Region, RegionGrid, Size
from src_model.dqn.features import base_features
from src_model.exceptions import ConfigurationError
from src_model.segmentation.segmenter import PredictionMaps

_CELLS_AT_ONCE = 2**16
"""Cells of all images that are reduced together: many images of coarse cells, one of pixels. Each image's numbers are
the same to the bit."""

_FIXED_POINT = 2.0**30
"""Margins and entropies are summed as multiples of 2⁻³⁰ (1e-9), exactly for regions of up to a million cells."""


def region_statistics(
    maps: PredictionMaps, grid: RegionGrid, needs: Collection[Statistic], num_classes: int
) -> list[RegionStatistics]:
    """Statistics of all regions of each image, row-major, on the CPU.

    A cell belongs to the region in which its centre lies; a region too small to hold a centre gets the cell in which
    its own centre lies. Counts are pixels: cells times their area.

    Parameters
    ----------
    maps:
        B equally large images, on any device.
    grid:
        How each of them is cut, in pixels.
    num_classes:
        C; predictions alone do not tell, since a class may be predicted nowhere.

    Returns
    -------
    list of RegionStatistics
        B entries, each with one row a region; only optional statistics in ``needs`` are filled in.
    """
    map_size = maps.classes.shape[-2], maps.classes.shape[-1]
    blocks = _blocks(grid, maps.cell, map_size)
    impurity = None
    if Statistic.IMPURITY in needs:
        classes, entropy = _computable(maps.classes), _computable(maps.entropy)
        impurity = class_entropy_map(classes, window_cells(maps.cell)) * entropy
    at_once = max(1, _CELLS_AT_ONCE // (map_size[0] * map_size[1]))
    parts = [slice(start, start + at_once) for start in range(0, len(maps.images), at_once)]
    return [
        statistics
        for part in parts
        for statistics in _images_statistics(
            maps, None if impurity is None else impurity[part], part, blocks, needs, num_classes
        )
    ]


def statistics_of(
    candidates: Sequence[Region],
    per_image: Mapping[str, RegionStatistics],
    grids: Callable[[str], RegionGrid],
) -> RegionStatistics:
    """The rows of these regions, in this order, out of what `region_statistics` says of their images.

    Raises
    ------
    ConfigurationError
        If a candidate is no region of its image's grid.
    """
    by_image: dict[str, list[int]] = {}
    for position, region in enumerate(candidates):
        by_image.setdefault(region.image, []).append(position)
    rows = {
        image: _indices([candidates[position] for position in positions], grids(image))
        for image, positions in by_image.items()
    }
    order = np.argsort(np.concatenate([np.asarray(positions) for positions in by_image.values()]))
    columns: dict[str, npt.NDArray[np.generic]] = {}
    for field in fields(RegionStatistics):
        values = {image: getattr(per_image[image], field.name) for image in rows}
        if all(value is not None for value in values.values()):
            columns[field.name] = np.concatenate([values[image][index] for image, index in rows.items()])[order]
    # The columns are built from the class's own fields; mypy sees one type for all of them.
    return RegionStatistics(**columns)  # type: ignore[arg-type]


def _indices(regions: Sequence[Region], grid: RegionGrid) -> npt.NDArray[np.int64]:
    """Row-major positions of regions in their grid: `RegionGrid.index_at` for many."""
    corners = np.array([(region.row, region.column, region.height, region.width) for region in regions])
    row_edges, column_edges = np.asarray(grid.row_edges), np.asarray(grid.column_edges)
    down = np.searchsorted(row_edges[1:-1], corners[:, 0], side="right")
    across = np.searchsorted(column_edges[1:-1], corners[:, 1], side="right")
    top, left = row_edges[down], column_edges[across]
    cut = np.stack([top, left, row_edges[down + 1] - top, column_edges[across + 1] - left], axis=1)
    foreign = np.flatnonzero((cut != corners).any(axis=1))
    if foreign.size:
        raise ConfigurationError(
            f"{regions[foreign[0]]} is no region of images cut into {grid.region_size}. "
            "Use the region size with which this project was begun."
        )
    return np.asarray(down * (len(column_edges) - 1) + across, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _Block:
    """Regions of equal shape in cells, r rows of c of them, each h×w cells.

    Attributes
    ----------
    indices:
        (r·c,) row-major positions in the grid.
    rows, columns:
        (r·h,) and (c·w,) cells, region after region.
    shape:
        r, h, c, w.
    """

    indices: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int64]
    shape: tuple[int, int, int, int]

    def cut(self, values: torch.Tensor) -> torch.Tensor:
        """Turn (…, H, W) cells into (…, r, h, c, w), a view wherever the regions lie side by side."""
        part = _take(_take(values, -2, self.rows), -1, self.columns)
        return part.view(*part.shape[:-2], *self.shape)  # (…, r·h, c·w) -> (…, r, h, c, w)


def _take(values: torch.Tensor, axis: int, index: npt.NDArray[np.int64]) -> torch.Tensor:
    if bool((np.diff(index) == 1).all()):
        return values.narrow(axis, int(index[0]), len(index))
    return values.index_select(axis, torch.from_numpy(index).to(values.device))


def _blocks(grid: RegionGrid, cell: Size, map_size: Size) -> list[_Block]:
    """The grid as rectangles of equal regions: at most four for maps of pixels, nine for coarser cells."""
    rows = _spans(grid.row_edges, cell[0], map_size[0])
    columns = _spans(grid.column_edges, cell[1], map_size[1])
    numbers = np.arange(len(grid)).reshape(len(rows), len(columns))
    return [
        _Block(
            indices=numbers[np.ix_(of_height, of_width)].ravel(),
            rows=(rows[of_height, :1] + np.arange(height)).ravel(),
            columns=(columns[of_width, :1] + np.arange(width)).ravel(),
            shape=(len(of_height), height, len(of_width), width),
        )
        for (height, of_height), (width, of_width) in product(_by_length(rows), _by_length(columns))
    ]


def _spans(edges: Sequence[int], cell: int, length: int) -> npt.NDArray[np.int64]:
    """(n, 2) first and one past the last cell of each stretch between two edges in pixels."""
    borders = [min(length, -(-(2 * edge - cell) // (2 * cell))) for edge in edges]  # first cell centred at or past it
    borders[0], borders[-1] = 0, length
    spans = np.array(list(pairwise(borders)), dtype=np.int64)
    centres = np.minimum([(low + high) // 2 // cell for low, high in pairwise(edges)], length - 1)
    empty = spans[:, 0] >= spans[:, 1]
    spans[empty] = np.stack([centres, centres + 1], axis=1)[empty]
    return spans


def _by_length(spans: npt.NDArray[np.int64]) -> list[tuple[int, npt.NDArray[np.int64]]]:
    lengths = spans[:, 1] - spans[:, 0]
    return [(int(length), np.flatnonzero(lengths == length)) for length in np.unique(lengths)]


def _images_statistics(
    maps: PredictionMaps,
    impurity_map: torch.Tensor | None,
    images: slice,
    blocks: Sequence[_Block],
    needs: Collection[Statistic],
    num_classes: int,
) -> list[RegionStatistics]:
    """Statistics of b of the images; every array has them in front."""
    cell_pixels = maps.cell[0] * maps.cell[1]
    classes, entropy, margin = (_computable(values[images]) for values in (maps.classes, maps.entropy, maps.margin))
    order = np.argsort(np.concatenate([block.indices for block in blocks]))

    def rows(parts: Sequence[torch.Tensor]) -> npt.NDArray[np.float32]:
        """Parts (b, n_block, …) of all blocks as one array in the order of the grid."""
        return np.asarray(torch.cat(list(parts), dim=1).cpu().numpy()[:, order])

    def means(values: torch.Tensor) -> npt.NDArray[np.float32]:
        """(b, …, H, W) cells to (b, R, …) means over regions."""
        return rows([block.cut(values).mean(dim=(-3, -1)).flatten(-2).movedim(-1, 1) for block in blocks])

    with_entropy = Statistic.ENTROPY_BY_CLASS in needs
    summed = (margin, entropy) if with_entropy else (margin,)
    cuts = [(block.cut(classes), [block.cut(values) for values in summed]) for block in blocks]
    sums = rows([_class_sums(cut, values, num_classes) for cut, values in cuts]) * cell_pixels
    columns: dict[str, npt.NDArray[np.generic]] = {
        "counts": sums[:, :, 0].astype(np.float64),
        "entropy": means(entropy),
        "margin_by_class": sums[:, :, 1].astype(np.float64),
    }
    if with_entropy:
        columns["entropy_by_class"] = sums[:, :, 2].astype(np.float64)
    if impurity_map is not None:
        columns["impurity"] = means(impurity_map)
    if Statistic.BALD in needs and maps.bald is not None:
        columns["bald"] = means(_computable(maps.bald[images]))
    if Statistic.PROBABILITIES in needs and maps.probabilities is not None:
        columns["probabilities"] = means(_computable(maps.probabilities[images])).astype(np.float64)
    if Statistic.FEATURES in needs:
        stacks = [(_stack(block.cut(classes)), _stack(block.cut(entropy))) for block in blocks]
        columns["base"] = rows([_base_features(*stack, num_classes, cell_pixels) for stack in stacks])
    # The columns are the class's own fields; mypy sees one type for all of them.
    return [
        RegionStatistics(**{name: values[index] for name, values in columns.items()}) for index in range(len(classes))
    ]


def _base_features(classes: torch.Tensor, entropy: torch.Tensor, num_classes: int, cell_pixels: int) -> torch.Tensor:
    """(b, n, h, w) regions of b images to (b, n, F)."""
    features = [base_features(*image, num_classes, cell_pixels) for image in zip(classes, entropy, strict=True)]
    return torch.stack(features)


def _class_sums(classes: torch.Tensor, values: Sequence[torch.Tensor], num_classes: int) -> torch.Tensor:
    """(b, r, h, c, w) cells to (b, r·c, 1+V, C) float64: cells predicted as each class, sums of each of V values."""
    b, r, _, c, _ = classes.shape
    regions = torch.arange(b * r * c, dtype=torch.int32, device=classes.device).reshape(b, r, 1, c, 1)
    bins = (classes + regions * num_classes).flatten()
    length = b * r * c * num_classes
    counts = torch.bincount(bins, minlength=length)
    # Whole numbers add up to the same sum in any order, which matters where a GPU adds in any order.
    fixed = [(value.to(torch.float64) * _FIXED_POINT).round().flatten() for value in values]
    sums = [torch.bincount(bins, weights=each, minlength=length) / _FIXED_POINT for each in fixed]
    return torch.stack([counts.to(torch.float64), *sums]).reshape(-1, b, r * c, num_classes).movedim(0, 2)


def _stack(cut: torch.Tensor) -> torch.Tensor:
    """(b, r, h, c, w) cells to (b, r·c, h, w)."""
    b, r, h, c, w = cut.shape
    return cut.movedim(3, 2).reshape(b, r * c, h, w)


def _computable(values: torch.Tensor) -> torch.Tensor:
    """The same map where there is float64, which Apple's GPU has not."""
    return values.cpu() if values.device.type == "mps" else values
