"""Training in worlds: one query network learns from episodes in street worlds that are drawn anew.

``OUT`` holds ``training.safetensors`` (all that going on needs, written whole or not at all, between episodes),
``episodes.csv``, ``held_out.csv``, ``policy.safetensors`` (the best on the held-out episodes) and
``last_policy.safetensors``. The tables are made from the checkpoint, so that they never tell more than it knows.
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
from src_model.device import choose_device, generator_for, set_threads, torch_generator
from src_model.dqn.default_query_network import DefaultQueryNetwork
from src_model.dqn.double_dqn import DQNLearner
from src_model.dqn.policy import Policy, save_policy
from src_model.events import EpisodeDone, Notice, Progress, ShouldStop, never
from src_model.exceptions import CheckpointError, ConfigurationError, ProjectError
from src_model.policy_training.held_out import HeldOut, Row, prepare_held_out, read_policy
from src_model.policy_training.train_policy import POLICY, refuse_other_choices
from src_model.policy_training.world_episode import EpisodeFigures, WorldEpisode, draw_episode, play
from src_model.policy_training.worlds import LiveWorlds, WorldSettings
from src_model.project.lock import ProjectLock

LAST_POLICY = "last_policy.safetensors"
CHECKPOINT = "training.safetensors"
EPISODES = "episodes.csv"
HELD_OUT = "held_out.csv"

_KIND = "training in worlds"
_MAY_CHANGE = {"episodes"}
_RECENT = 20
"""Episodes from which the time left is told."""


@dataclass(slots=True)
class _Training:
    """What a training has come to, besides the learner.

    Attributes
    ----------
    episodes, readings:
        Rows of the two tables.
    """

    episodes: list[Row] = field(default_factory=list)
    readings: list[Row] = field(default_factory=list)

    @property
    def steps(self) -> int:
        """Environment steps so far."""
        return sum(int(row["steps"] or 0) for row in self.episodes)

    @property
    def best(self) -> Row:
        """The reading of the best policy; of equal ones the first."""
        return max(self.readings, key=_over_label_balance)

    @property
    def is_read(self) -> bool:
        """Whether the policy as it is now has been read."""
        return bool(self.readings) and self.readings[-1]["after_episode"] == len(self.episodes)


def train_in_worlds(
    config: RunConfig, settings: WorldSettings, out: Path, should_stop: ShouldStop = never
) -> Progress[bool]:
    """Train, or go on training, the policy kept in ``out``; ends with ``out/policy.safetensors``.

    Killed at any moment and called again with the same settings, it ends with the same weights. With more
    ``dqn.episodes`` a finished training goes on. Returns whether all episodes were played.

    Raises
    ------
    RalisError
        For settings that do not fit, those of the training in ``out`` included; nothing has been written.
    """
    _refuse_other_features(config)
    set_threads(config.threads)
    device = choose_device(config.device)
    network = DefaultQueryNetwork(torch_generator(generator_for(config.seed, "query network"))).to(device)
    learner = DQNLearner(config.dqn, network)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise ProjectError(f"Cannot make the folder {out}: {exc}. Choose another one.") from exc
    lock = ProjectLock(out)
    lock.acquire()
    try:
        training = _resumed(out, config, settings, learner)
        return (yield from _train(config, settings, out, device, learner, training, should_stop))
    finally:
        lock.release()


def _train(
    config: RunConfig,
    settings: WorldSettings,
    out: Path,
    device: torch.device,
    learner: DQNLearner,
    training: _Training,
    should_stop: ShouldStop,
) -> Progress[bool]:
    held_out = yield from prepare_held_out(config, settings, device, should_stop)
    worlds = LiveWorlds(settings, config.segmentation, device, config.seed)
    saved, clock = time.monotonic(), _Clock()
    while held_out is not None and not should_stop():
        done = len(training.episodes)
        finished = done >= config.dqn.episodes
        if not training.is_read and (finished or done % settings.evaluate_every == 0):
            yield from _read(config, settings, out, device, learner, training, held_out, should_stop)
        if finished or time.monotonic() - saved >= settings.save_seconds:
            _save(out, config, settings, learner, training)
            saved = time.monotonic()
        if finished:
            return not should_stop()
        row = yield from _episode(done + 1, config, settings, device, learner, worlds, should_stop)
        if row is None:
            break
        training.episodes.append(row)
        yield EpisodeDone(done + 1, config.dqn.episodes, clock.left(config.dqn.episodes - done - 1), row)
    return False


def _episode(
    number: int,
    config: RunConfig,
    settings: WorldSettings,
    device: torch.device,
    learner: DQNLearner,
    worlds: LiveWorlds,
    should_stop: ShouldStop,
) -> Progress[Row | None]:
    """Play and learn one episode; None if it was stopped, when the learner must be taken from the checkpoint again."""
    world = yield from worlds.of_episode(number, should_stop)
    if world is None:
        return None
    episode = draw_episode(world, number, config, settings, "training")
    figures = yield from play(episode, "dqn", device, learner.network, learner, should_stop)
    return None if figures is None else {"episode": number} | _row(episode, figures)


def _row(episode: WorldEpisode, figures: EpisodeFigures) -> Row:
    asked = episode.config.acquisition
    return {
        "world": episode.world.number,
        "domain": episode.world.domain,
        "classes": episode.images.schema.num_classes,
        "regions_per_query": asked.regions_per_query,
        "pool_size": asked.pool_size,
        "region": "x".join(map(str, episode.config.data.region)),
        "noise": round(episode.noise, 4),
        "loss_weights": str(episode.config.segmentation.loss_weights),
        "steps": len(figures.mean_iou) - 1,
        "return": figures.gain,
        "area_mean_iou": figures.area,
        "final_mean_iou": figures.mean_iou[-1],
        "q_loss": float(np.mean(figures.losses)) if figures.losses else None,
        "mean_q": float(np.mean(figures.values)),
        "epsilon": figures.epsilon,
    }


def _read(
    config: RunConfig,
    settings: WorldSettings,
    out: Path,
    device: torch.device,
    learner: DQNLearner,
    training: _Training,
    held_out: HeldOut,
    should_stop: ShouldStop,
) -> Progress[None]:
    """Read the policy on the held-out episodes and keep it if it is the best so far."""
    reading = yield from read_policy(held_out, learner.network, device, should_stop)
    if reading is None:
        return
    training.readings.append({"after_episode": len(training.episodes), "after_step": training.steps} | reading)
    if training.best is training.readings[-1]:
        save_policy(out / POLICY, _policy(config, settings, learner, training))
    _write_tables(out, training)
    yield Notice(
        f"After {training.steps} steps: area {reading['policy']:.2f}, over label_balance "
        f"{reading['over_label_balance']:+.2f} ± {reading['over_label_balance_error']:.2f}, over random "
        f"{reading['over_random']:+.2f} ± {reading['over_random_error']:.2f} points"
    )


def _policy(config: RunConfig, settings: WorldSettings, learner: DQNLearner, training: _Training) -> Policy:
    seen = {
        "worlds": sorted({int(row["world"] or 0) for row in training.episodes}),
        "episodes": len(training.episodes),
        "environment_steps": training.steps,
        "seed": config.seed,
        "settings": settings.to_json(),
        "dqn": config.dqn.model_dump(mode="json"),
    }
    return Policy(learner.network, (), seen, {"held_out": training.readings[-1] if training.is_read else None})


# --- what is kept -----------------------------------------------------------------------------------------------------


def _save(out: Path, config: RunConfig, settings: WorldSettings, learner: DQNLearner, training: _Training) -> None:
    header = {
        "kind": _KIND,
        "settings": _told(config, settings),
        "episodes": training.episodes,
        "readings": training.readings,
    }
    save_tensors(out / CHECKPOINT, learner.state_dict(), header)
    save_policy(out / LAST_POLICY, _policy(config, settings, learner, training))
    _write_tables(out, training)


def _resumed(out: Path, config: RunConfig, settings: WorldSettings, learner: DQNLearner) -> _Training:
    """The training in this folder, or a new one; the learner is brought to where it was.

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
    kept, told = header["settings"], _told(config, settings)
    differing = sorted(name for name in told | kept if told.get(name) != kept.get(name))
    if differing:
        raise ConfigurationError(
            f"The training in {out} was started with other settings: {', '.join(differing)}. Give the same, or choose "
            "another folder."
        )
    learner.load_state_dict(tensors)
    return _Training(header["episodes"], header["readings"])


def _told(config: RunConfig, settings: WorldSettings) -> dict[str, Any]:
    """Everything that the numbers follow from, flat, as it comes back from JSON."""
    sections = config.model_dump(mode="json", include={"segmentation", "acquisition", "dqn", "seed"})
    told: dict[str, Any] = {"seed": sections.pop("seed")}
    for section, values in [*sections.items(), ("worlds", settings.to_json())]:
        told |= {f"{section}.{name}": _plain(value) for name, value in values.items() if name not in _MAY_CHANGE}
    return told


def _plain(value: object) -> object:
    return [_plain(one) for one in value] if isinstance(value, tuple | list) else value


def _write_tables(out: Path, training: _Training) -> None:
    for name, rows in ((EPISODES, training.episodes), (HELD_OUT, training.readings)):
        if rows:
            _write_table(out / name, rows)


def _write_table(path: Path, rows: Sequence[Row]) -> None:
    try:
        with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, list(rows[0]))
            table.writeheader()
            table.writerows(rows)
    except OSError as exc:
        raise ProjectError(f"Cannot write {path}: {exc}. Free some space, then start again.") from exc


# --- small things -----------------------------------------------------------------------------------------------------


class _Clock:
    """How long it will take, told from the last episodes."""

    def __init__(self) -> None:
        self._times = [time.monotonic()]

    def left(self, episodes: int) -> float:
        """Seconds for so many episodes more, one having been played now."""
        self._times = [*self._times, time.monotonic()][-_RECENT - 1 :]
        return (self._times[-1] - self._times[0]) / (len(self._times) - 1) * episodes


def _over_label_balance(reading: Row) -> float:
    return float(reading["over_label_balance"] or 0.0)


def _refuse_other_features(config: RunConfig) -> None:
    refuse_other_choices(config)
    if config.dqn.features != "default":
        raise ConfigurationError(
            "The class lists of worlds differ, which the published features cannot read. Set dqn.features to default, "
            "or use the preset default."
        )
    if config.dqn.policy is not None or config.dqn.start_policy is not None:
        raise ConfigurationError(
            "A training in worlds starts from random weights. Leave dqn.policy and dqn.start_policy out, or go on with "
            "an unfinished training by naming its folder."
        )
