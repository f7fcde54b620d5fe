"""Where things of a user lie: in the system's folders, unless the environment says otherwise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from src_model.user_folders import cache_folder, config_folder


@pytest.mark.parametrize(("folder", "variable"), [(cache_folder, "RALIS_CACHE"), (config_folder, "RALIS_CONFIG")])
def test_a_folder_is_the_system_s_unless_a_variable_names_one(
    folder: Callable[[], Path], variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(tmp_path))
    assert folder() == tmp_path
    for nothing in ("", None):
        monkeypatch.delenv(variable) if nothing is None else monkeypatch.setenv(variable, nothing)
        assert "napari-ralis" in folder().parts
        assert folder().is_absolute()


def test_cache_and_configuration_are_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RALIS_CACHE", raising=False)
    monkeypatch.delenv("RALIS_CONFIG", raising=False)
    assert cache_folder() != config_folder()
