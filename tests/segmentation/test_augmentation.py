from __future__ import annotations

import numpy as np
import pytest
import torch

from src_model.data.annotation import VOID
from src_model.segmentation.augmentation import COLOUR_FACTORS, SCALES, Variation, draw_variation, vary


def test_flip_only_mirrors_every_second_crop_and_does_nothing_else() -> None:
    rng = np.random.default_rng(0)
    drawn = [draw_variation("flip", rng) for _ in range(400)]
    assert 150 < sum(variation.flipped for variation in drawn) < 250
    assert {(variation.scale, variation.colour) for variation in drawn} == {(1.0, None)}


def test_full_variations_stay_in_their_ranges() -> None:
    rng = np.random.default_rng(0)
    drawn = [draw_variation("full", rng) for _ in range(400)]
    assert all(SCALES[0] <= variation.scale <= SCALES[1] for variation in drawn)
    factors = [factor for variation in drawn for factor in variation.colour or ()]
    assert len(factors) == 1200
    assert min(factors) >= COLOUR_FACTORS[0]
    assert max(factors) <= COLOUR_FACTORS[1]


def test_the_same_generator_state_draws_the_same_variation() -> None:
    assert draw_variation("full", np.random.default_rng(5)) == draw_variation("full", np.random.default_rng(5))


def test_magnified_crops_show_a_smaller_part_of_the_image() -> None:
    assert Variation(scale=1.5).seen((96, 120)) == (64, 80)
    assert Variation(scale=0.75).seen((96, 120)) == (128, 160)
    assert Variation().seen((96, 120)) == (96, 120)


def test_pixels_and_labels_are_mirrored_together() -> None:
    labels = torch.tensor([[0, 1, 2]], dtype=torch.uint8)
    pixels = labels[None].expand(3, 1, 3) * 10
    seen, known = vary(pixels, labels, Variation(flipped=True), (1, 3))
    assert known.tolist() == [[2, 1, 0]]
    assert seen[0].tolist() == [[20, 10, 0]]


def test_labels_are_never_mixed_by_scaling() -> None:
    labels = torch.tensor([[0, VOID], [7, VOID]], dtype=torch.uint8).repeat_interleave(3, 0).repeat_interleave(3, 1)
    seen, known = vary(torch.zeros(3, 6, 6, dtype=torch.uint8), labels, Variation(scale=0.6), (10, 10))
    assert known.shape == (10, 10)
    assert seen.shape == (3, 10, 10)
    assert set(known.flatten().tolist()) == {0, 7, VOID}
    assert known[0, 0] == 0
    assert known[-1, 0] == 7


@pytest.mark.parametrize(("colour", "expected"), [((1.0, 1.0, 1.0), [40, 80, 120]), ((0.5, 1.0, 1.0), [20, 40, 60])])
def test_colour_factors_of_one_change_nothing(colour: tuple[float, float, float], expected: list[int]) -> None:
    pixels = torch.tensor([40, 80, 120], dtype=torch.uint8).reshape(3, 1, 1).expand(3, 4, 4)
    seen, _ = vary(pixels, torch.zeros(4, 4, dtype=torch.uint8), Variation(colour=colour), (4, 4))
    assert seen[:, 0, 0].tolist() == expected


def test_no_saturation_is_grey() -> None:
    pixels = torch.tensor([40, 80, 120], dtype=torch.uint8).reshape(3, 1, 1).expand(3, 4, 4)
    seen, _ = vary(pixels, torch.zeros(4, 4, dtype=torch.uint8), Variation(colour=(1.0, 1.0, 0.0)), (4, 4))
    assert len(set(seen[:, 0, 0].tolist())) == 1
