"""What lies in a project folder: the names, the card that makes it a project, and what is not overwritten."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from src_model.atomic_file import PARTIAL_SUFFIX, replacing
from src_model.exceptions import ProjectError
from src_model.project.lock import HOLDER, LOCK

ABOUT = "project.json"
SETTINGS = "settings.toml"
LOG = "log.sqlite"
METRICS = "metrics.csv"
QUERIED_REGIONS = "queried_regions.csv"
FINAL_METRICS = "final_metrics.csv"
CONFUSION = "confusion.csv"
FINAL_CONFUSION = "final_confusion.csv"
CLASS_PIXELS = "class_pixels.csv"
COMPARED = "compared.json"
"""What lies in the folder of two runs, of a session and of another rule."""
CLASS_TABLE = "class_table.csv"
"""Classes of a project whose data set brings none; settings name it."""
CLASS_NOTES = "class_notes.json"

SCHEMA = 1
"""Version of the folder's layout, kept in ``project.json``."""


def read_about(folder: Path) -> dict[str, Any]:
    """What ``project.json`` says: ``schema``, ``made_by``, ``created``.

    Raises
    ------
    ProjectError
        If this is no project folder, or a newer version made it.
    """
    path = folder / ABOUT
    if not path.is_file():
        raise ProjectError(f"{folder} is not a project: it has no {ABOUT}. Check the path, or start a run with it.")
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        schema = int(about["schema"])
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise ProjectError(f"{path} is damaged ({exc}). Take it from a backup of the project folder.") from exc
    if schema > SCHEMA:
        raise ProjectError(
            f"{path} has layout {schema}, this version of napari-ralis reads up to {SCHEMA}. Update napari-ralis."
        )
    return dict(about)


def write_about(folder: Path) -> None:
    """Write ``project.json``, which makes the folder a project.

    Raises
    ------
    ProjectError
        If it cannot be written.
    """
    about = {"schema": SCHEMA, "made_by": f"napari-ralis {_version()}", "created": datetime.now(UTC).isoformat()}
    try:
        with replacing(folder / ABOUT) as partial:
            partial.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    except OSError as exc:
        raise cannot_write(folder / ABOUT, exc) from exc


def refuse_what_is_there(folder: Path) -> None:
    """Let a new project begin only in a folder that is missing, empty or was left half-made.

    Raises
    ------
    ProjectError
        Naming what is in the way.
    """
    if (folder / ABOUT).is_file():
        raise ProjectError(f"{folder} is a project already. Open it, or choose another folder for a new one.")
    if folder.exists() and not folder.is_dir():
        raise ProjectError(f"{folder} is a file, not a folder. Choose another name for the project.")
    foreign = sorted(path.name for path in folder.iterdir() if not _is_half_made(path)) if folder.exists() else []
    if foreign:
        raise ProjectError(
            f"{folder} is not empty and not a project; it holds {', '.join(foreign[:3])}"
            f"{' and more' if len(foreign) > 3 else ''}. Choose a new or empty folder."
        )


def _is_half_made(path: Path) -> bool:
    known = (LOCK, HOLDER, SETTINGS, CLASS_TABLE, CLASS_NOTES)
    return path.name in known or path.name.startswith(LOG) or path.name.endswith(PARTIAL_SUFFIX)


def cannot_write(path: Path, exc: OSError) -> ProjectError:
    """Make the error for a file of the project that the system refused."""
    return ProjectError(f"Cannot write {path}: {exc}. Free some space or check the folder's permissions, then repeat.")


def _version() -> str:
    try:
        return version("napari-ralis")
    except PackageNotFoundError:
        return "from a source folder"
