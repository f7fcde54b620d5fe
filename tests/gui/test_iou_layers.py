"""IoU and prediction layers on a viewer model without a window."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Points

from napari_ralis.layers.iou_layers import OUTCOME_COLOURS, OUTCOMES, REGION_IOU, ClassView, IouLayers, outcome_colours
from napari_ralis.layers.layer_group import LayerGroup
from napari_ralis.layers.prediction_layers import PREDICTION, UNCERTAINTY, PredictionLayers
from napari_ralis.layers.stack import TAG
from src_model.data.annotation import VOID
from src_model.data.class_schema import ClassSchema, SemanticClass
from src_model.data.region import RegionGrid
from src_model.labelling.outcome_maps import Outcome

SCHEMA = ClassSchema("two", (SemanticClass(0, "road", (255, 0, 0)), SemanticClass(1, "sky", (0, 0, 255))))
TITLE = "IoU road 41 ± 6 (23 regions)"


def class_view(title: str = TITLE, size: tuple[int, int] = (20, 35), value: int = 1) -> ClassView:
    grid = RegionGrid(size, (10, 10))
    shape = len(grid.row_edges) - 1, len(grid.column_edges) - 1
    iou = np.linspace(0, 1, shape[0] * shape[1], dtype=np.float32).reshape(shape)
    return ClassView(title, np.full(size, value, dtype=np.uint8), iou, grid)


def show_prediction(layers: PredictionLayers, size: tuple[int, int] = (20, 35), value: int = 0, cell: int = 1) -> None:
    classes = np.full(size, value, dtype=np.uint8)
    uncertainty = np.full(size, 0.25, dtype=np.float32)
    if not layers.show(classes, uncertainty, SCHEMA, (cell, cell)):
        assert layers.show(classes, uncertainty, SCHEMA, (cell, cell))


def with_role(viewer: ViewerModel, role: str):
    [layer] = [layer for layer in viewer.layers if layer.metadata.get(TAG) == role]
    return layer


@pytest.fixture
def viewer() -> ViewerModel:
    return ViewerModel()


def test_the_name_says_class_iou_and_interval(viewer: ViewerModel) -> None:
    IouLayers(viewer).show(class_view())
    assert [layer.name for layer in viewer.layers] == [f"By region: {TITLE}", TITLE]


def test_the_next_fit_changes_the_layers_in_place(viewer: ViewerModel) -> None:
    layers = IouLayers(viewer)
    layers.show(class_view())
    before = list(viewer.layers)
    layers.show(class_view("IoU road 47 ± 5 (30 regions)", value=3))
    assert all(one is other for one, other in zip(before, viewer.layers, strict=True))
    assert with_role(viewer, OUTCOMES).name == "IoU road 47 ± 5 (30 regions)"
    assert (with_role(viewer, OUTCOMES).data == 3).all()


def test_what_the_user_has_set_stays(viewer: ViewerModel) -> None:
    layers = IouLayers(viewer)
    layers.show(class_view())
    outcomes = with_role(viewer, OUTCOMES)
    outcomes.name, outcomes.opacity, outcomes.visible = "my errors", 0.3, False
    viewer.layers.reverse()
    order = list(viewer.layers)
    layers.show(class_view("IoU road 47 ± 5 (30 regions)", value=2))
    assert list(viewer.layers) == order
    assert (outcomes.name, outcomes.opacity, outcomes.visible) == ("my errors", 0.3, False)
    assert (outcomes.data == 2).all()
    assert with_role(viewer, REGION_IOU).name == "By region: IoU road 47 ± 5 (30 regions)"


@pytest.mark.parametrize("role", [OUTCOMES, REGION_IOU])
def test_a_deleted_layer_comes_back_with_the_next_fit(viewer: ViewerModel, role: str) -> None:
    layers = IouLayers(viewer)
    layers.show(class_view())
    viewer.layers.remove(with_role(viewer, role))
    layers.show(class_view())
    assert [layer.metadata[TAG] for layer in viewer.layers] == [REGION_IOU, OUTCOMES]


def test_no_more_than_one_layer_is_made_at_a_time(viewer: ViewerModel) -> None:
    layers, values = PredictionLayers(viewer), np.zeros((4, 6), dtype=np.uint8)
    for made, finished in ((1, False), (2, True), (2, True)):
        assert layers.show(values, values.astype(np.float32), SCHEMA) == finished
        assert len(viewer.layers) == made


def test_what_is_painted_on_stays_active(viewer: ViewerModel) -> None:
    painted = viewer.add_labels(np.zeros((5, 5), dtype=np.uint8))
    other = viewer.add_points(np.zeros((1, 2)))
    viewer.layers.selection.active = painted
    IouLayers(viewer).show(class_view())
    show_prediction(PredictionLayers(viewer))
    assert viewer.layers.selection.active is painted
    assert other not in viewer.layers.selection


def test_two_viewers_are_independent(viewer: ViewerModel) -> None:
    second = ViewerModel()
    IouLayers(viewer).show(class_view())
    IouLayers(second).show(class_view("IoU sky 90 ± 2 (40 regions)", value=2))
    assert with_role(viewer, OUTCOMES).name == TITLE
    assert (with_role(viewer, OUTCOMES).data == 1).all()
    IouLayers(viewer).clear()
    assert len(second.layers) == 2


def test_a_name_that_is_taken_is_still_changed_with_the_next_fit(viewer: ViewerModel) -> None:
    viewer.add_layer(Points(name=TITLE))
    layers = IouLayers(viewer)
    layers.show(class_view())
    layers.show(class_view("IoU road 47 ± 5 (30 regions)"))
    assert with_role(viewer, OUTCOMES).name == "IoU road 47 ± 5 (30 regions)"


def test_outcomes_have_fixed_colours_and_words(viewer: ViewerModel) -> None:
    colours = outcome_colours().map(np.array([0, *OUTCOME_COLOURS, 9], dtype=np.uint8))
    assert colours[:, 3].tolist() == [0, 1, 1, 1, 0]
    brightness = colours[1:4, :3] @ [0.2126, 0.7152, 0.0722]
    assert np.abs(np.subtract.outer(brightness, brightness))[np.triu_indices(3, 1)].min() > 0.1
    IouLayers(viewer).show(class_view(value=Outcome.MISS))
    assert "miss" in with_role(viewer, OUTCOMES).get_status((3, 3))["value"]
    assert not with_role(viewer, OUTCOMES).editable


def test_the_heat_map_lies_on_its_regions_also_where_they_are_larger(viewer: ViewerModel) -> None:
    view = class_view(size=(20, 33))
    IouLayers(viewer).show(view)
    heat = with_role(viewer, REGION_IOU)
    assert heat.data.shape == (20, 33)
    assert (heat.data[:10, 20:] == view.region_iou[0, 2]).all()
    assert tuple(heat.contrast_limits) == (0, 1)


def test_images_of_any_size_follow_each_other(viewer: ViewerModel) -> None:
    layers, predictions = IouLayers(viewer), PredictionLayers(viewer)
    for size in ((20, 35), (8, 5), (64, 64)):
        layers.show(class_view(size=size))
        show_prediction(predictions, size)
        assert {layer.data.shape for layer in viewer.layers} == {size}
    assert len(viewer.layers) == 4


def test_everything_lies_between_the_image_and_the_outlines(viewer: ViewerModel) -> None:
    LayerGroup(viewer).show(np.zeros((20, 30, 3), dtype=np.uint8), np.zeros((20, 30), dtype=np.uint8), SCHEMA, (10, 10))
    IouLayers(viewer).show(class_view(size=(20, 30)))
    show_prediction(PredictionLayers(viewer), (20, 30))
    roles = [layer.metadata[TAG] for layer in viewer.layers]
    assert roles == ["image", "masks", PREDICTION, UNCERTAINTY, REGION_IOU, OUTCOMES, "regions"]


def test_predictions_have_the_colours_and_names_of_the_classes(viewer: ViewerModel) -> None:
    show_prediction(PredictionLayers(viewer), value=1)
    prediction = with_role(viewer, PREDICTION)
    assert prediction.colormap.map(np.uint8(1)).tolist() == [0, 0, 1, 1]
    prediction.visible = True
    assert "sky" in prediction.get_status((3, 3))["value"]
    assert tuple(with_role(viewer, UNCERTAINTY).contrast_limits) == (0, 1)


def test_cells_lie_on_their_pixels(viewer: ViewerModel) -> None:
    layers = PredictionLayers(viewer)
    show_prediction(layers, (4, 6), cell=10)
    extent = with_role(viewer, PREDICTION).extent.world
    # From the middle of the first cell to that of the last.
    assert extent.tolist() == [[4.5, 4.5], [34.5, 54.5]]
    show_prediction(layers, (40, 60))
    assert with_role(viewer, UNCERTAINTY).scale.tolist() == [1, 1]
    assert with_role(viewer, UNCERTAINTY).translate.tolist() == [0, 0]


def test_on_a_check_region_there_is_no_prediction_to_look_at(viewer: ViewerModel) -> None:
    layers = PredictionLayers(viewer)
    layers.blank()
    show_prediction(layers)
    before = list(viewer.layers)
    layers.blank()
    assert list(viewer.layers) == before
    assert (with_role(viewer, PREDICTION).data == VOID).all()
    assert np.isnan(with_role(viewer, UNCERTAINTY).data).all()
