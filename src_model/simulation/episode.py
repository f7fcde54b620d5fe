"""An episode: from the first query until the budget is spent, an oracle answering."""

from __future__ import annotations

from src_model.active_learning.engine import ActiveLearningEngine
from src_model.config import Schedule
from src_model.events import Progress, QueryReady, ShouldStop, never
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
            if engine.open_query is None:
                yield QueryReady((yield from engine.query(should_stop)))
            if should_stop():
                break
            assert engine.open_query is not None
            engine.teach(oracle.answer(engine.open_query.regions))
        if schedule is Schedule.PIPELINED and engine.may_ask and engine.open_query is None:
            yield QueryReady((yield from engine.query(should_stop)))
        yield from engine.fit(should_stop)
    return engine.finished
