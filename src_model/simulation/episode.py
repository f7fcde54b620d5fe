"""An episode: from the first query until the budget is spent, an oracle answering."""

from __future__ import annotations

from src_model.active_learning.engine import ActiveLearningEngine
from src_model.config import Schedule
from src_model.events import Progress, Query, QueryReady, ShouldStop, never
from src_model.simulation.oracle import GroundTruthOracle


def run_episode(
    engine: ActiveLearningEngine,
    oracle: GroundTruthOracle,
    schedule: Schedule = Schedule.SEQUENTIAL,
    should_stop: ShouldStop = never,
) -> Progress[bool]:
    """Ask, answer and learn until the engine has nothing left to ask.

    ``sequential`` asks after each fit; ``pipelined`` asks the next query from the last finished weights before the
    fit, as a desktop session does while it trains. Returns whether the episode was finished.
    """
    while not engine.finished and not should_stop():
        if not engine.has_answers:
            query = engine.open_query or (yield from _ask(engine, should_stop))
            if query is None:
                break
            engine.teach(oracle.answer(query.regions))
        if schedule is Schedule.PIPELINED and engine.may_ask and engine.open_query is None:
            yield from _ask(engine, should_stop)
        yield from engine.fit(should_stop)
    return engine.finished


def _ask(engine: ActiveLearningEngine, should_stop: ShouldStop) -> Progress[Query | None]:
    query = yield from engine.query(should_stop)
    if query is not None:
        yield QueryReady(query)
    return query
