"""Layers redrawn in place: no more of them is sent to the screen than has changed."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels

from napari_ralis.layers.stack import redraw


@pytest.fixture
def layer() -> Labels:
    viewer = ViewerModel()
    viewer.add_image(np.zeros((64, 128), dtype=np.uint8))
    return viewer.add_labels(np.zeros((16, 16), dtype=np.uint8))


def test_of_labels_only_the_rectangle_that_changes_is_sent(layer: Labels) -> None:
    sent, whole = list[tuple[tuple[int, ...], list[int]]](), list[object]()
    layer.events.labels_update.connect(lambda event: sent.append((event.data.shape, list(event.offset))))
    layer.events.set_data.connect(whole.append)
    values = np.zeros((16, 16), dtype=np.uint8)
    values[3, 5] = values[7, 6] = 2
    redraw(layer, values, (0, 0))
    assert sent == [((5, 2), [3, 5])]
    redraw(layer, values, (0, 0))
    assert len(sent) == 1, "nothing has changed"
    assert not whole
    np.testing.assert_array_equal(layer.data, values)


def test_labels_shown_as_outlines_are_drawn_as_a_whole(layer: Labels) -> None:
    whole: list[object] = []
    layer.contour = 1
    layer.events.set_data.connect(whole.append)
    redraw(layer, np.ones((16, 16), dtype=np.uint8), (0, 0))
    assert whole
    assert (layer.data == 1).all()


def test_a_layer_that_is_moved_within_the_image_is_not_measured_or_sliced_again(layer: Labels) -> None:
    heard: list[str] = []
    for name in ("extent", "set_data", "thumbnail"):
        layer.events[name].connect(lambda event: heard.append(event.type))
    moved: list[object] = []
    layer.events.translate.connect(moved.append)
    redraw(layer, np.zeros((16, 16), dtype=np.uint8), (32, 48))
    assert tuple(layer.translate) == (32, 48)
    assert len(moved) == 1
    assert not heard
    assert layer.extent.world[0].tolist() == [32, 48]


def test_an_image_is_exchanged_in_its_own_array_or_in_a_new_one_of_another_size() -> None:
    first = np.zeros((4, 6, 3), dtype=np.uint8)
    layer = Image(first.copy(), rgb=True)
    held, second = layer.data, np.full((4, 6, 3), 7, dtype=np.uint8)
    redraw(layer, second, (0, 0))
    assert layer.data is held
    np.testing.assert_array_equal(held, second)
    larger = np.full((5, 6, 3), 9, dtype=np.uint8)
    redraw(layer, larger, (0, 0))
    np.testing.assert_array_equal(layer.data, larger)
    redraw(layer, second[:5], (0, 0))
    assert (larger == 9).all(), "what was handed in is not written to"
