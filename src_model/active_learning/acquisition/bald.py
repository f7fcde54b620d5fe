"""BALD: regions on which the passes of a network with dropout disagree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import torch

from src_model.active_learning.acquisition.acquisition import CandidatePool, Choice, Context, Statistic
from src_model.active_learning.acquisition.choosing import choose_by_score
from src_model.active_learning.acquisition.required import measured, required
from src_model.config import AcquisitionConfig
from src_model.segmentation.uncertainty import mutual_information, softmax_entropy


@dataclass(frozen=True, slots=True)
class BaldAcquisition:
    """Mean mutual information between a pixel's class and the weights, in nats (Gal et al., 2017)."""

    config: AcquisitionConfig
    name: ClassVar[str] = "bald"
    needs: ClassVar[frozenset[Statistic]] = frozenset({Statistic.BALD})

    def choose(self, pool: CandidatePool, context: Context, rng: np.random.Generator) -> Choice:
        """Prefer the higher mean mutual information."""
        scores = required(measured(pool, self.name).bald, Statistic.BALD, self.name)
        return choose_by_score(pool, scores, self.config, rng)


def bald_map(mc_probabilities: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Mutual information of T stochastic passes: H[mean_t p_t] - mean_t H[p_t].

    Parameters
    ----------
    mc_probabilities:
        (T, C, h, w) softmax of each pass.

    Returns
    -------
    (h, w) float64, nats.
    """
    passes = torch.from_numpy(np.require(mc_probabilities, np.float64, ["C", "W"]))
    mean_entropy = softmax_entropy(passes).mean(dim=0, keepdim=True)
    information: npt.NDArray[np.float64] = mutual_information(passes.mean(dim=0, keepdim=True), mean_entropy)[0].numpy()
    return information
