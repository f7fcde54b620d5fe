"""The headless commands: parse, call the engine, print."""

from __future__ import annotations

from src_model.cli.commands import app

__all__ = ["app"]
