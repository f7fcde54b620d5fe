"""Sweeps: every line of a study with every seed, several runs at a time, each resumable on its own."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dask
from dask.distributed import Client, Future, LocalCluster, as_completed
from pydantic import BaseModel, ConfigDict, Field

from src_model.config import RunConfig, make_run_config, merged, preset_settings, read_toml
from src_model.data.splits import SEEDED_SPLITS
from src_model.events import Notice, Progress, StepDone, drain
from src_model.exceptions import ConfigurationError
from src_model.policy_training.train_policy import POLICY, train_policy
from src_model.simulation.simulate import simulate

logger = logging.getLogger(__name__)

DONE = "done"
"""Empty file that a sweep leaves in the folder of a finished run, so that it is not opened again."""


class Line(BaseModel):
    """One line of a study: settings on top of the base.

    ``train`` holds the settings of a policy training that comes before each simulation; its policy is then used.
    With ``policies`` = n only n of them are trained, with seeds 0 … n-1, and simulation s uses policy s mod n.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    settings: dict[str, Any] = Field(default_factory=dict)
    train: dict[str, Any] | None = None
    policies: int | None = Field(default=None, gt=0)


class Study(BaseModel):
    """What a study runs: ``preset`` and ``base`` for all, ``lines`` by name, seeds 0 … ``seeds``-1."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seeds: int = Field(gt=0)
    preset: str = "default"
    base: dict[str, Any] = Field(default_factory=dict)
    lines: dict[str, Line]


@dataclass(frozen=True, slots=True)
class Job:
    """One run of a study: a policy training or a simulation."""

    folder: Path
    config: RunConfig
    trains: bool


def read_study(path: Path, data: Path) -> Study:
    """Read a study; ``data`` is where the data set lies on this machine.

    Raises
    ------
    ConfigurationError
        If the file is not a study, naming the fault.
    """
    try:
        study = Study.model_validate(read_toml(path))
    except ValueError as exc:
        raise ConfigurationError(f"{path} is not a study: {exc}. See docs/studies for examples.") from exc
    return study.model_copy(update={"base": merged(study.base, {"data": {"path": str(data)}})})


def jobs_of(study: Study, out: Path) -> list[tuple[Job | None, Job]]:
    """Each simulation with the policy training that comes before it; seed by seed, so that pairs fill up evenly."""
    return [_pair(study, name, seed, out) for seed in range(study.seeds) for name in study.lines]


def sweep(study: Study, out: Path, workers: int = 2) -> Progress[int]:
    """Run what is not finished; returns how many runs failed (their errors are reported and the others go on)."""
    pairs = jobs_of(study, out)
    total = len(pairs)
    waiting = [pair for pair in pairs if not (pair[1].folder / DONE).is_file()]
    done, failed = total - len(waiting), 0
    yield StepDone(1, done, total)
    if not waiting:
        return 0
    with _cluster(workers) as cluster, Client(cluster) as client:
        trained: dict[Path, Future[None]] = {}
        futures: dict[Future[None], str] = {}
        for training, simulation in waiting:
            before = None
            if training is not None:
                if training.folder not in trained:
                    trained[training.folder] = client.submit(_run_job, training, pure=False)
                before = trained[training.folder]
            futures[client.submit(_run_job, simulation, before, pure=False)] = simulation.folder.name
        for future in as_completed(futures):
            error = future.exception()
            if error is not None:
                failed += 1
                yield Notice(f"{futures[future]} failed: {error}")
            done += 1
            yield StepDone(1, done, total)
    return failed


def _cluster(workers: int) -> LocalCluster:
    # A busy machine takes its time to start a process that imports torch; giving up on it would leave nobody to work.
    with dask.config.set({"distributed.comm.timeouts.connect": "300s"}):
        return LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            death_timeout=None,
        )


def _pair(study: Study, name: str, seed: int, out: Path) -> tuple[Job | None, Job]:
    line = study.lines[name]
    reader = str(study.base.get("data", {}).get("reader", ""))
    layers = (preset_settings(study.preset, reader), study.base, line.settings, {"seed": seed, "threads": 1})
    folder = out / f"{name}-seed{seed}"
    if line.train is None:
        return None, Job(folder, make_run_config(*layers), trains=False)
    split = make_run_config(*layers).data.split
    if line.policies and split in SEEDED_SPLITS:
        raise ConfigurationError(
            f"The line {name} shares policies between seeds, but the split {split} gives every seed other roles: a "
            "policy would be tested on what it was trained on. Use the split ralis, or leave out policies."
        )
    policy_seed = seed % (line.policies or study.seeds)
    policy_folder = out / "policies" / f"{name}-seed{policy_seed}"
    training = Job(policy_folder, make_run_config(*layers, line.train, {"seed": policy_seed}), trains=True)
    config = make_run_config(*layers, {"dqn": {"policy": str(policy_folder / POLICY)}})
    return training, Job(folder, config, trains=False)


def _run_job(job: Job, _after: None = None) -> None:
    """Run in a worker; ``_after`` is the training that the cluster waits for."""
    if not (job.folder / DONE).is_file():
        drain((train_policy if job.trains else simulate)(job.config, job.folder))
        (job.folder / DONE).touch()
