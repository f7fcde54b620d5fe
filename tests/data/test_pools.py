"""The unlabelled pool: what may be asked, and how candidates are drawn from it."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src_model.data.pools import UnlabelledPool
from src_model.data.region import Region, RegionGrid
from src_model.exceptions import EmptyPool, RalisError


def regions_of(images: int, rows: int = 2, columns: int = 3) -> dict[str, tuple[Region, ...]]:
    grid = RegionGrid((rows, columns), (1, 1))
    return {f"image {i}": grid.regions(f"image {i}") for i in range(images)}


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@given(
    st.integers(1, 5), st.integers(1, 6), st.integers(1, 6), st.one_of(st.none(), st.integers(1, 7)), st.integers(0, 9)
)
def test_a_draw_gives_k_pools_of_p_different_open_regions(
    images: int, wanted_k: int, wanted_p: int, per_image: int | None, seed: int
) -> None:
    everything = regions_of(images)
    pool = UnlabelledPool(everything)
    pool.remove(everything["image 0"][:2])
    left = len(pool)
    drawn, k, p = pool.draw(generator(seed), wanted_k, wanted_p, per_image)
    assert len(drawn) == len(set(drawn)) == k * p
    assert all(region in pool for region in drawn)
    if wanted_k * wanted_p <= left:
        assert (k, p) == (wanted_k, wanted_p)
    else:
        assert (k, p) == (min(wanted_k, left), max(1, left // wanted_k))
    assert len(pool) == left


@given(st.integers(0, 20), st.one_of(st.none(), st.integers(1, 7)))
def test_the_same_generator_draws_the_same_whatever_the_order_of_the_images(seed: int, per_image: int | None) -> None:
    forwards = regions_of(5)
    backwards = {image: tuple(reversed(own)) for image, own in reversed(forwards.items())}
    taken = [forwards["image 3"][0], forwards["image 1"][2]]
    draws = []
    for regions, removed in ((forwards, taken), (backwards, taken[::-1])):
        pool = UnlabelledPool(regions)
        pool.remove(removed)
        draws.append(pool.draw(generator(seed), 2, 4, per_image))
    assert draws[0] == draws[1]
    assert draws[0] != UnlabelledPool(forwards).draw(generator(seed + 1), 2, 4, per_image)


def test_as_published_the_candidates_are_nearly_all_regions_of_few_images() -> None:
    pool = UnlabelledPool(regions_of(30))
    for seed in range(20):
        drawn, _, _ = pool.draw(generator(seed), 3, 4)
        # 12 of the 18 regions of 3 images: more than 12 must be open, so two images do not do.
        assert len({region.image for region in drawn}) == 3


def test_images_that_are_labelled_already_are_not_visited() -> None:
    everything = regions_of(3)
    pool = UnlabelledPool(everything)
    pool.remove(everything["image 1"])
    drawn, _, _ = pool.draw(generator(), 3, 3)
    assert {region.image for region in drawn} == {"image 0", "image 2"}


@pytest.mark.parametrize("per_image", [1, 2, 4])
def test_no_more_than_m_regions_of_an_image_are_drawn(per_image: int) -> None:
    pool = UnlabelledPool(regions_of(12))
    for seed in range(20):
        drawn, _, _ = pool.draw(generator(seed), 3, 4, per_image)
        counts = Counter(region.image for region in drawn)
        assert max(counts.values()) == per_image
        assert len(counts) == 12 // per_image


def test_few_images_fill_up_evenly_beyond_m() -> None:
    drawn, k, p = UnlabelledPool(regions_of(3)).draw(generator(), 3, 4, 1)
    assert (k, p) == (3, 4)
    assert Counter(region.image for region in drawn) == {"image 0": 4, "image 1": 4, "image 2": 4}


def test_every_region_has_the_same_chance() -> None:
    pool = UnlabelledPool(regions_of(4))
    for per_image in (None, 1):
        rng = generator(3)
        counts = Counter(region for _ in range(600) for region in pool.draw(rng, 2, 2, per_image)[0])
        assert len(counts) == 24
        # 100 expected for each, deviation about 9.
        assert min(counts.values()) > 60
        assert max(counts.values()) < 140


def test_regions_are_taken_from_equally_likely_images_as_published() -> None:
    # Image a has one open region, image b nine; N = 9 of the 10 are drawn. Taking an image at a time with equal chance,
    # the last one left is a's with chance 2⁻⁹; a uniform draw would leave it out in one of ten cases.
    pool = UnlabelledPool({"a": [Region("a", 0, 0, 1, 1)], "b": RegionGrid((1, 9), (1, 1)).regions("b")})
    rng = generator(5)
    missed = sum("a" not in {region.image for region in pool.draw(rng, 3, 3)[0]} for _ in range(300))
    assert missed <= 4


@pytest.mark.parametrize("per_image", [None, 8])
def test_the_permutation_spreads_images_over_the_pools(per_image: int | None) -> None:
    pool = UnlabelledPool(regions_of(2, rows=4, columns=4))
    rng = generator()
    in_first_pool = [pool.draw(rng, 2, 8, per_image)[0][:8] for _ in range(20)]
    shares = {sum(region.image == "image 0" for region in drawn) for drawn in in_first_pool}
    # Not all of one image, and not half of each by construction either.
    assert len(shares - {0, 8}) > 1


def test_the_last_regions_are_asked_and_then_the_pool_is_empty() -> None:
    pool = UnlabelledPool(regions_of(1, rows=1, columns=3))
    drawn, k, p = pool.draw(generator(), 5, 4)
    assert (k, p) == (3, 1)
    pool.remove(drawn)
    assert len(pool) == 0
    with pytest.raises(EmptyPool, match="Add images or finish"):
        pool.draw(generator(), 5, 4)


def test_a_region_is_removed_only_once_and_a_refusal_changes_nothing() -> None:
    everything = regions_of(1)
    first, second, *_ = everything["image 0"]
    pool = UnlabelledPool(everything)
    pool.remove([first])
    for bad in ([second, first], [second, second], [second, Region("z", 0, 0, 1, 1)]):
        with pytest.raises(RalisError, match="not in the pool"):
            pool.remove(bad)
    assert second in pool
    assert first not in pool
    assert Region("z", 0, 0, 1, 1) not in pool
    assert len(pool) == 5


def test_an_empty_pool_says_so() -> None:
    with pytest.raises(EmptyPool):
        UnlabelledPool({"a": ()}).draw(generator(), 1, 1)
