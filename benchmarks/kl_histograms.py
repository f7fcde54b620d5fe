"""Both KL histograms of one step at the size of Cityscapes: at most 2 s and 500 MB beyond the inputs.

Published code: 16 s for the labelled regions and 18 s for the candidates. Run: ``python -m benchmarks.kl_histograms``.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time

import numpy as np
import torch

from benchmarks.load_guard import quiet_machine
from src_model.dqn.features import kl_histograms

CANDIDATES, LABELLED, CLASSES, REGION_PIXELS = 5120, 3840, 19, 128 * 128
REPEATS = 5
LIMIT_SECONDS, LIMIT_MEGABYTES = 2.0, 500.0


def measure() -> dict[str, float | int | str | bool]:
    """Median seconds of both histograms together and the peak of memory beyond the inputs; one process, warm."""
    counts, labelled = _candidates(), _labelled()
    kl_histograms(counts[:64], labelled[:64])
    before = _resident_megabytes()
    walls, processors = [], []
    for _repeat in range(REPEATS):
        wall, processor = time.perf_counter(), time.process_time()
        kl_histograms(counts, labelled)
        kl_histograms(counts, counts)
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    # The peak never falls: where the imports reached higher than the kernels, this is an upper bound.
    extra = _peak_megabytes() - before
    seconds = statistics.median(walls)
    return {
        "benchmark": "kl_histograms",
        "candidates": CANDIDATES,
        "labelled": LABELLED,
        "classes": CLASSES,
        "threads": torch.get_num_threads(),
        "seconds": round(seconds, 3),
        "processor_seconds": round(statistics.median(processors), 3),
        "extra_megabytes": round(extra, 1),
        "passed": seconds <= LIMIT_SECONDS and extra <= LIMIT_MEGABYTES,
    }


def _candidates() -> torch.Tensor:
    """Pixel counts (N, C+1) of regions with a few classes each."""
    shares = np.random.default_rng(0).dirichlet(np.full(CLASSES, 0.1), CANDIDATES)
    counts = np.floor(shares * REGION_PIXELS)
    counts[counts == 0] = 1e-7
    ignored = np.full((CANDIDATES, 1), 1e-7)
    return torch.from_numpy(np.concatenate([counts, ignored], axis=1).astype(np.float32))


def _labelled() -> torch.Tensor:
    """Class fractions (L, C+1), 1e-7 where absent."""
    fractions = np.random.default_rng(1).dirichlet(np.full(CLASSES + 1, 0.1), LABELLED)
    return torch.from_numpy(np.maximum(fractions, 1e-7))


def _peak_megabytes() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def _resident_megabytes() -> float:
    """Memory in use now; where the system does not say, the peak so far."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * resource.getpagesize() / 2**20
    except OSError:
        return _peak_megabytes()


def main() -> None:
    """Print the reading as JSON, or refuse it."""
    with quiet_machine() as load:
        reading = measure()
    print(json.dumps(reading | load, indent=2))


if __name__ == "__main__":
    main()
