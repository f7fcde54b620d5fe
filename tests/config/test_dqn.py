"""Settings of the query network that contradict each other are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from src_model.config import make_run_config
from src_model.exceptions import ConfigurationError


def test_exploration_may_not_grow() -> None:
    with pytest.raises(ConfigurationError, match="epsilon_end"):
        make_run_config({"dqn": {"epsilon_start": 0.1, "epsilon_end": 0.5}})


def exploration(**dqn: Any) -> tuple[float, float]:
    settings = make_run_config({"dqn": dqn}).dqn
    return settings.epsilon_start, settings.epsilon_end


def test_with_a_start_policy_exploration_begins_where_it_ends_unless_told_otherwise() -> None:
    assert exploration() == exploration(start_policy="none") == (0.9, 0.05)
    assert exploration(start_policy="shipped") == (0.05, 0.05)
    assert exploration(start_policy="mine.safetensors", epsilon_end=0.1) == (0.1, 0.1)
    assert exploration(start_policy="shipped", epsilon_start=0.3) == (0.3, 0.05)


def test_a_start_policy_is_the_shipped_one_a_file_or_none() -> None:
    named = {
        name: make_run_config({"dqn": {"start_policy": name}}).dqn.start_policy for name in ("shipped", "none", "a")
    }
    assert named == {"shipped": "shipped", "none": None, "a": Path("a")}
