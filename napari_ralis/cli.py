"""The command ``napari-ralis``: the engine's commands plus ``label``. Starts fast and imports late."""

from __future__ import annotations

import os
import shlex
import sys
import webbrowser
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
        Path | None, typer.Argument(help="Project to go on with, or a run whose data set is opened.")
    ] = None,
) -> None:
    """Open napari with the labelling dock.

    Example: `napari-ralis label runs/balance`
    """
    _require_screen()
    if project is not None and _is_a_persons(project):
        _open_window(None, project=project)
    else:
        _open_window(None if project is None else _data_of(project))


@app.command()
def demo(
    out: Annotated[
        Path, typer.Option(help="Folder of streets, runs and report; what is there is gone on with.")
    ] = Path("runs/demo"),
    quick: Annotated[
        bool, typer.Option("--quick", help="Tiny: shows in seconds that all works, too small to compare.")
    ] = False,
    show: Annotated[
        bool, typer.Option("--show/--no-show", help="Open report and napari at the end, where there is a screen.")
    ] = True,
) -> None:
    """See it work, without data: streets are drawn and labelled by simulation, several ways under the same budget.

    Random regions, entropy, label balance and the trained policy start from the shipped segmenter, which has seen
    other streets. Ends with the report, and with napari on these images where there is a screen. A few minutes on two
    cores; stopped, the same command goes on.

    Example: `napari-ralis demo --out runs/demo`
    """
    from src_model.console import progress_view
    from src_model.events import drain
    from src_model.studies.demo import QUICK, Demo, run_demo

    plan = QUICK if quick else Demo()
    with progress_view("demo") as view:
        page = drain(run_demo(out, plan), view.show)
    assert page is not None  # nobody asked it to stop
    typer.echo(f"Report: {page.as_uri()}")
    if show and _on_a_screen():
        # Without a screen it would be a text browser, in the way of whatever called.
        webbrowser.open(page.as_uri())
    if show and _on_a_screen() and _why_no_window() is None:
        typer.echo("napari opens on the same images; close its window to come back.")
        _open_window(plan.data(out), "napari-ralis: demo", _about_demo(page))
    else:
        typer.echo("The same images in napari: napari-ralis label " + shlex.quote(str(out / "runs" / "random")))


def _open_window(
    config: DataConfig | None, title: str = "napari-ralis", remark: str = "", project: Path | None = None
) -> None:
    import napari

    from napari_ralis.commands import open_dock

    viewer = napari.Viewer(title=title)
    dock = open_dock(viewer)
    if config is not None:
        dock.open(config, remark)
    elif project is not None:
        dock.open_project(project)
    napari.run()


def _about_demo(page: Path) -> str:
    """What the window of the demo shows, in HTML; the colour of the link can be read in a dark and in a light theme."""
    link = f'<a style="color: #2f7fd1" href="{page.as_uri()}">{page.parent.name}/{page.name}</a>'
    return (
        "The streets of the demo with their true labels. Which regions (yellow squares) each line asked a simulated "
        f"annotator for, and what that was worth: {link}"
    )


def _is_a_persons(project: Path) -> bool:
    """Whether somebody labels in this project; a simulation has no check regions to draw."""
    from src_model.project.view import ProjectView

    with ProjectView.read(project) as view:
        return bool(view.check_draws())


def _data_of(project: Path) -> DataConfig:
    from src_model.project.view import ProjectView

    with ProjectView.read(project) as view:
        return view.settings.data


def _require_screen() -> None:
    """Refuse early: without a Qt binding napari fails with a traceback, without a screen Qt ends the process."""
    reason = _why_no_window()
    if reason is not None:
        raise ConfigurationError(reason)


def _on_a_screen() -> bool:
    return not sys.platform.startswith("linux") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))


def _why_no_window() -> str | None:
    if not any(find_spec(binding) for binding in ("PyQt6", "PySide6", "PyQt5", "PySide2")):
        return "There is no Qt binding. Install one: pip install 'napari-ralis[pyqt6]'."
    if not _on_a_screen() and not os.environ.get("QT_QPA_PLATFORM"):
        return (
            "There is no screen (DISPLAY is not set). Run this on a desktop, or label by simulation: "
            "napari-ralis simulate --help."
        )
    return None


app.add_typer(engine)
