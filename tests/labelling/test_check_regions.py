"""Check regions: apart from the pool, drawn with known probability, in any number."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src_model.data.region import Region, RegionGrid
from src_model.exceptions import DataError
from src_model.labelling.check_regions import CheckDraw, HeldOut, checks_due, draw_check_regions, hold_out, joined


def images(count: int, regions: int = 4) -> dict[str, tuple[Region, ...]]:
    grid = RegionGrid((10, 10 * regions), (10, 10))
    return {f"img{index:02}": grid.regions(f"img{index:02}") for index in range(count)}


def drive_of_five(image: str) -> str:
    return f"drive{int(image[3:]) // 5}"


def one_drive(image: str) -> str:
    return "drive"


def seeded(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def inclusion(draws: list[CheckDraw], count: int) -> np.ndarray:
    """How often each region was among the first, and Σ 1/p of it over the draws: its estimated share of itself."""
    regions = sorted(draws[0].regions)
    found = np.zeros((2, len(regions)))
    for draw in draws:
        for check in draw.first(count):
            found[:, regions.index(check.region)] += 1.0, 1.0 / check.probability
    return found / len(draws)


def test_whole_sequences_are_held_out_and_never_asked_from() -> None:
    held = hold_out(images(50), drive_of_five, seeded())
    assert not set(held.check) & set(held.pool)
    assert set(held.check) | set(held.pool) == set(images(50))
    assert {drive_of_five(image) for image in held.check}.isdisjoint(map(drive_of_five, held.pool))
    assert len(held.check) == 10
    assert held.note == "10 of 50 images, 2 of 10 sequences, are held out for checking."


def test_the_border_follows_from_the_seed_and_not_from_the_order_of_images() -> None:
    shuffled = dict(reversed(images(50).items()))
    assert hold_out(images(50), drive_of_five, seeded(3)) == hold_out(shuffled, drive_of_five, seeded(3))
    held_out = {tuple(hold_out(images(50), drive_of_five, seeded(seed)).check) for seed in range(20)}
    assert len(held_out) > 5


def test_of_one_sequence_a_block_of_neighbouring_images_is_held_out_and_it_is_said() -> None:
    held = hold_out(images(20), one_drive, seeded())
    numbers = [int(image[3:]) for image in held.check]
    assert len(numbers) == 4
    assert all(after == before + 1 for before, after in pairwise(numbers))
    assert "one sequence" in held.note


@given(count=st.integers(2, 12), per_drive=st.integers(1, 12), seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_any_number_of_images_leaves_something_to_check_and_something_to_ask(
    count: int, per_drive: int, seed: int
) -> None:
    held = hold_out(images(count), lambda image: str(int(image[3:]) // per_drive), seeded(seed))
    assert held.check
    assert held.pool
    assert 2 * len(held.check) <= count
    assert not set(held.check) & set(held.pool)


def test_a_single_image_gives_check_regions_apart_from_its_other_regions_and_it_is_said() -> None:
    held = hold_out(images(1, regions=10), one_drive, seeded())
    assert len(held.candidates) == 2
    assert len(held.pool["img00"]) == 8
    assert set(held.candidates).isdisjoint(held.pool["img00"])
    assert "There is one image" in held.note


@pytest.mark.parametrize("regions", [{}, {"img": ()}, {"img": (Region("img", 0, 0, 4, 4),)}])
def test_a_single_region_cannot_be_learnt_from_and_checked_at_once(regions: dict[str, tuple[Region, ...]]) -> None:
    with pytest.raises(DataError, match="Add images or make regions smaller"):
        hold_out(regions, one_drive, seeded())


def test_every_place_on_a_held_out_image_is_blind() -> None:
    held = HeldOut({"a": (Region("a", 0, 0, 10, 10),)}, {"b": (Region("b", 0, 0, 10, 10),)}, "")
    assert held.blind(Region("a", 50, 50, 5, 5))
    assert not held.blind(Region("b", 0, 0, 10, 10))


def test_in_a_single_image_only_what_touches_a_held_out_region_is_blind() -> None:
    held = HeldOut({"a": (Region("a", 0, 0, 10, 10),)}, {"a": (Region("a", 0, 10, 10, 10),)}, "")
    assert held.blind(Region("a", 5, 5, 10, 10))
    assert not held.blind(Region("a", 0, 10, 10, 10))


@pytest.mark.parametrize("count", [2, 4, 7])
def test_weighting_with_the_probability_counts_every_region_once_on_average(count: int) -> None:
    candidates = images(1, regions=8)["img00"]
    shares = np.array([[0.9, 0], [0.1, 0], [0, 1], [0, 0], [0, 0], [0.5, 0], [0, 0], [0, 0]])
    draws = [draw_check_regions(candidates, seeded(seed), shares) for seed in range(8_000)]
    often, weighted = inclusion(draws, count)
    assert weighted == pytest.approx(np.ones(8), abs=0.1)
    assert often[2] > often[3]
    assert often.sum() == pytest.approx(count)


def test_two_draws_together_count_every_region_once_on_average() -> None:
    candidates = images(1, regions=6)["img00"]
    shares = np.array([[1.0], [0], [0], [0.2], [0], [0]])
    total = np.zeros(6)
    rng = seeded()
    for _ in range(6_000):
        draws = [(draw_check_regions(candidates, rng), 2), (draw_check_regions(candidates, rng, shares), 2)]
        for check in joined(draws):
            total[candidates.index(check.region)] += 1.0 / check.probability
    assert total / 6_000 == pytest.approx(np.ones(6), abs=0.08)


def test_without_classes_every_region_is_equally_likely() -> None:
    draw = draw_check_regions(images(1, regions=8)["img00"], seeded())
    assert draw.chances.tolist() == [1 / 8] * 8


def test_half_of_the_chance_goes_to_classes_however_rare_they_are() -> None:
    candidates = images(1, regions=4)["img00"]
    shares = np.array([[0.9, 0, 0], [0.9, 0, 0], [0.2, 0.001, 0], [0, 0, 0]])
    draw = draw_check_regions(candidates, seeded(), shares)
    chances = dict(zip(draw.regions, draw.chances.tolist(), strict=True))
    # Of two classes that are seen the second is in one region alone; the third is nowhere and takes nothing.
    assert [chances[region] for region in candidates] == pytest.approx(
        [0.125 + 0.1125, 0.125 + 0.1125, 0.125 + 0.025 + 0.25, 0.125]
    )


def test_going_on_keeps_what_was_asked_before() -> None:
    draw = draw_check_regions(images(5)["img00"] + images(5)["img01"], seeded())
    asked = [[check.region for check in draw.first(count)] for count in range(len(draw) + 1)]
    assert all(after[: len(before)] == before for before, after in pairwise(asked))
    assert [check.probability for check in draw.first(len(draw))] == [1.0] * len(draw)


@given(regions=st.integers(1, 30), classes=st.integers(0, 4), seed=st.integers(0, 999), data=st.data())
@settings(max_examples=80, deadline=None)
def test_probabilities_are_probabilities(regions: int, classes: int, seed: int, data: st.DataObject) -> None:
    rng = seeded(seed)
    shares = rng.random((regions, classes)) * (rng.random((regions, classes)) < 0.3)
    draw = draw_check_regions(images(1, regions)["img00"], rng, shares)
    count = data.draw(st.integers(0, regions))
    checks = draw.first(count)
    assert len({check.region for check in checks}) == count
    assert all(0 < check.probability <= 1 for check in checks)
    assert draw.chances.sum() == pytest.approx(1)
    assert (draw.chances >= 0.5 / regions - 1e-12).all()


def test_a_draw_comes_back_from_its_arrays() -> None:
    candidates = [region for own in images(3).values() for region in own]
    draw = draw_check_regions(candidates, seeded())
    again = CheckDraw.from_arrays(draw.to_arrays())
    assert again.regions == draw.regions
    assert again.first(5) == draw.first(5)


@pytest.mark.parametrize("shares", [np.ones((3, 2)), np.full((4, 2), np.nan), -np.ones((4, 2)), np.ones(4)])
def test_shares_that_cannot_be_are_refused(shares: np.ndarray) -> None:
    with pytest.raises(ValueError, match="shares"):
        draw_check_regions(images(1)["img00"], seeded(), shares)


def test_every_fourth_region_is_a_check_at_first_and_every_tenth_later() -> None:
    assert [checks_due(answered) for answered in (0, 3, 4, 8, 160, 169, 170, 260)] == [0, 0, 1, 2, 40, 40, 41, 50]
