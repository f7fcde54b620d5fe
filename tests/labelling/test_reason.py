"""Why a region is asked for, in one sentence that says nothing the numbers do not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src_model.data.grounds import Ground, Grounds
from src_model.labelling.reason import reason_for, reason_on

NAMES = ("road", "car", "bicycle")


def shares(*values: float) -> np.ndarray:
    return np.array(values)


def test_the_rarest_class_that_is_expected_is_named_first() -> None:
    reason = reason_for(shares(0.7, 0.2, 0.1), shares(40, 9, 0.4), NAMES, doubt=0.5)
    assert reason.classes[0] == 2
    assert reason.sentence == "Probably bicycle, of which less than one region's worth is labelled so far."


def test_a_class_without_labels_is_said_to_have_none() -> None:
    reason = reason_for(shares(0.9, 0.0, 0.1), shares(40, 9, 0), NAMES, doubt=0.9)
    assert reason.sentence == "Probably bicycle, not labelled anywhere yet. The model is unsure here."


def test_a_trace_of_a_rare_class_is_not_named() -> None:
    reason = reason_for(shares(0.8, 0.19, 0.01), shares(40, 2, 0), NAMES, doubt=0.1)
    assert reason.classes[0] == 1
    assert reason.sentence == (
        "Probably car, of which 2.0 regions' worth are labelled so far. The model believes it knows this place."
    )


def test_where_nothing_is_labelled_and_where_it_was_drawn_no_class_is_claimed() -> None:
    assert reason_for(shares(0.5, 0.5, 0.0), shares(0, 0, 0), NAMES, 0.5).classes == ()
    drawn = reason_for(shares(0.5, 0.5, 0.0), shares(9, 9, 0), NAMES, 0.5, at_random=True)
    assert drawn.classes == ()
    assert "random" in drawn.sentence


def test_a_region_of_nothing_known_is_said_to_be_one() -> None:
    assert "nothing" in reason_for(shares(0.01, 0.01, 0.01), shares(5, 5, 5), NAMES, 0.5).sentence


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1e4)), min_size=1, max_size=66),
    st.floats(0, 1),
)
def test_any_numbers_give_one_sentence(rows: list[tuple[float, float]], doubt: float) -> None:
    predicted, labelled = np.array(rows).T
    reason = reason_for(predicted, labelled, [f"class {index}" for index in range(len(rows))], doubt)
    assert reason.sentence.endswith(".")
    assert "nan" not in reason.sentence
    assert len(reason.classes) <= 2
    assert all(f"class {index}" in reason.sentence for index in reason.classes)


@pytest.mark.parametrize("doubt", [0.0, 1.0])
def test_doubt_is_told_at_both_ends(doubt: float) -> None:
    sentence = reason_for(shares(0.7, 0.2, 0.1), shares(40, 9, 0.4), NAMES, doubt).sentence
    assert ("unsure" in sentence) == (doubt == 1.0)


def test_the_sentence_on_grounds_ends_in_the_rank() -> None:
    ground = Ground(2, 0.9, 0.8, 0.9, 0.97, (0.6, 0.0, 0.4))
    grounds = Grounds("dqn", 160, (ground,), 0.2, (40.0, 9.0, 0.0))
    reason = reason_on(grounds, ground, NAMES)
    assert reason.classes[0] == 2
    assert reason.sentence == "Probably bicycle, not labelled anywhere yet. The model is unsure here (rank 2 of 160)."


def test_what_chance_chose_has_neither_class_nor_rank() -> None:
    for rule, ground in (("random", Ground(1)), ("random", Ground(1, 0.9, 0.8, 0.9, 0.9, (1.0, 0.0, 0.0)))):
        sentence = reason_on(Grounds(rule, 160, (ground,)), ground, NAMES).sentence
        assert "Drawn at random" in sentence
        assert "rank" not in sentence


def test_a_model_that_cannot_tell_claims_no_class() -> None:
    ground = Ground(3, 2.9, 0.99, 0.5, 0.9, (0.34, 0.33, 0.33))
    reason = reason_on(Grounds("dqn", 160, (ground,), None, (4.0, 0.0, 0.0)), ground, NAMES)
    assert reason.classes == ()
    assert reason.sentence == "The model cannot tell yet what is here (rank 3 of 160)."
