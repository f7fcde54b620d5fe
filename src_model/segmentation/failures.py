"""Failures of the machine: torch's errors and full memory, told apart and told as `EngineFailure`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from src_model.exceptions import EngineFailure

_FULL = ("out of memory", "can't allocate memory", "not enough memory")
"""What torch says on a GPU of either make, and its allocator on Linux and on Windows."""


def is_out_of_memory(error: Exception) -> bool:
    """Whether a smaller piece of the same work may go through."""
    said = str(error).lower()
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and any(own in said for own in _FULL))


@contextmanager
def machine_failures(work: str, remedy: str) -> Iterator[None]:
    """Raise `EngineFailure` for what torch and the allocator raise inside.

    Parameters
    ----------
    work:
        What was being done, as the start of a sentence.
    remedy:
        What to do when memory was the reason, as a sentence.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as exc:
        first_line = str(exc).partition("\n")[0] or "out of memory"
        raise EngineFailure(f"{work} failed: {first_line}. If memory ran out: {remedy}") from exc
