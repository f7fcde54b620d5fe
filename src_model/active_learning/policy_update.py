"""The policy update: what a query was worth goes into the replay buffer, and the query network learns from it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from src_model.active_learning.acquisition.acquisition import CandidatePool
from src_model.active_learning.decision import Decision
from src_model.dqn.double_dqn import DQNLearner

_NOT_TAKEN = -1
"""For the replay buffer: asked, but not answered; stores no transition."""


def update_policy(
    learner: DQNLearner,
    decision: Decision,
    answered: npt.NDArray[np.bool_],
    rewards: npt.NDArray[np.float64],
    following: CandidatePool | None,
    rng: np.random.Generator,
) -> float | None:
    """One environment step of the learner, in the published order: the next candidates are seen before the update.

    Parameters
    ----------
    learner:
        Observes here the candidates as they were chosen among. Those of all queries but an episode's first it has
        seen before as ``following``, when nothing of that query was chosen yet: features that tell what the query
        holds already were different then.
    answered:
        (K,) whether each region of the query was labelled.
    rewards:
        (K,) points of each sub-action.
    following:
        Candidates of the next query; None at the end of the episode.
    rng:
        Draws from the replay buffer.

    Returns
    -------
    The mean loss, None while too little has been seen.
    """
    _observe(learner, decision.candidates)
    actions = np.where(answered, decision.positions % decision.candidates.pool_size, _NOT_TAKEN)
    learner.store(actions, rewards, terminal=following is None)
    if following is not None:
        _observe(learner, following)
    loss = learner.update(rng)
    learner.end_step()
    if following is None:
        learner.end_episode()
    return loss


def _observe(learner: DQNLearner, candidates: CandidatePool) -> None:
    assert candidates.state_features is not None
    assert candidates.action_features is not None
    learner.observe(candidates.state_features, candidates.action_features)
