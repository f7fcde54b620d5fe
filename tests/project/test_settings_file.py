"""The copy of the settings: readable, complete, and compared field by field."""

from pathlib import Path
from typing import Any

import pytest

from src_model.config import RunConfig, make_run_config, preset_settings
from src_model.exceptions import ProjectError
from src_model.project.settings_file import MAY_CHANGE, read_settings, settings_at_odds, write_settings

CAMVID = make_run_config(
    preset_settings("reference", "camvid"),
    {"data": {"path": "camvid", "reader": "camvid", "image_size": "180x240"}, "final_at": [24, 48], "seed": 3},
)


@pytest.mark.parametrize("settings", [RunConfig(), CAMVID])
def test_settings_come_back_as_they_were(tmp_path: Path, settings: RunConfig) -> None:
    write_settings(tmp_path / "settings.toml", settings)
    assert read_settings(tmp_path / "settings.toml") == settings


def test_a_class_table_of_the_project_is_found_after_the_project_was_moved(tmp_path: Path) -> None:
    home, moved = tmp_path / "home", tmp_path / "moved"
    home.mkdir()
    (home / "class_table.csv").write_text("id,name,R,G,B\n0,crack,255,0,0\n")
    settings = make_run_config({"data": {"classes": str(home / "class_table.csv")}})
    write_settings(home / "settings.toml", settings)
    assert read_settings(home / "settings.toml") == settings
    home.rename(moved)
    assert read_settings(moved / "settings.toml").data.classes == moved / "class_table.csv"


def test_sizes_are_height_x_width(tmp_path: Path) -> None:
    write_settings(tmp_path / "settings.toml", CAMVID)
    text = (tmp_path / "settings.toml").read_text()
    assert 'region = "90x80"' in text
    assert 'image_size = "180x240"' in text
    assert "start_weights" not in text


@pytest.mark.parametrize("content", [None, "seed = ", "[data]\nregion = 'wide'", "no_such_setting = 1"])
def test_settings_that_cannot_be_used_are_named(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "settings.toml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ProjectError, match=r"settings\.toml cannot be used.*backup"):
        read_settings(path)


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({}, []),
        ({"seed": 4}, ["seed"]),
        ({"dqn": {"gamma": 0.5}, "acquisition": {"budget": 24}}, ["acquisition.budget", "dqn.gamma"]),
        ({"data": {"path": "moved", "cache_megabytes": 9}, "device": "cpu", "threads": 2, "checkpoint_seconds": 1}, []),
        ({"data": {"path": Path("camvid").resolve()}}, []),
        ({"segmentation": {"start_weights": "other"}}, ["segmentation.start_weights"]),
    ],
)
def test_only_settings_that_change_the_result_are_at_odds(change: dict[str, Any], names: list[str]) -> None:
    other = make_run_config(CAMVID.model_dump(), change)
    assert settings_at_odds(CAMVID, other) == names
    assert settings_at_odds(other, CAMVID) == names


def test_the_same_file_by_another_path_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    relative = make_run_config({"dqn": {"policy": "policy.safetensors"}})
    absolute = make_run_config({"dqn": {"policy": tmp_path / "policy.safetensors"}})
    assert settings_at_odds(relative, absolute) == []


def test_settings_that_may_change_exist() -> None:
    content = RunConfig().model_dump()
    for name in MAY_CHANGE:
        value: Any = content
        for key in name.split("."):
            value = value[key]
