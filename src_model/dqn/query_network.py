"""Query networks: Q(s, a), the value of asking for one candidate region in a state; the published one."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from itertools import pairwise
from typing import ClassVar

import numpy as np
import torch
from torch import nn

from src_model.dqn.features import FEATURE_VERSION, KL_FEATURES, base_length

STATE_CODE = 128
ACTION_CODE = 128


class QueryNetwork(nn.Module, ABC):
    """What learner, policy and acquisition need of a query network. S, F_s and F_a are its own affair."""

    feature_version: ClassVar[str]
    """Which features it reads: the `FEATURE_VERSION` of their module."""

    kept_as: ClassVar[type[np.floating]] = np.float32
    """Precision in which the replay buffer keeps the candidates it has seen."""

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return next(self.parameters()).device

    @property
    def normalises_over_batches(self) -> bool:
        """Whether a row of a batch is seen in the light of the others, so that one row alone means nothing."""
        return any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in self.modules())

    @abstractmethod
    def state_code(self, state: torch.Tensor) -> torch.Tensor:
        """Summary of a state: (B, S, F_s) -> (B, code). One code serves all pools of a step."""

    @abstractmethod
    def action_values(self, code: torch.Tensor, pool: torch.Tensor) -> torch.Tensor:
        """Q of every candidate: state codes (B, code), or (1, code) for all, and pools (B, P, F_a) -> (B, P)."""

    def state_values(self, _code: torch.Tensor) -> torch.Tensor | None:
        """V(s) of state codes (B, code) -> (B,), what all candidates of a state share; None where Q is all there is."""
        return None

    def forward(self, state: torch.Tensor, pool: torch.Tensor) -> torch.Tensor:
        """(B, S, F_s) and (B, P, F_a) -> Q (B, P)."""
        return self.action_values(self.state_code(state), pool)


class RegionLinear(nn.Module):
    """BatchNorm, ReLU and one linear map, the same for every region: the published pre-activation order."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(inputs)
        self.linear = nn.Linear(inputs, outputs)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """(B, inputs) or (B, R, inputs) -> the same with ``outputs``; statistics run over all regions."""
        flat = rows.reshape(-1, rows.shape[-1])
        mapped: torch.Tensor = self.linear(torch.relu(self.norm(flat)))
        return mapped.reshape(*rows.shape[:-1], -1)


class ReferenceQueryNetwork(QueryNetwork):
    """The published query network, without its unused last layer.

    Tied to C and S: neither another class count nor another D_S can be fed to it. Casanova et al., ICLR 2020, and
    its published code; Q(s, a) = sigmoid(gate) · merge, where only the divergence histograms reach the gate.

    Parameters
    ----------
    num_classes:
        C.
    state_regions:
        S, regions of D_S.
    generator:
        Draws the start weights.
    """

    feature_version = FEATURE_VERSION

    def __init__(self, num_classes: int, state_regions: int, generator: torch.Generator) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.state_regions = state_regions
        base = base_length(num_classes)
        self.state_trunk = _trunk(base, 256, 128, 1)
        self.state_merge = RegionLinear(state_regions, STATE_CODE)
        self.action_trunk = _trunk(base, 512, 256, ACTION_CODE)
        self.gate = RegionLinear(KL_FEATURES, 1)
        self.merge_norm = nn.BatchNorm1d(ACTION_CODE + STATE_CODE)
        self.merge = nn.Linear(ACTION_CODE + STATE_CODE, 1)
        draw_weights(self.modules(), generator)

    def state_code(self, state: torch.Tensor) -> torch.Tensor:
        """Summary of a state: (B, S, C+193) -> (B, 128). One code serves all pools of a step."""
        by_region = self.state_trunk(state).squeeze(-1)  # (B, S)
        code: torch.Tensor = self.state_merge(by_region)
        return code

    def action_values(self, code: torch.Tensor, pool: torch.Tensor) -> torch.Tensor:
        """Q of every candidate: state codes (B, 128), or (1, 128) for all, and pools (B, P, C+257) -> (B, P)."""
        action = self.action_trunk(pool[..., :-KL_FEATURES])  # (B, P, 128)
        state = code.unsqueeze(1).expand(len(pool), pool.shape[1], -1)
        merged = torch.cat([action, state], dim=-1).flatten(0, 1)  # (B, P, 256) -> (B·P, 256)
        score = self.merge(self.merge_norm(merged)).reshape(pool.shape[:2])
        gate = self.gate(pool[..., -KL_FEATURES:]).squeeze(-1)
        values: torch.Tensor = torch.sigmoid(gate) * score
        return values


def _trunk(*widths: int) -> nn.Sequential:
    return nn.Sequential(*(RegionLinear(inputs, outputs) for inputs, outputs in pairwise(widths)))


def draw_weights(modules: Iterable[nn.Module], generator: torch.Generator) -> None:
    """PyTorch's own start for linear maps, drawn from ``generator`` so that a seed fixes the run."""
    for module in modules:
        if isinstance(module, nn.Linear):
            bound = 1 / math.sqrt(module.in_features)
            nn.init.uniform_(module.weight, -bound, bound, generator=generator)
            nn.init.uniform_(module.bias, -bound, bound, generator=generator)
