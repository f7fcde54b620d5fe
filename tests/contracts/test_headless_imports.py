"""The engine runs where there is no napari and no Qt; what has to start fast leaves torch alone."""

from __future__ import annotations

import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import src_model

ROOT = Path(__file__).parents[2]
DESKTOP = ("napari", "npe2", "vispy", "qtpy", "superqt", "magicgui", "psygnal", "PyQt5", "PyQt6", "PySide2", "PySide6")
TORCH = ("torch", "torchvision", "segmentation_models_pytorch", "timm")
ENGINE = [module.name for module in pkgutil.walk_packages(src_model.__path__, "src_model.")]

IMPORT_WITH_BLOCKED = """
import importlib, json, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in blocked:
            raise ImportError(f"{name} is blocked")

modules, blocked = json.loads(sys.argv[1])
sys.meta_path.insert(0, Blocked())
faults = {}
for module in modules:
    try:
        importlib.import_module(module)
    except ImportError as error:
        faults[module] = str(error)
sys.stdout.write(json.dumps(faults))
"""


def faults_of_importing(modules: list[str], blocked: tuple[str, ...]) -> dict[str, str]:
    """Import the modules in a fresh interpreter in which the blocked packages cannot be had."""
    command = [sys.executable, "-c", IMPORT_WITH_BLOCKED, json.dumps([modules, blocked])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.fixture(scope="module")
def headless_faults() -> dict[str, str]:
    return faults_of_importing(ENGINE, (*DESKTOP, "napari_ralis"))


@pytest.mark.parametrize("module", ENGINE)
def test_the_engine_imports_without_napari_and_qt(module: str, headless_faults: dict[str, str]) -> None:
    assert module not in headless_faults, headless_faults[module]


def test_the_engine_has_modules_to_import() -> None:
    assert {"src_model.config", "src_model.events", "src_model.data.region"} <= set(ENGINE)


def test_a_blocked_package_is_really_out_of_reach() -> None:
    assert set(faults_of_importing(["napari_ralis.session"], ("psygnal",))) == {"napari_ralis.session"}


@pytest.mark.parametrize(
    ("modules", "blocked"),
    [
        (["napari_ralis"], (*DESKTOP, *TORCH, "numpy", "pydantic")),
        (["napari_ralis.cli"], (*DESKTOP, *TORCH)),
        (["napari_ralis.session", "napari_ralis.display_state"], (*TORCH, "napari", "qtpy", "superqt")),
        (["napari_ralis.settings"], (*DESKTOP, *TORCH)),
        (["napari_ralis.readers", "napari_ralis.writers", "napari_ralis.sample_data"], (*DESKTOP, *TORCH)),
        (["napari_ralis.dock_widget", "napari_ralis.commands"], TORCH),
    ],
    ids=["the package", "the command line", "the session", "settings", "files", "the dock"],
)
def test_what_starts_first_needs_neither_torch_nor_what_it_does_not_use(
    modules: list[str], blocked: tuple[str, ...]
) -> None:
    assert faults_of_importing(modules, blocked) == {}


def test_data_project_events_and_the_report_do_without_torch() -> None:
    torch_free = [
        module
        for module in ENGINE
        if module.startswith(("src_model.data", "src_model.project", "src_model.events", "src_model.report"))
    ]
    assert faults_of_importing(torch_free, TORCH) == {}
