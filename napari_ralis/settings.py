"""Settings: what the plugin remembers between sessions, in one file a user; it never keeps anybody from working."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from src_model.atomic_file import replacing
from src_model.user_folders import config_folder

logger = logging.getLogger(__name__)

SCHEMA = 1
"""Version of the file, kept in it; a file of a newer one is read field by field and never written."""
MOST_RECENT = 10
"""Projects that are remembered."""
ZOOM_SPAN = (1.0, 16.0)
"""Least and greatest zoom: sides of the shown piece in sides of the region."""
_SCHEMA = "schema"


@dataclass(frozen=True, slots=True)
class Settings:
    """What is remembered; each verb gives a changed copy.

    Attributes
    ----------
    recent:
        Folders of projects and data sets that were open, the last one first.
    keys:
        Verb → key or key sequence that the user gave it instead of ours.
    zoom:
        Side of the shown piece in sides of the region.
    first_look:
        Whether a new project begins with "show me one of each".
    """

    recent: tuple[Path, ...] = ()
    keys: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    zoom: float = 3.0
    first_look: bool = True

    def with_recent(self, folder: Path) -> Settings:
        """With the folder in front, once; the oldest one goes if there are too many."""
        path = folder.absolute()
        others = tuple(other for other in self.recent if other != path)
        return replace(self, recent=(path, *others)[:MOST_RECENT])

    def without_recent(self, folder: Path) -> Settings:
        """Without a folder that is gone."""
        return replace(self, recent=tuple(other for other in self.recent if other != folder.absolute()))

    def with_key(self, verb: str, key: str | None) -> Settings:
        """With another key for a verb; None gives it our own again."""
        kept = {other: own for other, own in self.keys.items() if other != verb}
        return replace(self, keys=MappingProxyType(kept if key is None else {**kept, verb: key}))

    def with_zoom(self, zoom: float) -> Settings:
        """With another zoom, brought into `ZOOM_SPAN`."""
        least, greatest = ZOOM_SPAN
        return replace(self, zoom=min(max(zoom, least), greatest))


def settings_path() -> Path:
    """Where the file lies; the environment variable ``RALIS_CONFIG`` moves its folder."""
    return config_folder() / "settings.json"


def read_settings(path: Path) -> Settings:
    """What the file holds, defaults in the place of what it lacks; what cannot be used is warned of and left out."""
    body = _body(path)
    found: dict[str, Any] = {}
    for name, parse in _PARSERS.items():
        if name in body:
            try:
                found[name] = parse(body[name])
            except (TypeError, ValueError, OverflowError) as exc:
                logger.warning("%s: %r is left out: %s. Set it again in the dock.", path, name, exc)
    return Settings(**found)


def update_settings(path: Path, change: Callable[[Settings], Settings]) -> Settings:
    """Read the file, change it and write it; the settings as they are now.

    The file is read each time, so that two windows do not undo each other's changes; what in it is not ours stays. If
    it cannot be written, or a newer version made it, the change counts for this session, and a warning says so.
    """
    changed = change(read_settings(path))
    body = _body(path)
    if _is_newer(body):
        logger.warning("%s was written by a newer version and is left as it is. Update napari-ralis.", path)
        return changed
    content = {**body, _SCHEMA: SCHEMA, **_to_json(changed)}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as partial:
            partial.write_text(json.dumps(content, indent=1) + "\n", encoding="ascii")
    except OSError as exc:
        logger.warning("Cannot write %s: %s. Free some space, or let RALIS_CONFIG name another folder.", path, exc)
    return changed


def _body(path: Path) -> dict[str, Any]:
    try:
        body = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as exc:
        logger.warning("%s is left out: %s. It is written anew with the next change.", path, exc)
        return {}
    if not isinstance(body, dict):
        logger.warning("%s is left out: it is no table. It is written anew with the next change.", path)
        return {}
    return body


def _is_newer(body: Mapping[str, Any]) -> bool:
    schema = body.get(_SCHEMA)
    return isinstance(schema, int) and schema > SCHEMA


def _to_json(settings: Settings) -> dict[str, Any]:
    return {
        "recent": [str(folder) for folder in settings.recent],
        "keys": dict(settings.keys),
        "zoom": settings.zoom,
        "first_look": settings.first_look,
    }


def _recent(value: object) -> tuple[Path, ...]:
    """Absolute paths, each once; what is none is left out, since one bad line is no reason to forget the others."""
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is no list of folders")
    paths = [Path(entry) for entry in value if isinstance(entry, str) and "\0" not in entry]
    return tuple(dict.fromkeys(path for path in paths if path.is_absolute()))[:MOST_RECENT]


def _keys(value: object) -> Mapping[str, str]:
    if not isinstance(value, dict):
        raise TypeError(f"{value!r} is no table of keys")
    return MappingProxyType({verb: key for verb, key in value.items() if isinstance(key, str) and key.strip()})


def _zoom(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    least, greatest = ZOOM_SPAN
    if not math.isfinite(value) or not least <= value <= greatest:
        raise ValueError(f"{value!r} is not from {least:g} to {greatest:g}")
    return float(value)


def _yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return value


_PARSERS: Mapping[str, Callable[[object], object]] = MappingProxyType(
    {"recent": _recent, "keys": _keys, "zoom": _zoom, "first_look": _yes_or_no}
)
