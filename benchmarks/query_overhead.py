"""Query overhead: a whole query against the forward passes that it cannot do without, in one run.

The reference setting: 480 candidates from 21 CamVid images and the 10 state images, full size, FPN on the CPU
encoder, DQN acquisition. The bare loop runs the same network on the same images, decoded beforehand, in the same
batches and takes softmax and argmax. Goal: median ratio ≤ 1.25.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from benchmarks.load_guard import quiet_machine
from src_model.active_learning.acquisition.acquisition import CandidatePool, Context
from src_model.active_learning.acquisition.registry import make_acquisition
from src_model.active_learning.assembly import Assembly, assemble
from src_model.active_learning.candidates import Draw, look_at
from src_model.config import RunConfig, make_run_config
from src_model.data.labelled_set import LabelledSet
from src_model.data.pools import UnlabelledPool
from src_model.data.region import Region, grids
from src_model.device import autocast
from src_model.dqn.query_network import ReferenceQueryNetwork
from src_model.events import drain, never
from src_model.segmentation.batches import equal_size_batches, stacked_pixels
from src_model.segmentation.fpn_segmenter import FPNSegmenter
from src_model.simulation.oracle import GroundTruthOracle

ROUNDS = 5


def measure(camvid: Path) -> dict[str, object]:
    """Seconds of the query and of the bare loop, in turn; their ratio round by round."""
    config = make_run_config(
        {
            "data": {"path": str(camvid), "reader": "camvid", "split": "ralis", "region": "90x80"},
            "acquisition": {"name": "dqn", "pool_size": 20},
        }
    )
    assembly = drain(assemble(config))
    assert assembly is not None
    query, images = _query(config, assembly)
    bare = _bare(config, assembly, images)
    query(), bare()
    ratios, seconds = [], []
    for _ in range(ROUNDS):
        query_seconds, bare_seconds = _timed(query), _timed(bare)
        ratios.append(query_seconds / bare_seconds)
        seconds.append((round(query_seconds, 3), round(bare_seconds, 3)))
    return {
        "images": len(images),
        "candidates": 480,
        "seconds_query_and_bare": seconds,
        "ratios": [round(ratio, 3) for ratio in ratios],
        "median_ratio": round(statistics.median(ratios), 3),
        "goal": "<= 1.25",
    }


def _query(config: RunConfig, assembly: Assembly) -> tuple[Callable[[], object], list[str]]:
    """Everything `ActiveLearningEngine.query` does with drawn candidates; and the images that it looks at."""
    schema, roles = assembly.dataset.schema, assembly.roles
    grid = grids(assembly.dataset.size, config.data.region)
    pool = UnlabelledPool({image: grid(image).regions(image) for image in roles.pool})
    draw = Draw(*pool.draw(np.random.default_rng(0), 24, 20))
    labelled = _labelled(assembly, [region for image in roles.train[:10] for region in grid(image).regions(image)])
    network = ReferenceQueryNetwork(schema.num_classes, assembly.state_regions(), torch.Generator().manual_seed(0))
    acquisition = make_acquisition(config.acquisition, network)
    context = Context(labelled.shares)

    def query() -> object:
        rng = np.random.default_rng(0)
        candidates: CandidatePool = drain(
            look_at(draw, acquisition.needs, assembly.segmenter, grid, roles.state, labelled, rng, never)
        )
        return acquisition.choose(candidates, context, rng)

    return query, sorted({region.image for region in draw.regions} | set(roles.state))


def _labelled(assembly: Assembly, regions: list[Region]) -> LabelledSet:
    num_classes = assembly.dataset.schema.num_classes
    labelled = LabelledSet(assembly.dataset.size, num_classes)
    labelled.add(GroundTruthOracle(assembly.dataset, num_classes).answer(regions), 1)
    return labelled


def _bare(config: RunConfig, assembly: Assembly, images: list[str]) -> Callable[[], object]:
    segmenter = assembly.segmenter
    assert isinstance(segmenter, FPNSegmenter)
    network = segmenter.network.eval()
    batches = [
        stacked_pixels(assembly.dataset, batch)
        for batch in equal_size_batches(assembly.dataset, images, config.segmentation.inference_batch)
    ]

    def bare() -> object:
        with torch.no_grad():
            for pixels in batches:
                with autocast(assembly.device, config.segmentation.mixed_precision):
                    features = network.features(pixels)
                logits = network.logits(features, (pixels.shape[-2], pixels.shape[-1]))
                logits.softmax(dim=1).argmax(dim=1)
        return None

    return bare


def _timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def main() -> None:
    """Print the measurement as JSON."""
    with quiet_machine() as load:
        result = measure(Path(os.environ["RALIS_CAMVID"]))
    print(json.dumps(result | {"load": load}, indent=1))


if __name__ == "__main__":
    main()
