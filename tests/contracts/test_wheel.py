"""The built wheel holds both packages and their data, and works from another folder."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from napari_ralis import __version__

ROOT = Path(__file__).parents[2]
SOURCES = {
    path.relative_to(ROOT).as_posix()
    for package in ("napari_ralis", "src_model")
    for path in (ROOT / package).rglob("*")
    if path.is_file() and path.suffix in {".py", ".json", ".yaml", ".j2", ".csv", ".safetensors", ".txt", ".md"}
}


def run(*command: str | Path, folder: Path) -> str:
    """Output of a command that has to succeed."""
    here = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}  # It would bring the sources in.
    done = subprocess.run(command, cwd=folder, env=here, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built offline by the installed hatchling."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, folder=folder)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new virtual environment with the wheel in it, which borrows all other packages from the running one."""
    home = tmp_path_factory.mktemp("elsewhere")
    run(sys.executable, "-m", "venv", "--without-pip", home / "env", folder=home)
    variables = {"base": str(home / "env"), "platbase": str(home / "env")}
    packages = Path(sysconfig.get_path("purelib", scheme="venv", vars=variables))
    borrowed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (packages / "borrowed.pth").write_text("\n".join(sorted(borrowed)))
    python = Path(sysconfig.get_path("scripts", scheme="venv", vars=variables)) / "python"
    install = ("-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", "--force-reinstall")
    run(sys.executable, *install, wheel, folder=home)
    return python.parent


def test_the_wheel_holds_both_packages_with_their_data_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert "napari_ralis/napari.yaml" in packed
    assert "src_model/config/run.py" in packed
    assert packed >= SOURCES
    assert {"src_model/shipped/checksums.txt", "src_model/shipped/segmenter-streets.safetensors"} <= packed
    assert {name.partition("/")[0] for name in packed} == {"napari_ralis", "src_model"}


def test_the_wheel_names_its_command_its_manifest_and_no_qt_binding(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        texts = {Path(name).name: archive.read(name).decode() for name in archive.namelist() if ".dist-info/" in name}
    assert "napari-ralis = napari_ralis.cli:main" in texts["entry_points.txt"]
    assert "napari-ralis = napari_ralis:napari.yaml" in texts["entry_points.txt"]
    assert "LICENSE" in texts
    required = [line for line in texts["METADATA"].splitlines() if line.startswith("Requires-Dist:")]
    base = [line for line in required if "extra ==" not in line]
    assert base
    assert not [line for line in base if "pyqt" in line.lower() or "pyside" in line.lower()]


def test_the_installed_command_runs_from_another_folder(elsewhere: Path, tmp_path: Path) -> None:
    assert run(elsewhere / "napari-ralis", "--version", folder=tmp_path).split() == ["napari-ralis", __version__]


def test_both_packages_are_imported_from_where_the_wheel_was_installed(elsewhere: Path, tmp_path: Path) -> None:
    code = "import napari_ralis, src_model.config; print(napari_ralis.__file__, src_model.config.__file__, sep='\\n')"
    places = run(elsewhere / "python", "-c", code, folder=tmp_path).split()
    assert all(Path(place).is_relative_to(elsewhere.parent) for place in places)


def test_napari_finds_the_plugin_of_the_wheel(elsewhere: Path, tmp_path: Path) -> None:
    code = (
        "from npe2 import PluginManager; manager = PluginManager(); manager.discover(); "
        "print(manager.get_manifest('napari-ralis').package_metadata.version)"
    )
    assert run(elsewhere / "python", "-c", code, folder=tmp_path).split() == [__version__]
