"""Evolution strategy: how a policy's weights are moved by what whole episodes were worth.

Weights θ are disturbed, θ ± σε, and both are played in the *same* episode, so that what the two reach differs by
nothing but the disturbance; half the difference, times ε, points uphill on the area under the curve itself (Salimans
et al., 2017, with antithetic pairs). No reward has to be divided among the regions of a query, and no value to be
learned from noisy gains: for a policy of some hundred weights whole episodes, a second each, are the better teacher.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from src_model.exceptions import ConfigurationError

FloatArray = npt.NDArray[np.float64]

_LARGEST_VOTE = 2.5
"""In deviations: an episode that goes wrong by chance must not decide alone."""


@dataclass(frozen=True, slots=True)
class EvolutionSettings:
    """How long and how boldly weights are moved.

    Attributes
    ----------
    generations:
        Moves in all. More than before go on with a finished training.
    pairs:
        Episodes a move, each played twice.
    deviation:
        σ: of the disturbance, in units of what a weight does to the order of a pool (one deviation of its feature).
    rate:
        Length of a move relative to the votes' mean.
    evaluate_every:
        Generations between readings in the held-out worlds; the first is taken before the training.
    workers:
        Processes, of one thread each; the numbers do not depend on it.

    Raises
    ------
    ConfigurationError
        If a number is too small.
    """

    generations: int = 20
    pairs: int = 36
    deviation: float = 0.15
    rate: float = 0.12
    evaluate_every: int = 10
    workers: int = 1

    def __post_init__(self) -> None:
        least = {"generations": 1, "pairs": 3, "evaluate_every": 1, "workers": 1}
        for name, number in least.items():
            if getattr(self, name) < number:
                raise ConfigurationError(f"{name} is {getattr(self, name)}. Give at least {number}.")
        for name in ("deviation", "rate"):
            if getattr(self, name) <= 0:
                raise ConfigurationError(f"{name} is {getattr(self, name)}. Give a number above 0.")

    def to_json(self) -> dict[str, object]:
        """What the numbers of a training follow from."""
        return {
            field.name: getattr(self, field.name) for field in fields(self) if field.name not in _DO_NOT_CHANGE_NUMBERS
        }


_DO_NOT_CHANGE_NUMBERS = {"generations", "workers"}


def votes(differences: FloatArray) -> FloatArray:
    """Differences (N,) between the two episodes of a pair, in units of their root mean square, but for outliers."""
    size = np.sqrt(np.square(differences).mean())
    result: FloatArray = (differences / size if size > 0 else differences).clip(-_LARGEST_VOTE, _LARGEST_VOTE)
    return result


def moved(weights: FloatArray, disturbances: FloatArray, voted: FloatArray, rate: float) -> FloatArray:
    """Weights (D,) after a generation: disturbances (N, D) of deviation 1, votes (N,)."""
    result: FloatArray = weights + rate * (voted @ disturbances) / len(voted)
    return result


def settled(history: FloatArray) -> FloatArray:
    """The policy that is kept: the mean weights (D,) of the second half of all generations (G, D).

    Single generations jump about by the noise of their episodes; their mean does not, and is not chosen by a reading.
    """
    mean: FloatArray = history[len(history) // 2 :].mean(axis=0)
    return mean
