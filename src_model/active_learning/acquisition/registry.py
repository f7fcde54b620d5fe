"""The acquisitions by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from src_model.active_learning.acquisition.acquisition import Acquisition
from src_model.active_learning.acquisition.bald import BaldAcquisition
from src_model.active_learning.acquisition.dqn import DQNAcquisition
from src_model.active_learning.acquisition.entropy import EntropyAcquisition
from src_model.active_learning.acquisition.gain_greedy import GainGreedyAcquisition
from src_model.active_learning.acquisition.impurity import ImpurityAcquisition
from src_model.active_learning.acquisition.label_balance import LabelBalanceAcquisition
from src_model.active_learning.acquisition.label_balance_true import LabelBalanceTrueAcquisition
from src_model.active_learning.acquisition.margin import MarginAcquisition
from src_model.active_learning.acquisition.margin_class_balanced import MarginClassBalancedAcquisition
from src_model.active_learning.acquisition.random import RandomAcquisition
from src_model.active_learning.acquisition.random_class_balanced import RandomClassBalancedAcquisition
from src_model.config import AcquisitionConfig
from src_model.dqn.policy import EpsilonGreedyPolicy
from src_model.dqn.query_network import QueryNetwork
from src_model.exceptions import ConfigurationError

_FIXED_RULES: Mapping[str, Callable[[AcquisitionConfig], Acquisition]] = MappingProxyType(
    {
        RandomAcquisition.name: RandomAcquisition,
        RandomClassBalancedAcquisition.name: RandomClassBalancedAcquisition,
        EntropyAcquisition.name: EntropyAcquisition,
        BaldAcquisition.name: BaldAcquisition,
        MarginAcquisition.name: MarginAcquisition,
        MarginClassBalancedAcquisition.name: MarginClassBalancedAcquisition,
        ImpurityAcquisition.name: ImpurityAcquisition,
        LabelBalanceAcquisition.name: LabelBalanceAcquisition,
        LabelBalanceTrueAcquisition.name: LabelBalanceTrueAcquisition,
        GainGreedyAcquisition.name: GainGreedyAcquisition,
    }
)

ACQUISITIONS: tuple[str, ...] = (*_FIXED_RULES, DQNAcquisition.name)
"""All names that `make_acquisition` knows."""


def make_acquisition(
    config: AcquisitionConfig,
    network: QueryNetwork | None = None,
    policy: EpsilonGreedyPolicy | None = None,
) -> Acquisition:
    """The rule called ``config.name``.

    Parameters
    ----------
    network:
        Only for ``dqn``: the query network, trained or in training (it is not copied).
    policy:
        Only for ``dqn``: how it explores; None: one coin a step, as published.

    Raises
    ------
    ConfigurationError
        If there is no such rule, or ``dqn`` comes without a network.
    """
    if config.name == DQNAcquisition.name:
        if network is None:
            raise ConfigurationError(
                "The acquisition 'dqn' needs a trained policy. "
                "Train one with `napari-ralis train-policy` and name its file."
            )
        return DQNAcquisition(config, network, policy or EpsilonGreedyPolicy())
    if config.name not in _FIXED_RULES:
        raise ConfigurationError(f"There is no acquisition {config.name!r}. Choose one of: {', '.join(ACQUISITIONS)}.")
    return _FIXED_RULES[config.name](config)
