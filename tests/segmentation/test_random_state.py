from __future__ import annotations

import torch

from src_model.segmentation.random_state import seeded

CPU = torch.device("cpu")


def test_the_same_seed_gives_the_same_numbers() -> None:
    with seeded(CPU, 3):
        first = torch.rand(4)
    with seeded(CPU, 3):
        assert torch.equal(torch.rand(4), first)
    with seeded(CPU, 4):
        assert not torch.equal(torch.rand(4), first)


def test_the_global_state_goes_on_as_if_nothing_had_happened() -> None:
    before = torch.get_rng_state()
    with seeded(CPU, 3):
        torch.rand(4)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_global_state_is_put_back_after_an_error() -> None:
    before = torch.get_rng_state()
    try:
        with seeded(CPU, 3):
            torch.rand(4)
            raise KeyError
    except KeyError:
        assert torch.equal(torch.get_rng_state(), before)
