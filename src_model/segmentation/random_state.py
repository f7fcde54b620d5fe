"""Random numbers of torch's own layers (initialisation, dropout), without leaving a trace in the global state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def seeded(device: torch.device, seed: int) -> Iterator[None]:
    """Layers draw from ``seed`` inside, on the CPU and on ``device``; afterwards torch goes on as if nothing happened.

    For modules that offer no generator argument. The state is process-wide while the context is open: keep it short
    and let no generator yield inside.
    """
    # Not torch.manual_seed, which would also seed accelerators whose state nobody puts back.
    accelerator = None if device.type == "cpu" else getattr(torch, device.type)
    before = torch.default_generator.get_state()
    before_there = accelerator.get_rng_state() if accelerator else None
    torch.default_generator.manual_seed(seed)
    if accelerator:
        accelerator.manual_seed(seed)
    try:
        yield
    finally:
        torch.default_generator.set_state(before)
        if accelerator:
            accelerator.set_rng_state(before_there)
