"""Devices and addressed random numbers."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread

import pytest
import torch
from torch import nn

from src_model.device import choose_device, compute_alone, generator_for, torch_generator, train_mode
from src_model.exceptions import ConfigurationError


def test_a_device_that_is_not_there_is_refused_with_those_that_are() -> None:
    if torch.backends.mps.is_available():
        pytest.skip("this machine has the device that is meant to be missing")
    with pytest.raises(ConfigurationError, match="cpu"):
        choose_device("mps")


def test_random_numbers_are_addressed_and_not_consumed() -> None:
    first = generator_for(3, 1, 7, "fit").integers(1000, size=5).tolist()
    generator_for(3, 1, 6, "fit").integers(1000, size=500)
    assert generator_for(3, 1, 7, "fit").integers(1000, size=5).tolist() == first


def test_each_purpose_step_and_seed_has_its_own_numbers() -> None:
    streams = {
        tuple(generator_for(seed, step, purpose).integers(10**9, size=3).tolist())
        for seed in (0, 1)
        for step in (0, 1)
        for purpose in ("fit", "choice")
    }
    assert len(streams) == 8


def test_a_torch_generator_follows_its_numpy_generator() -> None:
    draws = [torch.rand(3, generator=torch_generator(generator_for(1, "x"))).tolist() for _ in range(2)]
    assert draws[0] == draws[1]


def test_train_mode_goes_back_to_what_it_was() -> None:
    module = nn.Linear(1, 1).eval()
    with train_mode(module, True):
        assert module.training
    assert not module.training


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two_threads")
def test_a_thread_computes_alone_and_no_other_one_does() -> None:
    seen: list[int] = []

    def alone() -> None:
        compute_alone()
        seen.append(torch.get_num_threads())

    for work in (alone, lambda: seen.append(torch.get_num_threads())):
        thread = Thread(target=work)
        thread.start()
        thread.join()
    assert seen == [1, 2]
    assert torch.get_num_threads() == 2
