"""From options to settings: which setting an option fills in, and what wins over what."""

from __future__ import annotations

import tomllib
from typing import Any

from pydantic import TypeAdapter, ValidationError

from src_model.config import ConfiguredSize, RunConfig, make_run_config, merged, preset_settings, read_toml
from src_model.exceptions import ConfigurationError

_FIELDS = {
    "data": "data.path",
    "reader": "data.reader",
    "classes": "data.classes",
    "image_size": "data.image_size",
    "region": "data.region",
    "split": "data.split",
    "segmenter": "segmentation.segmenter",
    "start_weights": "segmentation.start_weights",
    "loss_weights": "segmentation.loss_weights",
    "acquisition": "acquisition.name",
    "budget": "acquisition.budget",
    "regions_per_query": "acquisition.regions_per_query",
    "pool_size": "acquisition.pool_size",
    "policy": "dqn.policy",
    "start_policy": "dqn.start_policy",
    "episodes": "dqn.episodes",
    "reward": "dqn.reward",
    "target": "dqn.target",
    "schedule": "schedule",
    "seed": "seed",
    "device": "device",
}


def settings_from(options: dict[str, Any]) -> RunConfig:
    """Preset, then the TOML file, then the options that were given, then ``--set``.

    Raises
    ------
    ConfigurationError
        If a setting does not exist or cannot work.
    """
    given: dict[str, Any] = {}
    for option, field in _FIELDS.items():
        if options.get(option) is not None:
            given = merged(given, _nested(field, options[option]))
    for change in options["change"] or ():
        field, equals, value = change.partition("=")
        if not equals:
            raise ConfigurationError(f"--set {change}: write SECTION.NAME=VALUE, for example segmentation.updates=40.")
        given = merged(given, _nested(field.strip(), _value(value)))
    file = read_toml(options["config"]) if options["config"] else {}
    layered = merged(file, given)
    reader = str(layered.get("data", {}).get("reader", ""))
    return make_run_config(preset_settings(options["preset"], reader), layered)


def _nested(field: str, value: object) -> dict[str, Any]:
    result: Any = value
    for name in reversed(field.split(".")):
        result = {name: result}
    return dict(result)


def size_from(text: str) -> tuple[int, int]:
    """Height and width from ``HEIGHTxWIDTH``.

    Raises
    ------
    ConfigurationError
        If it is no size.
    """
    try:
        height, width = TypeAdapter(ConfiguredSize).validate_python(text)
    except ValidationError as exc:
        raise ConfigurationError(f"--size {text}: write HEIGHTxWIDTH, for example 256x512.") from exc
    return height, width


def _value(text: str) -> object:
    """A TOML value; text without quotes is text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
