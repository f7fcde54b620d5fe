"""The device: chosen once, described, seeded; and the modes a network can be put in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Thread

import numpy as np
import psutil
import torch
from torch import nn

from src_model.exceptions import ConfigurationError


def choose_device(name: str) -> torch.device:
    """The device called ``auto``, ``cpu``, ``cuda`` or ``mps``; auto takes the fastest there is.

    Raises
    ------
    ConfigurationError
        If this machine has no such device.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(kind for kind, there in available.items() if there))
    if not available.get(name, False):
        have = ", ".join(kind for kind, there in available.items() if there)
        raise ConfigurationError(f"There is no device {name!r} here. Choose auto or one of: {have}.")
    return torch.device(name)


def describe_device(device: torch.device) -> str:
    """One line for logs and reports: name, memory or cores."""
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        return f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB"
    return f"{device.type}, {torch.get_num_threads()} of {os.cpu_count()} cores"


def memory_in_use(device: torch.device) -> tuple[int, int | None]:
    """Bytes that this process holds, and those of them on the GPU; None where there is no GPU."""
    on_gpu = torch.cuda.memory_reserved(device) if device.type == "cuda" else None
    return int(psutil.Process().memory_info().rss), on_gpu


def release_memory(device: torch.device) -> None:
    """Give back what torch keeps of a GPU's memory for later, so that others, and larger pieces, find room."""
    if device.type == "cuda":
        torch.cuda.empty_cache()


def set_threads(threads: int) -> None:
    """Give torch this many threads (0: as it likes). Once, at the start: it holds for the whole process."""
    if threads:
        torch.set_num_threads(threads)


def compute_alone() -> None:
    """Have torch compute in this thread without helpers, which leaves the other cores to others.

    The number of threads is each thread's own, but setting it also sets that of threads to come: another thread sets
    that back a moment later.
    """
    others = torch.get_num_threads()
    torch.set_num_threads(1)
    after = Thread(target=torch.set_num_threads, args=(others,))
    after.start()
    after.join()


def autocast(device: torch.device, enabled: bool) -> AbstractContextManager[object]:
    """Mixed precision in bfloat16 where the device computes in it, otherwise full precision."""
    if not enabled or not _has_bfloat16(device):
        return nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    # Emulated on a processor without such instructions, it is slower than full precision. Older torch cannot tell.
    capabilities: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return device.type == "cpu" and any("bf16" in name and there for name, there in capabilities.items())


@contextmanager
def train_mode(module: nn.Module, enabled: bool) -> Iterator[nn.Module]:
    """The module in training (or evaluation) mode, and back to what it was afterwards."""
    if all(part.training == enabled for part in module.modules()):
        yield module
        return
    before = module.training
    module.train(enabled)
    try:
        yield module
    finally:
        module.train(before)


def generator_for(seed: int, *purpose: int | str) -> np.random.Generator:
    """Independent random numbers for one purpose of one run.

    Streams are addressed, not consumed: the numbers of step 7 do not depend on how many were drawn before, so that
    a run that was killed goes on with the same ones and no generator state is stored.
    """
    words = [int.from_bytes(part.encode(), "little") if isinstance(part, str) else part for part in purpose]
    return np.random.default_rng(np.random.SeedSequence([seed, *words]))


def torch_generator(rng: np.random.Generator, device: torch.device | str = "cpu") -> torch.Generator:
    """A torch generator seeded by the next number of a NumPy generator."""
    return torch.Generator(device).manual_seed(int(rng.integers(2**63)))
