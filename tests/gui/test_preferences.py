"""Our page of napari's Preferences: what is set there is what new layers get."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from npe2 import PluginManifest

from napari_ralis.layers.layer_group import LayerGroup
from napari_ralis.layers.origin import Origin
from napari_ralis.preferences import mask_opacity, person
from napari_ralis.readers import layer_data
from src_model.config import DataConfig
from src_model.data.readers.cityscapes import CITYSCAPES

napari_settings = pytest.importorskip("napari.settings")
if not hasattr(napari_settings, "get_plugin_settings"):
    pytest.skip("this napari has no preferences of plugins", allow_module_level=True)

MANIFEST = Path(__file__).parents[2] / "napari_ralis" / "napari.yaml"


@pytest.fixture
def page(plugin_settings: Any, npe2pm: Any) -> Any:
    """Our page as napari makes it from the manifest, in a folder of the test's own."""
    with npe2pm.tmp_plugin(manifest=PluginManifest.from_file(MANIFEST)):
        yield napari_settings.get_plugin_settings("napari-ralis").display


def test_masks_are_half_opaque_until_somebody_says_otherwise(page: Any) -> None:
    assert mask_opacity() == 0.5
    page.mask_opacity = 30
    assert mask_opacity() == 0.3


def test_what_is_set_is_kept_in_a_file_of_ours_beside_napari_s(page: Any, tmp_path: Path) -> None:
    page.mask_opacity = 30
    assert "mask_opacity: 30" in (tmp_path / "napari-ralis.yaml").read_text()


def test_an_opacity_beyond_its_bounds_is_refused_by_napari(page: Any) -> None:
    with pytest.raises(ValueError, match="100"):
        page.mask_opacity = 101


def test_new_layers_get_the_opacity(page: Any, make_napari_viewer: Callable[..., Any]) -> None:
    page.mask_opacity = 20
    pixels, labels = np.zeros((4, 4, 3), dtype=np.uint8), np.zeros((4, 4), dtype=np.uint8)
    assert layer_data("a", pixels, labels, CITYSCAPES, Origin(DataConfig(), "a"))[1][1]["opacity"] == 0.2
    viewer = make_napari_viewer()
    LayerGroup(viewer).show(pixels, labels, CITYSCAPES, (2, 2))
    assert viewer.layers["Masks"].opacity == 0.2


@pytest.mark.parametrize("pages", [None, dict], ids=["a napari without such pages", "our plugin is disabled"])
def test_without_a_page_the_default_counts(monkeypatch: pytest.MonkeyPatch, pages: Callable[[], Any] | None) -> None:
    if pages is None:
        monkeypatch.delattr(sys.modules["napari.settings"], "get_plugin_settings")
    else:
        monkeypatch.setattr(sys.modules["napari.settings"], "get_plugin_settings", pages)
    assert mask_opacity() == 0.5


def test_a_person_is_called_by_the_name_that_was_set_and_else_by_the_login(
    plugin_settings: Any, npe2pm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "login")
    with npe2pm.tmp_plugin(manifest=PluginManifest.from_file(MANIFEST)):
        assert person() == "login"
        napari_settings.get_plugin_settings("napari-ralis").labelling.name = " Änne "
        assert person() == "Änne"


def test_on_a_machine_that_knows_no_login_nobody_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> str:
        raise OSError("no such user")

    monkeypatch.setattr(getpass, "getuser", unknown)
    assert person() == ""
