"""Regions: how an image is cut, and where a piece lies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise, product

from src_model.exceptions import ConfigurationError

Size = tuple[int, int]
"""Height and width in pixels, always in this order."""


@dataclass(frozen=True, slots=True, order=True)
class Region:
    """A rectangle of one image: x_k in the papers. Rows come before columns, always.

    Attributes
    ----------
    image:
        Stable id of the image (never a list position).
    row, column:
        Pixel of the upper left corner.
    height, width:
        Size in pixels.
    """

    image: str
    row: int
    column: int
    height: int
    width: int

    @property
    def window(self) -> tuple[slice, slice]:
        """Index of this region in an (h, w, …) array of its image."""
        return slice(self.row, self.row + self.height), slice(self.column, self.column + self.width)

    @property
    def pixels(self) -> int:
        """Area in pixels."""
        return self.height * self.width

    @property
    def shape(self) -> Size:
        """Height and width in pixels."""
        return self.height, self.width


@dataclass(frozen=True, slots=True)
class ShapeGroup:
    """Regions of one grid that share a shape, so that they can be handled as one array.

    Attributes
    ----------
    shape:
        Height and width of each region of the group.
    indices:
        Positions of these regions in the row-major order of the grid.
    rows, columns:
        Upper left corners, aligned with ``indices``.
    """

    shape: Size
    indices: tuple[int, ...]
    rows: tuple[int, ...]
    columns: tuple[int, ...]


@dataclass(frozen=True)
class RegionGrid:
    """The cut of an image of ``image_size`` into regions of ``region_size``, row-major.

    Border rule: what is left at the far border becomes a smaller region of its own, unless it measures under
    half a cell, in which case it joins its neighbour. Every pixel lies in exactly one region.

    Raises
    ------
    ConfigurationError
        If a size is not positive.
    """

    image_size: Size
    region_size: Size

    def __post_init__(self) -> None:
        if min(*self.image_size, *self.region_size) < 1:
            raise ConfigurationError(
                f"Image size {self.image_size} and region size {self.region_size} must be positive. "
                "Give sizes as HEIGHTxWIDTH, for example 128x128."
            )

    def __len__(self) -> int:
        return (len(self.row_edges) - 1) * (len(self.column_edges) - 1)

    @cached_property
    def row_edges(self) -> tuple[int, ...]:
        """Borders between rows of regions, from 0 to the image height."""
        return _edges(self.image_size[0], self.region_size[0])

    @cached_property
    def column_edges(self) -> tuple[int, ...]:
        """Borders between columns of regions, from 0 to the image width."""
        return _edges(self.image_size[1], self.region_size[1])

    def regions(self, image: str) -> tuple[Region, ...]:
        """All regions of the image with this id, row-major."""
        return tuple(self._cut(image))

    def shape_groups(self) -> tuple[ShapeGroup, ...]:
        """The regions grouped by shape: at most four groups (inner, last row, last column, corner)."""
        groups: dict[Size, list[tuple[int, Region]]] = {}
        for index, region in enumerate(self._cut("")):
            groups.setdefault(region.shape, []).append((index, region))
        return tuple(
            ShapeGroup(
                shape=shape,
                indices=tuple(index for index, _ in members),
                rows=tuple(region.row for _, region in members),
                columns=tuple(region.column for _, region in members),
            )
            for shape, members in groups.items()
        )

    def index_at(self, row: int, column: int) -> int:
        """Position, in row-major order, of the region that holds this pixel."""
        below = sum(edge <= row for edge in self.row_edges[1:-1])
        beside = sum(edge <= column for edge in self.column_edges[1:-1])
        return below * (len(self.column_edges) - 1) + beside

    def _cut(self, image: str) -> Iterator[Region]:
        for (top, bottom), (left, right) in product(pairwise(self.row_edges), pairwise(self.column_edges)):
            yield Region(image, top, left, bottom - top, right - left)


def grids(size: Callable[[str], Size], region_size: Size) -> Callable[[str], RegionGrid]:
    """The grid of each image by id; images of one size share one grid object."""
    cut = cache(RegionGrid)
    return lambda image: cut(size(image), region_size)


def _edges(length: int, cell: int) -> tuple[int, ...]:
    whole, rest = divmod(length, cell)
    if whole == 0:
        return 0, length
    edges = [cell * index for index in range(whole + 1)]
    if 2 * rest >= cell:
        edges.append(length)
    else:
        edges[-1] = length
    return tuple(edges)
