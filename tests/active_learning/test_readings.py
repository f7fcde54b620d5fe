"""Readings: the matrix is kept as it was, and a few images stand for all that are labelled."""

import numpy as np

from src_model.active_learning.readings import look_back_images, reading_row
from src_model.data.annotation import Annotation
from src_model.data.labelled_set import LabelledSet
from src_model.data.region import Region
from src_model.segmentation.metrics import ConfusionMatrix


def labelled_images(count: int) -> LabelledSet:
    labelled = LabelledSet(lambda _image: (2, 4), 2)
    for number in range(count):
        for column in (0, 2):
            region = Region(f"image {number:02}", 0, column, 2, 2)
            labelled.add([Annotation.from_labels(region, np.zeros((2, 2), dtype=np.uint8))], step=1)
    return labelled


def test_a_row_holds_the_matrix_that_its_iou_were_read_from() -> None:
    row = reading_row(ConfusionMatrix(np.array([[3, 1], [0, 0]])), 1.02, ("sky", "car"))
    assert row["confusion"] == "3 1;0 0"
    assert row["iou_sky"] == 0.75
    assert row["iou_car"] is None


def test_few_labelled_images_are_all_looked_back_at() -> None:
    assert look_back_images(labelled_images(0), scored=100) == ()
    assert look_back_images(labelled_images(2), scored=100) == ("image 00", "image 01")


def test_of_many_labelled_images_the_same_few_are_spread_over_all() -> None:
    chosen = look_back_images(labelled_images(40), scored=500)
    assert chosen == tuple(f"image {number:02}" for number in range(0, 40, 3))
    assert len(chosen) == 14


def test_where_few_images_are_scored_fewer_are_looked_back_at() -> None:
    assert look_back_images(labelled_images(40), scored=24) == ("image 00", "image 14", "image 28")
    assert look_back_images(labelled_images(40), scored=1) == ("image 00",)
