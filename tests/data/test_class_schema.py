"""Class schemas: permanent ids, mapping by name, a faithful JSON form."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src_model.data.class_schema import ClassSchema, SemanticClass
from src_model.data.readers import published_aliases
from src_model.data.readers.camvid import CAMVID
from src_model.data.readers.cityscapes import CITYSCAPES, CITYSCAPES_35
from src_model.exceptions import DataError

CHANNELS = st.integers(0, 255)


def schema(*names: str, name: str = "tiny") -> ClassSchema:
    return ClassSchema(name, tuple(SemanticClass(10 * i, own, (i, i, i)) for i, own in enumerate(names)))


@st.composite
def schemas(draw: st.DrawFn) -> ClassSchema:
    names = draw(
        st.lists(st.text("abcäß ", min_size=1).filter(str.strip), min_size=1, max_size=6, unique_by=str.casefold)
    )
    names = list({" ".join(name.split()).casefold(): name for name in names}.values())
    ids = draw(st.lists(st.integers(0, 65_535), min_size=len(names), max_size=len(names), unique=True))
    colours = draw(st.lists(st.tuples(CHANNELS, CHANNELS, CHANNELS), min_size=len(names), max_size=len(names)))
    entries = tuple(map(SemanticClass, ids, names, colours))
    split = draw(st.integers(1, len(entries)))
    return ClassSchema("drawn", entries[:split], entries[split:])


@given(schemas())
def test_a_schema_survives_json(drawn: ClassSchema) -> None:
    assert ClassSchema.from_json(json.loads(json.dumps(drawn.to_json()))) == drawn


@given(schemas())
def test_a_schema_maps_onto_itself_class_by_class(drawn: ClassSchema) -> None:
    assert drawn.mapping_to(drawn).tolist() == list(range(drawn.num_classes))


def test_index_is_position_and_id_is_permanent() -> None:
    streets = ClassSchema("streets", (SemanticClass(7, "road", (1, 2, 3)), SemanticClass(2, "sky", (4, 5, 6))))
    assert streets.names == ("road", "sky")
    assert streets.ids.tolist() == [7, 2]
    assert streets.colours.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert streets.colours.dtype == np.uint8
    assert streets.index_of("Sky") == 1


def test_names_correspond_whatever_their_case_and_blanks() -> None:
    here = schema("Traffic Light", "road", "tree")
    there = schema("road", "traffic_light")
    assert here.mapping_to(there).tolist() == [1, 0, -1]


def test_an_alias_goes_before_the_namesake_and_several_classes_may_go_to_one() -> None:
    here = schema("car", "truck", "bus", "road")
    there = schema("bus", "vehicle")
    mapping = here.mapping_to(there, {"car": "vehicle", "truck": "vehicle", "bus": "vehicle"})
    assert mapping.tolist() == [1, 1, 1, -1]


@pytest.mark.parametrize("aliases", [{"lorry": "road"}, {"road": "lane"}])
def test_an_alias_of_an_unknown_class_is_refused_with_the_classes_there_are(aliases: dict[str, str]) -> None:
    with pytest.raises(DataError, match=r"no class '(lorry|lane)'.*Choose one of: road"):
        schema("road").mapping_to(schema("road"), aliases)


def test_gtav_maps_to_camvid_as_published() -> None:
    by_id = dict(
        zip(CITYSCAPES.ids.tolist(), CITYSCAPES.mapping_to(CAMVID, published_aliases(CITYSCAPES, CAMVID)), strict=True)
    )
    published = {23: 0, 11: 1, 17: 2, 7: 3, 8: 4, 21: 5, 19: 6, 20: 6, 13: 7, 26: 8, 27: 8, 28: 8, 32: 8, 24: 9, 33: 10}
    assert by_id == {index: published.get(index, -1) for index in by_id}


def test_namesakes_are_enough_where_no_table_is_published() -> None:
    assert published_aliases(CAMVID, CITYSCAPES) == {}
    assert CITYSCAPES_35.mapping_to(CITYSCAPES).tolist().count(-1) == 16


@pytest.mark.parametrize(
    ("entries", "fault"),
    [
        ([], "0 classes"),
        ([(1, "a"), (1, "b")], "the id 1 twice"),
        ([(1, "a b"), (2, "A_b")], "the name 'a b' twice"),
        ([(i, f"c{i}") for i in range(254)], "254 classes"),
    ],
)
def test_a_schema_that_cannot_be_told_apart_is_refused(entries: list[tuple[int, str]], fault: str) -> None:
    with pytest.raises(DataError, match=fault):
        ClassSchema("x", tuple(SemanticClass(number, name, (0, 0, 0)) for number, name in entries))


@pytest.mark.parametrize(
    ("number", "name", "colour"),
    [(-1, "a", (0, 0, 0)), (65_536, "a", (0, 0, 0)), (1, " ", (0, 0, 0)), (1, "a", (0, 256, 0))],
)
def test_a_class_outside_what_masks_can_hold_is_refused(number: int, name: str, colour: tuple[int, int, int]) -> None:
    with pytest.raises(DataError, match="Give"):
        SemanticClass(number, name, colour)


@pytest.mark.parametrize(
    "body", [{}, {"name": "x", "classes": [{}]}, {"name": "x", "classes": [3]}, {"name": "x", "classes": 3}]
)
def test_json_that_is_no_schema_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(DataError, match="not a class table"):
        ClassSchema.from_json(body)
