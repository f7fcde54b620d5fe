"""A forward pass that can be left between two layers, and computes the same when it is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from src_model.segmentation.interruption import ForwardStopped, interruptible


def layers() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.ReLU(), nn.Linear(4, 3)), nn.Softmax(dim=1))


def after(calls: int) -> Callable[[], bool]:
    asked = 0

    def should_stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > calls

    return should_stop


def test_a_stop_is_heard_between_two_layers_and_the_hooks_are_gone_afterwards() -> None:
    network, reached = layers(), list[str]()
    network[1][1].register_forward_hook(lambda *_: reached.append("second linear"))
    with pytest.raises(ForwardStopped), interruptible(network, after(2)):
        network(torch.ones(1, 4))
    assert not reached, "the third layer was asked for and not computed"
    network(torch.ones(1, 4))
    assert reached == ["second linear"]


def test_what_is_not_stopped_is_the_same_to_the_bit() -> None:
    network, seen = layers(), torch.rand(5, 4)
    with interruptible(network, lambda: False):
        interrupted = network(seen)
    assert torch.equal(interrupted, network(seen))
