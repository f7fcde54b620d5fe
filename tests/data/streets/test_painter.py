"""The painter: what is nearer covers what is farther, and the labels are those of the pixels that were drawn."""

from __future__ import annotations

import numpy as np
import pytest

from src_model.data.streets.camera import DroneCamera, RoadCamera
from src_model.data.streets.classes import BUILDING, CAR, PERSON, ROAD, SKY
from src_model.data.streets.light import light_for
from src_model.data.streets.painter import Camera, paint, shadows
from src_model.data.streets.polygons import Polygons, box, polygon
from src_model.data.streets.stage import Stage

SIZE = (64, 128)
CLEAR = light_for({"clear": 1.0}, np.random.default_rng(0))
ROAD_CAMERA = RoadCamera(SIZE, 0.0, 1.4, 0.0, 0.0, 1.0, 0.45, 0.0)
RED, BLUE = (240.0, 10.0, 10.0), (10.0, 10.0, 240.0)


def cube(colour: tuple[float, float, float], label: int) -> Polygons:
    return box((-1, 1), (0, 2), (-0.5, 0.5), colour, label)


def painted(stage: Stage, camera: Camera = ROAD_CAMERA) -> tuple[np.ndarray, np.ndarray]:
    scenery = stage.scenery()
    _, shaded = shadows(scenery, camera, CLEAR)
    ground, classes = np.full((3, *SIZE), 128, np.uint8), np.full(SIZE, ROAD, np.uint8)
    return paint(ground, classes, scenery, camera, CLEAR, shaded)


@pytest.mark.parametrize("near_first", [True, False])
def test_the_nearer_thing_covers_the_farther_one_whatever_was_put_down_first(near_first: bool) -> None:
    stage = Stage()
    things = [(RED, CAR, 6.0), (BLUE, PERSON, 12.0)]
    for colour, label, z in things if near_first else things[::-1]:
        stage.add(cube(colour, label), 0, z, 5)
    _, labels = painted(stage)
    assert (labels == CAR).sum() > 100
    # The farther cube is the smaller one and lies wholly behind.
    assert not (labels == PERSON).any()


def test_an_inner_strip_covers_an_outer_one_at_any_distance() -> None:
    stage = Stage()
    stage.add(cube(RED, CAR), 0, 12.0, 5)
    stage.add(cube(BLUE, BUILDING), 0, 6.0, 2)
    _, labels = painted(stage)
    assert (labels == CAR).any()
    assert (labels == BUILDING).any()


def test_labels_are_those_of_the_colours() -> None:
    stage = Stage()
    stage.add(cube(RED, CAR), -1.5, 7.0, 5)
    stage.add(cube(BLUE, PERSON), 1.5, 9.0, 5)
    image, labels = painted(stage)
    red, blue = (image[..., channel].astype(int) - image[..., 2 - channel] for channel in (0, 2))
    # Pixels at an edge are mixed: half of them may show the other side more.
    assert (red[labels == CAR] > 20).mean() > 0.9
    assert (blue[labels == PERSON] > 20).mean() > 0.9
    assert (np.maximum(red, blue)[labels == ROAD] < 40).mean() > 0.97


def test_what_is_behind_the_camera_is_not_drawn() -> None:
    stage = Stage()
    stage.add(cube(RED, CAR), 0, -5.0, 5)
    _, labels = painted(stage)
    assert (labels == ROAD).all()


def test_what_surrounds_the_picture_is_drawn_though_none_of_its_corners_lies_in_it() -> None:
    stage = Stage()
    wall = [(-90.0, -90.0, 0.0), (90.0, -90.0, 0.0), (90.0, 90.0, 0.0), (-90.0, 90.0, 0.0)]
    stage.add(polygon(wall, RED, CAR), 0, 10.0, 5)
    _, labels = painted(stage)
    assert (labels == CAR).all()


def test_from_above_a_house_shows_its_roof_and_throws_a_shadow() -> None:
    camera = DroneCamera(SIZE, 0.0, 0.0, 60.0, 0.3)
    stage = Stage()
    stage.add(box((-8, 8), (0, 8), (-8, 8), RED, SKY), 0, 0, 3)
    scenery = stage.scenery()
    shade, _ = shadows(scenery, camera, CLEAR)
    _, labels = painted(stage, camera)
    assert (labels == SKY).sum() > 300
    dark = shade < 0.9
    assert (dark & (labels == ROAD)).sum() > 30
