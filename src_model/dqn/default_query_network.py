"""The default query network: Q(s, a) over the default features, the same weights for any class list."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import nn

from src_model.dqn.default_features import FEATURE_VERSION, REGION_FEATURES, SLOT_FEATURES, SLOTS, STATE_FEATURES
from src_model.dqn.query_network import QueryNetwork, draw_weights

SLOT_CODE = 32
STATE_CODE = 32
HIDDEN = 64


class DefaultQueryNetwork(QueryNetwork):
    """A small network that knows neither the number nor the order of classes.

    One encoder reads every slot; codes of the slots that exist are summed and maximised, so that their order does not
    matter and empty ones say nothing. Q(s, a) = V(s) + A(s, a). The mean of A over the pool is *not* taken off, as a
    duelling head does where every state offers the same actions: here a pool is a random draw, so that its mean says
    how good that draw is, and a candidate's value would depend on its company (and on how a narrow pool was filled up
    in the replay buffer). V alone carries what all candidates of a state share, which is most of a shared reward.

    A linear path beside the hidden layers lets the features that are worth something by themselves (gain, margin) be
    found within tens of updates. LayerNorm, never BatchNorm: a value does not depend on the batch it is computed in.

    Parameters
    ----------
    generator:
        Draws the start weights.
    """

    feature_version = FEATURE_VERSION
    kept_as: ClassVar[type[np.floating]] = np.float16
    """Features lie in about −3 … 3, where half precision errs by at most 0.001."""

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()
        described = REGION_FEATURES + 2 * SLOT_CODE
        self.slots = _layers(SLOT_FEATURES, SLOT_CODE, SLOT_CODE)
        self.state = _layers(STATE_FEATURES, HIDDEN, STATE_CODE)
        self.value = nn.Linear(STATE_CODE, 1)
        self.region = _layers(described, HIDDEN, HIDDEN)
        self.advantage = _layers(HIDDEN + STATE_CODE, HIDDEN, 1)
        self.direct = nn.Linear(described, 1)
        draw_weights(self.modules(), generator)

    def state_code(self, state: torch.Tensor) -> torch.Tensor:
        """Summary of a state: (B, 1, G) -> (B, 32)."""
        code: torch.Tensor = self.state(state.squeeze(1))
        return code

    def action_values(self, code: torch.Tensor, pool: torch.Tensor) -> torch.Tensor:
        """Q of every candidate: state codes (B, 32), or (1, 32) for all, and pools (B, P, R+M·F_c) -> (B, P)."""
        regions, slots = pool[..., :REGION_FEATURES], pool[..., REGION_FEATURES:]  # (B, P, R) and (B, P, M·F_c)
        described = torch.cat([regions, self._pooled(slots.reshape(*slots.shape[:-1], SLOTS, SLOT_FEATURES))], dim=-1)
        state = code.unsqueeze(1).expand(len(pool), pool.shape[1], -1)
        advantage = self.advantage(torch.cat([self.region(described), state], dim=-1)) + self.direct(described)
        values: torch.Tensor = (self.value(state) + advantage).squeeze(-1)
        return values

    def state_values(self, code: torch.Tensor) -> torch.Tensor:
        """V(s) of state codes (B, 32) -> (B,)."""
        values: torch.Tensor = self.value(code).squeeze(-1)
        return values

    def _pooled(self, slots: torch.Tensor) -> torch.Tensor:
        """Slots (B, P, M, F_c) -> sum and maximum of the codes of those that exist (B, P, 64); zeros if none does."""
        there = slots[..., :1] > 0.5
        codes = torch.where(there, self.slots(slots), 0.0)
        highest = codes.masked_fill(~there, -torch.inf).amax(dim=-2)
        return torch.cat([codes.sum(dim=-2) / SLOTS, torch.where(there.any(dim=-2), highest, 0.0)], dim=-1)


def _layers(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, hidden), nn.LayerNorm(hidden), nn.ReLU(), nn.Linear(hidden, outputs))
