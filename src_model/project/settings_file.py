"""The copy of the settings that is kept with each run, and which of them may change when it goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tomli_w

from src_model.atomic_file import replacing
from src_model.config import RunConfig, make_run_config, read_toml
from src_model.exceptions import ConfigurationError, ProjectError

MAY_CHANGE = frozenset(
    {
        "data.path",
        "data.classes",
        "data.cache_megabytes",
        "segmentation.inference_batch",
        "device",
        "threads",
        "checkpoint_seconds",
    }
)
"""Where things lie and how fast they go: not what is computed (up to rounding, for the device and the batch)."""


def write_settings(path: Path, settings: RunConfig) -> None:
    """Write readable TOML that the command line takes, too; sizes as HEIGHTxWIDTH, what is unset left out.

    Raises
    ------
    OSError
        If the file cannot be written; an older one stays.
    """
    content = tomli_w.dumps(settings.model_dump(mode="json", exclude_none=True))
    with replacing(path) as partial:
        partial.write_text(content, encoding="utf-8")


def read_settings(path: Path) -> RunConfig:
    """Read what `write_settings` wrote.

    A class table that lies beside the settings is found again after the project was moved.

    Raises
    ------
    ProjectError
        If the file is missing, damaged or holds settings that this version does not know.
    """
    try:
        settings = make_run_config(read_toml(path))
    except ConfigurationError as exc:
        raise ProjectError(
            f"The settings of the project in {path} cannot be used. {exc} Take the file from a backup, or open the "
            "project with the version of napari-ralis that project.json names."
        ) from exc
    table = settings.data.classes
    if table is None or table.is_file() or not (moved := path.with_name(table.name)).is_file():
        return settings
    return settings.model_copy(update={"data": settings.data.model_copy(update={"classes": moved})})


def settings_at_odds(ours: RunConfig, theirs: RunConfig) -> list[str]:
    """Names of the fields in which two runs differ, sorted, without those in `MAY_CHANGE`."""
    one, other = _flat(ours.model_dump()), _flat(theirs.model_dump())
    return sorted(name for name in one if one[name] != other[name] and name not in MAY_CHANGE)


def refuse_other_settings(path: Path, kept: RunConfig, settings: RunConfig) -> None:
    """Refuse settings under which a project that was made with others cannot go on; ``path`` is where those lie.

    Raises
    ------
    ProjectError
        Naming the fields that differ.
    """
    if names := settings_at_odds(kept, settings):
        raise ProjectError(
            f"The project {path.parent} was started with other settings: {', '.join(names)} differ. Use those of "
            f"{path}, or choose another folder for a new run."
        )


def _flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value.resolve() if isinstance(value, Path) else value
    return flat
