"""The direct query network: Q(s, a) as a weighted sum of the default features, for policies that evolution finds."""

from __future__ import annotations

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
    STATE_NAMES,
)
from src_model.dqn.query_network import QueryNetwork

_SINGLE = tuple(name for name in REGION_NAMES if name != "turn" and (name[:3] != "kl_" or name.endswith("_least")))
_SLOT_WEIGHTS = ("gain", "share")
_SINGLE_PLACES = [REGION_NAMES.index(name) for name in _SINGLE]
_WEIGHT_PLACES = [SLOT_NAMES.index(name) for name in _SLOT_WEIGHTS]
_EXISTS = SLOT_NAMES.index("exists")
_BUDGET_USED = STATE_NAMES.index("budget_used")

DIRECT_NAMES = (
    *_SINGLE,
    *(f"{name} by {weight}" for weight in _SLOT_WEIGHTS for name in SLOT_NAMES),
)
"""What it reads of a candidate: its own numbers but for those that all of a pool share and the bins of histograms,
which say something only together; and the slots' numbers summed, weighted by the gain or by the share of their
classes."""

DIRECT_WEIGHTS = 2 * len(DIRECT_NAMES)
"""D: a weight for each of the numbers as it is, then one for each of them times how far the budget is spent."""

# fmt: off
_DEVIATIONS = (
    0.11, 0.11, 0.19, 0.11, 0.045, 1, 1, 1, 0.97, 0.98, 0.02, 0.28, 0.28, 0.068, 0.12, 0.14,
    0.052, 0.28, 0.039, 0.087, 0.041, 0.43, 0.13, 0.13, 0.046, 0.02, 0.28, 0.85, 0.077, 0.02,
    0.02, 0.27, 0.19, 0.09, 0.18, 0.14, 0.2, 0.26, 0.1, 0.089, 0.1, 0.12, 0.09, 0.33, 0.21, 0.1,
    0.17, 0.039, 0.11,
)
# fmt: on
"""Of each number of `DIRECT_NAMES` within a pool (root mean square over pools), measured in 50 episodes of label
balance in worlds drawn at random; at least 0.02. A weight of 1 moves a candidate by one deviation of its number."""


class DirectQueryNetwork(QueryNetwork):
    """Q is linear in `DIRECT_NAMES`, with weights that shift as the budget is spent: some are wanted early, some late.

    So few weights can be found by trying whole episodes, and read by people. The features carry what is not linear:
    gains with diminishing returns, ranks within the query, what is known of each class.

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
        with torch.no_grad():
            self.direct.weight.copy_(torch.from_numpy(np.zeros(DIRECT_WEIGHTS) if weights is None else weights)[None])
        self.register_buffer("_scale", 1 / torch.tensor(_DEVIATIONS), persistent=False)

    def state_code(self, state: torch.Tensor) -> torch.Tensor:
        """How far the budget is spent, −1 … 1: (B, 1, G) -> (B, 1)."""
        return (2 * state[:, 0, _BUDGET_USED, None] - 1).clamp(-1, 1)

    def action_values(self, code: torch.Tensor, pool: torch.Tensor) -> torch.Tensor:
        """Q of every candidate: codes (B, 1), or (1, 1) for all, and pools (B, P, R+M·F_c) -> (B, P)."""
        slots = pool[..., REGION_FEATURES:].reshape(*pool.shape[:-1], SLOTS, SLOT_FEATURES)
        there = slots[..., _EXISTS, None] > 0.5
        sums = [(slots[..., place, None] * slots * there).sum(dim=-2) for place in _WEIGHT_PLACES]
        numbers = torch.cat([pool[..., _SINGLE_PLACES], *sums], dim=-1) * self._scale
        values: torch.Tensor = self.direct(torch.cat([numbers, code[:, None] * numbers], dim=-1)).squeeze(-1)
        return values


def label_balance_weights() -> npt.NDArray[np.float64]:
    """(D,) with which it chooses as label balance does."""
    weights = np.zeros(DIRECT_WEIGHTS)
    weights[DIRECT_NAMES.index("gain_z")] = 1.0
    return weights
