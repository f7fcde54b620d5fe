from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchmetrics.classification import MulticlassJaccardIndex

from src_model.data.annotation import IGNORED, VOID
from src_model.segmentation.metrics import ConfusionMatrix, Evaluation, confusion_matrix


def test_rows_are_labels_and_columns_are_predictions() -> None:
    labels = np.array([[0, 0, 1]], dtype=np.uint8)
    predictions = np.array([[0, 1, 1]], dtype=np.uint8)
    assert confusion_matrix(labels, predictions, 2).counts.tolist() == [[1, 1], [0, 1]]


def test_void_and_ignored_pixels_are_left_out() -> None:
    labels = np.array([0, VOID, IGNORED, 1, 11], dtype=np.uint8)
    predictions = np.array([0, 0, 1, 1, 1], dtype=np.uint8)
    assert confusion_matrix(labels, predictions, 2).counts.tolist() == [[1, 0], [0, 1]]


def test_iou_is_hits_over_union() -> None:
    matrix = ConfusionMatrix(np.array([[3, 1], [2, 4]]))
    assert matrix.iou().tolist() == [3 / 6, 4 / 7]
    assert matrix.mean_iou() == pytest.approx((3 / 6 + 4 / 7) / 2)
    assert matrix.weighted_iou(np.array([3.0, 1.0])) == pytest.approx((3 * 3 / 6 + 4 / 7) / 4)


def test_a_class_without_support_is_left_out_of_every_mean() -> None:
    """Class 2 is predicted once but nowhere labelled: its IoU is unknown, and class 0 pays for the false alarm."""
    matrix = ConfusionMatrix(np.array([[3, 0, 1], [0, 4, 0], [0, 0, 0]]))
    assert matrix.support.tolist() == [4, 4, 0]
    assert matrix.supported.tolist() == [True, True, False]
    assert np.isnan(matrix.iou()[2])
    assert matrix.mean_iou() == pytest.approx((3 / 4 + 1) / 2)
    assert matrix.weighted_iou(np.array([1.0, 1.0, 100.0])) == pytest.approx((3 / 4 + 1) / 2)


def test_nothing_labelled_is_zero_and_never_nan() -> None:
    nothing = confusion_matrix(np.full((4, 4), VOID, np.uint8), np.zeros((4, 4), np.uint8), 3)
    assert nothing.mean_iou() == 0.0
    assert nothing.weighted_iou(np.ones(3)) == 0.0
    assert ConfusionMatrix(np.array([[1, 0], [0, 0]])).weighted_iou(np.array([0.0, 1.0])) == 0.0


def test_matrices_of_parts_add_up_to_the_matrix_of_the_whole() -> None:
    rng = np.random.default_rng(0)
    labels, predictions = rng.integers(0, 4, (2, 6, 5))
    parts = [confusion_matrix(labels[rows], predictions[rows], 4) for rows in (slice(0, 2), slice(2, 3), slice(3, 6))]
    whole = ConfusionMatrix.empty(4).added(*parts)
    assert np.array_equal(whole.counts, confusion_matrix(labels, predictions, 4).counts)
    assert np.array_equal((parts[0] + parts[1]).counts, parts[0].added(parts[1]).counts)


def test_read_only_arrays_and_tensors_count_alike() -> None:
    labels, predictions = np.random.default_rng(0).integers(0, 3, (2, 8, 8)).astype(np.uint8)
    labels.setflags(write=False)
    expected = confusion_matrix(labels, predictions, 3)
    tensors = confusion_matrix(torch.tensor(labels), torch.tensor(predictions), 3)
    assert np.array_equal(expected.counts, tensors.counts)
    assert expected.counts.sum() == 64


def test_shapes_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="differ in shape"):
        confusion_matrix(np.zeros(4, np.uint8), np.zeros((2, 2), np.uint8), 2)


@given(
    st.integers(2, 12),
    st.integers(1, 400),
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.0, 0.3, 1.0]),
)
def test_iou_agrees_with_torchmetrics(num_classes: int, pixels: int, seed: int, void_share: float) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, num_classes, pixels)
    labels[rng.random(pixels) < void_share] = VOID
    predictions = rng.integers(0, num_classes, pixels)
    ours = confusion_matrix(labels, predictions, num_classes)
    theirs = MulticlassJaccardIndex(num_classes, average="none", ignore_index=VOID, validate_args=False)
    expected = theirs(torch.tensor(predictions), torch.tensor(labels)).numpy()
    assert ours.iou()[ours.supported] == pytest.approx(expected[ours.supported], abs=1e-6)
    assert 0.0 <= ours.mean_iou() <= 1.0


def test_the_mean_loss_counts_pixels_by_the_weight_of_their_label() -> None:
    evaluation = Evaluation(ConfusionMatrix(np.array([[2, 0], [1, 0]])), np.array([1.0, 2.0]))
    assert evaluation.mean_loss() == pytest.approx((1 + 2) / 3)
    assert evaluation.mean_loss((1.0, 3.0)) == pytest.approx((1 + 3 * 2) / (2 + 3))
    assert evaluation.mean_loss((2.0, 6.0)) == pytest.approx(evaluation.mean_loss((1.0, 3.0)))


@pytest.mark.parametrize(("counts", "losses"), [(0, 0.0), (2, np.inf), (2, np.nan)])
def test_no_label_or_no_number_gives_no_mean_loss(counts: int, losses: float) -> None:
    assert Evaluation(ConfusionMatrix(np.diag([counts, 0])), np.array([losses, 0.0])).mean_loss() is None
