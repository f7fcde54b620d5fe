"""The phase clock: seconds of each phase of a step, for the tables."""

from __future__ import annotations

import time


class PhaseClock:
    """Runs from its making; each `lap` closes a phase.

    Attributes
    ----------
    laps:
        Wall-clock seconds by name of the phase.
    """

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> float:
        """Close the phase called ``name`` and return its seconds."""
        now = time.perf_counter()
        self.laps[name] = now - self._last
        self._last = now
        return self.laps[name]
