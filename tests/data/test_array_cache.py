"""The array cache: never more bytes than it may have, and what it hands out cannot be spoilt."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src_model.data.array_cache import ArrayCache


def ones(size: int) -> np.ndarray:
    return np.ones(size, dtype=np.uint8)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 40)), max_size=40), st.integers(0, 60))
def test_it_never_keeps_more_than_it_may(requests: list[tuple[int, int]], capacity: int) -> None:
    cache = ArrayCache(capacity)
    for key, size in requests:
        cache.get((key, size), lambda size=size: ones(size))
        assert cache.used <= capacity


def test_what_was_used_least_recently_goes_first() -> None:
    cache = ArrayCache(20)
    first = cache.get("a", lambda: ones(10))
    cache.get("b", lambda: ones(10))
    assert cache.get("a", lambda: ones(1)) is first
    cache.get("c", lambda: ones(10))
    assert cache.get("a", lambda: ones(1)) is first
    assert len(cache.get("b", lambda: ones(3))) == 3


def test_an_array_larger_than_the_cache_is_made_again_each_time() -> None:
    cache = ArrayCache(5)
    assert cache.get("a", lambda: ones(6)) is not cache.get("a", lambda: ones(6))
    assert cache.used == 0


def test_forgetting_frees_the_bytes() -> None:
    cache = ArrayCache(20)
    cache.get("a", lambda: ones(10))
    cache.forget("a")
    cache.forget("a")
    assert cache.used == 0


def test_a_shared_array_cannot_be_written_to() -> None:
    shared = ArrayCache(20).get("a", lambda: ones(10))
    with pytest.raises(ValueError, match="read-only"):
        shared[0] = 3
