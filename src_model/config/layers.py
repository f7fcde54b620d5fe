"""Layers of settings: read from a file, laid over each other, validated as a whole."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from src_model.config.run import RunConfig
from src_model.exceptions import ConfigurationError


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """``base`` with ``changes`` laid over it, level by level; neither is altered."""
    result = dict(base)
    for key, value in changes.items():
        before = result.get(key)
        result[key] = merged(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return result


def read_toml(path: Path) -> dict[str, Any]:
    """Settings from a TOML file, as nested dictionaries.

    Raises
    ------
    ConfigurationError
        If the file is missing or not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise ConfigurationError(
            f"Cannot read settings from {path}: {exc}. Check the path and the TOML syntax."
        ) from exc


def make_run_config(*layers: dict[str, Any]) -> RunConfig:
    """Lay settings over each other (preset, file, command line) and validate the result.

    Raises
    ------
    ConfigurationError
        Naming every field at fault.
    """
    settings: dict[str, Any] = {}
    for layer in layers:
        settings = merged(settings, layer)
    try:
        return RunConfig.model_validate(settings)
    except ValidationError as exc:
        raise ConfigurationError(f"These settings cannot work: {'; '.join(map(_fault, exc.errors()))}.") from exc


def _fault(error: Mapping[str, Any]) -> str:
    """``acquisition.budget: Input should be …``; what concerns several fields has no name before it."""
    names = ".".join(map(str, error["loc"]))
    return ": ".join(part for part in (names, str(error["msg"]).removeprefix("Value error, ")) if part)
