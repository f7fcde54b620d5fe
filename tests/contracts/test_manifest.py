"""npe2 accepts the manifest, and both places where it is looked for hold the same one."""

from __future__ import annotations

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
