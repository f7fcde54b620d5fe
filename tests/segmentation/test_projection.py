from __future__ import annotations

import numpy as np
import torch

from src_model.segmentation.projection import PrincipalComponents, Projection

_ROWS = torch.from_numpy(
    (np.random.default_rng(0).normal(size=(200, 5)) @ np.random.default_rng(1).normal(size=(5, 5))).astype(np.float32)
)


def _fitted(stages: tuple[int, ...] = (5,), components: int = 2, parts: int = 1) -> Projection:
    moments = PrincipalComponents(stages)
    for part in _ROWS.chunk(parts):
        moments.add(part)
    return moments.projection(components)


def test_components_are_those_of_a_singular_value_decomposition() -> None:
    standardised = (_ROWS - _ROWS.mean(dim=0)) / _ROWS.std(dim=0, correction=0)
    axes = torch.linalg.svd(standardised, full_matrices=False).Vh[:2].T
    scores = standardised @ axes
    expected = scores / scores.square().mean().sqrt()
    assert torch.allclose(_fitted()(_ROWS).abs(), expected.abs(), atol=1e-4)


def test_components_come_in_order_and_their_variances_average_one() -> None:
    variances = _fitted(components=4)(_ROWS).var(dim=0, correction=0)
    assert variances.tolist() == sorted(variances.tolist(), reverse=True)
    assert abs(float(variances.mean()) - 1) < 1e-4


def test_every_stage_counts_alike_however_many_channels_it_has() -> None:
    rng = np.random.default_rng(0)
    few, many = rng.normal(size=(500, 1)), rng.normal(size=(500, 1)) * np.ones((1, 9)) + rng.normal(size=(500, 9)) * 0.1
    moments = PrincipalComponents((1, 9))
    moments.add(torch.from_numpy(np.concatenate([few, many], axis=1).astype(np.float32)))
    variances = moments.projection(2)(torch.from_numpy(np.concatenate([few, many], axis=1).astype(np.float32))).var(
        dim=0
    )
    assert float(variances[0] / variances[1]) < 1.2


def test_samples_may_come_in_parts_and_in_any_order() -> None:
    whole, parts = _fitted(), _fitted(parts=7)
    assert torch.allclose(whole.basis, parts.basis, atol=1e-5)


def test_the_largest_entry_of_each_axis_is_positive() -> None:
    basis = _fitted(components=5).basis
    assert (basis.gather(0, basis.abs().argmax(dim=0, keepdim=True)) > 0).all()


def test_a_channel_that_never_varies_is_left_at_zero() -> None:
    rows = _ROWS.clone()
    rows[:, 3] = 7
    moments = PrincipalComponents((5,))
    moments.add(rows)
    projection = moments.projection(5)
    assert torch.isfinite(projection(rows)).all()
    assert float(projection.basis[3, :4].abs().max()) < 1e-6


def test_it_goes_through_tensors_and_is_known_by_its_digest() -> None:
    first = _fitted()
    again = Projection.from_tensors(first.tensors())
    assert again.digest == first.digest
    assert _fitted(components=3).digest != first.digest
