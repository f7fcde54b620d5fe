"""User folders: where what is kept for a user lies, outside of any project; environment variables move them."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

_NAME = "napari-ralis"


def cache_folder() -> Path:
    """Folder of what can be made again at any time; ``RALIS_CACHE`` moves it."""
    return Path(os.environ.get("RALIS_CACHE") or platformdirs.user_cache_dir(_NAME))


def config_folder() -> Path:
    """Folder of what a user has set; ``RALIS_CONFIG`` moves it."""
    return Path(os.environ.get("RALIS_CONFIG") or platformdirs.user_config_dir(_NAME))
