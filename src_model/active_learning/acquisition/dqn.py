"""DQN: the trained policy proposes, and explores while it is being trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from src_model.active_learning.acquisition.acquisition import CandidatePool, Choice, Context, Statistic
from src_model.active_learning.acquisition.choosing import choose_by_score
from src_model.active_learning.acquisition.required import required
from src_model.config import AcquisitionConfig
from src_model.dqn.default_features import ACTION_FEATURES
from src_model.dqn.default_query_network import DefaultQueryNetwork
from src_model.dqn.default_step import DefaultStep
from src_model.dqn.policy import EpsilonGreedyPolicy, StateValues
from src_model.dqn.query_network import QueryNetwork, ReferenceQueryNetwork
from src_model.exceptions import ConfigurationError

_FEATURES: Mapping[str, Statistic] = MappingProxyType(
    {
        ReferenceQueryNetwork.feature_version: Statistic.FEATURES,
        DefaultQueryNetwork.feature_version: Statistic.DEFAULT_FEATURES,
    }
)


@dataclass(frozen=True, slots=True)
class DQNAcquisition:
    """Q(s_t, a) of every candidate; ε-greedy in each pool with ``context.epsilon`` (Casanova et al., 2020, §3).

    The published pools do not know of each other. With the default features they are asked in turn: each is seen in
    the light of what the query holds already, so that it does not ask K times for one class.

    With global choice exploration is ``config.noise``: Q + Gumbel/β is a Boltzmann policy. ε, which chooses within
    pools, must then be 0; Q is that of the beginning of the query.
    """

    config: AcquisitionConfig
    network: QueryNetwork
    policy: EpsilonGreedyPolicy
    name: ClassVar[str] = "dqn"

    @property
    def needs(self) -> frozenset[Statistic]:
        """The features that the network reads."""
        return frozenset({self._features})

    def choose(self, pool: CandidatePool, context: Context, rng: np.random.Generator) -> Choice:
        """One candidate of each pool, by Q or, with chance ε, at random; scores are Q.

        Raises
        ------
        ConfigurationError
            If ε is not 0 with global choice.
        """
        values = StateValues(self.network, required(pool.state_features, self._features, self.name))
        if self._features is Statistic.DEFAULT_FEATURES and self.config.choice == "pool_wise":
            return self._choose_in_turn(required(pool.step, self._features, self.name), values, context.epsilon, rng)
        q_values = values.of(required(pool.action_features, self._features, self.name))  # (K, P)
        if self.config.choice == "global":
            if context.epsilon > 0:
                raise ConfigurationError(
                    f"Exploration with ε = {context.epsilon} chooses within pools, but choice is global. "
                    "Train with choice pool_wise, or explore with noise above 0."
                )
            return choose_by_score(pool, q_values.ravel(), self.config, rng, log_scores=q_values.ravel())
        places = self.policy.select(q_values, context.epsilon, rng)
        positions = places + pool.pool_size * np.arange(pool.regions_per_query)  # (K,) in 0..P-1 -> in 0..K·P-1
        return Choice(positions.astype(np.int64), q_values.astype(np.float64).ravel(), state_value=values.state_value)

    def _choose_in_turn(
        self, step: DefaultStep, values: StateValues, epsilon: float, rng: np.random.Generator
    ) -> Choice:
        """Pool by pool; the same random numbers are drawn whatever is chosen."""
        pools, size = step.regions_per_query, step.pool_size
        explored, anything = self.policy.draws(pools, size, epsilon, rng)
        seen = np.empty((pools, size, ACTION_FEATURES), dtype=np.float32)
        q_values = np.empty((pools, size), dtype=np.float64)
        positions = np.empty(pools, dtype=np.int64)
        taken = np.zeros(step.probabilities.shape[1])
        for turn in range(pools):
            seen[turn] = step.pool(turn, taken)
            q_values[turn] = values.of(seen[turn : turn + 1])[0]
            place = anything[turn] if explored[turn] else q_values[turn].argmax()
            positions[turn] = turn * size + place
            taken += step.probabilities[positions[turn]]
        return Choice(positions, q_values.ravel(), seen, values.state_value)

    @property
    def _features(self) -> Statistic:
        return _FEATURES[self.network.feature_version]
