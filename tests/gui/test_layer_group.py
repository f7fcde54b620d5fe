"""The layer group on a viewer model without a window."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_ralis.layers.layer_group import LayerGroup, label_colours, outlines
from napari_ralis.layers.stack import TAG
from src_model.data.annotation import VOID
from src_model.data.class_schema import ClassSchema, SemanticClass
from src_model.data.region import Region

SCHEMA = ClassSchema("two", (SemanticClass(0, "road", (255, 0, 0)), SemanticClass(1, "sky", (0, 0, 255))))
OTHER = ClassSchema("one", (SemanticClass(0, "tree", (0, 255, 0)),))


def show(group: LayerGroup, size: tuple[int, int] = (20, 30), schema: ClassSchema = SCHEMA, value: int = 0) -> None:
    pixels = np.full((*size, 3), value, dtype=np.uint8)
    group.show(pixels, np.zeros(size, dtype=np.uint8), schema, (10, 10))


@pytest.fixture
def viewer() -> ViewerModel:
    return ViewerModel()


def test_outlines_run_along_the_borders_of_pixels() -> None:
    (box,) = outlines([Region("img", 2, 4, 3, 5)])
    assert box.tolist() == [[1.5, 3.5], [1.5, 8.5], [4.5, 8.5], [4.5, 3.5]]


def test_class_zero_is_visible_and_void_is_not() -> None:
    colours = label_colours(SCHEMA).map(np.array([0, 1, 7, VOID], dtype=np.uint8))
    assert colours.tolist() == [[1, 0, 0, 1], [0, 0, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert label_colours(SCHEMA).background_value == VOID, "otherwise the eraser would write class 0"


def test_layers_lie_in_order_and_cannot_be_edited(viewer: ViewerModel) -> None:
    group = LayerGroup(viewer)
    show(group)
    show(group, value=1)
    assert [layer.metadata[TAG] for layer in viewer.layers] == ["image", "masks", "regions"]
    assert not viewer.layers["Masks"].editable
    assert not viewer.layers["Regions"].editable


def test_the_next_image_takes_the_place_of_the_one_before(viewer: ViewerModel) -> None:
    group = LayerGroup(viewer)
    show(group)
    before = list(viewer.layers)
    show(group, value=9)
    assert list(viewer.layers) == before
    assert (viewer.layers["Image"].data == 9).all()


def test_an_image_of_another_size_gets_another_grid(viewer: ViewerModel) -> None:
    group = LayerGroup(viewer)
    show(group)
    assert len(viewer.layers["Regions"].data) == 6
    show(group, size=(40, 30))
    assert len(viewer.layers["Regions"].data) == 12
    assert viewer.layers["Masks"].data.shape == (40, 30)


def test_layers_that_were_renamed_and_moved_are_found_all_the_same(viewer: ViewerModel) -> None:
    group = LayerGroup(viewer)
    show(group)
    viewer.layers["Image"].name = "my picture"
    viewer.layers.reverse()
    show(group, value=7)
    assert len(viewer.layers) == 3
    assert (viewer.layers["my picture"].data == 7).all()


def test_the_view_is_reset_only_when_the_size_of_images_changes(
    viewer: ViewerModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    resets: list[str] = []
    monkeypatch.setattr(ViewerModel, "reset_view", lambda _viewer: resets.append("reset"))
    group = LayerGroup(viewer)
    show(group)
    resets.clear()
    show(group, value=3)
    assert resets == []
    show(group, size=(40, 30))
    assert resets == ["reset"]


def test_another_data_set_brings_its_own_classes(viewer: ViewerModel) -> None:
    group = LayerGroup(viewer)
    show(group)
    show(group, schema=OTHER)
    masks = viewer.layers["Masks"]
    assert masks.features["class"].tolist() == ["tree"]
    assert masks.colormap.map(np.uint8(0)).tolist() == [0, 1, 0, 1]


def test_clearing_removes_its_own_layers_only(viewer: ViewerModel) -> None:
    group = LayerGroup(viewer)
    viewer.add_points([[1, 1]], name="mine")
    show(group)
    group.clear()
    assert [layer.name for layer in viewer.layers] == ["mine"]
