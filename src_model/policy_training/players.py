"""Players: episodes in street worlds, played here or by processes of their own, with the same numbers."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from types import TracebackType

from src_model.config import RunConfig
from src_model.device import choose_device, set_threads
from src_model.dqn.direct_query_network import DirectQueryNetwork
from src_model.events import EpisodePlayed, Progress, ShouldStop, drain, never
from src_model.exceptions import EngineFailure
from src_model.policy_training.evolution import FloatArray
from src_model.policy_training.world_episode import Row, draw_episode, episode_row, play
from src_model.policy_training.worlds import World, WorldSettings, draw_world

_KEPT_WORLDS = 12
"""In the memory of each process, some 50 MB each."""
_POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Task:
    """One episode to be played.

    Attributes
    ----------
    world:
        Its number, among those for training or those held out.
    held_out:
        Which of the two; episodes of the two have nothing in common.
    number:
        Of the episode in this world.
    acquisition:
        Who chooses.
    weights:
        Of the direct path, for the acquisition ``dqn``.
    """

    world: int
    held_out: bool
    number: int
    acquisition: str
    weights: FloatArray | None = None


class Player:
    """Plays episodes one after the other; keeps the worlds it met last.

    Parameters
    ----------
    config:
        What is not drawn, and the seed of what is.
    """

    def __init__(self, config: RunConfig, settings: WorldSettings) -> None:
        set_threads(config.threads)
        self._config = config
        self._settings = settings
        self._device = choose_device(config.device)
        self._worlds: dict[tuple[int, bool], World] = {}

    def play(self, task: Task, should_stop: ShouldStop = never) -> Progress[Row | None]:
        """The episode's row, its area under the curve included; None if it was stopped."""
        world = yield from self._world(task.world, task.held_out, should_stop)
        if world is None:
            return None
        purpose = "held out" if task.held_out else "training"
        # What is held out is the same for every training, whatever its seed.
        base = self._config.model_copy(update={"seed": 0}) if task.held_out else self._config
        episode = draw_episode(world, task.number, base, self._settings, purpose)
        network = None if task.weights is None else DirectQueryNetwork(task.weights).to(self._device)
        figures = play(episode, task.acquisition, self._device, network, should_stop)
        return None if figures is None else episode_row(episode, figures)

    def _world(self, number: int, held_out: bool, should_stop: ShouldStop) -> Progress[World | None]:
        key = number, held_out
        if key not in self._worlds:
            known = self._settings, self._config.segmentation, self._device, self._config.seed
            world = yield from draw_world(number, *known, held_out, should_stop)
            if world is None:
                return None
            if len(self._worlds) >= _KEPT_WORLDS:
                self._worlds.pop(next(iter(self._worlds)))
            self._worlds[key] = world
        return self._worlds[key]


class Players:
    """All who play. With one worker episodes are played in this process, with more each has a process and a thread.

    A world is always given to the same player, so that it is drawn once. Use it in a ``with`` block.
    """

    def __init__(self, config: RunConfig, settings: WorldSettings, workers: int) -> None:
        self._here = Player(config, settings) if workers == 1 else None
        self._processes: list[ProcessPoolExecutor] = []
        if workers > 1:
            # Not forked: torch has threads of its own by now.
            context = multiprocessing.get_context("spawn")
            alone = config.model_copy(update={"threads": 1})
            self._processes = [
                ProcessPoolExecutor(1, context, initializer=_begin, initargs=(alone, settings)) for _ in range(workers)
            ]

    def __enter__(self) -> Players:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.shutdown(wait=True, cancel_futures=True)

    def play_all(self, tasks: Sequence[Task], should_stop: ShouldStop) -> Progress[list[Row] | None]:
        """Rows of the tasks, in their order; None if it was stopped. Says after each episode how many are played.

        Raises
        ------
        EngineFailure
            If a player's process has died, for lack of memory as a rule.
        """
        if self._here is None:
            return (yield from self._play_elsewhere(tasks, should_stop))
        rows: list[Row] = []
        for task in tasks:
            row = yield from self._here.play(task, should_stop)
            if row is None:
                return None
            rows.append(row)
            yield EpisodePlayed(len(rows), len(tasks))
        return rows

    def _play_elsewhere(self, tasks: Sequence[Task], should_stop: ShouldStop) -> Progress[list[Row] | None]:
        players = self._processes
        futures = [players[task.world % len(players)].submit(_play, task) for task in tasks]
        told = 0
        while told < len(tasks):
            wait([future for future in futures if not future.done()], _POLL_SECONDS, FIRST_COMPLETED)
            if should_stop():
                for future in futures:
                    future.cancel()
                return None
            done = sum(future.done() for future in futures)
            if done > told:
                yield EpisodePlayed(done, len(tasks))
            told = done
        try:
            return [future.result() for future in futures]
        except BrokenProcessPool as exc:
            raise EngineFailure(
                "A process that played episodes was ended, by lack of memory as a rule. Start again with fewer workers."
            ) from exc


_player: Player


def _begin(config: RunConfig, settings: WorldSettings) -> None:
    """First thing in a player's process."""
    global _player
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    _player = Player(config, settings)


def _leave_with_parent() -> None:
    """A training that is killed has no time to dismiss its players, who would wait for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _play(task: Task) -> Row:
    row = drain(_player.play(task))
    assert row is not None  # nobody asks it to stop
    return row
