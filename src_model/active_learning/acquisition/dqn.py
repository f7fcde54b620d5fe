"""DQN: the trained policy proposes, and explores while it is being trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from src_model.active_learning.acquisition.acquisition import CandidatePool, Choice, Context, Statistic
from src_model.active_learning.acquisition.choosing import choose_by_score
from src_model.active_learning.acquisition.required import required
from src_model.config import AcquisitionConfig
from src_model.dqn.policy import EpsilonGreedyPolicy, candidate_values
from src_model.dqn.query_network import ReferenceQueryNetwork
from src_model.exceptions import ConfigurationError


@dataclass(frozen=True, slots=True)
class DQNAcquisition:
    """Q(s_t, a) of every candidate; ε-greedy in each pool with ``context.epsilon`` (Casanova et al., 2020, §3).

    With global choice exploration is ``config.noise``: Q + Gumbel/β is a Boltzmann policy. ε, which chooses within
    pools, must then be 0.
    """

    config: AcquisitionConfig
    network: ReferenceQueryNetwork
    policy: EpsilonGreedyPolicy
    name: ClassVar[str] = "dqn"
    needs: ClassVar[frozenset[Statistic]] = frozenset({Statistic.FEATURES})

    def choose(self, pool: CandidatePool, context: Context, rng: np.random.Generator) -> Choice:
        """One candidate of each pool, by Q or, with chance ε, at random; scores are Q.

        Raises
        ------
        ConfigurationError
            If ε is not 0 with global choice.
        """
        state = required(pool.state_features, Statistic.FEATURES, self.name)
        actions = required(pool.action_features, Statistic.FEATURES, self.name)
        values = candidate_values(self.network, state, actions)  # (K, P)
        if self.config.choice == "global":
            if context.epsilon > 0:
                raise ConfigurationError(
                    f"Exploration with ε = {context.epsilon} chooses within pools, but choice is global. "
                    "Train with choice pool_wise, or explore with noise above 0."
                )
            return choose_by_score(pool, values.ravel(), self.config, rng, log_scores=values.ravel())
        places = self.policy.select(values, context.epsilon, rng)
        positions = places + pool.pool_size * np.arange(pool.regions_per_query)  # (K,) in 0..P-1 -> in 0..K·P-1
        return Choice(positions.astype(np.int64), values.astype(np.float64).ravel())
