"""The replay buffer: past sub-actions, each pool and each state kept once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from src_model.exceptions import CheckpointError, ConfigurationError

FloatArray = npt.NDArray[np.float32]
PoolArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.int64]

TERMINAL = -1
_UNKNOWN = -2
_NOT_TAKEN = -1
_PARTS = ("pools", "rows", "rewards", "steps", "states")


class Batch(NamedTuple):
    """B transitions on the CPU. Where ``terminal``, the next fields repeat the transition's own and mean nothing.

    Attributes
    ----------
    states:
        (U, S, F_s) the distinct states of the batch.
    state, next_state:
        (B,) int64, positions in ``states``.
    pools, next_pools:
        (B, P, F_a) in the precision in which they are kept.
    actions, next_actions:
        (B,) int64; ``next_actions`` holds −1 where the next action is not known.
    rewards:
        (B,) float32.
    terminal:
        (B,) bool.
    next_widths:
        (B,) int64: how many candidates ``next_pools`` really holds; what follows them repeats them.
    """

    states: torch.Tensor
    state: torch.Tensor
    next_state: torch.Tensor
    pools: torch.Tensor
    next_pools: torch.Tensor
    actions: torch.Tensor
    next_actions: torch.Tensor
    rewards: torch.Tensor
    terminal: torch.Tensor
    next_widths: torch.Tensor


class ReplayBuffer:
    """A ring of sub-actions, written step by step: `observe` a state and its pools, later `resolve` them.

    Row k of a step is pool k; its next row is pool k (mod K') of the step that follows, so that neither pools nor
    states are stored twice. A pool with fewer candidates than the widest is filled up by repeating its own: a
    maximum over it stays the same, and no mask is needed.

    Parameters
    ----------
    capacity:
        Sub-actions kept; the oldest go first.
    kept_as:
        Precision of the candidates in memory. Half is enough, and half the memory, for features of size about 1.
    """

    def __init__(self, capacity: int, kept_as: type[np.floating] = np.float32) -> None:
        self.capacity = capacity
        self._kept_as = kept_as
        self._states: dict[int, FloatArray] = {}
        self._widths: dict[int, int] = {}  # candidates a pool, by step; narrower than the widest are filled up
        self._pools: PoolArray = np.empty((0, 0, 0), dtype=kept_as)
        self._rows = np.empty((0, 3), dtype=np.int64)  # step, action, next row
        self._rewards = np.empty(0, dtype=np.float32)
        # Rows are numbered for ever: [low, open) are resolved, [open, head) belong to the step that is being decided.
        self._low = self._open = self._head = self._step = 0
        self._previous = TERMINAL

    def __len__(self) -> int:
        return self._open - self._low

    def observe(self, state: FloatArray, pools: FloatArray) -> None:
        """Begin a step. Observing again before `resolve` replaces what was observed.

        Parameters
        ----------
        state:
            (S, F_s), the same S in every step.
        pools:
            (K, P, F_a); K and P may differ from step to step.

        Raises
        ------
        ConfigurationError
            If the state or the candidates do not have the shape of those already kept.
        """
        self._check_shapes(state, pools)
        count = len(pools)
        self._head = self._open
        self._make_room(pools)
        numbers = np.arange(self._open, self._open + count)
        slots = numbers % len(self._pools)
        self._pools[slots] = _filled_up(pools, self._pools.shape[1])
        self._rows[slots] = (self._step, _NOT_TAKEN, _UNKNOWN)
        self._rewards[slots] = 0.0
        self._states[self._step] = np.array(state, dtype=np.float32)
        self._widths[self._step] = pools.shape[1]
        self._head = self._open + count
        if self._previous != TERMINAL:
            before = np.arange(max(self._previous, self._low), self._open)
            self._rows[before % len(self._pools), 2] = self._open + (before - self._previous) % count

    def resolve(self, actions: npt.ArrayLike, rewards: npt.ArrayLike, terminal: bool) -> None:
        """End the step that was observed.

        Parameters
        ----------
        actions:
            (K,) chosen candidates; −1 where the answer was refused, which stores no transition.
        rewards:
            A number for all, or (K,).
        terminal:
            The episode ends here: nothing follows.
        """
        chosen = np.asarray(actions, dtype=np.int64)
        count = self._head - self._open
        if count == 0 or chosen.shape != (count,):
            raise ValueError(f"{chosen.shape} actions for {count} observed pools")
        slots = np.arange(self._open, self._head) % len(self._pools)
        self._rows[slots, 1] = chosen
        self._rows[slots, 2] = TERMINAL if terminal else _UNKNOWN
        self._rewards[slots] = rewards
        self._previous = TERMINAL if terminal else self._open
        self._open = self._head
        self._step += 1
        self._forget()

    def begin_episode(self) -> None:
        """Forget what was being decided; a last step that was not terminal stays without a successor."""
        self._head = self._open
        self._states.pop(self._step, None)
        self._previous = TERMINAL

    def ready(self, with_next_action: bool) -> IntArray:
        """Numbers of the rows that can be learned from: acted upon, and what follows is known."""
        if not len(self):
            return np.empty(0, dtype=np.int64)
        numbers = np.arange(self._low, self._open)
        rows = self._rows[numbers % len(self._pools)]
        known = rows[:, 2] >= 0
        if with_next_action:
            known &= self._rows[rows[:, 2] % len(self._pools), 1] != _NOT_TAKEN
        learnable = (rows[:, 1] != _NOT_TAKEN) & (known | (rows[:, 2] == TERMINAL))
        ready: IntArray = numbers[learnable]
        return ready

    def sample(self, batch_size: int, rng: np.random.Generator, with_next_action: bool = False) -> Batch | None:
        """Different transitions, uniformly; None while fewer than ``batch_size`` are ready.

        Parameters
        ----------
        with_next_action:
            Only transitions whose next action is known (SARSA).
        """
        ready = self.ready(with_next_action)
        if len(ready) < batch_size:
            return None
        numbers = rng.choice(ready, batch_size, replace=False)
        own = numbers % len(self._pools)
        terminal = self._rows[own, 2] == TERMINAL
        following = np.where(terminal, numbers, self._rows[own, 2]) % len(self._pools)
        steps, positions = np.unique(self._rows[np.concatenate([own, following]), 0], return_inverse=True)
        state, next_state = np.split(positions.astype(np.int64), 2)
        return Batch(
            states=torch.from_numpy(np.stack([self._states[step] for step in steps.tolist()])),
            state=torch.from_numpy(state),
            next_state=torch.from_numpy(next_state),
            pools=torch.from_numpy(self._pools[own]),
            next_pools=torch.from_numpy(self._pools[following]),
            actions=torch.from_numpy(self._rows[own, 1]),
            next_actions=torch.from_numpy(self._rows[following, 1]),
            rewards=torch.from_numpy(self._rewards[own]),
            terminal=torch.from_numpy(terminal),
            next_widths=torch.tensor([self._widths[step] for step in self._rows[following, 0].tolist()]),
        )

    def state_dict(self) -> dict[str, torch.Tensor]:
        """All that is kept, as tensors: enough to go on with the same samples."""
        counters = [self._low, self._open, self._head, self._step, self._previous]
        tensors = {"counters": torch.tensor(counters, dtype=torch.int64)}
        if self._head == self._low:
            return tensors
        slots = np.arange(self._low, self._head) % len(self._pools)
        steps = sorted(self._states)
        return tensors | {
            "pools": torch.from_numpy(self._pools[slots]),
            "rows": torch.from_numpy(self._rows[slots]),
            "rewards": torch.from_numpy(self._rewards[slots]),
            "steps": torch.tensor(steps, dtype=torch.int64),
            "states": torch.from_numpy(np.stack([self._states[step] for step in steps])),
            "widths": torch.tensor([self._widths[step] for step in steps], dtype=torch.int64),
        }

    def load_state_dict(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """Restore what `state_dict` gave, into a buffer of the same or another capacity.

        Raises
        ------
        CheckpointError
            If a part is missing or parts do not fit together.
        """
        try:
            low, opened, head, step, previous = tensors["counters"].tolist()
            parts = [tensors[name].numpy() for name in _PARTS] if head > low else []
            if any(len(part) != head - low for part in parts[:3]) or (parts and len(parts[3]) != len(parts[4])):
                raise ValueError("its parts are not equally long")
        except (KeyError, ValueError) as exc:
            raise CheckpointError(f"The replay buffer in this checkpoint is incomplete ({exc}). Start anew.") from exc
        self._low, self._open, self._head, self._step, self._previous = low, opened, head, step, previous
        self._states, self._widths = {}, {}
        if parts:
            self._restore(*parts)
            # Before 0.2 nobody noted how wide a pool was; one that was filled up is as good, and slower.
            widths = tensors.get("widths", torch.full((len(parts[3]),), self._pools.shape[1]))
            self._widths = dict(zip(parts[3].tolist(), widths.tolist(), strict=True))

    def _restore(
        self, pools: PoolArray, rows: IntArray, rewards: FloatArray, steps: IntArray, states: FloatArray
    ) -> None:
        self._allocate(len(pools), pools.shape[1:])
        slots = np.arange(self._low, self._head) % len(self._pools)
        self._pools[slots], self._rows[slots], self._rewards[slots] = pools, rows, rewards
        self._states = {step: state.copy() for step, state in zip(steps.tolist(), states, strict=True)}
        self._forget()

    def _check_shapes(self, state: FloatArray, pools: FloatArray) -> None:
        kept = next(iter(self._states.values()), state)
        length = self._pools.shape[2] or pools.shape[2]
        if state.shape != kept.shape or pools.shape[2] != length:
            raise ConfigurationError(
                f"A state of {state.shape} and candidates of {pools.shape[2]} features do not go with the replay "
                f"buffer's {kept.shape} and {length}: the classes or the state set have changed. Train a new policy."
            )

    def _make_room(self, pools: FloatArray) -> None:
        """Space for these pools beside all resolved rows; what is kept moves if it must."""
        count, width, length = pools.shape
        old_width = self._pools.shape[1]
        if len(self._pools) >= self.capacity + count and old_width >= width:
            return
        width = max(old_width, width)
        numbers = np.arange(self._low, self._open)
        old = numbers % max(1, len(self._pools))
        kept, rows, rewards = self._pools[old], self._rows[old], self._rewards[old]
        self._allocate(count, (width, length))
        if len(numbers):
            slots = numbers % len(self._pools)
            self._pools[slots], self._rows[slots], self._rewards[slots] = _filled_up(kept, width), rows, rewards

    def _allocate(self, extra: int, shape: tuple[int, ...]) -> None:
        # Pages of np.empty cost memory only once they are written.
        size = self.capacity + extra
        self._pools = np.empty((size, *shape), dtype=self._kept_as)
        self._rows = np.empty((size, 3), dtype=np.int64)
        self._rewards = np.empty(size, dtype=np.float32)

    def _forget(self) -> None:
        self._low = max(self._low, self._open - self.capacity)
        first = self._rows[self._low % len(self._pools), 0] if self._low < self._head else self._step
        for step in [step for step in self._states if step < first]:
            del self._states[step]
            self._widths.pop(step, None)


def _filled_up(pools: PoolArray, width: int) -> PoolArray:
    """(K, P, F) -> (K, width, F), candidates repeated in turn."""
    return pools if pools.shape[1] == width else pools[:, np.arange(width) % pools.shape[1]]
