"""BALD of stochastic passes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from src_model.active_learning.acquisition.bald import bald_map

GOLDEN = Path(__file__).parents[2] / "golden" / "golden_bald.npz"


def test_bald_gives_the_published_numbers():
    with np.load(GOLDEN) as golden:
        passes, expected, prediction = golden["mc_probabilities"], golden["bald"], golden["prediction"]
    np.testing.assert_allclose(bald_map(passes), expected, rtol=1e-5)
    np.testing.assert_array_equal(passes.mean(axis=0).argmax(axis=0), prediction)


def test_passes_that_agree_carry_no_information():
    passes = np.tile(np.array([0.7, 0.2, 0.1]).reshape(1, 3, 1, 1), (4, 1, 2, 2))
    assert bald_map(passes) == pytest.approx(np.zeros((2, 2)), abs=1e-12)


def test_two_sure_passes_that_contradict_each_other_carry_one_bit():
    passes = np.zeros((2, 3, 1, 1))
    passes[0, 0] = passes[1, 2] = 1.0
    assert bald_map(passes) == pytest.approx(np.log(2), abs=1e-8)


def test_the_passes_are_left_as_they_were():
    passes = np.random.default_rng(0).dirichlet(np.ones(3), size=(2, 4, 5)).transpose(0, 3, 1, 2)
    before = passes.copy()
    bald_map(passes)
    np.testing.assert_array_equal(passes, before)
