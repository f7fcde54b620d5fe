"""The state of an episode: labels, pool, what is asked, the last reading; and how it is kept in a checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from src_model.active_learning.decision import Decision, pack_decision, unpack_decision
from src_model.data.annotation import Annotation
from src_model.data.labelled_set import ABSENT, LabelledSet
from src_model.data.pools import UnlabelledPool
from src_model.data.region import Region, Size
from src_model.dqn.default_features import Standing
from src_model.dqn.reward import Reading

_MEMORY = 0.8
"""Weight of what was promised and found before, at each query: the first promises are those of a network that has seen
nothing, and should not be held against it for ever."""


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
        The last reading of the reward set that a gain counts from; None before the first of an episode whose baseline
        is zero.
    reading:
        The last reading of the reward set; None before the first.
    rewards:
        Of the last queries in points, newest first, at most three.
    promised, found:
        (C,) sums over the regions asked and answered: shares predicted when they were asked, shares labelled then;
        older ones count less.
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
        self.reading: Reading | None = None
        self.rewards: tuple[float, ...] = ()
        self.promised = np.zeros(num_classes)
        self.found = np.zeros(num_classes)
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

    def settle(self, decision: Decision, reading: Reading, reward: float) -> None:
        """A fit has seen the answers to this query: keep what it promised and brought, and what was read after it."""
        self.decisions.remove(decision)
        self.before = self.reading = reading
        self.rewards = (reward, *self.rewards)[:3]
        if decision.promised is None:
            return
        regions = decision.query.regions
        answered = np.array([region in self.labelled for region in regions])
        areas = np.array([region.pixels for region in regions])
        held = self.labelled.class_pixels_of(regions) / areas[:, None]
        self.promised = _MEMORY * self.promised + decision.promised[answered].sum(axis=0)
        self.found = _MEMORY * self.found + held[answered].sum(axis=0)

    def standing(self, budget: int) -> Standing:
        """How the episode stands, as the default features see it."""
        classes = len(self.found)
        labelled = self.labelled.distributions[:, :-1]
        nothing = Reading(np.zeros(classes), np.zeros(classes, dtype=np.bool_))
        reading = self.reading or nothing
        return Standing(
            labelled=np.where(labelled > ABSENT, labelled, 0.0),
            iou=np.where(reading.supported, reading.iou, 0.0),
            iou_known=reading.supported,
            promised=self.promised,
            found=self.found,
            budget_used=min(1.0, len(self.labelled) / budget),
            rewards=self.rewards,
        )

    def pack(self, tensors: dict[str, torch.Tensor]) -> dict[str, Any]:
        """The JSON body of this state; arrays go into ``tensors``, labels are left to the project's log."""
        pending = [*self.decisions, *([self.prepared] if self.prepared else [])]
        if self.before is not None:
            tensors["reward.iou"] = torch.from_numpy(self.before.iou)
            tensors["reward.supported"] = torch.from_numpy(self.before.supported)
        tensors["shares.promised"] = torch.from_numpy(self.promised)
        tensors["shares.found"] = torch.from_numpy(self.found)
        return {
            "episode": self.episode,
            "step": self.step,
            "rewards": list(self.rewards),
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
        # Every checkpoint is written after a fit, when both are the same. Those of 0.1 held no rewards and no shares.
        self.reading = self.before
        self.rewards = tuple(body.get("rewards", ()))
        if "shares.promised" in tensors:
            self.promised, self.found = (tensors[f"shares.{name}"].numpy() for name in ("promised", "found"))

    def _answered(self, decision: Decision) -> bool:
        return any(region in self.labelled for region in decision.query.regions)
