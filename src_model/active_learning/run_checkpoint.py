"""The checkpoint of a run: weights, what the query network remembers, and the state of the episode.

Labels, queries and readings are not in it: they stand in the project's log.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from src_model.active_learning.episode_state import EpisodeState
from src_model.checkpoint import load_tensors, save_tensors
from src_model.config import DQNConfig
from src_model.dqn.double_dqn import DQNLearner
from src_model.dqn.reward import Reward
from src_model.exceptions import CheckpointError
from src_model.segmentation.segmenter import Segmenter


def save_run(path: Path, segmenter: Segmenter, learner: DQNLearner | None, reward: Reward, now: EpisodeState) -> None:
    """Write everything that the log does not hold, as tensors and a JSON header."""
    assert reward.weights is not None
    tensors = {f"segmenter.{name}": tensor for name, tensor in segmenter.state_dict().items()}
    tensors["reward.weights"] = torch.from_numpy(reward.weights)
    if learner is not None:
        tensors |= {f"learner.{name}": tensor for name, tensor in learner.state_dict().items()}
    header = now.pack(tensors)
    save_tensors(path, tensors, header)


def load_run(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """What `save_run` has written: tensors and header.

    Raises
    ------
    CheckpointError
        If the file is damaged, or holds something else.
    """
    tensors, header = load_tensors(path)
    if "episode" not in header:
        raise CheckpointError(
            f"{path} is not the checkpoint of a run. Take it from a backup of the project folder, or choose "
            "another folder for a new run."
        )
    return tensors, header


def load_segmenter(path: Path | None) -> dict[str, torch.Tensor]:
    """The segmenter's part of what `save_run` has written.

    Raises
    ------
    CheckpointError
        If there is no such file, it is damaged, or holds something else.
    """
    if path is None:
        raise CheckpointError("No file holds these weights. Go on with those of the run's own checkpoint.")
    return _below("segmenter.", load_run(path)[0])


def restore_weights(
    tensors: dict[str, torch.Tensor], segmenter: Segmenter, learner: DQNLearner | None, settings: DQNConfig
) -> Reward:
    """Give the weights back to those they came from; returns Φ with the class weights it had.

    Raises
    ------
    CheckpointError
        If they do not fit.
    """
    segmenter.load_state_dict(_below("segmenter.", tensors))
    if learner is not None:
        learner.load_state_dict(_below("learner.", tensors))
    return Reward(settings.reward, settings.reward_baseline, tensors["reward.weights"].numpy())


def _below(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
