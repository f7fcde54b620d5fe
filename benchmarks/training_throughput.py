"""Training throughput: a fit of the engine against a bare loop with its crops already in memory, in one run.

Full-size CamVid, crops of 224×224, full augmentation, labels of 480 regions. The bare loop makes the same gradient
steps on tensors that are there. Goal: the engine reaches ≥ 0.85 of its images a second.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from benchmarks.load_guard import quiet_machine
from src_model.active_learning.assembly import assemble
from src_model.config import make_run_config
from src_model.data.region import grids
from src_model.device import autocast
from src_model.events import drain
from src_model.segmentation.batches import CropBatches
from src_model.segmentation.fpn_segmenter import FPNSegmenter
from src_model.segmentation.loss import segmentation_loss
from src_model.segmentation.segmenter import FitTask

ROUNDS = 5
UPDATES = 8


def measure(camvid: Path) -> dict[str, object]:
    """Images a second of both, in turn; their ratio round by round."""
    config = make_run_config(
        {
            "data": {"path": str(camvid), "reader": "camvid", "split": "ralis", "region": "90x80"},
            "segmentation": {"crop": "224x224", "updates": UPDATES},
        }
    )
    assembly = drain(assemble(config))
    assert assembly is not None
    segmenter = assembly.segmenter
    assert isinstance(segmenter, FPNSegmenter)
    grid = grids(assembly.dataset.size, config.data.region)
    regions = [region for image in assembly.roles.train[:20] for region in grid(image).regions(image)]
    task = FitTask(assembly.dataset, regions, regions[:24])
    crops = CropBatches(assembly.dataset, task, config.segmentation, segmenter.num_classes, seed=0)
    batches = [crops.make(index) for index in range(UPDATES)]
    optimiser = torch.optim.AdamW(segmenter.network.parameters(), 1e-3, weight_decay=1e-4)

    def bare() -> None:
        segmenter.network.train()
        for batch in batches:
            with autocast(assembly.device, config.segmentation.mixed_precision):
                logits = segmenter.network(batch.pixels)
            optimiser.zero_grad()
            segmentation_loss(logits, batch.labels, None).backward()
            nn.utils.clip_grad_norm_(segmenter.network.parameters(), config.segmentation.gradient_clip)
            optimiser.step()
        segmenter.network.eval()

    def engine() -> None:
        drain(segmenter.fit(task, np.random.default_rng(0)))

    images = UPDATES * config.segmentation.batch_size
    engine(), bare()
    ratios, rates = [], []
    for _ in range(ROUNDS):
        speeds = []
        for work in (engine, bare):
            begin = time.perf_counter()
            work()
            speeds.append(images / (time.perf_counter() - begin))
        ratios.append(speeds[0] / speeds[1])
        rates.append([round(speed, 2) for speed in speeds])
    return {
        "images_a_second_engine_and_bare": rates,
        "ratios": [round(ratio, 3) for ratio in ratios],
        "median_ratio": round(statistics.median(ratios), 3),
        "goal": ">= 0.85",
    }


def main() -> None:
    """Print the measurement as JSON."""
    with quiet_machine() as load:
        result = measure(Path(os.environ["RALIS_CAMVID"]))
    print(json.dumps(result | {"load": load}, indent=1))


if __name__ == "__main__":
    main()
