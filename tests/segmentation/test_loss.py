from __future__ import annotations

import numpy as np
import pytest
import torch

from src_model.data.annotation import IGNORED, VOID, Labels
from src_model.data.region import Region
from src_model.segmentation.loss import class_losses, inverse_sqrt_weights, labelled_pixels, segmentation_loss


def test_void_pixels_do_not_change_the_loss() -> None:
    logits = torch.randn(1, 3, 1, 4)
    labels = torch.tensor([[[0, 2, VOID, VOID]]])
    assert segmentation_loss(logits, labels, None) == pytest.approx(
        segmentation_loss(logits[..., :2], labels[..., :2], None).item()
    )


def test_a_heavier_class_pulls_the_loss_towards_itself() -> None:
    logits = torch.tensor([[4.0, 4.0], [0.0, 0.0]]).reshape(1, 2, 1, 2)
    labels = torch.tensor([[[0, 1]]])
    right, wrong = -torch.log_softmax(torch.tensor([4.0, 0.0]), 0)
    weighted = segmentation_loss(logits, labels, torch.tensor([1.0, 3.0]))
    assert weighted.item() == pytest.approx(((right + 3 * wrong) / 4).item())


def test_sums_by_class_become_the_training_loss_under_any_weights() -> None:
    logits = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    labels = torch.randint(3, (2, 4, 5), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
    labels[0, 0], labels[1, 2] = VOID, IGNORED
    losses = class_losses(logits, labels)
    assert losses.shape == (3,)
    support = torch.bincount(labels[labels < 3].flatten(), minlength=3)
    known = labels.to(torch.int64)
    known[known >= 3] = VOID
    for weights in (torch.ones(3), torch.tensor([0.5, 1.0, 4.0])):
        expected = segmentation_loss(logits, known, weights)
        assert float(losses @ weights.double()) / float(support.float() @ weights) == pytest.approx(
            expected.item(), rel=1e-5
        )


def test_weights_are_the_inverse_root_of_the_frequency_with_mean_one() -> None:
    weights = inverse_sqrt_weights(np.array([100, 0, 400]))
    assert weights.tolist() == pytest.approx([4 / 3, 1.0, 2 / 3])
    assert weights.dtype == np.float32


def test_nothing_labelled_weighs_all_classes_alike() -> None:
    assert inverse_sqrt_weights(np.zeros(3, dtype=np.int64)).tolist() == [1.0, 1.0, 1.0]


def test_each_image_is_counted_once_however_many_of_its_regions_are_labelled() -> None:
    class Map:
        def labels(self, image: str) -> Labels:
            return np.array([[0, 0, 1], [VOID, IGNORED, 1]], dtype=np.uint8)

    regions = [Region("a", 0, 0, 1, 3), Region("a", 1, 0, 1, 3)]
    assert labelled_pixels(Map(), regions, 2).tolist() == [2, 2]
