from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy as relative_entropy
from torch.nn import functional

from src_model.dqn import features
from src_model.dqn.features import (
    action_features,
    action_length,
    base_features,
    base_length,
    kl_histograms,
    reference_action_features,
    reference_state_features,
)

GOLDEN = Path(__file__).parents[1] / "golden"

Array = npt.NDArray[np.float64]


def _pooled(features_row: npt.NDArray[np.float32], num_classes: int) -> npt.NDArray[np.float32]:
    """Minimum, mean and maximum as (3, 8, 8)."""
    return features_row[num_classes + 1 : num_classes + 193].reshape(3, 8, 8)


def _naive_histograms(counts: Array, reference: Array) -> Array:
    rows = [relative_entropy(np.repeat(row[:, None], len(reference), axis=1), reference.T) for row in counts]
    return np.stack([np.histogram(row, bins=32)[0] / len(reference) for row in rows])


def _random_counts(rng: np.random.Generator, rows: int, slots: int) -> Array:
    counts = np.floor(rng.dirichlet(np.full(slots, 0.3), rows) * 7200)
    counts[counts == 0] = 1e-7
    return counts


@pytest.mark.parametrize("name", ["camvid", "city"])
def test_the_published_features_are_reproduced(name: str) -> None:
    golden = np.load(GOLDEN / f"golden_{name}.npz")
    labelled, expected = golden["labelled_distributions"], golden["action_features"]
    pools, size, length = expected.shape
    classes = labelled.shape[1] - 1

    base = reference_state_features(golden["pred"], golden["entropy"], classes)
    action = reference_action_features(golden["pred"], golden["entropy"], labelled, classes, pools)

    assert base.dtype == action.dtype == np.float32
    assert action.shape == (pools, size, length) == (pools, size, action_length(classes))
    np.testing.assert_allclose(base, golden["state_features"], rtol=1e-5)
    np.testing.assert_allclose(action[..., :-64], expected[..., :-64], rtol=1e-5)
    for histogram, count in ((slice(-64, -32), len(labelled)), (slice(-32, None), pools * size)):
        ours, theirs = action[..., histogram] * count, expected[..., histogram] * count
        np.testing.assert_allclose(ours.sum(axis=-1), count, rtol=1e-5)
        moved = np.abs(ours - theirs)
        assert moved.max() < 1.01
        assert (moved > 0.01).sum() <= 4


def test_integers_of_any_width_are_predictions() -> None:
    rng = np.random.default_rng(0)
    prediction, entropy = rng.integers(0, 4, (3, 16, 16)), rng.random((3, 16, 16), dtype=np.float32)

    wide = reference_state_features(prediction.astype(np.int64), entropy, 4)

    np.testing.assert_array_equal(wide, reference_state_features(prediction.astype(np.uint8), entropy, 4))


def test_counts_are_pixels_and_absent_classes_a_trace() -> None:
    prediction = np.zeros((1, 8, 8), dtype=np.uint8)
    prediction[0, 0] = 2

    counts = reference_state_features(prediction, np.zeros((1, 8, 8), dtype=np.float32), 3)[0, :4]

    np.testing.assert_allclose(counts, [56, 1e-7, 8, 1e-7])


def test_void_predictions_count_as_ignored() -> None:
    prediction = np.full((1, 8, 8), 255, dtype=np.uint8)
    prediction[0, 0, :3] = [1, 2, 254]

    counts = reference_state_features(prediction, np.zeros((1, 8, 8), dtype=np.float32), 2)[0, :3]

    np.testing.assert_allclose(counts, [1e-7, 1, 63])


def test_a_negative_prediction_counts_as_ignored() -> None:
    prediction = np.full((1, 8, 8), -1, dtype=np.int64)

    counts = reference_state_features(prediction, np.zeros((1, 8, 8), dtype=np.float32), 2)[0, :3]

    np.testing.assert_allclose(counts, [1e-7, 1e-7, 64])


def test_a_cell_counts_as_many_pixels_as_it_stands_for() -> None:
    classes = torch.tensor([[[0, 0], [0, 1]]], dtype=torch.uint8)

    counts = base_features(classes, torch.zeros(1, 2, 2), num_classes=2, cell_pixels=100)[0, :3]

    np.testing.assert_allclose(counts, [300, 100, 1e-7])


def test_entropy_is_pooled_to_minimum_mean_and_maximum_row_by_row() -> None:
    entropy = np.arange(16 * 16, dtype=np.float32).reshape(1, 16, 16) / 256
    row = reference_state_features(np.zeros((1, 16, 16), dtype=np.uint8), entropy, 1)[0]

    lowest, mean, highest = _pooled(row, 1)

    np.testing.assert_allclose([lowest[0, 1], mean[0, 1], highest[0, 1]], np.array([2, 10.5, 19]) / 256, rtol=1e-5)
    np.testing.assert_allclose([lowest[1, 0], mean[1, 0], highest[1, 0]], np.array([32, 40.5, 49]) / 256, rtol=1e-5)


@settings(deadline=None, max_examples=60)
@given(height=st.integers(1, 140), width=st.integers(1, 140))
def test_pooling_is_the_published_one_wherever_that_gives_eight_by_eight(height: int, width: int) -> None:
    entropy = np.random.default_rng(height * 1000 + width).random((2, height, width), dtype=np.float32)
    rows = reference_state_features(np.zeros((2, height, width), dtype=np.uint8), entropy, 1)

    assert rows.shape == (2, base_length(1))
    assert np.isfinite(rows).all()
    window = height // 8, width // 8
    if min(window) and (height // window[0], width // window[1]) == (8, 8):
        maps = torch.from_numpy(entropy)[:, None]
        expected = torch.cat(
            [
                5 - functional.max_pool2d(5 - maps, window),
                functional.avg_pool2d(maps, window),
                functional.max_pool2d(maps, window),
            ],
            dim=1,
        )
        np.testing.assert_allclose(rows[:, 2:], expected.flatten(1), rtol=1e-5)


@pytest.mark.parametrize("shape", [(15, 9), (18, 16), (5, 40), (1, 1), (7, 23)])
def test_other_regions_are_pooled_whole(shape: tuple[int, int]) -> None:
    entropy = np.zeros((1, *shape), dtype=np.float32)
    entropy[0, -1, -1] = 2.0

    lowest, mean, highest = _pooled(reference_state_features(np.zeros((1, *shape), dtype=np.uint8), entropy, 1)[0], 1)

    assert highest[-1, -1] == 2.0
    assert (lowest <= mean).all()
    assert (mean <= highest).all()


def test_regions_are_independent_of_the_block_they_are_computed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    prediction = rng.integers(0, 5, (7, 20, 24)).astype(np.uint8)
    entropy = rng.random((7, 20, 24), dtype=np.float32)
    labelled = rng.dirichlet(np.ones(6), 9)
    whole = reference_action_features(prediction, entropy, labelled, 5, 7)

    monkeypatch.setattr(features, "_BLOCK_PIXELS", 1000)
    monkeypatch.setattr(features, "_BLOCK_DISTANCES", 20)

    np.testing.assert_array_equal(reference_action_features(prediction, entropy, labelled, 5, 7), whole)


def test_without_labels_their_bins_are_zero() -> None:
    rng = np.random.default_rng(2)
    prediction = rng.integers(0, 3, (4, 8, 8)).astype(np.uint8)

    action = reference_action_features(
        prediction, rng.random((4, 8, 8), dtype=np.float32), np.empty((0, 4)), num_classes=3, regions_per_query=2
    )

    assert not action[..., -64:-32].any()
    np.testing.assert_allclose(action[..., -32:].sum(axis=-1), 1.0, rtol=1e-6)


def test_candidates_stand_at_k_times_p_plus_p() -> None:
    base = torch.arange(6.0)[:, None].expand(6, base_length(1)).contiguous() + 1

    pools = action_features(base, torch.empty(0, 2, dtype=torch.float64), 1, regions_per_query=2, pool_size=3)

    assert pools.shape == (2, 3, action_length(1))
    assert pools[1, 0, 0] == 4


def test_candidates_that_do_not_fill_the_pools_are_refused() -> None:
    with pytest.raises(ValueError, match="5 candidates are not 2 pools of 2"):
        action_features(torch.ones(5, base_length(1)), torch.ones(1, 2), 1, regions_per_query=2, pool_size=2)


def test_maps_that_do_not_match_are_refused() -> None:
    with pytest.raises(ValueError, match=r"must both be \(N, h, w\)"):
        base_features(torch.zeros(1, 8, 8, dtype=torch.uint8), torch.zeros(1, 8, 9), 2)


def test_read_only_arrays_are_accepted() -> None:
    entropy = np.broadcast_to(np.float32(1.0), (2, 8, 8))

    assert reference_state_features(np.zeros((2, 8, 8), dtype=np.uint8), entropy, 1)[0, -1] == 1.0


def test_no_region_gives_no_row() -> None:
    rows = base_features(torch.zeros(0, 8, 8, dtype=torch.uint8), torch.zeros(0, 8, 8), 3)

    assert rows.shape == (0, base_length(3))


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), candidates=st.integers(1, 30), labelled=st.integers(2, 40))
def test_histograms_are_those_of_numpy(seed: int, candidates: int, labelled: int) -> None:
    rng = np.random.default_rng(seed)
    counts, reference = _random_counts(rng, candidates, 6), _random_counts(rng, labelled, 6)

    ours = kl_histograms(torch.from_numpy(counts), torch.from_numpy(reference)).numpy()

    moved = np.abs(ours - _naive_histograms(counts, reference)) * labelled
    np.testing.assert_allclose(ours.sum(axis=1), 1.0, rtol=1e-5)
    # Two labelled regions that are nearly alike can put a distance on an edge; then two bins differ by one.
    assert moved.max() < 1.01
    assert (moved > 0.01).sum() <= 2


def test_the_smallest_distance_falls_in_the_first_bin_and_the_largest_in_the_last() -> None:
    counts = torch.tensor([[8.0, 1e-7]])
    reference = torch.tensor([[1.0, 1e-7], [0.6, 0.4], [0.25, 0.75]])  # KL 0, 0.511, 1.386: a bin has 0.0433

    histogram = kl_histograms(counts, reference)[0]

    assert histogram.nonzero().flatten().tolist() == [0, 11, 31]
    np.testing.assert_allclose(histogram[[0, 11, 31]], 1 / 3)


@pytest.mark.parametrize("labelled", [1, 7])
def test_equal_distances_all_fall_in_the_middle_bin_as_in_numpy(labelled: int) -> None:
    rng = np.random.default_rng(3)
    counts = _random_counts(rng, 20, 12)
    reference = np.repeat(rng.dirichlet(np.full(12, 0.2), 1) + 1e-7, labelled, axis=0)

    histograms = kl_histograms(torch.from_numpy(counts), torch.from_numpy(reference)).numpy()

    assert np.histogram(np.full(labelled, 2.0), bins=32)[0][16] == labelled
    np.testing.assert_array_equal(histograms[:, 16], 1.0)


def test_equal_candidates_are_at_equal_distance_despite_rounding() -> None:
    counts = torch.from_numpy(_random_counts(np.random.default_rng(4), 1, 20)).expand(203, 20)

    histograms = kl_histograms(counts, counts)

    assert (histograms[:, 16] == 1.0).all()


def test_a_distance_on_an_edge_falls_in_the_bin_above_it_however_it_was_rounded() -> None:
    factors = np.linspace(0.1, 0.9, 50)
    counts = torch.ones(1, 2)
    for factor in factors.tolist():
        shares = [(1 - np.sqrt(1 - factor**power)) / 2 for power in (0, 1, 2)]  # KL 0, D, 2·D
        reference = torch.tensor([[share, 1 - share] for share in shares], dtype=torch.float64)

        assert kl_histograms(counts, reference)[0].nonzero().flatten().tolist() == [0, 16, 31]


def test_the_scale_of_the_counts_does_not_matter() -> None:
    rng = np.random.default_rng(5)
    counts, reference = torch.from_numpy(rng.random((9, 4)) + 0.1), torch.from_numpy(rng.random((11, 4)) + 0.1)

    torch.testing.assert_close(kl_histograms(1000 * counts, reference), kl_histograms(counts, reference))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_cuda_device_gives_the_same_histograms() -> None:
    rng = np.random.default_rng(6)
    counts, reference = torch.from_numpy(_random_counts(rng, 300, 20)), torch.from_numpy(_random_counts(rng, 400, 20))

    there = kl_histograms(counts.cuda(), reference.cuda())

    assert there.is_cuda
    assert ((there.cpu() - kl_histograms(counts, reference)).abs() * 400 > 0.01).sum() <= 4
