"""The command line as the user meets it: a fresh process each time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from napari_ralis import __version__, cli
from src_model.exceptions import DataError


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from napari_ralis.cli import main; main()", *arguments]
    kept = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    return subprocess.run(command, env=kept | environment, capture_output=True, text=True, timeout=60, check=False)


def test_the_version_is_printed() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"napari-ralis {__version__}\n")


def test_help_lists_the_engine_s_commands_and_label() -> None:
    text = CliRunner().invoke(cli.app, ["--help"]).output
    for command in ("simulate", "train-policy", "report", "predict", "doctor", "label", "demo"):
        assert command in text


def test_what_the_user_can_put_right_ends_in_one_line_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> None:
        raise DataError("mask.png is cut off. Copy [it] again.")

    monkeypatch.setattr(cli, "app", refuse)
    with pytest.raises(SystemExit) as exit_:
        cli.main()
    assert exit_.value.code == 2
    assert capsys.readouterr().err == "mask.png is cut off. Copy [it] again.\n"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only there a missing screen ends the process")
def test_without_a_screen_label_says_so_instead_of_crashing() -> None:
    done = run("label", QT_QPA_PLATFORM="")
    assert done.returncode == 2
    assert "no screen" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_is_no_project_is_refused_before_a_window_opens(tmp_path: Path) -> None:
    done = run("label", tmp_path, QT_QPA_PLATFORM="offscreen")
    assert done.returncode == 2
    assert str(tmp_path) in done.stderr.replace("\n", "")
    assert "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the demo, which trains for the first test that runs it and finds all trained in the next."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture
def out(demo_folder: Path) -> Path:
    shutil.rmtree(demo_folder / "report", ignore_errors=True)
    return demo_folder


def test_without_a_screen_the_demo_ends_with_the_way_to_its_report(out: Path) -> None:
    from src_model.studies import demo

    tiny = demo.Demo(images=12, size=(32, 64), region=(16, 16), budget=2, regions_per_query=2, pool_size=2, updates=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "QUICK", tiny)
        patch.delenv("DISPLAY", raising=False)
        patch.delenv("WAYLAND_DISPLAY", raising=False)
        patch.setattr(cli.webbrowser, "open", lambda url: pytest.fail(f"opened {url}"))
        patch.setattr(cli, "_open_window", lambda *_: pytest.fail("a window without a screen"))
        result = CliRunner().invoke(cli.app, ["demo", "--quick", "--out", str(out)], catch_exceptions=False)
    page = out / "report" / "report.html"
    assert f"Report: {page.as_uri()}" in result.output
    assert page.is_file()


def test_with_a_screen_the_demo_opens_its_report_and_its_streets(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from src_model.studies import demo

    tiny = demo.Demo(images=12, size=(32, 64), region=(16, 16), budget=2, regions_per_query=2, pool_size=2, updates=1)
    pages: list[str] = []
    windows: list[tuple[object, ...]] = []
    monkeypatch.setattr(demo, "QUICK", tiny)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(cli.webbrowser, "open", pages.append)
    monkeypatch.setattr(cli, "_open_window", lambda *window: windows.append(window))
    CliRunner().invoke(cli.app, ["demo", "--quick", "--out", str(out)], catch_exceptions=False)
    assert pages == [(out / "report" / "report.html").as_uri()]
    [(config, title, remark)] = windows
    assert config == tiny.data(out)
    assert title == "napari-ralis: demo"
    assert pages[0] in str(remark)
