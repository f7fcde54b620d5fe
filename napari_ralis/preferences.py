"""Preferences: what a user sets on our page of napari's Preferences, which napari makes from the manifest and keeps."""

from __future__ import annotations

import getpass
from typing import Any

_PLUGIN = "napari-ralis"
_MASK_OPACITY = 50


def mask_opacity() -> float:
    """How opaque masks lie over an image at first, 0 … 1."""
    return float(getattr(_category("display"), "mask_opacity", _MASK_OPACITY)) / 100


def person() -> str:
    """Who labels, as it is written beside each answer: the name that was set, or else the login name; or ""."""
    name = str(getattr(_category("labelling"), "name", "") or "").strip()
    try:
        return name or getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def _category(name: str) -> Any:
    """The settings of this part of our page; None where napari has no such pages (before 0.9) or ours is disabled."""
    from napari import settings

    pages: dict[str, Any] = getattr(settings, "get_plugin_settings", dict)()
    return getattr(pages.get(_PLUGIN), name, None)
