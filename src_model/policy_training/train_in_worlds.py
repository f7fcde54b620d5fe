"""Training in worlds: one policy learns from whole episodes in street worlds that are drawn anew.

Generation by generation (`evolution`): disturb the weights, play each disturbance and its opposite in the same
episode, move towards what reached more. ``OUT`` holds ``training.safetensors`` (all that going on needs, written whole
or not at all after each generation), ``episodes.csv``, ``held_out.csv`` and ``policy.safetensors``.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from src_model.atomic_file import replacing
from src_model.checkpoint import load_tensors, save_tensors
from src_model.config import RunConfig
from src_model.device import generator_for
from src_model.dqn.direct_query_network import DIRECT_WEIGHTS, DirectQueryNetwork, label_balance_weights
from src_model.dqn.policy import Policy, save_policy
from src_model.events import GenerationDone, Notice, Progress, ShouldStop, never
from src_model.exceptions import CheckpointError, ConfigurationError, ProjectError
from src_model.policy_training.evolution import EvolutionSettings, FloatArray, moved, settled, votes
from src_model.policy_training.held_out import Areas, read_policy, rules_in_held_out
from src_model.policy_training.players import Players, Task
from src_model.policy_training.train_policy import POLICY, refuse_other_choices
from src_model.policy_training.world_episode import Row
from src_model.policy_training.worlds import WorldSettings, live_world
from src_model.project.lock import ProjectLock

CHECKPOINT = "training.safetensors"
EPISODES = "episodes.csv"
HELD_OUT = "held_out.csv"

_KIND = "evolution in worlds"
_HISTORY = "weights"


@dataclass(slots=True)
class _Training:
    """What a training has come to.

    Attributes
    ----------
    history:
        Weights (D,) at the start and after each generation.
    episodes, readings:
        Rows of the two tables.
    rules:
        What the fixed rules reach in the held-out episodes, once it is known.
    """

    history: list[FloatArray] = field(default_factory=lambda: [label_balance_weights()])
    episodes: list[Row] = field(default_factory=list)
    readings: list[Row] = field(default_factory=list)
    rules: Areas = field(default_factory=dict)

    @property
    def generations(self) -> int:
        """Moves made."""
        return len(self.history) - 1

    @property
    def steps(self) -> int:
        """Environment steps so far, both episodes of each pair counted."""
        return 2 * sum(int(row["steps"] or 0) for row in self.episodes)

    @property
    def weights(self) -> FloatArray:
        """(D,) of the policy that would be kept now."""
        return settled(np.stack(self.history))

    @property
    def is_read(self) -> bool:
        """Whether the policy as it is now has been read."""
        return bool(self.readings) and self.readings[-1]["after_generation"] == self.generations


def train_in_worlds(
    config: RunConfig, worlds: WorldSettings, evolution: EvolutionSettings, out: Path, should_stop: ShouldStop = never
) -> Progress[bool]:
    """Train, or go on training, the policy kept in ``out``; ends with ``out/policy.safetensors``.

    Killed at any moment and called again with the same settings, it ends with the same weights, whatever the number of
    workers. With more ``generations`` a finished training goes on. Returns whether all generations were played.

    Raises
    ------
    RalisError
        For settings that do not fit, those of the training in ``out`` included; nothing has been written.
    """
    _refuse_other_features(config)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise ProjectError(f"Cannot make the folder {out}: {exc}. Choose another one.") from exc
    lock = ProjectLock(out)
    lock.acquire()
    try:
        training = _resumed(out, config, worlds, evolution)
        with Players(config, worlds, evolution.workers) as players:
            return (yield from _train(config, worlds, evolution, out, players, training, should_stop))
    finally:
        lock.release()


def _train(
    config: RunConfig,
    worlds: WorldSettings,
    evolution: EvolutionSettings,
    out: Path,
    players: Players,
    training: _Training,
    should_stop: ShouldStop,
) -> Progress[bool]:
    begun, before = time.monotonic(), training.generations
    while not should_stop():
        finished = training.generations >= evolution.generations
        if not training.is_read and (finished or training.generations % evolution.evaluate_every == 0):
            yield from _read(worlds, players, training, should_stop)
            _save(out, config, worlds, evolution, training)
        if finished or should_stop():
            return not should_stop()
        if not (yield from _generation(config, worlds, evolution, players, training, should_stop)):
            break
        _save(out, config, worlds, evolution, training)
        made = training.generations - before
        left = (time.monotonic() - begun) / made * (evolution.generations - training.generations)
        yield GenerationDone(training.generations, evolution.generations, left)
    return False


def _generation(
    config: RunConfig,
    worlds: WorldSettings,
    evolution: EvolutionSettings,
    players: Players,
    training: _Training,
    should_stop: ShouldStop,
) -> Progress[bool]:
    """Play one generation and move the weights; whether it was not stopped."""
    number, here = training.generations, training.history[-1]
    rng = generator_for(config.seed, "evolution", number)
    disturbances = rng.standard_normal((evolution.pairs, DIRECT_WEIGHTS))
    tasks = [
        Task(live_world(number, place, worlds), False, number * evolution.pairs + place, "dqn", weights)
        for place, disturbance in enumerate(disturbances)
        for weights in (here + evolution.deviation * disturbance, here - evolution.deviation * disturbance)
    ]
    rows = yield from players.play_all(tasks, should_stop)
    if rows is None:
        return False
    areas = np.array([row["area_mean_iou"] for row in rows], dtype=np.float64).reshape(-1, 2)
    voted = votes(areas[:, 0] - areas[:, 1])
    training.history.append(moved(here, disturbances, voted, evolution.rate))
    training.episodes += [
        {"generation": number + 1} | row | {"area_mean_iou": float(pair.mean()), "difference": float(pair[0] - pair[1])}
        for row, pair in zip(rows[::2], areas, strict=True)
    ]
    return True


def _read(worlds: WorldSettings, players: Players, training: _Training, should_stop: ShouldStop) -> Progress[None]:
    """Read the policy that would be kept now in the held-out episodes."""
    if not training.rules:
        training.rules = (yield from rules_in_held_out(players, worlds, should_stop)) or {}
    if not training.rules:
        return
    reading = yield from read_policy(players, worlds, training.rules, training.weights, should_stop)
    if reading is None:
        return
    training.readings.append({"after_generation": training.generations, "after_step": training.steps} | reading)
    yield Notice(
        f"After {training.steps} steps: area {reading['policy']:.2f}, over label_balance "
        f"{reading['over_label_balance']:+.2f} ± {reading['over_label_balance_error']:.2f}, over random "
        f"{reading['over_random']:+.2f} ± {reading['over_random_error']:.2f} points (standard errors)"
    )


# --- what is kept -----------------------------------------------------------------------------------------------------


def _save(
    out: Path, config: RunConfig, worlds: WorldSettings, evolution: EvolutionSettings, training: _Training
) -> None:
    told = _told(config, worlds, evolution)
    header = {
        "kind": _KIND,
        "settings": told,
        "episodes": training.episodes,
        "readings": training.readings,
        "rules": training.rules,
    }
    save_tensors(out / CHECKPOINT, {_HISTORY: torch.from_numpy(np.stack(training.history))}, header)
    seen = {
        "worlds": sorted({int(row["world"] or 0) for row in training.episodes}),
        "generations": training.generations,
        "episodes": 2 * len(training.episodes),
        "environment_steps": training.steps,
        "settings": told,
    }
    metrics = {"held_out": training.readings[-1] if training.is_read else None}
    save_policy(out / POLICY, Policy(DirectQueryNetwork(training.weights), (), seen, metrics))
    _write_table(out / EPISODES, training.episodes)
    _write_table(out / HELD_OUT, training.readings)


def _resumed(out: Path, config: RunConfig, worlds: WorldSettings, evolution: EvolutionSettings) -> _Training:
    """The training in this folder, or a new one.

    Raises
    ------
    CheckpointError
        If the checkpoint is damaged or no such training.
    ConfigurationError
        If it was started with other settings.
    """
    path = out / CHECKPOINT
    if not path.is_file():
        return _Training()
    tensors, header = load_tensors(path)
    if header.get("kind") != _KIND:
        raise CheckpointError(f"{path} is not the checkpoint of a training in worlds. Choose another folder.")
    kept, told = header["settings"], _told(config, worlds, evolution)
    differing = sorted(name for name in told | kept if told.get(name) != kept.get(name))
    if differing:
        raise ConfigurationError(
            f"The training in {out} was started with other settings: {', '.join(differing)}. Give the same, or choose "
            "another folder."
        )
    return _Training(list(tensors[_HISTORY].numpy()), header["episodes"], header["readings"], header["rules"])


def _told(config: RunConfig, worlds: WorldSettings, evolution: EvolutionSettings) -> dict[str, Any]:
    """Everything that the numbers follow from, flat, as it comes back from JSON."""
    sections = config.model_dump(mode="json", include={"segmentation", "acquisition", "seed"})
    told: dict[str, Any] = {"seed": sections.pop("seed")}
    for section, values in [*sections.items(), ("worlds", worlds.to_json()), ("evolution", evolution.to_json())]:
        told |= {f"{section}.{name}": _plain(value) for name, value in values.items()}
    return told


def _plain(value: object) -> object:
    return [_plain(one) for one in value] if isinstance(value, tuple | list) else value


def _write_table(path: Path, rows: Sequence[Row]) -> None:
    if not rows:
        return
    try:
        with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, list(rows[0]))
            table.writeheader()
            table.writerows(rows)
    except OSError as exc:
        raise ProjectError(f"Cannot write {path}: {exc}. Free some space, then start again.") from exc


def _refuse_other_features(config: RunConfig) -> None:
    refuse_other_choices(config)
    if config.dqn.features != "default":
        raise ConfigurationError(
            "The class lists of worlds differ, which the published features cannot read. Set dqn.features to default, "
            "or use the preset default."
        )
    if config.dqn.policy is not None or config.dqn.start_policy is not None:
        raise ConfigurationError(
            "A training in worlds starts from label balance. Leave dqn.policy and dqn.start_policy out, or go on with "
            "an unfinished training by naming its folder."
        )
