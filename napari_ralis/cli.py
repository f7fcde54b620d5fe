"""The command ``napari-ralis``: the engine's commands plus ``label``. Starts fast and imports late."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from napari_ralis import __version__
from src_model.cli import app as engine
from src_model.config import DataConfig
from src_model.exceptions import ConfigurationError, RalisError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    help="Label the regions of street and drone images that teach a segmentation network most.",
)


def main() -> None:
    """Run the command line; what the user can put right ends in one red line and exit code 2."""
    try:
        app()
    except RalisError as error:
        Console(stderr=True, soft_wrap=True).print(Text(str(error), style="red"))
        sys.exit(2)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"napari-ralis {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Options of the command itself."""


@app.command()
def label(
    project: Annotated[
        Path | None, typer.Argument(help="Folder of a run or a project, to start from its data set.")
    ] = None,
) -> None:
    """Open napari with the labelling dock.

    Example: `napari-ralis label runs/balance`
    """
    _require_screen()
    config = None if project is None else _data_of(project)
    import napari

    viewer = napari.Viewer(title="napari-ralis")
    _, dock = viewer.window.add_plugin_dock_widget("napari-ralis", "Labelling")
    if config is not None:
        dock.open(config)
    napari.run()


def _data_of(project: Path) -> DataConfig:
    from src_model.project.view import ProjectView

    with ProjectView.read(project) as view:
        return view.settings.data


def _require_screen() -> None:
    """Refuse early: without a Qt binding napari fails with a traceback, without a screen Qt ends the process."""
    if not any(find_spec(binding) for binding in ("PyQt6", "PySide6", "PyQt5", "PySide2")):
        raise ConfigurationError("There is no Qt binding. Install one: pip install 'napari-ralis[pyqt6]'.")
    screens = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform.startswith("linux") and not any(os.environ.get(name) for name in screens):
        raise ConfigurationError(
            "There is no screen (DISPLAY is not set). Run this on a desktop, or label by simulation: "
            "napari-ralis simulate --help."
        )


app.add_typer(engine)
