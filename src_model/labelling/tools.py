"""Tools: what a person can paint with."""

from __future__ import annotations

from enum import StrEnum


class Tool(StrEnum):
    """One tool is in the hand at a time."""

    BRUSH = "brush"
    ERASER = "eraser"
    BUCKET = "bucket"
    POLYGON = "polygon"
    LINE = "line"
    """Straight and as thick as the brush: a pole is two clicks."""
    SUPERPIXEL = "superpixel"
    PICKER = "picker"
    MOVE = "move"
    """Nothing is painted; the mouse moves the view."""
