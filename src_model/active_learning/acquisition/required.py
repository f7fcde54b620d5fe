"""Required: what a rule was promised by its `needs`, or the error that says what is missing."""

from __future__ import annotations

from typing import TypeVar

from src_model.active_learning.acquisition.acquisition import CandidatePool, RegionStatistics, Statistic
from src_model.exceptions import ConfigurationError

T = TypeVar("T")

_SIMULATION_ONLY = frozenset({Statistic.TRUE_SHARES, Statistic.GAINS})


def measured(pool: CandidatePool, rule: str) -> RegionStatistics:
    """The statistics of the candidates.

    Raises
    ------
    ConfigurationError
        If the candidates were not looked at.
    """
    if pool.statistics is None:
        raise ConfigurationError(
            f"The acquisition {rule!r} needs statistics of its candidates. Scan their images first."
        )
    return pool.statistics


def required(value: T | None, statistic: Statistic, rule: str) -> T:
    """``value``, which the rule asked for under this name.

    Raises
    ------
    ConfigurationError
        If it is not there: forgotten by the caller, or known only in a simulation.
    """
    if value is not None:
        return value
    if statistic in _SIMULATION_ONLY:
        raise ConfigurationError(
            f"The acquisition {rule!r} needs {statistic.value}, which only a simulation with all labels has. "
            "Choose another acquisition here."
        )
    raise ConfigurationError(
        f"The acquisition {rule!r} needs {statistic.value}, which was not measured. "
        "Pass its `needs` on when the candidates are looked at."
    )
