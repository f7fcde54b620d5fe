"""Settings of the query network that contradict each other are refused."""

from __future__ import annotations

import pytest

from src_model.config import make_run_config
from src_model.exceptions import ConfigurationError


def test_exploration_may_not_grow() -> None:
    with pytest.raises(ConfigurationError, match="epsilon_end"):
        make_run_config({"dqn": {"epsilon_start": 0.1, "epsilon_end": 0.5}})
