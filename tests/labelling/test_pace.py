"""K follows the person where the machine is slower, within bounds, and comes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src_model.labelling.pace import MOST_GROWTH, pace_text, query_size


@pytest.mark.parametrize(
    ("current", "during_fit", "expected"),
    [(8, 0, 8), (8, 8, 8), (8, 11, 11), (11, 9, 11), (11, 5, 8), (24, 11, 11), (8, 1000, 32), (32, 33, 32)],
)
def test_what_is_labelled_during_a_fit_becomes_a_query(current: int, during_fit: int, expected: int) -> None:
    assert query_size(8, current, during_fit) == expected


@given(st.integers(1, 50), st.lists(st.integers(0, 500), max_size=20))
def test_k_never_leaves_its_bounds(configured: int, fits: list[int]) -> None:
    current = configured
    for during_fit in fits:
        current = query_size(configured, current, during_fit)
        assert configured <= current <= MOST_GROWTH * configured


def test_one_sentence_says_why() -> None:
    assert "label 11 regions" in pace_text(8, 11, 11)
    assert pace_text(8, 11, 11).endswith("11 are asked at a time, not 8.")
    assert "keeps up" in pace_text(11, 8, 2)
