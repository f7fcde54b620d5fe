"""Fast step: seconds of a whole step of the fast segmenter on CamVid, phase by phase, on one thread.

A run of 20 steps with random choice: the images of 240 candidates (K = 24, P = 10) and the 10 state images are scanned,
24 regions of 90×80 are labelled, the head is fitted on all labels so far, and the 101 validation images are read. The
features are made first, or come from the cache. Goal: a whole step in at most 0.3 s, the last one included.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from benchmarks.load_guard import quiet_machine
from src_model.active_learning.assembly import Assembly, assemble
from src_model.config import make_run_config
from src_model.data.labelled_set import LabelledSet
from src_model.data.pools import UnlabelledPool
from src_model.data.region import Region, grids
from src_model.device import generator_for
from src_model.events import drain
from src_model.segmentation.segmenter import FitTask
from src_model.simulation.oracle import GroundTruthOracle

REGIONS_PER_QUERY = 24
POOL_SIZE = 10
STEPS = 20

Seconds = dict[str, float]


def measure(camvid: Path) -> dict[str, object]:
    """Seconds of each phase in the last step and as a mean over all; mean IoU reached; memory."""
    config = make_run_config(
        {
            "data": {"path": str(camvid), "reader": "camvid", "split": "ralis", "region": "90x80"},
            "segmentation": {"segmenter": "fast", "train_on": "all"},
            "device": "cpu",
        }
    )
    assembly = drain(assemble(config))
    assert assembly is not None
    roles = assembly.roles
    images = [*roles.pool, *roles.state, *roles.test]
    preparing = _timed(lambda: drain(assembly.segmenter.prepare(images)))
    before = _megabytes()
    rows, scores = _run(assembly, config.data.region)
    return {
        "images_evaluated": len(roles.test),
        "threads": torch.get_num_threads(),
        "seconds_preparing": round(preparing, 2),
        "seconds_last_step": {phase: round(seconds, 4) for phase, seconds in rows[-1].items()},
        "seconds_mean_step": {phase: round(statistics.mean(row[phase] for row in rows), 4) for phase in rows[0]},
        "mean_iou_last": round(scores[-1], 4),
        "mean_iou_area": round(statistics.mean(scores), 4),
        "peak_megabytes_before_and_after": [before, _megabytes()],
        "goal": "whole <= 0.3",
    }


def _run(assembly: Assembly, region_size: tuple[int, int]) -> tuple[list[Seconds], list[float]]:
    dataset, roles = assembly.dataset, assembly.roles
    grid = grids(dataset.size, region_size)
    pool = UnlabelledPool({image: grid(image).regions(image) for image in roles.pool})
    labelled = LabelledSet(dataset.size, dataset.schema.num_classes)
    oracle = GroundTruthOracle(dataset, dataset.schema.num_classes)
    # Label maps are counted once for a whole study.
    drain(assembly.segmenter.evaluate(roles.test, dataset))
    rows, scores = [], []
    for step in range(1, STEPS + 1):
        rng = generator_for(0, "fast_step", step)
        candidates, *_ = pool.draw(rng, REGIONS_PER_QUERY, POOL_SIZE, None)
        chosen = _random_choice(candidates, rng)
        pool.remove(chosen)
        labelled.add(oracle.answer(chosen), step)
        seconds, score = _step(assembly, candidates, labelled, step)
        rows.append(seconds)
        scores.append(score)
    return rows, scores


def _step(
    assembly: Assembly, candidates: tuple[Region, ...], labelled: LabelledSet, step: int
) -> tuple[Seconds, float]:
    segmenter, roles = assembly.segmenter, assembly.roles
    looked_at = sorted({region.image for region in candidates} | set(roles.state))
    task = FitTask(labelled, labelled.regions, labelled.newest(step))
    seconds = {
        "scan": _timed(lambda: list(segmenter.scan(looked_at))),
        "fit": _timed(lambda: drain(segmenter.fit(task, generator_for(0, "fit", step)))),
    }
    start = time.perf_counter()
    confusion = drain(segmenter.evaluate(roles.test, assembly.dataset))
    seconds["evaluate"] = time.perf_counter() - start
    seconds["whole"] = sum(seconds.values())
    return seconds, confusion.mean_iou()


def _random_choice(candidates: tuple[Region, ...], rng: np.random.Generator) -> list[Region]:
    return [candidates[place] for place in rng.permutation(len(candidates))[:REGIONS_PER_QUERY]]


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _megabytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    """Measure on the images RALIS_CAMVID points at and print the reading; a busy machine refuses it."""
    torch.set_num_threads(1)
    with quiet_machine() as load:
        reading = measure(Path(os.environ["RALIS_CAMVID"]))
    print(json.dumps(reading | load, indent=1))


if __name__ == "__main__":
    main()
