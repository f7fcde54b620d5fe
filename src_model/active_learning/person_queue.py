"""A person's queue: what is asked next, and whether more has to be chosen so that nobody waits."""

from __future__ import annotations

from collections.abc import Callable

from src_model.active_learning.engine import ActiveLearningEngine
from src_model.active_learning.first_look import FirstLook
from src_model.active_learning.person_status import Asked, in_turn
from src_model.config import CheckOrder, RunConfig, Schedule
from src_model.data.region import Region
from src_model.labelling.check_set import CheckSet
from src_model.labelling.serving_order import serving_order

_AHEAD = 2
"""Queries' worth of regions that wait at any time, so that nobody waits for a fit."""


class PersonQueue:
    """Of one open project; owned by the thread of its run.

    Parameters
    ----------
    config:
        Of the run.
    engine, checks, first_look:
        Where regions come from: chosen ones, check regions, and what was shown.
    sequence:
        Of an image: regions of one are served together.
    """

    def __init__(
        self,
        config: RunConfig,
        engine: ActiveLearningEngine,
        checks: CheckSet,
        first_look: FirstLook,
        sequence: Callable[[str], str],
    ) -> None:
        self._config, self._engine, self._checks = config, engine, checks
        self._first_look, self._sequence = first_look, sequence

    @property
    def checks_come_first(self) -> bool:
        """Whether nothing else is asked before these check regions are answered."""
        return self._config.labelling.check_order is CheckOrder.FIRST and bool(self._checks.ahead(1))

    @property
    def should_propose(self) -> bool:
        """Whether fewer regions wait than should, and more may be asked."""
        return not self.checks_come_first and self._wants_more and self._engine.may_ask

    @property
    def _wants_more(self) -> bool:
        """Whether fewer regions wait than the schedule has wait."""
        waiting = len(self._engine.waiting)
        if self._config.schedule is Schedule.SEQUENTIAL:
            return waiting == 0 and not self._engine.is_due
        return waiting < _AHEAD * self._engine.regions_per_query

    def first(self, count: int) -> tuple[Asked, ...]:
        """The next regions to label, at most ``count``: what was shown, then what was chosen; see `in_turn`."""
        shown = self._engine.unanswered(self._first_look.regions)
        return in_turn(
            list(dict.fromkeys((*shown, *self._proposed()))),
            self._checks.ahead(count),
            len(self._engine.labelled) + self._checks.answered,
            self._checks.answered,
            count,
            checks_first=self.checks_come_first,
            more_to_come=self._engine.may_ask,
        )

    def _proposed(self) -> tuple[Region, ...]:
        """What waits, query by query, and within each as it is served."""
        waiting = frozenset(self._engine.waiting)
        # The whole query is put in order, so that an answer does not change that of the others.
        served = (own for query in self._engine.open_queries for own in serving_order(query.regions, self._sequence))
        return tuple(region for region in served if region in waiting)
