from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from src_model.segmentation.uncertainty import Disagreement, mutual_information, pixel_statistics, softmax_entropy

GOLDEN = Path(__file__).parents[1] / "golden" / "golden_bald.npz"


def _logits(probabilities: list[float]) -> torch.Tensor:
    return torch.tensor(probabilities).log().reshape(1, -1, 1, 1)


def test_statistics_of_one_pixel_by_hand() -> None:
    found = pixel_statistics(_logits([0.25, 0.5, 0.25]), with_probabilities=True)
    assert found.classes.item() == 1
    assert found.entropy.item() == pytest.approx(1.5 * math.log(2))
    assert found.margin.item() == pytest.approx(0.5)
    assert found.probabilities is not None
    assert found.probabilities.flatten().tolist() == pytest.approx([0.25, 0.5, 0.25])


def test_two_equal_classes_have_margin_one_and_the_lower_index_wins() -> None:
    found = pixel_statistics(_logits([0.1, 0.45, 0.45]))
    assert found.margin.item() == pytest.approx(1.0)
    assert found.classes.item() == 1


def test_a_certain_pixel_has_no_entropy() -> None:
    found = pixel_statistics(torch.tensor([100.0, 0.0]).reshape(1, 2, 1, 1))
    assert found.entropy.item() == pytest.approx(0.0)
    assert found.margin.item() == pytest.approx(0.0)


@given(st.integers(0, 2**32 - 1), st.integers(2, 20), st.sampled_from([0.1, 3.0, 40.0]))
def test_statistics_agree_with_the_definitions(seed: int, classes: int, spread: float) -> None:
    logits = torch.randn(2, classes, 3, 4, generator=torch.Generator().manual_seed(seed)) * spread
    found = pixel_statistics(logits.clone(), with_probabilities=True)
    exact = logits.double().softmax(dim=1)
    best = exact.topk(2, dim=1).values
    assert torch.equal(found.classes.long(), logits.argmax(dim=1))
    assert torch.allclose(found.entropy.double(), -torch.special.xlogy(exact, exact).sum(dim=1), atol=1e-5)
    assert torch.allclose(found.margin.double(), best[:, 1] / best[:, 0], atol=1e-5)
    assert found.probabilities is not None
    assert torch.allclose(found.probabilities.double(), exact, atol=1e-5)
    assert found.entropy.dtype == found.margin.dtype == torch.float32


def test_logits_are_not_changed() -> None:
    logits = torch.randn(1, 3, 2, 2)
    before = logits.clone()
    pixel_statistics(logits, with_probabilities=True)
    assert torch.equal(logits, before)


def test_passes_that_agree_carry_no_information() -> None:
    disagreement = Disagreement()
    for _ in range(3):
        disagreement.add(_logits([0.2, 0.8]))
    assert disagreement.mutual_information().item() == pytest.approx(0.0, abs=1e-6)


def test_passes_that_contradict_each_other_carry_one_bit() -> None:
    disagreement = Disagreement()
    disagreement.add(torch.tensor([50.0, 0.0]).reshape(1, 2, 1, 1))
    disagreement.add(torch.tensor([0.0, 50.0]).reshape(1, 2, 1, 1))
    assert disagreement.mutual_information().item() == pytest.approx(math.log(2))


def test_adding_pass_by_pass_gives_the_published_bald() -> None:
    golden = np.load(GOLDEN)
    passes = torch.from_numpy(golden["mc_probabilities"])
    disagreement = Disagreement()
    for probabilities in passes:
        disagreement.add(probabilities.clamp_min(1e-30).log()[None])
    assert disagreement.mutual_information()[0].numpy() == pytest.approx(golden["bald"], abs=1e-5)
    exact = passes.double()
    information = mutual_information(exact.mean(0, keepdim=True), softmax_entropy(exact).mean(0, keepdim=True))
    assert information[0].numpy() == pytest.approx(golden["bald"], rel=1e-5, abs=1e-7)
