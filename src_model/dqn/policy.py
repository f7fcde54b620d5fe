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
from src_model.dqn.features import FEATURE_VERSION
from src_model.dqn.query_network import QueryNetwork, ReferenceQueryNetwork
from src_model.exceptions import CheckpointError

_KIND = "policy"

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
        coins = rng.random(1 if self.coin == "step" else pools)
        anything = rng.integers(candidates, size=pools)
        return np.where(coins < epsilon, anything, q_values.argmax(axis=1)).astype(np.int64)


def candidate_values(
    network: QueryNetwork, state: npt.NDArray[np.float32], pools: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Q of every candidate with the network in evaluation mode; the state's code is computed once for all pools.

    Parameters
    ----------
    state:
        (S, C+193).
    pools:
        (K, P, C+257).

    Returns
    -------
    (K, P) float32
    """
    device = network.device
    with train_mode(network, False), torch.no_grad():
        code = network.state_code(torch.from_numpy(np.require(state, requirements="W")).to(device)[None])
        values = network.action_values(code, torch.from_numpy(np.require(pools, requirements="W")).to(device))
    result: npt.NDArray[np.float32] = values.cpu().numpy()
    return result


@dataclass(frozen=True, slots=True)
class Policy:
    """A trained query network with what a reader of its file should know.

    Attributes
    ----------
    class_names:
        C names in the order of the class counts that the network reads.
    seen:
        What it was trained on: data set, splits, episodes, settings (JSON).
    metrics:
        What it reached there (JSON).
    """

    network: ReferenceQueryNetwork
    class_names: tuple[str, ...]
    seen: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)


def save_policy(path: Path, policy: Policy) -> None:
    """Write a policy file (safetensors with a JSON header), atomically."""
    header = {
        "kind": _KIND,
        "features": FEATURE_VERSION,
        "class_names": list(policy.class_names),
        "state_regions": policy.network.state_regions,
        "seen": dict(policy.seen),
        "metrics": dict(policy.metrics),
    }
    save_tensors(path, policy.network.state_dict(), header)


def load_policy(path: Path, class_names: Sequence[str], state_regions: int) -> Policy:
    """Read a policy file and check that it fits the run; the network comes back on the CPU in evaluation mode.

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
    _check_fit(path, header, class_names, state_regions)
    network = ReferenceQueryNetwork(len(class_names), state_regions, torch.Generator())
    try:
        network.load_state_dict(tensors)
    except RuntimeError as exc:
        raise CheckpointError(
            f"The weights in {path} do not fit its own header: {exc}. Copy the file again or train a new policy."
        ) from exc
    if not all(bool(tensor.isfinite().all()) for tensor in tensors.values()):
        raise CheckpointError(f"{path} holds weights that are not finite. Train the policy anew, with a lower rate.")
    network.eval()
    return Policy(network, tuple(header["class_names"]), header.get("seen", {}), header.get("metrics", {}))


def _check_fit(path: Path, header: Mapping[str, Any], class_names: Sequence[str], state_regions: int) -> None:
    remedy = "Choose a policy made for this data, or make one with `napari-ralis train-policy`."
    if header.get("kind") != _KIND:
        raise CheckpointError(f"{path} is not a policy, but {header.get('kind', 'something else')!r}. {remedy}")
    if header.get("features") != FEATURE_VERSION:
        raise CheckpointError(
            f"The policy {path} reads features {header.get('features')!r}; this version computes "
            f"{FEATURE_VERSION!r}. {remedy}"
        )
    its_names = header.get("class_names")
    if not isinstance(its_names, list) or len(its_names) != len(class_names):
        count = len(its_names) if isinstance(its_names, list) else "no"
        raise CheckpointError(f"The policy {path} was made for {count} classes, here are {len(class_names)}. {remedy}")
    for position, (its, ours) in enumerate(zip(its_names, class_names, strict=True)):
        if str(its).casefold() != ours.casefold():
            raise CheckpointError(
                f"Class {position} of the policy {path} is {its!r}, here it is {ours!r}. "
                f"Rename or reorder the classes if they mean the same. {remedy}"
            )
    if header.get("state_regions") != state_regions:
        raise CheckpointError(
            f"The policy {path} reads {header.get('state_regions')} regions of D_S, here are {state_regions}. "
            f"Use the number of state images, image size and region size it was trained with. {remedy}"
        )
