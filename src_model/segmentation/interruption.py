"""Interruption: a forward pass over a large image takes seconds; here a stop is heard between any two of its layers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from src_model.events import ShouldStop, never


class ForwardStopped(Exception):
    """A forward pass was left in the middle; nothing was changed."""


@contextmanager
def interruptible(network: nn.Module, should_stop: ShouldStop) -> Iterator[None]:
    """Inside, every layer of the network asks first whether to go on; what it computes is the same to the bit.

    Raises
    ------
    ForwardStopped
        Between two layers, once ``should_stop`` says so.
    """
    if should_stop is never:
        yield
        return

    def ask(_layer: nn.Module, _inputs: object) -> None:
        if should_stop():
            raise ForwardStopped

    layers = [layer for layer in network.modules() if next(layer.children(), None) is None]
    asking = [layer.register_forward_pre_hook(ask) for layer in layers]
    try:
        yield
    finally:
        for hook in asking:
            hook.remove()
