"""The direct query network: Q(s, a) as a weighted sum of the default features, for policies that evolution finds."""

from __future__ import annotations

from types import MappingProxyType
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from src_model.dqn.default_features import (
    FEATURE_VERSION,
    REGION_FEATURES,
    REGION_NAMES,
    SLOT_FEATURES,
    SLOT_NAMES,
    SLOTS,
    STATE_FEATURES,
    STATE_NAMES,
)
from src_model.dqn.query_network import QueryNetwork

DEVIATIONS = MappingProxyType(
    {
        "gain_z": 0.97,
        "weighted_margin_z": 0.98,
        "entropy_z": 1,
        "kl_labelled_least": 0.14,
        "kl_candidates_least": 0.052,
        "image_labelled": 0.068,
        "neighbours_labelled": 0.12,
        "labelled by gain": 0.077,
        "pool_share by gain": 0.046,
        "iou by gain": 0.02,
        "reliability by gain": 0.85,
        "reliability by share": 0.33,
    }
)
"""What it reads of a candidate: some of its own numbers, and numbers of its classes summed over the slots, ``by`` the
gain or the share of each; with the deviation of each within a pool (root mean square over pools), measured in 50
episodes of label balance in worlds drawn at random. A weight of 1 moves a candidate by one deviation of its number.

So few, because each weight has to be found among noise of a point an episode: with all 49 numbers that can be made so,
720 pairs of episodes led below label balance."""

DIRECT_NAMES = tuple(DEVIATIONS)
DIRECT_WEIGHTS = 2 * len(DIRECT_NAMES)
"""D: a weight for each of the numbers as it is, then one for each of them times how far the budget is spent."""

_SINGLE = [REGION_NAMES.index(name) for name in DIRECT_NAMES if " by " not in name]
_SUMMED = [tuple(map(SLOT_NAMES.index, name.split(" by "))) for name in DIRECT_NAMES if " by " in name]
_EXISTS = SLOT_NAMES.index("exists")
_BUDGET_USED = STATE_NAMES.index("budget_used")


class DirectQueryNetwork(QueryNetwork):
    """Q is linear in `DIRECT_NAMES`, with weights that shift as the budget is spent: some are wanted early, some late.

    So few weights can be found by trying whole episodes, and read by people. The features carry what is not linear:
    gains with diminishing returns, ranks within the query, what is known of each class.

    V(s), linear in the state, is 0 at first and moves no choice; a later training by rewards needs it, for most of a
    reward is shared by all candidates of a step.

    Parameters
    ----------
    weights:
        (D,) in units of the numbers' deviations; without them all are 0.
    """

    feature_version = FEATURE_VERSION
    kept_as: ClassVar[type[np.floating]] = np.float16

    _scale: torch.Tensor

    def __init__(self, weights: npt.NDArray[np.float64] | None = None) -> None:
        super().__init__()
        self.direct = nn.Linear(DIRECT_WEIGHTS, 1, bias=False)
        self.value = nn.Linear(STATE_FEATURES, 1)
        nn.init.zeros_(self.value.weight)
        nn.init.zeros_(self.value.bias)
        with torch.no_grad():
            self.direct.weight.copy_(torch.from_numpy(np.zeros(DIRECT_WEIGHTS) if weights is None else weights)[None])
        self.register_buffer("_scale", 1 / torch.tensor(list(DEVIATIONS.values())), persistent=False)

    def state_code(self, state: torch.Tensor) -> torch.Tensor:
        """How far the budget is spent, −1 … 1, and V(s): (B, 1, G) -> (B, 2)."""
        state = state.squeeze(1)
        spent = (2 * state[:, _BUDGET_USED, None] - 1).clamp(-1, 1)
        return torch.cat([spent, self.value(state)], dim=-1)

    def action_values(self, code: torch.Tensor, pool: torch.Tensor) -> torch.Tensor:
        """Q of every candidate: codes (B, 2), or (1, 2) for all, and pools (B, P, R+M·F_c) -> (B, P)."""
        slots = pool[..., REGION_FEATURES:].reshape(*pool.shape[:-1], SLOTS, SLOT_FEATURES)
        there = slots[..., _EXISTS] > 0.5
        sums = [(slots[..., number] * slots[..., weight] * there).sum(dim=-1) for number, weight in _SUMMED]
        numbers = torch.cat([pool[..., _SINGLE], torch.stack(sums, dim=-1)], dim=-1) * self._scale
        spent, value = code[:, :1], code[:, 1:]
        advantage = self.direct(torch.cat([numbers, spent[:, None] * numbers], dim=-1)).squeeze(-1)
        values: torch.Tensor = value + advantage
        return values

    def state_values(self, code: torch.Tensor) -> torch.Tensor:
        """V(s) of state codes (B, 2) -> (B,)."""
        return code[:, 1]


def label_balance_weights() -> npt.NDArray[np.float64]:
    """(D,) with which it chooses as label balance does."""
    weights = np.zeros(DIRECT_WEIGHTS)
    weights[DIRECT_NAMES.index("gain_z")] = 1.0
    return weights
