"""The state of an episode: labels, pool, what is asked, the last reading; and how it is kept in a checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from src_model.active_learning.decision import Decision, pack_decision, unpack_decision
from src_model.data.annotation import Annotation
from src_model.data.labelled_set import LabelledSet
from src_model.data.pools import UnlabelledPool
from src_model.data.region import Region, Size
from src_model.dqn.reward import Reading


class EpisodeState:
    """What the engine knows in one episode, apart from weights.

    Attributes
    ----------
    episode:
        Counts from 1.
    step:
        Queries asked so far.
    labelled, pool:
        L_t and U_t.
    decisions:
        Queries that no fit has learned from, oldest first.
    prepared:
        The next query, chosen already but not asked.
    before:
        The last reading of the reward set; None before the first of an episode whose baseline is zero.
    query_seconds:
        What choosing the last query took.
    """

    def __init__(
        self, episode: int, regions: Mapping[str, Sequence[Region]], size: Callable[[str], Size], num_classes: int
    ) -> None:
        self.episode = episode
        self.step = 0
        self.labelled = LabelledSet(size, num_classes)
        self.pool = UnlabelledPool(regions)
        self.decisions: list[Decision] = []
        self.prepared: Decision | None = None
        self.before: Reading | None = None
        self.query_seconds = 0.0

    def take(self, annotations: Sequence[Annotation], step: int) -> None:
        """Labels come in: into L_t, and out of U_t unless they correct earlier ones."""
        self.labelled.add(annotations, step)
        self.pool.remove([annotation.region for annotation in annotations if annotation.region in self.pool])

    @property
    def open_decision(self) -> Decision | None:
        """The last query, if none of its regions has been labelled."""
        last = self.decisions[-1] if self.decisions else None
        return None if last is None or self._answered(last) else last

    @property
    def answered_decision(self) -> Decision | None:
        """The oldest query with labels that no fit has seen."""
        return next((decision for decision in self.decisions if self._answered(decision)), None)

    def budget_left(self, budget: int) -> int:
        """Regions that may still be asked; those that wait for an answer are counted as spent."""
        waiting = 0 if self.open_decision is None else len(self.open_decision.query.regions)
        return max(0, budget - len(self.labelled) - waiting)

    def pack(self, tensors: dict[str, torch.Tensor]) -> dict[str, Any]:
        """The JSON body of this state; arrays go into ``tensors``, labels are left to the project's log."""
        pending = [*self.decisions, *([self.prepared] if self.prepared else [])]
        if self.before is not None:
            tensors["reward.iou"] = torch.from_numpy(self.before.iou)
            tensors["reward.supported"] = torch.from_numpy(self.before.supported)
        return {
            "episode": self.episode,
            "step": self.step,
            "query_seconds": self.query_seconds,
            "asked": len(self.decisions),
            "pending": [pack_decision(decision, f"pending.{i}.", tensors) for i, decision in enumerate(pending)],
        }

    def unpack(self, body: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> None:
        """Reverse of `pack`, into a state that knows its labels already."""
        self.step = int(body["step"])
        self.query_seconds = float(body["query_seconds"])
        pending = [unpack_decision(part, f"pending.{i}.", tensors) for i, part in enumerate(body["pending"])]
        self.decisions = pending[: body["asked"]]
        self.prepared = next(iter(pending[body["asked"] :]), None)
        if "reward.iou" in tensors:
            self.before = Reading(tensors["reward.iou"].numpy(), tensors["reward.supported"].numpy())

    def _answered(self, decision: Decision) -> bool:
        return any(region in self.labelled for region in decision.query.regions)
