"""Pools: what is not labelled yet, and how the candidates of a query are drawn from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy

import numpy as np
import numpy.typing as npt

from src_model.data.region import Region
from src_model.exceptions import EmptyPool, RalisError

_Positions = npt.NDArray[np.intp]


class UnlabelledPool:
    """U_t: the regions that may still be asked.

    Drawing does not change it, only `remove` and `put_back` do. What is drawn follows from its content and the
    generator alone, whatever the order in which regions were given or removed.

    Parameters
    ----------
    regions:
        All regions by image.
    """

    def __init__(self, regions: Mapping[str, Sequence[Region]]) -> None:
        images = sorted(image for image, own in regions.items() if own)
        self._regions = [region for image in images for region in sorted(regions[image])]
        counts = np.array([len(regions[image]) for image in images], dtype=np.intp)
        self._starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.intp)
        self._image_of = np.repeat(np.arange(len(images)), counts)
        self._open = np.ones(len(self._regions), dtype=bool)
        self._open_in = counts
        self._image_index = {image: index for index, image in enumerate(images)}
        self._positions: dict[str, dict[Region, int]] = {}

    def __len__(self) -> int:
        """Regions left."""
        return int(self._open_in.sum())

    def __contains__(self, region: Region) -> bool:
        position = self._position(region)
        return position is not None and bool(self._open[position])

    def remove(self, regions: Iterable[Region]) -> None:
        """Take regions out, all of them or none.

        Raises
        ------
        RalisError
            If one is not in the pool.
        """
        positions: set[int] = set()
        for region in regions:
            position = self._position(region)
            if position is None or not self._open[position] or position in positions:
                raise RalisError(f"{region} is not in the pool. Ask only for regions that are not labelled yet.")
            positions.add(position)
        taken = np.fromiter(positions, dtype=np.intp, count=len(positions))
        self._open[taken] = False
        np.subtract.at(self._open_in, self._image_of[taken], 1)

    def put_back(self, regions: Iterable[Region]) -> None:
        """Let regions be asked again. Those that are in the pool, or never were, make no difference."""
        positions = {self._position(region) for region in regions} - {None}
        closed = np.array([place for place in positions if place is not None and not self._open[place]], dtype=np.intp)
        self._open[closed] = True
        np.add.at(self._open_in, self._image_of[closed], 1)

    def without(self, regions: Iterable[Region]) -> UnlabelledPool:
        """What would be left if these regions were gone; this pool stays as it is."""
        gone = [region for region in regions if region in self]
        if not gone:
            return self
        other = copy(self)
        other._open, other._open_in = self._open.copy(), self._open_in.copy()
        other.remove(gone)
        return other

    def regions_of(self, image: str) -> tuple[Region, ...]:
        """All regions of an image that ever were in the pool."""
        index = self._image_index.get(image)
        return () if index is None else tuple(self._regions[self._starts[index] : self._starts[index + 1]])

    def draw(
        self, rng: np.random.Generator, regions_per_query: int, pool_size: int, regions_per_image: int | None = None
    ) -> tuple[tuple[Region, ...], int, int]:
        """Candidates for K sub-actions with P regions each: P_t^1 … P_t^K.

        With ``regions_per_image`` = None as in the published code of RALIS: images are visited in random order until
        they have more than N = K·P open regions, and N of these are drawn, an image at a time with equal chance. With
        m: at most m of each image, so that N/m images are needed; where the pool has too few images for that, further
        regions of the same images fill up. A random permutation spreads the candidates over the pools.

        Parameters
        ----------
        rng:
            Source of all randomness.
        regions_per_query, pool_size:
            K and P that are wanted. With fewer than K·P regions left, P' = max(1, left // K) and K' = min(K, left).
        regions_per_image:
            m, or None.

        Returns
        -------
        (K'·P' different regions with candidate (k, p) at k·P' + p, K', P')

        Raises
        ------
        EmptyPool
            If nothing is left.
        """
        left = len(self)
        if not left:
            raise EmptyPool("All regions are labelled. Add images or finish the session.")
        if left < regions_per_query * pool_size:
            pool_size = max(1, left // regions_per_query)
            regions_per_query = min(regions_per_query, left)
        wanted = regions_per_query * pool_size
        chosen = (
            self._whole_images(rng, wanted)
            if regions_per_image is None
            else self._spread(rng, wanted, regions_per_image)
        )
        drawn = tuple(self._regions[position] for position in rng.permutation(chosen))
        return drawn, regions_per_query, pool_size

    def _whole_images(self, rng: np.random.Generator, wanted: int) -> _Positions:
        images = self._visited(rng)
        needed = np.searchsorted(np.cumsum(self._open_in[images]), wanted, side="right") + 1
        positions, rank = self._shuffled(rng, images[:needed])
        # Taking a region from an equally likely image, until that image has none left, is the order of arrival in one
        # Poisson process of rate 1 for each image: no loop over draws.
        waits = np.cumsum(rng.exponential(size=len(positions)))
        starts = np.flatnonzero(rank == 0)
        before = np.concatenate([[0.0], waits[starts[1:] - 1]])
        arrivals = waits - np.repeat(before, np.diff(np.append(starts, len(positions))))
        return positions[np.argsort(arrivals)[:wanted]]

    def _spread(self, rng: np.random.Generator, wanted: int, regions_per_image: int) -> _Positions:
        images = self._visited(rng)
        needed = np.searchsorted(np.cumsum(np.minimum(self._open_in[images], regions_per_image)), wanted) + 1
        positions, rank = self._shuffled(rng, images[:needed])
        return positions[np.argsort(rank, kind="stable")[:wanted]]

    def _visited(self, rng: np.random.Generator) -> _Positions:
        return rng.permutation(np.flatnonzero(self._open_in))

    def _shuffled(self, rng: np.random.Generator, images: _Positions) -> tuple[_Positions, _Positions]:
        """Open regions of these images, image after image, each image's own in random order.

        Returns their positions, and the rank of each within its image.
        """
        order = np.full(len(self._open_in), -1, dtype=np.intp)
        order[images] = np.arange(len(images))
        visit = order[self._image_of]
        positions = rng.permutation(np.flatnonzero(self._open & (visit >= 0)))
        positions = positions[np.argsort(visit[positions], kind="stable")]
        counts = self._open_in[images]
        rank = np.arange(len(positions)) - np.repeat(np.cumsum(counts) - counts, counts)
        return positions, rank

    def _position(self, region: Region) -> int | None:
        index = self._image_index.get(region.image)
        if index is None:
            return None
        if region.image not in self._positions:
            start, stop = int(self._starts[index]), int(self._starts[index + 1])
            self._positions[region.image] = {self._regions[i]: i for i in range(start, stop)}
        return self._positions[region.image].get(region)
