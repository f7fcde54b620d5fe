"""The load guard: no reading of speed while the machine works for somebody else."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LIMIT = 0.08
"""Largest share of all cores that others may use during a reading."""


class BusyMachineError(Exception):
    """Others used more than the limit; what was measured meanwhile is worth nothing."""


@contextmanager
def quiet_machine(limit: float = LIMIT) -> Iterator[dict[str, float]]:
    """Measure inside this block; the dictionary it gives is filled at the end, to be kept with the reading.

    ``other_load`` is the share of all cores that was busy for other processes during the block. Where the system
    does not count this (anything but Linux) it is the load average of the minute before.

    Raises
    ------
    BusyMachineError
        At the end of the block, if ``other_load`` is above ``limit``.
    """
    load = {"load_average": round(os.getloadavg()[0], 2), "cores": float(os.cpu_count() or 1)}
    busy, own, start = _busy_seconds(), _own_seconds(), time.perf_counter()
    yield load
    busy_after = _busy_seconds()
    if busy is None or busy_after is None:
        other = load["load_average"] / load["cores"]
    else:
        others = busy_after - busy - (_own_seconds() - own)
        other = max(0.0, others) / ((time.perf_counter() - start) * load["cores"])
    load["other_load"] = round(other, 4)
    if other > limit:
        raise BusyMachineError(
            f"Others used {other:.0%} of this machine during the reading, more than {limit:.0%}: it does not count. "
            "Repeat when the machine is idle."
        )


def _busy_seconds() -> float | None:
    """Processor time of all processes since the machine started, or None where it is not counted."""
    path = Path("/proc/stat")
    if not path.is_file():
        return None
    user, nice, system, _idle, _waiting, irq, softirq, *_ = map(int, path.read_text().splitlines()[0].split()[1:])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
