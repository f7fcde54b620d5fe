"""Classes of the two kinds of scenes: the 19 of Cityscapes in the street, the 8 of UAVid from above."""

from __future__ import annotations

from src_model.data.class_schema import ClassSchema, SemanticClass
from src_model.data.readers.cityscapes import CITYSCAPES

STREET_CLASSES = CITYSCAPES
"""Class indices of street scenes are train ids."""

DRONE_CLASSES = ClassSchema(
    "uavid",
    (
        SemanticClass(0, "building", (128, 0, 0)),
        SemanticClass(1, "road", (128, 64, 128)),
        SemanticClass(2, "static car", (192, 0, 192)),
        SemanticClass(3, "tree", (0, 128, 0)),
        SemanticClass(4, "low vegetation", (128, 128, 0)),
        SemanticClass(5, "human", (64, 64, 0)),
        SemanticClass(6, "moving car", (64, 0, 128)),
        SemanticClass(7, "background clutter", (0, 0, 0)),
    ),
)
"""The classes of UAVid in its colours."""

ROAD, SIDEWALK, BUILDING, WALL, FENCE, POLE, TRAFFIC_LIGHT, TRAFFIC_SIGN, VEGETATION, TERRAIN = range(10)
SKY, PERSON, RIDER, CAR, TRUCK, BUS, TRAIN, MOTORCYCLE, BICYCLE = range(10, 19)

ROOF, STREET, PARKED_CAR, TREE, LAWN, HUMAN, MOVING_CAR, CLUTTER = range(8)
"""Indices of `DRONE_CLASSES`."""
