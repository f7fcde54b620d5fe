"""The annotation layer in a real viewer: strokes, erasing, filling, undo, and one region after another."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
from annotation_desk import QUARTERS, REGION, SCHEMA, Desk, Paper
from pytestqt.qtbot import QtBot

from napari_ralis.layers.stack import TAG, find
from src_model.data.annotation import VOID
from src_model.data.region import Region
from src_model.labelling.superpixels import Superpixels
from src_model.labelling.tools import Tool


def test_a_stroke_paints_the_class_in_the_brush_and_is_undone_and_redone_as_one(desk: Desk) -> None:
    desk.annotation.set_class(2)
    desk.annotation.set_brush_size(3)
    desk.drag((5, 5), (5, 10), (5, 15))
    patch = desk.annotation.patch
    assert (patch[4:7, 5:16] == 2).all()
    assert (patch[9:] == VOID).all()
    desk.annotation.undo()
    assert desk.annotation.progress.unpainted == 24 * 32
    desk.annotation.redo()
    assert (desk.annotation.patch == patch).all()


def test_the_status_bar_names_the_class_or_that_there_is_none(paper: Paper) -> None:
    patch = np.full(REGION.shape, VOID, np.uint8)
    patch[:12] = 2
    paper.show(patch=patch)
    said = [paper.layer.get_status((row, 45), world=True)["value"] for row in (32, 50)]
    assert "class: car" in said[0]
    assert "class: unpainted" in said[1]


def test_class_zero_is_painted_like_any_other(desk: Desk) -> None:
    desk.annotation.set_class(0)
    desk.click(5, 5)
    assert desk.annotation.patch[5, 5] == 0


def test_a_stroke_that_starts_outside_the_region_is_clipped(desk: Desk) -> None:
    desk.annotation.set_class(1)
    desk.annotation.set_brush_size(1)
    desk.drag((6, -8), (6, 3), (-5, 3))
    painted = desk.painted(1)
    assert (6, 0) in painted
    assert (0, 3) in painted
    assert desk.annotation.patch.shape == REGION.shape


def test_the_eraser_leaves_unpainted_and_not_class_zero(desk: Desk) -> None:
    desk.show(patch=np.full(REGION.shape, 3, np.uint8))
    desk.annotation.set_tool(Tool.ERASER)
    desk.click(5, 5)
    assert desk.annotation.patch[5, 5] == VOID
    assert (desk.annotation.patch == 0).sum() == 0


def test_nothing_of_the_region_before_can_be_undone(desk: Desk) -> None:
    desk.click(5, 5)
    following = Region("img", 54, 40, 24, 32)
    desk.show(following, np.full(following.shape, 1, np.uint8))
    desk.annotation.undo()
    desk.annotation.redo()
    assert (desk.annotation.patch == 1).all()
    assert tuple(desk.layer.translate) == (54, 40)


def test_regions_of_other_shapes_at_the_border_fit_too(paper: Paper) -> None:
    corner = Region("img", 78, 112, 12, 8)
    paper.show(corner)
    paper.annotation.fill_rest()
    assert paper.annotation.patch.shape == (12, 8)
    assert paper.annotation.progress.unpainted == 0
    paper.show(REGION)
    assert paper.annotation.progress.pixels == 24 * 32


def test_the_patch_that_was_given_and_the_one_that_is_taken_are_copies(paper: Paper) -> None:
    given = np.full(REGION.shape, VOID, np.uint8)
    paper.show(patch=given)
    taken = paper.annotation.patch
    paper.annotation.fill_rest()
    assert (given == VOID).all()
    assert (taken == VOID).all()


def test_filling_the_rest_leaves_what_is_painted_and_is_one_step(desk: Desk) -> None:
    desk.annotation.set_class(1)
    desk.click(5, 5)
    desk.annotation.set_class(0)
    desk.annotation.fill_rest()
    assert set(np.unique(desk.annotation.patch)) == {0, 1}
    desk.annotation.undo()
    assert set(np.unique(desk.annotation.patch)) == {1, VOID}


def test_a_layer_that_was_deleted_comes_back_with_what_was_painted_and_works(desk: Desk) -> None:
    desk.annotation.set_class(2)
    desk.click(5, 5)
    desk.viewer.layers.remove(desk.layer)
    desk.annotation.fill_rest()
    assert (desk.annotation.patch == 2).all()
    desk.annotation.set_class(1)
    desk.click(5, 5)
    assert desk.annotation.patch[5, 5] == 1


def test_unpainted_pixels_are_hatched_on_request_and_the_hatching_follows(paper: Paper) -> None:
    paper.annotation.show_unpainted(True)
    hatched = (find(paper.viewer, "preview").data > 0).mean()
    assert 0.1 < hatched < 0.3
    paper.annotation.fill_rest()
    assert not find(paper.viewer, "preview").data.any()
    paper.annotation.undo()
    paper.annotation.show_unpainted(False)
    assert not find(paper.viewer, "preview").data.any()


def test_what_was_painted_is_told(desk: Desk, qtbot: QtBot) -> None:
    changes: list[float] = []
    desk.annotation.painted.connect(lambda: changes.append(desk.annotation.progress.share))
    desk.click(5, 5)
    desk.annotation.fill_rest()
    desk.annotation.undo()
    assert len(changes) == 3
    assert changes[1] == 0
    assert changes[0] == changes[2]


def test_enter_means_nothing_in_the_middle_of_a_stroke(desk: Desk) -> None:
    desk.press(5, 5)
    assert desk.annotation.complete()
    desk.release(5, 5)
    assert not desk.annotation.complete()


def test_two_hundred_regions_leave_one_layer_and_no_patch_behind(paper: Paper) -> None:
    class Patch(np.ndarray):
        """An array that can be referred to weakly."""

    left: list[weakref.ref[Patch]] = []
    layers, callbacks = len(paper.viewer.layers), 0
    for number in range(200):
        patch = np.full(REGION.shape, number % 4, np.uint8).view(Patch)
        left.append(weakref.ref(patch))
        paper.annotation.show(Region("img", number % 60, number % 80, 24, 32), patch, SCHEMA)
        paper.annotation.set_superpixels(Superpixels(QUARTERS.ids.copy(), QUARTERS.borders))
        paper.annotation.set_tool((Tool.SUPERPIXEL, Tool.BRUSH, Tool.POLYGON)[number % 3])
        paper.annotation.fill_rest()
        if number == 20:
            layers = len(paper.viewer.layers)
            callbacks = _callbacks(paper.layer)
    del patch
    gc.collect()
    assert len(paper.viewer.layers) == layers
    assert _callbacks(paper.layer) == callbacks
    assert sum(reference() is not None for reference in left) == 0


def test_layers_of_others_stay_and_ours_go(paper: Paper) -> None:
    paper.annotation.clear()
    assert [layer.metadata.get(TAG) for layer in paper.viewer.layers] == [None]
    assert paper.annotation.region is None
    paper.annotation.fill_rest()
    paper.annotation.set_tool(Tool.LINE)
    paper.annotation.undo()
    assert len(paper.viewer.layers) == 1, "with no region in hand nothing comes back"


def _callbacks(layer: Any) -> int:
    mouse = len(layer.mouse_drag_callbacks) + len(layer.mouse_move_callbacks)
    return mouse + sum(len(emitter.callbacks) for emitter in layer.events.emitters.values())
