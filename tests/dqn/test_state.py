from __future__ import annotations

import numpy as np
import pytest

from src_model.data.region import Region, RegionGrid
from src_model.dqn.state import state_features, state_order

GRID = RegionGrid((4, 6), (2, 2))


def test_the_state_runs_down_the_columns_of_sorted_images() -> None:
    regions = GRID.regions("b") + GRID.regions("a")

    ordered = [regions[position] for position in state_order(regions)]

    assert [(region.image, region.row, region.column) for region in ordered[:4]] == [
        ("a", 0, 0),
        ("a", 2, 0),
        ("a", 0, 2),
        ("a", 2, 2),
    ]
    assert ordered[6] == Region("b", 0, 0, 2, 2)


def test_the_state_does_not_depend_on_the_order_in_which_images_are_listed() -> None:
    one, other = GRID.regions("a"), GRID.regions("b")
    base = np.arange(12, dtype=np.float32)[:, None]

    forwards = state_features(base, one + other)
    backwards = state_features(np.concatenate([base[6:], base[:6]]), other + one)

    np.testing.assert_array_equal(forwards, backwards)


def test_vectors_and_regions_must_be_equally_many() -> None:
    with pytest.raises(ValueError, match="5 base vectors for 6 regions"):
        state_features(np.zeros((5, 1), dtype=np.float32), GRID.regions("a"))
