"""The policy: how Q-values become choices, how much it explores, and the file it is kept in."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch

from src_model.checkpoint import load_tensors, save_tensors
from src_model.device import train_mode
from src_model.dqn.default_query_network import DefaultQueryNetwork
from src_model.dqn.direct_query_network import DirectQueryNetwork
from src_model.dqn.query_network import QueryNetwork, ReferenceQueryNetwork
from src_model.exceptions import CheckpointError

_KIND = "policy"
_DIRECT = "direct"
_REMEDY = "Choose a policy made for this data, or make one with `napari-ralis train-policy`."

FloatArray = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class EpsilonSchedule:
    """Exploration over the environment steps n of a run: ε_n = end + (start − end) · exp(−n / decay)."""

    start: float
    end: float
    decay: float

    def at(self, step: int) -> float:
        """ε after ``step`` environment steps, counted over all episodes."""
        return self.end + (self.start - self.end) * math.exp(-step / self.decay)


@dataclass(frozen=True, slots=True)
class EpsilonGreedyPolicy:
    """ε-greedy choice of one candidate from each pool.

    Attributes
    ----------
    coin:
        ``step``: one coin decides for all K (published code); ``sub_action``: one coin for each pool.
    """

    coin: Literal["step", "sub_action"] = "step"

    def select(self, q_values: FloatArray, epsilon: float, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        """Chosen candidate of each pool: Q (K, P) -> (K,), 0 … P−1.

        The same number of draws is made whatever they decide, so that later draws do not depend on Q.
        """
        pools, candidates = q_values.shape
        explored, anything = self.draws(pools, candidates, epsilon, rng)
        return np.where(explored, anything, q_values.argmax(axis=1)).astype(np.int64)

    def draws(
        self, pools: int, candidates: int, epsilon: float, rng: np.random.Generator
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
        """All that is random in a choice from K pools of P: (K,) whether each explores, and (K,) what it then takes."""
        coins = rng.random(1 if self.coin == "step" else pools)
        anything = rng.integers(candidates, size=pools)
        return np.broadcast_to(coins < epsilon, pools), anything


class StateValues:
    """Q of candidates in one state, with the network in evaluation mode; the state's code is computed once.

    Parameters
    ----------
    state:
        (S, F_s).
    """

    def __init__(self, network: QueryNetwork, state: npt.NDArray[np.float32]) -> None:
        self._network = network
        with train_mode(network, False), torch.no_grad():
            self._code = network.state_code(self._tensor(state)[None])

    @property
    def state_value(self) -> float | None:
        """V(s); None for a network that has none."""
        with train_mode(self._network, False), torch.no_grad():
            values = self._network.state_values(self._code)
        return None if values is None else float(values[0])

    def of(self, pools: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Pools (K, P, F_a) -> Q (K, P) float32."""
        with train_mode(self._network, False), torch.no_grad():
            values = self._network.action_values(self._code, self._tensor(pools))
        result: npt.NDArray[np.float32] = values.cpu().numpy()
        return result

    def _tensor(self, array: npt.NDArray[np.float32]) -> torch.Tensor:
        return torch.from_numpy(np.require(array, requirements="W")).to(self._network.device)


def candidate_values(
    network: QueryNetwork, state: npt.NDArray[np.float32], pools: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Q (K, P) of the candidates of K pools (K, P, F_a) in a state (S, F_s), with the network in evaluation mode."""
    return StateValues(network, state).of(pools)


@dataclass(frozen=True, slots=True)
class Policy:
    """A trained query network with what a reader of its file should know.

    Attributes
    ----------
    class_names:
        C names in the order of the class counts that the published network reads. A network for the default features
        answers for any classes: those it was trained on, where there was one list.
    seen:
        What it was trained on: data set, splits, episodes, settings (JSON).
    metrics:
        What it reached there (JSON).
    """

    network: QueryNetwork
    class_names: tuple[str, ...] = ()
    seen: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)


def save_policy(path: Path, policy: Policy) -> None:
    """Write a policy file (safetensors with a JSON header), atomically."""
    header: dict[str, object] = {
        "kind": _KIND,
        "features": policy.network.feature_version,
        "class_names": list(policy.class_names),
        "seen": dict(policy.seen),
        "metrics": dict(policy.metrics),
    }
    if isinstance(policy.network, ReferenceQueryNetwork):
        header["state_regions"] = policy.network.state_regions
    if isinstance(policy.network, DirectQueryNetwork):
        header["network"] = _DIRECT
    save_tensors(path, policy.network.state_dict(), header)


def load_policy(path: Path, class_names: Sequence[str], state_regions: int) -> Policy:
    """Read a policy file and check that it fits the run; the network comes back on the CPU in evaluation mode.

    The file decides which features the run computes: those of the published network, tied to classes and D_S, or the
    default ones, tied to neither.

    Parameters
    ----------
    class_names:
        The run's classes, in the order of their indices; compared without regard to case.
    state_regions:
        S, regions of the run's D_S.

    Raises
    ------
    CheckpointError
        If the file is missing, corrupt, no policy, or made for other classes, another D_S or other features.
    """
    tensors, header = load_tensors(path)
    network = _network_for(path, header, class_names, state_regions)
    try:
        network.load_state_dict(tensors)
    except RuntimeError as exc:
        raise CheckpointError(
            f"The weights in {path} do not fit its own header: {exc}. Copy the file again or train a new policy."
        ) from exc
    if not all(bool(tensor.isfinite().all()) for tensor in tensors.values()):
        raise CheckpointError(f"{path} holds weights that are not finite. Train the policy anew, with a lower rate.")
    network.eval()
    return Policy(network, tuple(header.get("class_names", ())), header.get("seen", {}), header.get("metrics", {}))


def _network_for(path: Path, header: Mapping[str, Any], class_names: Sequence[str], state_regions: int) -> QueryNetwork:
    """A network of the kind that the header names, its weights yet to be loaded."""
    version = header.get("features")
    if header.get("kind") != _KIND:
        raise CheckpointError(f"{path} is not a policy, but {header.get('kind', 'something else')!r}. {_REMEDY}")
    if version == DefaultQueryNetwork.feature_version:
        return DirectQueryNetwork() if header.get("network") == _DIRECT else DefaultQueryNetwork(torch.Generator())
    if version != ReferenceQueryNetwork.feature_version:
        raise CheckpointError(
            f"The policy {path} reads features {version!r}; this version computes "
            f"{DefaultQueryNetwork.feature_version!r} and {ReferenceQueryNetwork.feature_version!r}. {_REMEDY}"
        )
    _check_fit(path, header, class_names, state_regions)
    return ReferenceQueryNetwork(len(class_names), state_regions, torch.Generator())


def _check_fit(path: Path, header: Mapping[str, Any], class_names: Sequence[str], state_regions: int) -> None:
    its_names = header.get("class_names")
    if not isinstance(its_names, list) or len(its_names) != len(class_names):
        count = len(its_names) if isinstance(its_names, list) else "no"
        raise CheckpointError(f"The policy {path} was made for {count} classes, here are {len(class_names)}. {_REMEDY}")
    for position, (its, ours) in enumerate(zip(its_names, class_names, strict=True)):
        if str(its).casefold() != ours.casefold():
            raise CheckpointError(
                f"Class {position} of the policy {path} is {its!r}, here it is {ours!r}. "
                f"Rename or reorder the classes if they mean the same. {_REMEDY}"
            )
    if header.get("state_regions") != state_regions:
        raise CheckpointError(
            f"The policy {path} reads {header.get('state_regions')} regions of D_S, here are {state_regions}. "
            f"Use the number of state images, image size and region size it was trained with. {_REMEDY}"
        )
