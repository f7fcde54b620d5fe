"""npe2 accepts the manifest, and both places where it is looked for hold the same one."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

from npe2 import PluginManifest

ROOT = Path(__file__).parents[2]
INSIDE = ROOT / "napari_ralis" / "napari.yaml"


def test_the_manifest_is_valid() -> None:
    manifest = PluginManifest.from_file(INSIDE)
    manifest.validate_imports()
    assert manifest.name == "napari-ralis"


def test_the_manifest_at_the_root_is_a_link_to_the_one_in_the_package() -> None:
    link = ROOT / "napari.yaml"
    assert link.is_symlink()
    assert not link.readlink().is_absolute()
    assert link.read_bytes() == INSIDE.read_bytes()


def test_the_installed_package_points_napari_at_its_manifest() -> None:
    manifest = PluginManifest.from_distribution("napari-ralis")
    assert manifest.contributions.widgets is not None
    assert [widget.display_name for widget in manifest.contributions.widgets] == ["Labelling"]


def test_every_widget_asks_for_the_viewer_by_the_name_that_napari_knows() -> None:
    manifest = PluginManifest.from_file(INSIDE)
    commands = {command.id: command.python_name for command in manifest.contributions.commands or ()}
    for widget in manifest.contributions.widgets or ():
        module, _, name = str(commands[widget.command]).partition(":")
        assert "napari_viewer" in getattr(import_module(module), name).__init__.__annotations__


def test_npe2_s_own_check_accepts_it_without_a_network() -> None:
    command = [sys.executable, "-m", "npe2", "validate", str(INSIDE), "--imports"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_menu_it_adds_to_is_one_that_napari_lets_plugins_add_to() -> None:
    from napari._app_model.constants._menus import is_menu_contributable

    menus = PluginManifest.from_file(INSIDE).contributions.menus
    assert set(menus) == {"napari/layers/annotate", "napari/layers/segment", "napari/layers/measure"}
    assert all(map(is_menu_contributable, menus))


def test_every_command_is_used_and_every_used_one_is_declared() -> None:
    contributions = PluginManifest.from_file(INSIDE).contributions
    declared = [command.id for command in contributions.commands or ()]
    parts = (contributions.widgets, contributions.readers, contributions.writers, contributions.sample_data)
    used = {item.command for part in parts for item in part or ()}
    used |= {item.command for items in contributions.menus.values() for item in items}
    assert len(declared) == len(set(declared))
    assert set(declared) == used


def test_no_reader_takes_files_that_are_somebody_else_s() -> None:
    readers = PluginManifest.from_file(INSIDE).contributions.readers or ()
    assert {pattern for reader in readers for pattern in reader.filename_patterns} == {"project.json"}
