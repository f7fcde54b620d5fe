"""The state of an episode: what asked regions promised and held, and what a checkpoint keeps of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from src_model.active_learning.acquisition.acquisition import CandidatePool
from src_model.active_learning.decision import Decision
from src_model.active_learning.episode_state import EpisodeState
from src_model.data.annotation import VOID, Annotation
from src_model.data.region import Region
from src_model.dqn.reward import Reading
from src_model.events import Query

REGIONS = tuple(Region("a", 0, 10 * place, 10, 10) for place in range(4))
READING = Reading(np.array([0.5, np.nan]), np.array([True, False]))


def fresh() -> EpisodeState:
    return EpisodeState(1, {"a": REGIONS}, lambda _: (10, 40), 2)


def decision(step: int, *places: int, promised: list[list[float]] | None = None) -> Decision:
    regions = tuple(REGIONS[place] for place in places)
    pool = CandidatePool(regions, len(regions), 1)
    query = Query(step, regions, (0.0,) * len(regions))
    return Decision(query, pool, np.arange(len(regions)), 0.0, None if promised is None else np.array(promised))


def answer(place: int, road: int, ignored: int = 0) -> Annotation:
    """``road`` of the ten columns are class 0, the last ``ignored`` nothing, the rest class 1."""
    labels = np.ones((10, 10), dtype=np.uint8)
    labels[:, :road] = 0
    labels[:, 10 - ignored :] = VOID
    return Annotation.from_labels(REGIONS[place], labels)


@pytest.fixture
def after_one_query() -> EpisodeState:
    """Two regions were asked, one was answered."""
    now = fresh()
    asked = decision(1, 0, 1, promised=[[0.9, 0.1], [0.2, 0.8]])
    now.decisions.append(asked)
    now.take([answer(0, road=3, ignored=2)], 1)
    now.settle(asked, READING, 1.5)
    return now


def test_what_was_promised_is_held_against_what_was_found_where_there_was_an_answer(
    after_one_query: EpisodeState,
) -> None:
    assert after_one_query.promised.tolist() == [0.9, 0.1]
    assert after_one_query.found == pytest.approx([0.3, 0.5])
    assert after_one_query.decisions == []


def test_a_rule_that_promises_nothing_is_held_against_nothing() -> None:
    now = fresh()
    asked = decision(1, 0)
    now.decisions.append(asked)
    now.take([answer(0, 5)], 1)
    now.settle(asked, READING, 0.0)
    assert not now.promised.any()
    assert not now.found.any()


def test_early_promises_are_forgiven_in_time(after_one_query: EpisodeState) -> None:
    asked = decision(2, 1, promised=[[0.5, 0.5]])
    after_one_query.decisions.append(asked)
    after_one_query.take([answer(1, road=10)], 2)
    after_one_query.settle(asked, READING, 0.0)
    assert after_one_query.promised == pytest.approx([0.8 * 0.9 + 0.5, 0.8 * 0.1 + 0.5])
    assert after_one_query.found == pytest.approx([0.8 * 0.3 + 1.0, 0.8 * 0.5])


def test_the_standing_tells_what_is_labelled_measured_and_spent(after_one_query: EpisodeState) -> None:
    standing = after_one_query.standing(budget=8)
    assert standing.labelled == pytest.approx(np.array([[0.3, 0.5]]))
    assert standing.iou.tolist() == [0.5, 0.0]
    assert standing.iou_known.tolist() == [True, False]
    assert (standing.budget_used, standing.rewards) == (1 / 8, (1.5,))
    assert standing.reliability == pytest.approx(np.log([0.31 / 0.91, 0.51 / 0.11]))


def test_before_the_first_reading_nothing_is_known() -> None:
    standing = fresh().standing(budget=8)
    assert standing.labelled.shape == (0, 2)
    assert not standing.iou_known.any()
    assert standing.rewards == ()


def test_only_the_last_three_rewards_are_remembered_newest_first(after_one_query: EpisodeState) -> None:
    for step, reward in enumerate((2.0, 3.0, 4.0), start=2):
        asked = decision(step, 2)
        after_one_query.decisions.append(asked)
        after_one_query.settle(asked, READING, reward)
    assert after_one_query.standing(8).rewards == (4.0, 3.0, 2.0)


def test_a_checkpoint_keeps_promises_and_rewards(after_one_query: EpisodeState) -> None:
    after_one_query.decisions.append(decision(2, 2, 3, promised=[[0.4, 0.6], [0.5, 0.5]]))
    tensors: dict[str, torch.Tensor] = {}
    body = after_one_query.pack(tensors)
    restored = fresh()
    restored.take([answer(0, road=3, ignored=2)], 1)
    restored.unpack(body, tensors)
    ours, theirs = after_one_query.standing(8), restored.standing(8)
    for name in ("labelled", "iou", "iou_known", "promised", "found", "rewards"):
        np.testing.assert_array_equal(getattr(theirs, name), getattr(ours, name))
    (waiting,) = restored.decisions
    assert waiting.promised is not None
    assert waiting.promised.tolist() == [[0.4, 0.6], [0.5, 0.5]]


def test_a_checkpoint_of_an_earlier_version_begins_without_promises(after_one_query: EpisodeState) -> None:
    tensors: dict[str, torch.Tensor] = {}
    body = after_one_query.pack(tensors)
    del body["rewards"], tensors["shares.promised"], tensors["shares.found"]
    restored = fresh()
    restored.unpack(body, tensors)
    assert restored.rewards == ()
    assert restored.promised.tolist() == [0.0, 0.0]
