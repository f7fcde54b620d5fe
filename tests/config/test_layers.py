"""Settings are laid over each other, validated as a whole, and kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from src_model.config import RunConfig, make_run_config, merged, preset_settings, read_toml
from src_model.exceptions import ConfigurationError


def test_a_later_layer_wins_and_alters_nothing_else() -> None:
    base = {"dqn": {"gamma": 0.9, "episodes": 3}}
    assert merged(base, {"dqn": {"gamma": 1.0}}) == {"dqn": {"gamma": 1.0, "episodes": 3}}
    assert base == {"dqn": {"gamma": 0.9, "episodes": 3}}


def test_unknown_settings_are_refused_by_name() -> None:
    with pytest.raises(ConfigurationError, match=r"segmentation\.updatez"):
        make_run_config({"segmentation": {"updatez": 3}})


def test_a_broken_settings_file_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "run.toml"
    broken.write_text("[data\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"run\.toml"):
        read_toml(broken)


def test_settings_survive_json() -> None:
    config = make_run_config(preset_settings("reference", "camvid"), {"final_at": [10, 20]})
    assert RunConfig.model_validate_json(config.model_dump_json()) == config
