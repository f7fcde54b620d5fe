"""Decisions: a query with the candidates it was chosen from, and how one is kept in a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from src_model.active_learning.acquisition.acquisition import CandidatePool, Choice
from src_model.data.grounds import Grounds, grounds_from_json, grounds_to_json
from src_model.data.region import Region
from src_model.events import Query

_FEATURES = ("action_features", "state_features")


@dataclass(frozen=True, slots=True)
class Decision:
    """A query and how it came about.

    Attributes
    ----------
    candidates:
        What was chosen from; its action features are those seen at each choice.
    positions:
        (K,) chosen candidates.
    epsilon:
        ε it was chosen with.
    promised:
        (K, C) class shares predicted of the chosen regions, where the acquisition remembers what it was promised.
    """

    query: Query
    candidates: CandidatePool
    positions: npt.NDArray[np.int64]
    epsilon: float = 0.0
    promised: npt.NDArray[np.float64] | None = None

    @property
    def is_bare(self) -> bool:
        """Whether only the query is known, so that nothing can be learned of the choice."""
        return self.candidates.action_features is None or self.candidates.state_features is None


def recorded_decision(query: Query) -> Decision:
    """The decision for a query that the log holds and no checkpoint: what it was chosen from is lost."""
    count = len(query.regions)
    return Decision(query, CandidatePool(query.regions, count, 1), np.arange(count))


def decision_of(
    step: int, candidates: CandidatePool, choice: Choice, epsilon: float, grounds: Grounds | None = None
) -> Decision:
    """The decision for the query of this step that a choice among candidates is."""
    query = Query(
        step=step,
        regions=tuple(candidates.regions[position] for position in choice.positions),
        scores=tuple(float(score) for score in choice.scores[choice.positions]),
        grounds=grounds,
    )
    promised = None
    if candidates.step is not None:
        promised = candidates.step.probabilities[choice.positions]
        candidates = replace(candidates, step=None)
    if choice.action_features is not None:
        candidates = replace(candidates, action_features=choice.action_features)
    return Decision(query, candidates, choice.positions, epsilon, promised)


def pack_decision(decision: Decision, prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, Any]:
    """The JSON body of a decision; its features are put into ``tensors`` under names that begin with ``prefix``.

    Region statistics are left out: they served the choice, which has been made.
    """
    pool = decision.candidates
    for name in _FEATURES:
        features = getattr(pool, name)
        if features is not None:
            tensors[prefix + name] = torch.from_numpy(features)
    if decision.promised is not None:
        tensors[prefix + "promised"] = torch.from_numpy(decision.promised)
    return {
        "step": decision.query.step,
        "regions": [astuple(region) for region in pool.regions],
        "regions_per_query": pool.regions_per_query,
        "pool_size": pool.pool_size,
        "positions": decision.positions.tolist(),
        "scores": list(decision.query.scores),
        "epsilon": decision.epsilon,
        "grounds": None if decision.query.grounds is None else grounds_to_json(decision.query.grounds),
    }


def unpack_decision(body: Mapping[str, Any], prefix: str, tensors: Mapping[str, torch.Tensor]) -> Decision:
    """Reverse of `pack_decision`."""
    regions = tuple(Region(*region) for region in body["regions"])
    actions, state = (tensors.get(prefix + name) for name in _FEATURES)
    pool = CandidatePool(
        regions,
        body["regions_per_query"],
        body["pool_size"],
        action_features=None if actions is None else actions.numpy(),
        state_features=None if state is None else state.numpy(),
    )
    positions = np.asarray(body["positions"], dtype=np.int64)
    # Those of 0.1 held no grounds.
    grounds = grounds_from_json(body["grounds"]) if body.get("grounds") else None
    query = Query(body["step"], tuple(regions[position] for position in positions), tuple(body["scores"]), grounds)
    promised = tensors.get(prefix + "promised")
    return Decision(query, pool, positions, body["epsilon"], None if promised is None else promised.numpy())
