"""The state: D_S as the query network sees it, in an order that no folder listing decides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from src_model.data.region import Region


def state_order(regions: Sequence[Region]) -> npt.NDArray[np.int64]:
    """Positions (S,) that put the regions of D_S in the network's order.

    The first weights of the query network are tied to a region's place in the state, so that the order is part of
    a policy: by image id, then column by column from the left, each from top to bottom. The published code runs
    down the columns too, but takes the images as the folder lists them, which differs between machines.
    """
    keys = [(region.image, region.column, region.row) for region in regions]
    return np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)


def state_features(base: npt.NDArray[np.float32], regions: Sequence[Region]) -> npt.NDArray[np.float32]:
    """State s_t: base vectors of all regions of D_S in the network's order.

    Parameters
    ----------
    base:
        (S, C+1+192), aligned with ``regions``, in any order.

    Returns
    -------
    (S, C+1+192) float32
    """
    if len(base) != len(regions):
        raise ValueError(f"{len(base)} base vectors for {len(regions)} regions")
    return base[state_order(regions)]
