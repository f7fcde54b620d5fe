"""Region statistics against plain loops, on maps of pixels and of cells."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from src_model.active_learning.acquisition.acquisition import Statistic
from src_model.active_learning.acquisition.impurity import class_entropy_map, window_cells
from src_model.active_learning.region_statistics import region_statistics, statistics_of
from src_model.data.region import Region, RegionGrid
from src_model.dqn.features import reference_state_features
from src_model.exceptions import ConfigurationError
from src_model.segmentation.segmenter import PredictionMaps

C = 5
EVERYTHING = (
    Statistic.PROBABILITIES,
    Statistic.IMPURITY,
    Statistic.BALD,
    Statistic.ENTROPY_BY_CLASS,
    Statistic.FEATURES,
)

MAPS = ("classes", "entropy", "margin")


def made_up_maps(image_size, cell=(1, 1), images=("a",), seed=0) -> PredictionMaps:
    height, width = (-(-length // side) for length, side in zip(image_size, cell, strict=True))
    rng = torch.Generator().manual_seed(seed)
    probabilities = torch.softmax(2 * torch.randn(len(images), C, height, width, generator=rng), dim=1)
    best = probabilities.topk(2, dim=1).values
    return PredictionMaps(
        images=tuple(images),
        classes=probabilities.argmax(dim=1).to(torch.uint8),
        entropy=-(probabilities * probabilities.log()).sum(dim=1),
        margin=best[:, 1] / best[:, 0],
        probabilities=probabilities,
        bald=torch.rand(len(images), height, width, generator=rng),
        cell=cell,
    )


def cells_of(region: Region, image_size, cell) -> tuple[np.ndarray, ...]:
    """Cells whose centre lies in the region, or else the one that holds the region's centre."""
    found = []
    for low, length, far, side in zip((region.row, region.column), region.shape, image_size, cell, strict=True):
        high = low + length if low + length < far else np.inf  # the last cell may stand out of the image
        count = -(-far // side)
        inside = [index for index in range(count) if low <= index * side + side / 2 < high]
        found.append(inside or [(2 * low + length) // 2 // side])
    return np.ix_(*found)


def check_against_loops(image_size, region_size, cell) -> None:
    grid = RegionGrid(image_size, region_size)
    maps = made_up_maps(image_size, cell, images=("a", "b"))
    for index, (image, statistics) in enumerate(
        zip(maps.images, region_statistics(maps, grid, EVERYTHING, C), strict=True)
    ):
        regions = grid.regions(image)
        assert statistics.counts.shape == (len(regions), C)
        classes, entropy, margin = (values[index].numpy() for values in (maps.classes, maps.entropy, maps.margin))
        for row, region in enumerate(regions):
            window = cells_of(region, image_size, cell)
            area = cell[0] * cell[1]
            counts = np.bincount(classes[window].ravel(), minlength=C) * area
            margins = np.bincount(classes[window].ravel(), margin[window].ravel().astype(float), C) * area
            np.testing.assert_array_equal(statistics.counts[row], counts)
            # Summed as multiples of 2⁻³⁰: each cell errs by half of that, whatever the sum.
            fixed = area * classes[window].size * 2.0**-31
            np.testing.assert_allclose(statistics.margin_by_class[row], margins, rtol=1e-6, atol=fixed)
            np.testing.assert_allclose(statistics.entropy[row], entropy[window].mean(), rtol=1e-5)
            entropies = np.bincount(classes[window].ravel(), entropy[window].ravel().astype(float), C) * area
            np.testing.assert_allclose(statistics.entropy_by_class[row], entropies, rtol=1e-6, atol=fixed)
            shares = maps.probabilities[index].numpy()[:, *window].mean(axis=(1, 2))
            np.testing.assert_allclose(statistics.probabilities[row], shares, rtol=1e-5)
            np.testing.assert_allclose(statistics.bald[row], maps.bald[index].numpy()[window].mean(), rtol=1e-5)
            np.testing.assert_allclose(statistics.base[row, :C], np.maximum(counts, 1e-7), rtol=1e-6)


@pytest.mark.parametrize(
    ("image_size", "region_size", "cell"),
    [
        ((18, 24), (9, 8), (1, 1)),
        ((23, 37), (9, 8), (1, 1)),  # both borders leave smaller regions
        ((40, 60), (20, 10), (5, 5)),
        ((45, 64), (13, 13), (5, 5)),  # regions of 2 and of 3 cells take turns
        ((21, 21), (4, 4), (10, 10)),  # regions smaller than a cell
    ],
)
def test_statistics_are_those_of_a_loop_over_regions(image_size, region_size, cell):
    check_against_loops(image_size, region_size, cell)


@settings(deadline=None, max_examples=25)
@given(
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.tuples(st.integers(2, 15), st.integers(2, 15)),
    st.tuples(st.integers(1, 12), st.integers(1, 12)),
)
def test_every_cut_of_every_image_is_handled(image_size, region_size, cell):
    check_against_loops(image_size, region_size, cell)


def test_pixels_are_counted_once_each():
    grid = RegionGrid((23, 37), (9, 8))
    (statistics,) = region_statistics(made_up_maps((23, 37)), grid, (), C)
    assert statistics.counts.sum() == 23 * 37
    assert [statistics.counts[i].sum() for i in range(len(grid))] == [r.pixels for r in grid.regions("a")]


def test_a_class_that_is_predicted_nowhere_has_its_column():
    maps = made_up_maps((18, 24))
    (statistics,) = region_statistics(maps, RegionGrid((18, 24), (9, 8)), (), C + 3)
    assert statistics.counts.shape[1] == C + 3
    assert not statistics.counts[:, C:].any()
    assert not statistics.margin_by_class[:, C:].any()


def test_features_of_a_whole_image_are_the_reference_features_of_its_pieces():
    grid = RegionGrid((180, 240), (90, 80))
    maps = made_up_maps((180, 240))
    (statistics,) = region_statistics(maps, grid, (Statistic.FEATURES,), C)
    windows = [region.window for region in grid.regions("a")]
    classes = np.stack([maps.classes[0].numpy()[window] for window in windows])
    entropy = np.stack([maps.entropy[0].numpy()[window] for window in windows])
    np.testing.assert_array_equal(statistics.base, reference_state_features(classes, entropy, C))


def test_only_what_is_asked_for_is_made():
    (statistics,) = region_statistics(made_up_maps((18, 24)), RegionGrid((18, 24), (9, 8)), (), C)
    assert statistics.probabilities is statistics.impurity is statistics.bald is statistics.base is None
    assert statistics.entropy_by_class is None


def test_margins_do_not_depend_on_the_order_of_addition():
    grid = RegionGrid((16, 16), (16, 16))
    maps = made_up_maps((16, 16))
    turned = PredictionMaps(("a",), maps.classes.flip(1, 2), maps.entropy.flip(1, 2), maps.margin.flip(1, 2))
    (forwards,), (backwards,) = (region_statistics(each, grid, (), C) for each in (maps, turned))
    np.testing.assert_array_equal(forwards.margin_by_class, backwards.margin_by_class)


def test_candidates_get_their_own_rows_in_their_own_order():
    grids = {"a": RegionGrid((18, 24), (9, 8)), "b": RegionGrid((23, 37), (9, 8))}
    per_image = {
        image: region_statistics(made_up_maps(grid.image_size, images=(image,), seed=seed), grid, EVERYTHING, C)[0]
        for seed, (image, grid) in enumerate(grids.items())
    }
    a, b = grids["a"].regions("a"), grids["b"].regions("b")
    chosen = statistics_of([b[14], a[0], b[2], a[5], a[3]], per_image, grids.__getitem__)
    for row, (image, index) in enumerate([("b", 14), ("a", 0), ("b", 2), ("a", 5), ("a", 3)]):
        for name in type(chosen).__slots__:
            np.testing.assert_array_equal(getattr(chosen, name)[row], getattr(per_image[image], name)[index])


def test_a_region_of_another_cut_is_refused():
    grid = RegionGrid((18, 24), (9, 8))
    per_image = {"a": region_statistics(made_up_maps((18, 24)), grid, (), C)[0]}
    with pytest.raises(ConfigurationError, match="row=0, column=4"):
        statistics_of([Region("a", 0, 4, 9, 8)], per_image, lambda _: grid)


def test_impurity_is_the_mean_of_window_entropy_times_entropy():
    classes = np.zeros((1, 40, 40), dtype=np.uint8)
    classes[:, :, 20:] = 1
    entropy = np.full((1, 40, 40), 0.5, dtype=np.float32)
    maps = PredictionMaps(("a",), torch.from_numpy(classes), torch.from_numpy(entropy), torch.ones(1, 40, 40))
    (statistics,) = region_statistics(maps, RegionGrid((40, 40), (40, 40)), (Statistic.IMPURITY,), 2)
    by_pixel = []
    for column in range(40):
        low, high = max(0, column - 16), min(40, column + 17)
        share = max(0, min(high, 20) - low) / (high - low)
        by_pixel.append(-sum(p * np.log(p) for p in (share, 1 - share) if p > 0))
    assert statistics.impurity[0] == pytest.approx(0.5 * np.mean(by_pixel), rel=1e-5)


def test_images_of_a_batch_do_not_meet_in_a_window():
    grid, needs = RegionGrid((18, 24), (9, 8)), (Statistic.IMPURITY,)
    together = region_statistics(made_up_maps((18, 24), images=("a", "b")), grid, needs, C)
    both = made_up_maps((18, 24), images=("a", "b"))
    for index, image in enumerate(("a", "b")):
        alone = PredictionMaps((image,), *(getattr(both, name)[index : index + 1] for name in MAPS))
        np.testing.assert_array_equal(together[index].impurity, region_statistics(alone, grid, needs, C)[0].impurity)


def test_the_window_ends_at_the_border_of_the_map():
    classes = torch.tensor([[0, 0, 1], [0, 2, 1], [3, 3, 3]], dtype=torch.uint8)
    entropy = class_entropy_map(classes, (3, 3))
    assert entropy[0, 0] == pytest.approx(-(0.75 * np.log(0.75) + 0.25 * np.log(0.25)))  # 0 0 / 0 2
    assert entropy[2, 2] == pytest.approx(-(0.5 * np.log(0.5) + 2 * 0.25 * np.log(0.25)))  # 2 1 / 3 3


@pytest.mark.parametrize(("cell", "cells"), [(1, 33), (2, 17), (3, 11), (10, 3), (8, 5), (64, 3)])
def test_the_window_is_an_odd_number_of_cells(cell, cells):
    assert window_cells((cell, 1)) == (cells, 33)
