"""The session and what panels show of it, without Qt."""

from __future__ import annotations

import pytest

from napari_ralis.display_state import display_state
from napari_ralis.session import DatasetContents, ImageEntry, LabellingSession, Phase
from src_model.config import DataConfig
from src_model.data.class_schema import ClassSchema, SemanticClass

SCHEMA = ClassSchema("two", (SemanticClass(0, "road", (128, 64, 128)), SemanticClass(1, "sky", (70, 130, 180))))


def contents(count: int) -> DatasetContents:
    entries = tuple(
        ImageEntry(image=f"img{number}", size=(100, 200), sequence="drive", split=None, labelled=number > 0)
        for number in range(count)
    )
    return DatasetContents(DataConfig(region=(50, 50)), SCHEMA, entries)


def opened(count: int) -> LabellingSession:
    session = LabellingSession()
    session.start_opening()
    session.finish_opening(contents(count))
    return session


def test_a_new_session_is_empty_and_allows_no_step() -> None:
    state = display_state(LabellingSession())
    assert not state.opening
    assert (state.summary, state.position, state.facts, state.current) == ("", "", "", None)
    assert not state.can_go_back
    assert not state.can_go_on


def test_an_opened_data_set_shows_its_first_image_and_what_it_holds() -> None:
    state = display_state(opened(3))
    assert state.summary == "3 images, 1 sequence, 2 labelled"
    assert state.position == "1 of 3"
    assert state.facts == "100×200 pixels · 8 regions · no labels"
    assert not state.can_go_back
    assert state.can_go_on


def test_the_last_image_has_none_after_it() -> None:
    session = opened(3)
    session.select(99)
    state = display_state(session)
    assert state.current == 2
    assert state.can_go_back
    assert not state.can_go_on


def test_a_data_set_of_no_images_shows_none() -> None:
    session = opened(0)
    session.select(0)
    assert session.phase is Phase.OPEN
    assert session.entry is None
    assert display_state(session).summary.startswith("0 images, 0 sequences")


def test_what_was_open_stays_until_the_next_has_opened() -> None:
    session = opened(3)
    session.select(1)
    session.start_opening()
    session.select(2)
    assert display_state(session).opening
    assert session.current == 1, "nothing is selected while a data set opens"
    session.abandon_opening()
    assert session.phase is Phase.OPEN
    assert session.current == 1


def test_a_first_opening_that_is_abandoned_leaves_an_empty_session() -> None:
    session = LabellingSession()
    session.start_opening()
    session.abandon_opening()
    assert session.phase is Phase.EMPTY


@pytest.mark.parametrize(("verb", "emissions"), [("select_other", 1), ("select_same", 0), ("start_opening", 1)])
def test_each_change_is_told_once(verb: str, emissions: int) -> None:
    session = opened(2)
    heard: list[Phase] = []
    session.changed.connect(lambda: heard.append(session.phase))
    {
        "select_other": lambda: session.select(1),
        "select_same": lambda: session.select(0),
        "start_opening": session.start_opening,
    }[verb]()
    assert len(heard) == emissions
