"""Default query: a whole query with the default features against one of label balance, with the fast segmenter.

CamVid, K = 24, one thread, 240 regions labelled. Timed are looking at the candidates (scan, statistics, features) and
choosing, for pools of 10 and of 50, and the features of one pool by themselves (goal: under 0.5 ms). What it costs in
truth to take divergences to 1,024 labelled regions is read against all of D_V labelled.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from pathlib import Path

import numpy as np
import torch

from benchmarks.load_guard import quiet_machine
from src_model.active_learning.acquisition.acquisition import Acquisition, CandidatePool, Context
from src_model.active_learning.acquisition.registry import make_acquisition
from src_model.active_learning.assembly import Assembly, assemble
from src_model.active_learning.candidates import Draw, look_at
from src_model.active_learning.episode_state import EpisodeState
from src_model.config import AcquisitionConfig, make_run_config
from src_model.data.region import grids
from src_model.dqn import default_divergences
from src_model.dqn.default_divergences import divergences_to_labelled
from src_model.dqn.default_query_network import DefaultQueryNetwork
from src_model.events import drain, never
from src_model.segmentation.segmenter import FitTask
from src_model.simulation.oracle import GroundTruthOracle

BUDGET = 480
REGIONS_PER_QUERY = 24
ROUNDS = 15


class World:
    """CamVid in an episode half over."""

    def __init__(self, assembly: Assembly) -> None:
        self.assembly = assembly
        self.grid = grids(assembly.dataset.size, assembly.region_size)
        pool = assembly.roles.pool
        regions = {image: self.grid(image).regions(image) for image in pool}
        self.oracle = GroundTruthOracle(assembly.dataset, assembly.dataset.schema.num_classes)
        self.episode = EpisodeState(1, regions, assembly.dataset.size, assembly.dataset.schema.num_classes)
        drain(assembly.segmenter.prepare([*pool, *assembly.roles.state]))
        self.label(pool[:10])
        labelled = self.episode.labelled
        fit = FitTask(labelled, labelled.regions, labelled.regions)
        drain(assembly.segmenter.fit(fit, np.random.default_rng(0)))

    def label(self, images: tuple[str, ...]) -> None:
        """Answer every region of these images."""
        self.episode.take(self.oracle.answer([r for image in images for r in self.grid(image).regions(image)]), 1)

    def look(self, rule: Acquisition, pool_size: int) -> CandidatePool:
        """The candidates of a query, seen as the rule needs them."""
        now = self.episode
        return drain(
            look_at(
                Draw(*now.pool.draw(np.random.default_rng(0), REGIONS_PER_QUERY, pool_size)),
                rule.needs,
                self.assembly.segmenter,
                self.grid,
                self.assembly.roles.state,
                now.labelled,
                np.random.default_rng(0),
                never,
                now.standing(BUDGET),
            )
        )


def measure(camvid: Path) -> dict[str, object]:
    """Milliseconds by rule and pool size; error of the representatives."""
    torch.set_num_threads(1)
    config = make_run_config(
        {
            "data": {"path": str(camvid), "reader": "camvid", "split": "ralis", "region": "90x80"},
            "segmentation": {"segmenter": "fast"},
            "device": "cpu",
        }
    )
    assembly = drain(assemble(config))
    assert assembly is not None
    world = World(assembly)
    network = DefaultQueryNetwork(torch.Generator().manual_seed(0)).eval()
    readings: dict[str, object] = {}
    for pool_size in (10, 50):
        for name in ("label_balance", "dqn"):
            rule = make_acquisition(AcquisitionConfig(name=name, pool_size=pool_size), network)
            readings[f"{name}, pools of {pool_size}, ms"] = _query_milliseconds(world, rule, pool_size)
        readings[f"features of a pool of {pool_size}, ms"] = _pool_milliseconds(world.look(rule, pool_size))
    return readings | {"representatives": _error_of_representatives(world, world.look(rule, 50))}


def _query_milliseconds(world: World, rule: Acquisition, pool_size: int) -> dict[str, float]:
    looks, choices = [], []
    for _ in range(ROUNDS + 1):
        begin = time.perf_counter()
        pool = world.look(rule, pool_size)
        seen = time.perf_counter()
        rule.choose(pool, Context(world.episode.labelled.shares), np.random.default_rng(1))
        looks.append(1e3 * (seen - begin))
        choices.append(1e3 * (time.perf_counter() - seen))
    look, choose = (round(statistics.median(times[1:]), 1) for times in (looks, choices))
    return {"look": look, "choose": choose, "whole": round(look + choose, 1)}


def _pool_milliseconds(pool: CandidatePool) -> float:
    assert pool.step is not None
    taken = np.zeros(pool.step.probabilities.shape[1])
    begin = time.perf_counter()
    for turn in range(REGIONS_PER_QUERY):
        pool.step.pool(turn, taken)
    return round(1e3 * (time.perf_counter() - begin) / REGIONS_PER_QUERY, 3)


def _error_of_representatives(world: World, pool: CandidatePool) -> dict[str, float]:
    """Of the bins' shares and of ln(1 + least divergence), against divergences to all labelled regions."""
    assert pool.step is not None
    world.label(world.assembly.roles.pool[10:])
    labelled = world.episode.standing(BUDGET).labelled
    fewer = divergences_to_labelled(pool.step.probabilities, labelled)
    default_divergences.REPRESENTATIVES = len(labelled)
    error = np.abs(fewer - divergences_to_labelled(pool.step.probabilities, labelled))
    return {
        "labelled_regions": len(labelled),
        "bin_share_mean_error": round(float(error[:, :-1].mean()), 5),
        "bin_share_largest_error": round(float(error[:, :-1].max()), 5),
        "least_mean_error": round(float(error[:, -1].mean()), 5),
    }


def main() -> None:
    """Print the measurement as JSON."""
    with quiet_machine() as load:
        result = measure(Path(os.environ["RALIS_CAMVID"]))
    print(json.dumps(result | {"load": load}, indent=1))


if __name__ == "__main__":
    main()
