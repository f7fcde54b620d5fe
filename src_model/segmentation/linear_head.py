"""Linear head: multinomial logistic regression on the features of cells, with the state of its optimiser (Adam)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

_MEAN_DECAY = 0.9
_SQUARE_DECAY = 0.999
_SMALL = 1e-8

_STATE = ("weights", "adam_mean", "adam_square", "adam_updates")


@dataclass(frozen=True, slots=True, eq=False)
class TrainingBlocks:
    """All rows of a fit, dealt out in turn to G blocks of k, so that each block is a fair sample.

    Attributes
    ----------
    features:
        (G, D, k) float32.
    targets:
        (G, C, k) float32, the part of the whole loss that falls to each class of each row; all of them sum to 1.

    Rows lie on the inner axis because products and softmax are up to ten times faster that way round.
    """

    features: torch.Tensor
    targets: torch.Tensor

    @classmethod
    def dealt(cls, features: torch.Tensor, weights: torch.Tensor, blocks: int) -> TrainingBlocks:
        """Deal (n, D) features and (n, C) non-negative weights, of which at least one is positive.

        Rows without weight fill the last round up.
        """
        rows = -(-len(features) // blocks)
        missing = rows * blocks - len(features)
        filled = torch.cat([features, features.new_zeros(missing, features.shape[1])])
        targets = torch.cat([weights / weights.sum(), weights.new_zeros(missing, weights.shape[1])])
        return cls(
            # (k, G, D) -> (G, k, D) -> (G, D, k): in two moves, each of which copies long runs
            filled.view(rows, blocks, -1).transpose(0, 1).contiguous().transpose(1, 2).contiguous(),
            targets.view(rows, blocks, -1).permute(1, 2, 0).contiguous(),  # (k, G, C) -> (G, C, k)
        )


class LinearHead:
    """C linear functions of D features, all zero at the start: every class equally probable, the first one named.

    Parameters
    ----------
    num_classes, components:
        C and D.
    device:
        Where the weights lie.
    """

    def __init__(self, num_classes: int, components: int, device: torch.device) -> None:
        self._shape = (num_classes, components + 1)
        self.device = device
        self.reset()

    def reset(self) -> None:
        """Go back to zero and forget the optimiser's moments."""
        # The last column is the bias.
        self._weights, self._mean, self._square = (torch.zeros(self._shape, device=self.device) for _ in range(3))
        self._updates = 0

    def logits(self, features: torch.Tensor, kept: torch.Tensor | None = None) -> torch.Tensor:
        """(C, n) logits of (n, D) features; ``kept``, (D,), are factors of dropout."""
        slopes = self._weights[:, :-1] if kept is None else self._weights[:, :-1] * kept
        return torch.addmm(self._weights[:, -1:], slopes, features.T)

    def update(
        self, blocks: TrainingBlocks, kept: torch.Tensor, learning_rate: float, weight_decay: float
    ) -> torch.Tensor:
        """One step of Adam on all rows.

        The gradient is written out: for this one layer that is twice as fast as to record and replay it.

        Parameters
        ----------
        blocks:
            Rows and targets.
        kept:
            (G, 1, D) factors of dropout, one draw a block: 0 for a dropped feature, 1/(1-p) for a kept one. They are
            applied to the weights, so that they cost nothing, where a draw for each row would cost more than the step.
        learning_rate, weight_decay:
            Of the step; the decay is that of an L2 penalty and spares the bias.

        Returns
        -------
        (G, C, k) logits before the step, for `mean_loss`.
        """
        slopes, bias = self._weights[:, :-1] * kept, self._weights[:, -1:].expand(len(kept), -1, 1)
        logits = torch.baddbmm(bias, slopes, blocks.features)
        errors = logits.softmax(dim=1)
        errors.mul_(blocks.targets.sum(dim=1, keepdim=True)).sub_(blocks.targets)
        gradient = torch.cat(
            [((errors @ blocks.features.transpose(1, 2)) * kept).sum(dim=0), errors.sum(dim=(0, 2))[:, None]], dim=1
        )
        gradient[:, :-1] += weight_decay * self._weights[:, :-1]
        self._step(gradient, learning_rate)
        return logits

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Copies of weights and moments, on the CPU."""
        values = (self._weights, self._mean, self._square, torch.tensor(self._updates))
        return {name: value.to("cpu", copy=True) for name, value in zip(_STATE, values, strict=True)}

    def load_state_dict(self, state: Mapping[str, torch.Tensor]) -> None:
        """Restore what `state_dict` gave; names and shapes must fit."""
        self._weights, self._mean, self._square = (
            state[name].to(self.device, torch.float32, copy=True) for name in _STATE[:3]
        )
        self._updates = int(state[_STATE[3]])

    def _step(self, gradient: torch.Tensor, learning_rate: float) -> None:
        self._updates += 1
        self._mean.lerp_(gradient, 1 - _MEAN_DECAY)
        self._square.mul_(_SQUARE_DECAY).addcmul_(gradient, gradient, value=1 - _SQUARE_DECAY)
        spread = (self._square / (1 - _SQUARE_DECAY**self._updates)).sqrt_().add_(_SMALL)
        self._weights.addcdiv_(self._mean, spread, value=-learning_rate / (1 - _MEAN_DECAY**self._updates))


def class_losses(logits: torch.Tensor, pixels: torch.Tensor) -> torch.Tensor:
    """(C,) float64 cross-entropy in nats, summed over the pixels of each label.

    Parameters
    ----------
    logits:
        (C, n) of cells.
    pixels:
        (n, C) labelled pixels of each class in each cell, of any type.
    """
    # Laid out as the logits are: the product of two layouts takes five times as long.
    counted = pixels.T.to(logits.device, torch.float32).contiguous()
    return -(logits.log_softmax(dim=0) * counted).sum(dim=1).double()


def mean_loss(logits: torch.Tensor, targets: torch.Tensor) -> float:
    """Weighted mean cross-entropy of (G, C, k) logits under targets that sum to 1."""
    return -float((logits.log_softmax(dim=1) * targets).sum())
