"""Double DQN: how the query network learns from the replay buffer, and all that a run must keep to go on."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from src_model.config import DQNConfig
from src_model.device import train_mode
from src_model.dqn.policy import EpsilonSchedule
from src_model.dqn.query_network import QueryNetwork
from src_model.dqn.replay_buffer import Batch, ReplayBuffer
from src_model.exceptions import CheckpointError, ConfigurationError

FloatArray = npt.NDArray[np.float32]

_OPTIMISER_SLOTS = {"sgd": {"momentum_buffer"}, "adam": {"step", "exp_avg", "exp_avg_sq"}}


class DQNLearner:
    """The query network, its lagged copy, its optimiser and its memory.

    One environment step is ``observe`` → choose → ``store`` → ``update`` → ``end_step``. A transition can be learned
    from once the step that follows it has been observed (SARSA: stored), or at once if it is terminal. The published
    order draws the next candidates first: there, ``observe`` the next step before ``update``.

    Parameters
    ----------
    config:
        Learning rule and schedules.
    network:
        Start weights; learned in place, on its own device.

    Raises
    ------
    ConfigurationError
        If the batch is too small for a network that normalises over it.
    """

    def __init__(self, config: DQNConfig, network: QueryNetwork) -> None:
        if config.batch_size < 2 and network.normalises_over_batches:
            raise ConfigurationError(
                "dqn.batch_size is 1, but the query network normalises over the batch. Set it to 2 or more."
            )
        self.config = config
        self.network = network.eval()
        self.target_network = copy.deepcopy(network).requires_grad_(False).eval()
        self.replay = ReplayBuffer(config.replay_capacity, network.kept_as)
        self.exploration = EpsilonSchedule(config.epsilon_start, config.epsilon_end, config.epsilon_decay)
        self._optimiser = _optimiser(config, network)
        self._steps = self._episode_step = self._decays = 0

    @property
    def epsilon(self) -> float:
        """ε of the coming choice; it falls with the environment steps of all episodes."""
        return self.exploration.at(self._steps)

    @property
    def learning_rate(self) -> float:
        """Rate of the coming update."""
        return self.config.learning_rate * self.config.learning_rate_decay**self._decays

    def begin_episode(self) -> None:
        """Restart the counter of the target's copies; nothing links the last step with the next."""
        self._episode_step = 0
        self.replay.begin_episode()

    def observe(self, state: FloatArray, pools: FloatArray) -> None:
        """A step begins: state (S, F_s) and candidates (K, P, F_a)."""
        self.replay.observe(state, pools)

    def store(self, actions: npt.ArrayLike, rewards: npt.ArrayLike, terminal: bool = False) -> None:
        """What was chosen (K,) in the observed step and what it was worth: one reward for all, or (K,)."""
        self.replay.resolve(actions, rewards, terminal)

    def update(self, rng: np.random.Generator) -> float | None:
        """Learn from ``config.updates`` batches; the mean loss, or None if too little has been seen.

        Raises
        ------
        ConfigurationError
            If the loss is not finite; nothing is learned from that batch.
        """
        batches = (
            self.replay.sample(self.config.batch_size, rng, with_next_action=self.config.target == "sarsa")
            for _ in range(self.config.updates)
        )
        losses = [self._learn(batch) for batch in batches if batch is not None]
        return sum(losses) / len(losses) if losses else None

    def end_step(self) -> None:
        """Let the learning rate fall, and copy the network to its lagged twin when it is time.

        The published code copies after steps 0, 5, 10 … of each episode.
        """
        if self._episode_step % self.config.target_sync == 0:
            self.target_network.load_state_dict(self.network.state_dict())
        self._steps += 1
        self._episode_step += 1
        self._decays += 1

    def end_episode(self) -> None:
        """Let the learning rate fall once more, as the published code does after its final epoch."""
        self._decays += 1

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Everything, as tensors: networks, optimiser, memory, counters. Enough to go on with the same numbers."""
        counters = torch.tensor([self._steps, self._episode_step, self._decays], dtype=torch.int64)
        parts = {
            "network": self.network.state_dict(),
            "target": self.target_network.state_dict(),
            "optimiser": _optimiser_tensors(self._optimiser),
            "replay": self.replay.state_dict(),
        }
        named = {f"{part}.{name}": value for part, tensors in parts.items() for name, value in tensors.items()}
        return named | {"counters": counters}

    def load_state_dict(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """Restore what `state_dict` gave.

        Raises
        ------
        CheckpointError
            If the tensors belong to another network or are incomplete.
        """
        network, target = _part(tensors, "network"), _part(tensors, "target")
        memory, optimiser = _part(tensors, "replay"), _part(tensors, "optimiser")
        expected = _shapes(self.network.state_dict())
        slots = _OPTIMISER_SLOTS[self.config.optimiser]
        foreign = {name for name in optimiser if name.split(".", maxsplit=1)[-1] not in slots}
        if "counters" not in tensors or foreign or not expected == _shapes(network) == _shapes(target):
            raise CheckpointError(
                "This checkpoint does not fit the query network or its optimiser. "
                "Resume with the settings it was made with, or start anew."
            )
        self.replay.load_state_dict(memory)
        self.network.load_state_dict(network)
        self.target_network.load_state_dict(target)
        _restore_optimiser(self._optimiser, optimiser)
        self._steps, self._episode_step, self._decays = tensors["counters"].tolist()

    def _learn(self, batch: Batch) -> float:
        batch = Batch(*(tensor.to(self.network.device) for tensor in batch))
        with train_mode(self.network, True):
            chosen = self._values_of(batch.states[batch.state], batch.pools, batch.actions)
            loss = functional.smooth_l1_loss(chosen, self._targets(batch), beta=self.config.huber_knee)
        if not torch.isfinite(loss):
            raise ConfigurationError(
                "The query network's loss is not finite. Lower dqn.learning_rate and start again from the last "
                "checkpoint."
            )
        for group in self._optimiser.param_groups:
            group["lr"] = self.learning_rate
        self._optimiser.zero_grad()
        torch.autograd.backward(loss)
        self._optimiser.step()
        return float(loss.item())

    @torch.no_grad()
    def _targets(self, batch: Batch) -> torch.Tensor:
        """Targets y (B,): r, and for what is not terminal r + γ · Q'(s', a')."""
        targets = batch.rewards.clone()
        follows = (~batch.terminal).nonzero().squeeze(1)
        if len(follows) == 0:
            return targets
        next_state, pools = batch.next_state[follows], batch.next_pools[follows]
        if self.config.target == "sarsa":
            actions = batch.next_actions[follows]
        else:
            # One row cannot be normalised over its batch; alone among terminal ones it is looked at as in acting.
            with train_mode(self.network, len(follows) > 1):
                actions = self._best(batch.states[next_state], pools, batch.next_widths[follows])
        distinct, position = torch.unique(next_state, return_inverse=True)
        code = self.target_network.state_code(batch.states[distinct])[position]
        values = self.target_network.action_values(code, _at(actions, pools)).squeeze(1)
        targets[follows] += self.config.gamma * values
        return targets

    def _values_of(self, states: torch.Tensor, pools: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """Q (B,) of one candidate of each pool. Where a batch is not normalised over, the others need not be seen."""
        if self.network.normalises_over_batches:
            values: torch.Tensor = self.network(states, pools.float()).gather(1, actions[:, None]).squeeze(1)
            return values
        alone: torch.Tensor = self.network(states, _at(actions, pools)).squeeze(1)
        return alone

    def _best(self, states: torch.Tensor, pools: torch.Tensor, widths: torch.Tensor) -> torch.Tensor:
        """(B,) the candidate of largest Q. What fills up narrow pools is looked at only where it must be."""
        if self.network.normalises_over_batches:
            whole: torch.Tensor = self.network(states, pools.float()).argmax(dim=1)
            return whole
        there = torch.arange(pools.shape[1], device=pools.device) < widths[:, None]  # (B, P)
        rows = there.nonzero()[:, 0]
        code = self.network.state_code(states)[rows]
        values = torch.full(there.shape, -torch.inf, device=pools.device)
        values[there] = self.network.action_values(code, pools[there].float()[:, None]).squeeze(1)
        return values.argmax(dim=1)


def _at(actions: torch.Tensor, pools: torch.Tensor) -> torch.Tensor:
    """(B, 1, F_a) float32: the one candidate (B,) of each pool (B, P, F_a)."""
    return pools[torch.arange(len(pools), device=pools.device), actions].float()[:, None]


def _optimiser(config: DQNConfig, network: QueryNetwork) -> torch.optim.Optimizer:
    rate, decay = config.learning_rate, config.weight_decay
    if config.optimiser == "adam":
        # One call for all tensors of a small network instead of one for each: half the time, the same numbers.
        return torch.optim.Adam(network.parameters(), lr=rate, weight_decay=decay, foreach=True)
    return torch.optim.SGD(network.parameters(), lr=rate, momentum=config.momentum, weight_decay=decay)


def _part(tensors: Mapping[str, torch.Tensor], name: str) -> dict[str, torch.Tensor]:
    return {key.removeprefix(f"{name}."): tensor for key, tensor in tensors.items() if key.startswith(f"{name}.")}


def _shapes(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in tensors.items()}


def _optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    state: dict[int, dict[str, Any]] = optimiser.state_dict()["state"]
    return {
        f"{position}.{key}": value
        for position, values in state.items()
        for key, value in values.items()
        if value is not None
    }


def _restore_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[str, torch.Tensor]) -> None:
    state: dict[int, dict[str, torch.Tensor]] = {}
    for name, tensor in tensors.items():
        position, key = name.split(".", maxsplit=1)
        state.setdefault(int(position), {})[key] = tensor
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
