"""What lies round the region in hand: the frame and the neighbours' outlines, on a viewer model without a window."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_ralis.layers.annotation_layer import AnnotationLayer
from napari_ralis.layers.ghosts import MARGIN, Ghosts, surroundings
from napari_ralis.layers.preview import inner_outline
from napari_ralis.layers.region_frame import RegionFrame, framed
from napari_ralis.layers.stack import TAG, find
from src_model.data.annotation import IGNORED, VOID
from src_model.data.class_schema import ClassSchema, SemanticClass
from src_model.data.region import Region

SCHEMA = ClassSchema("one", (SemanticClass(0, "road", (200, 40, 40)),))


@pytest.fixture
def viewer() -> ViewerModel:
    return ViewerModel()


def test_the_frame_is_a_line_round_the_region_and_the_rest_is_dim() -> None:
    values = framed(Region("img", 2, 3, 2, 2), (6, 8))
    assert values.tolist() == [
        [1, 1, 1, 1, 1, 1, 1, 1],
        [1, 1, 2, 2, 2, 2, 1, 1],
        [1, 1, 2, 0, 0, 2, 1, 1],
        [1, 1, 2, 0, 0, 2, 1, 1],
        [1, 1, 2, 2, 2, 2, 1, 1],
        [1, 1, 1, 1, 1, 1, 1, 1],
    ]


def test_the_frame_of_a_region_in_the_corner_ends_with_the_image() -> None:
    assert framed(Region("img", 0, 2, 2, 2), (3, 4)).tolist() == [[1, 2, 0, 0], [1, 2, 0, 0], [1, 2, 2, 2]]


def test_surroundings_outline_where_two_classes_meet_and_not_where_labels_end() -> None:
    labels = np.full((5, 6), VOID, dtype=np.uint8)
    labels[1:4, :3], labels[1:4, 3:5] = 0, 1
    labels[3, 3] = IGNORED
    around = surroundings(Region("img", 0, 5, 1, 1), labels)
    assert around[MARGIN : MARGIN + 5, MARGIN - 5 : MARGIN + 1].tolist() == [
        [VOID] * 6,
        [VOID, VOID, 0, 1, VOID, VOID],
        [VOID, VOID, 0, 1, VOID, VOID],
        [VOID] * 6,
        [VOID] * 6,
    ]


def test_surroundings_reach_a_margin_beyond_the_region_and_leave_it_out() -> None:
    labels = (np.arange(200)[:, None] % 2 * np.ones(300)).astype(np.uint8)
    around = surroundings(Region("img", 80, 90, 20, 30), labels)
    assert around.shape == (20 + 2 * MARGIN, 30 + 2 * MARGIN)
    assert (around[MARGIN:-MARGIN, MARGIN:-MARGIN] == VOID).all()
    assert (around == VOID).sum() == 20 * 30
    assert (labels[80:100, 90:120] < 2).all(), "the image's labels are left alone"


def test_surroundings_end_where_the_image_ends() -> None:
    labels = (np.arange(40) % 2 * np.ones((20, 1))).astype(np.uint8)
    around = surroundings(Region("img", 0, 25, 20, 10), labels)
    assert around.shape == (20 + 2 * MARGIN, 10 + 2 * MARGIN)
    within = around[MARGIN : MARGIN + 20, MARGIN - 25 : MARGIN + 15]
    assert (within[:, :25] == labels[:, :25]).all()
    assert (within[:, 35:] == labels[:, 35:]).all()
    assert (around != VOID).sum() == 20 * (25 + 5), "nothing beyond the image, nothing in the region"


def test_an_outline_lies_within_what_it_goes_round() -> None:
    mask = np.zeros((5, 6), dtype=np.bool_)
    mask[1:4, 1:5] = True
    assert inner_outline(mask).astype(int).tolist() == [
        [0, 0, 0, 0, 0, 0],
        [0, 1, 1, 1, 1, 0],
        [0, 1, 0, 0, 1, 0],
        [0, 1, 1, 1, 1, 0],
        [0, 0, 0, 0, 0, 0],
    ]
    assert inner_outline(np.ones((3, 3), dtype=np.bool_)).sum() == 8, "the border of the patch counts"


def test_layers_lie_in_order_whatever_comes_first_and_the_annotation_stays_active(viewer: ViewerModel) -> None:
    region, labels = Region("img", 40, 40, 20, 20), np.zeros((100, 120), dtype=np.uint8)
    annotation = AnnotationLayer(viewer)
    annotation.show(region, np.full((20, 20), VOID, np.uint8), SCHEMA)
    Ghosts(viewer).show(region, labels, SCHEMA)
    RegionFrame(viewer).show(region, (100, 120))
    assert [layer.metadata[TAG] for layer in viewer.layers] == ["frame", "ghosts", "annotation", "preview"]
    active = viewer.layers.selection.active
    assert active is not None
    assert active.metadata[TAG] == "annotation"


def test_frame_and_ghosts_move_with_the_region_and_cannot_be_painted_on(viewer: ViewerModel) -> None:
    frame, ghosts = RegionFrame(viewer), Ghosts(viewer)
    labels = (np.arange(120) % 2 * np.ones((100, 1))).astype(np.uint8)
    for row, column in ((40, 40), (0, 100), (60, 20)):
        frame.show(Region("img", row, column, 20, 20), (100, 120))
        ghosts.show(Region("img", row, column, 20, 20), labels, SCHEMA)
    assert len(viewer.layers) == 2
    assert find(viewer, "frame").data[65, 25] == 0
    assert find(viewer, "frame").data[45, 45] == 1
    layer = find(viewer, "ghosts")
    shown = np.argwhere(layer.data != VOID) + layer.translate.astype(int)
    assert shown.min(axis=0).tolist() == [28, 0]
    assert shown.max(axis=0).tolist() == [99, 71]
    assert not ((shown >= (60, 20)) & (shown < (80, 40))).all(axis=1).any()
    assert not any(layer.editable for layer in viewer.layers)
    frame.clear()
    ghosts.clear()
    assert len(viewer.layers) == 0
