"""The state of an episode: labels, pool, what is asked, the last reading; and how it is kept in a checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from src_model.active_learning.decision import Decision, pack_decision, unpack_decision
from src_model.config import AcquisitionConfig
from src_model.data.annotation import Annotation
from src_model.data.labelled_set import ABSENT, LabelledSet
from src_model.data.pools import UnlabelledPool
from src_model.data.region import Region, Size
from src_model.dqn.default_features import Standing
from src_model.dqn.reward import Reading
from src_model.labelling.skip_consequences import consequence_of

_MEMORY = 0.8
"""Weight of what was promised and found before, at each query: the first promises are those of a network that has seen
nothing, and should not be held against it for ever."""


_SETTLED = ("step", "before", "reading", "rewards", "promised", "found", "fitted_step", "seen_until")
"""What a fit changes, apart from the list of queries; each is exchanged, none altered in place."""


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
    skipped:
        Regions that were passed over, with the reason and the step of the query they belong to.
    unseen:
        Labels that no fit has learned from.
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
        Of the last queries in points, newest first, at most three; where there was none, none stands here.
    promised, found:
        (C,) sums over the regions asked and answered: shares predicted when they were asked, shares labelled then;
        older ones count less.
    query_seconds:
        What choosing the last query took.
    fitted_step:
        Of the last fit.
    seen_until:
        Number of the newest record of the project that the last fit knew.
    """

    def __init__(
        self, episode: int, regions: Mapping[str, Sequence[Region]], size: Callable[[str], Size], num_classes: int
    ) -> None:
        self.episode = episode
        self.step = 0
        self.labelled = LabelledSet(size, num_classes)
        self.pool = UnlabelledPool(regions)
        self.skipped: dict[Region, tuple[str, int]] = {}
        self.unseen: dict[Region, Annotation] = {}
        self.decisions: list[Decision] = []
        self.prepared: Decision | None = None
        self.before: Reading | None = None
        self.reading: Reading | None = None
        self.rewards: tuple[float, ...] = ()
        self.promised = np.zeros(num_classes)
        self.found = np.zeros(num_classes)
        self.query_seconds = 0.0
        self.fitted_step = 0
        self.seen_until = 0

    def take(self, annotations: Sequence[Annotation], step: int) -> None:
        """Labels come in: into L_t, and out of U_t unless they correct earlier ones."""
        self.labelled.add(annotations, step)
        self.pool.remove([annotation.region for annotation in annotations if annotation.region in self.pool])
        for annotation in annotations:
            self.unseen[annotation.region] = annotation
            self.skipped.pop(annotation.region, None)

    def skip(self, region: Region, reason: str, step: int) -> None:
        """A region is passed over: out of U_t for good, alone or with its image, unless it is only put off."""
        self.skipped[region] = (reason, step)
        of_image = self.pool.regions_of(region.image) if consequence_of(reason).image_leaves_pool else (region,)
        self.pool.remove([own for own in of_image if own in self.pool and self._is_closed(own)])
        self.drop_skipped()

    def take_back(self, region: Region) -> None:
        """As if this region had never been answered; the network has seen its labels all the same."""
        if region in self.labelled:
            self.labelled.remove([region])
        self.unseen.pop(region, None)
        self.skipped.pop(region, None)
        self.pool.put_back(own for own in self.pool.regions_of(region.image) if not self._is_closed(own))

    def has_seen(self, unseen: Mapping[Region, Annotation]) -> None:
        """A fit has learned from these labels; those that were corrected meanwhile are new again."""
        for region, annotation in unseen.items():
            if self.unseen.get(region) is annotation:
                del self.unseen[region]

    def drop_skipped(self) -> None:
        """Forget queries of which every region was passed over: there is nothing to learn from them."""
        self.decisions = [own for own in self.decisions if self._answered(own) or self.waiting_in(own)]

    def step_of(self, region: Region) -> int:
        """Step that an answer belongs to: that of the query that asked, or of the oldest one where nobody asked."""
        asked = (own.query.step for own in self.decisions if region in own.query.regions)
        oldest = self.decisions[0].query.step if self.decisions else self.step + 1
        return next(asked, oldest)

    def waiting_in(self, decision: Decision) -> tuple[Region, ...]:
        """Regions of a query that are neither labelled nor passed over."""
        bad = self._bad_images
        return tuple(
            region
            for region in decision.query.regions
            if region not in self.labelled
            and region.image not in bad
            and self.skipped.get(region, ("", 0))[1] < decision.query.step
        )

    @property
    def waiting(self) -> tuple[Region, ...]:
        """Regions asked and not answered, in the order in which they were asked."""
        return tuple(region for decision in self.decisions for region in self.waiting_in(decision))

    @property
    def free(self) -> UnlabelledPool:
        """What may still be asked: U_t without what waits for an answer."""
        return self.pool.without(self.waiting)

    @property
    def open_decision(self) -> Decision | None:
        """The last query, if none of its regions has been labelled."""
        last = self.decisions[-1] if self.decisions else None
        return None if last is None or self._answered(last) else last

    @property
    def answered_decision(self) -> Decision | None:
        """The oldest query with labels that no fit has seen."""
        return next((decision for decision in self.decisions if self._answered(decision)), None)

    def is_due(self, enough: int) -> bool:
        """Whether there is a whole query to learn from, or this many labels, not all of which a query asked for."""
        decision = self.answered_decision
        return (decision is not None and not self.waiting_in(decision)) or self._is_due_unasked(enough)

    def decision_to_learn(self, enough: int) -> Decision | None:
        """The query a fit answers to; None where it is due to labels nobody asked for, and no query is complete."""
        decision = self.answered_decision
        if decision is not None and self.waiting_in(decision) and self._is_due_unasked(enough):
            return None
        return decision

    def _is_due_unasked(self, enough: int) -> bool:
        asked = {region for decision in self.decisions for region in decision.query.regions}
        return len(self.unseen) >= enough and any(region not in asked for region in self.unseen)

    def unanswered(self, regions: Sequence[Region]) -> tuple[Region, ...]:
        """Of these, what is in U_t and was not passed over."""
        return tuple(region for region in regions if region in self.pool and region not in self.skipped)

    def budget_left(self, budget: int) -> int:
        """Regions that may still be asked; those that wait for an answer are counted as spent."""
        return max(0, budget - len(self.labelled) - len(self.waiting))

    def steps_in_all(self, settings: AcquisitionConfig) -> int:
        """Steps of the episode when the budget is spent."""
        return self.step + -(-self.budget_left(settings.budget) // settings.regions_per_query)

    def settle(
        self,
        decision: Decision | None,
        reading: Reading | None,
        reward: float | None,
        labelled: LabelledSet | None = None,
    ) -> None:
        """A fit has seen the answers to this query: keep what it promised and brought, and what was read after it.

        Parameters
        ----------
        decision:
            None where nobody had asked for what was learned.
        reading, reward:
            None where nothing could be measured.
        labelled:
            What the fit saw; None: all labels.
        """
        self.before = self.reading = reading
        self.rewards = self.rewards if reward is None else (reward, *self.rewards)[:3]
        if decision is None:
            return
        # By identity: arrays within do not compare.
        self.decisions = [own for own in self.decisions if own is not decision]
        if decision.promised is None:
            return
        labelled = labelled or self.labelled
        regions = decision.query.regions
        answered = np.array([region in labelled for region in regions])
        areas = np.array([region.pixels for region in regions])
        held = labelled.class_pixels_of(regions) / areas[:, None]
        self.promised = _MEMORY * self.promised + decision.promised[answered].sum(axis=0)
        self.found = _MEMORY * self.found + held[answered].sum(axis=0)

    def settled(self) -> dict[str, Any]:
        """What a fit will change, to be given to `unsettle` if it comes to nothing."""
        return {name: getattr(self, name) for name in (*_SETTLED, "decisions")}

    def unsettle(self, kept: Mapping[str, Any]) -> None:
        """As before a fit that failed or was stopped, but for what was answered since."""
        for name in _SETTLED:
            setattr(self, name, kept[name])
        self.decisions = list(kept["decisions"])
        self.drop_skipped()

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
            "fitted_step": self.fitted_step,
            "seen_until": self.seen_until,
            "asked": len(self.decisions),
            "pending": [pack_decision(decision, f"pending.{i}.", tensors) for i, decision in enumerate(pending)],
        }

    def unpack(self, body: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> None:
        """Reverse of `pack`, into a state that knows its labels already."""
        self.step = int(body["step"])
        self.query_seconds = float(body["query_seconds"])
        self.fitted_step = int(body.get("fitted_step", 0))
        # Those of 0.1 were of simulations, which give no answers that a checkpoint does not know.
        self.seen_until = int(body.get("seen_until", 2**63))
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

    def _is_closed(self, region: Region) -> bool:
        if region in self.labelled or region.image in self._bad_images:
            return True
        return region in self.skipped and not consequence_of(self.skipped[region][0]).asked_again

    @property
    def _bad_images(self) -> set[str]:
        return {own.image for own, (reason, _) in self.skipped.items() if consequence_of(reason).image_leaves_pool}
