"""Sizes are HEIGHTxWIDTH wherever they are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src_model.config import make_run_config
from src_model.exceptions import ConfigurationError


@given(height=st.integers(1, 9999), width=st.integers(1, 9999))
def test_sizes_are_written_and_read_as_height_x_width(height: int, width: int) -> None:
    config = make_run_config({"data": {"region": f"{height}x{width}"}})
    assert config.data.region == (height, width)
    assert config.model_dump(mode="json")["data"]["region"] == f"{height}x{width}"


@pytest.mark.parametrize("size", ["128", "0x5", "axb", "12x-3", "", "1x2x3"])
def test_what_is_no_size_is_refused_by_name(size: str) -> None:
    with pytest.raises(ConfigurationError, match=r"data\.region"):
        make_run_config({"data": {"region": size}})
