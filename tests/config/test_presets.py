"""Presets: published numbers, and names that exist."""

from __future__ import annotations

import pytest

from src_model.config import make_run_config, preset_settings
from src_model.exceptions import ConfigurationError


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
