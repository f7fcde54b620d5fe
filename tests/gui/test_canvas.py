"""Where the camera stands, on a viewer model without a window."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_ralis.layers.canvas import Canvas
from napari_ralis.layers.marks import Marks, marked
from napari_ralis.layers.stack import find
from src_model.data.annotation import VOID
from src_model.data.class_schema import ClassSchema, SemanticClass
from src_model.data.region import Region

SCHEMA = ClassSchema("one", (SemanticClass(0, "road", (200, 40, 40)),))


class Sight:
    """A canvas of 300×600 pixels over an image of 100×200."""

    def __init__(self) -> None:
        self.viewer = ViewerModel()
        self.canvas = Canvas(self.viewer, lambda: (300, 600))

    def look(self, row: int, column: int, size: int = 20, image: tuple[int, int] = (100, 200)) -> tuple[float, ...]:
        region = Region("img", row, column, size, size)
        self.canvas.show(
            region,
            np.zeros((*image, 3), np.uint8),
            np.full((size, size), VOID, np.uint8),
            np.full(image, VOID, np.uint8),
            SCHEMA,
        )
        return tuple(self.viewer.scene.camera.center[-2:])


def test_a_region_in_the_middle_lies_in_the_middle_of_the_canvas_at_three_times_its_size() -> None:
    sight = Sight()
    assert sight.look(40, 90) == (50.0, 100.0)
    assert sight.viewer.scene.camera.zoom == pytest.approx(300 / 60)


@pytest.mark.parametrize(
    ("row", "column", "middle"), [(0, 0, (30.0, 60.0)), (80, 180, (70.0, 140.0)), (0, 90, (30.0, 100.0))]
)
def test_at_the_edge_of_the_image_the_view_ends_with_it(row: int, column: int, middle: tuple[float, float]) -> None:
    assert Sight().look(row, column) == middle


def test_an_image_that_is_smaller_than_the_view_lies_in_its_middle() -> None:
    assert Sight().look(0, 0, size=20, image=(100, 40)) == (30.0, 20.0)
    assert Sight().look(0, 0, size=20, image=(20, 20)) == (10.0, 10.0)


def test_the_zoom_that_a_person_has_chosen_is_kept_from_region_to_region() -> None:
    sight = Sight()
    sight.look(40, 90)
    sight.viewer.scene.camera.zoom = 10.0
    assert sight.look(0, 0) == (15.0, 30.0)
    assert sight.viewer.scene.camera.zoom == 10.0
    sight.canvas.look_at_all()
    assert sight.viewer.scene.camera.zoom == pytest.approx(0.97 * 3)
    sight.canvas.look_back()
    assert sight.viewer.scene.camera.zoom == 10.0
    sight.look(40, 90)
    assert sight.viewer.scene.camera.zoom == 10.0


def test_layers_that_were_deleted_are_put_back_with_what_was_painted_and_the_others_stay() -> None:
    sight = Sight()
    sight.look(40, 90)
    sight.canvas.annotation.fill_rest()
    for role in ("annotation", "image", "frame", "ghosts"):
        sight.viewer.layers.remove(find(sight.viewer, role))
    mine = sight.viewer.add_points(name="mine")
    region = Region("img", 40, 90, 20, 20)
    sight.canvas.restore(region, np.zeros((100, 200, 3), np.uint8), np.full((100, 200), VOID, np.uint8), SCHEMA)
    assert (sight.canvas.annotation.patch == 0).all()
    assert sight.viewer.layers.selection.active is find(sight.viewer, "annotation")
    assert mine in sight.viewer.layers
    sight.canvas.annotation.undo()
    assert (sight.canvas.annotation.patch == 0).all(), "there is nothing to undo"


def test_marks_hatch_what_is_doubtful_and_seams_lie_over_it() -> None:
    doubtful, seams = np.zeros((20, 20), np.bool_), np.zeros((20, 20), np.bool_)
    doubtful[:10] = seams[:, 0] = True
    values = marked(doubtful, seams)
    assert 0 < (values[1:9, 3:19] > 0).mean() < 0.5
    assert (values[:, :2] >= 3).all()
    assert set(np.unique(values[:, :2])) == {3, 4}, "dashed in two colours"
    assert not values[11:, 3:].any()


def test_the_layer_of_marks_is_there_from_the_start_and_moves_only_when_there_is_something_to_mark() -> None:
    viewer = ViewerModel()
    marks, nothing = Marks(viewer), np.zeros((4, 4), np.bool_)
    marks.show((4, 4), nothing, nothing)
    assert tuple(find(viewer, "marks").translate) == (0, 0)
    assert not find(viewer, "marks").data.any()
    marks.show((8, 8), ~nothing, nothing)
    assert tuple(find(viewer, "marks").translate) == (8, 8)
    assert not find(viewer, "marks").editable
    marks.show((16, 16), nothing, nothing)
    assert not find(viewer, "marks").data.any()
    marks.clear()
    assert find(viewer, "marks") is None
