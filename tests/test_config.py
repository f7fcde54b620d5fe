"""Settings: layers, sizes, presets, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src_model.config import RunConfig, make_run_config, merged, preset_settings, read_toml
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


def test_a_later_layer_wins_and_alters_nothing_else() -> None:
    base = {"dqn": {"gamma": 0.9, "episodes": 3}}
    assert merged(base, {"dqn": {"gamma": 1.0}}) == {"dqn": {"gamma": 1.0, "episodes": 3}}
    assert base == {"dqn": {"gamma": 0.9, "episodes": 3}}


def test_unknown_settings_are_refused_by_name() -> None:
    with pytest.raises(ConfigurationError, match=r"segmentation\.updatez"):
        make_run_config({"segmentation": {"updatez": 3}})


def test_the_reference_preset_holds_the_published_numbers_of_each_data_set() -> None:
    cityscapes = make_run_config(preset_settings("reference", "cityscapes"))
    camvid = make_run_config(preset_settings("reference", "camvid"))
    assert (cityscapes.acquisition.regions_per_query, cityscapes.acquisition.budget) == (256, 3840)
    assert cityscapes.data.region == (128, 128)
    assert (camvid.acquisition.regions_per_query, camvid.acquisition.budget) == (24, 480)
    assert camvid.data.region == (90, 80)
    assert (camvid.dqn.replay_capacity, cityscapes.dqn.replay_capacity) == (600, 3200)
    assert camvid.segmentation.train_on == "newest"


def test_a_preset_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="reference, seed or default"):
        preset_settings("referenz", "camvid")


def test_exploration_may_not_grow() -> None:
    with pytest.raises(ConfigurationError, match="epsilon_end"):
        make_run_config({"dqn": {"epsilon_start": 0.1, "epsilon_end": 0.5}})


def test_a_broken_settings_file_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "run.toml"
    broken.write_text("[data\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"run\.toml"):
        read_toml(broken)


def test_settings_survive_json() -> None:
    config = make_run_config(preset_settings("reference", "camvid"), {"final_at": [10, 20]})
    assert RunConfig.model_validate_json(config.model_dump_json()) == config
