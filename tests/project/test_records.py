"""Records: queries, annotations and readings survive the trip through JSON."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from src_model.data.annotation import Annotation, Source
from src_model.data.answers import Checked, Skipped, TakenBack
from src_model.data.doubt import Doubt
from src_model.data.grounds import Ground, Grounds
from src_model.data.region import Region
from src_model.events import Query
from src_model.exceptions import ProjectError
from src_model.project.event_log import Entry, Kind, Record
from src_model.project.records import (
    annotation_entry,
    annotation_of,
    answer_entry,
    answer_of,
    query_entry,
    query_of,
    row_entry,
    row_of,
)

LOG = Path("log.sqlite")
IMAGES = st.text(st.characters())  # Lone surrogates included: file names need not be UTF-8.
REGIONS = st.builds(Region, IMAGES, st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 9), st.integers(1, 9))
SCORED = st.lists(st.tuples(REGIONS, st.floats(allow_nan=False, allow_infinity=False)), max_size=8)


def through_json(entry: Entry) -> Record:
    body = json.loads(json.dumps(entry.body, allow_nan=False))
    return Record(1, "", Entry(entry.kind, entry.episode, entry.step, body, entry.blob, entry.permanent))


@given(SCORED, st.integers(1, 10**9))
def test_queries_come_back_as_they_were(scored: list[tuple[Region, float]], step: int) -> None:
    query = Query(step, tuple(region for region, _ in scored), tuple(score for _, score in scored))
    assert query_of(LOG, through_json(query_entry(0, query))) == query


@given(st.data(), REGIONS, st.sampled_from(Source))
def test_annotations_come_back_as_they_were(data: st.DataObject, region: Region, source: Source) -> None:
    labels = data.draw(hnp.arrays(np.uint8, region.shape))
    annotation = Annotation.from_labels(region, labels, source)
    record = through_json(annotation_entry(0, 1, annotation))
    assert annotation_of(LOG, record) == annotation
    assert (annotation_of(LOG, record).labels == labels).all()
    assert record.entry.permanent == (source is Source.HUMAN)


def test_what_somebody_was_unsure_of_comes_back_with_the_labels_and_labels_without_are_as_before() -> None:
    region, labels = Region("img", 0, 0, 2, 3), np.full((2, 3), 255, np.uint8)
    doubts = (Doubt.about(7, 9, np.eye(2, 3, dtype=np.bool_)), Doubt.about(1, 9, ~np.eye(2, 3, dtype=np.bool_)))
    annotation = Annotation.from_labels(region, labels, Source.HUMAN, doubts)
    entry = annotation_entry(1, 2, annotation)
    assert entry.body["unsure"]["version"] == 1
    assert annotation_of(LOG, through_json(entry)) == annotation
    plain = annotation_entry(1, 2, Annotation.from_labels(region, labels))
    assert set(plain.body) == {"region", "source"}


def test_a_damaged_doubt_is_named_with_its_record() -> None:
    entry = annotation_entry(1, 2, Annotation.from_labels(Region("img", 0, 0, 2, 3), np.zeros((2, 3), np.uint8)))
    entry.body["unsure"] = {"version": 1, "doubts": [{"classes": [1, 2], "shape": [2, 3], "bits": "?"}]}
    with pytest.raises(ProjectError, match="Record 1 of"):
        annotation_of(LOG, through_json(entry))


@given(
    st.dictionaries(st.text(), st.none() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text())
)
def test_rows_come_back_as_they_were(row: dict[str, float | int | str | None]) -> None:
    expected = row | {"episode": 2, "step": 5}
    assert row_of(through_json(row_entry(Kind.STEP, 2, 5, row))) == expected


def test_numpy_numbers_become_plain_ones() -> None:
    row = row_entry(Kind.STEP, 0, 1, {"mean_iou": np.float32(0.5), "labelled_regions": np.int64(24)}).body
    assert row == {"mean_iou": 0.5, "labelled_regions": 24}
    assert [type(value) for value in row.values()] == [float, int]
    query = Query(1, (Region("a", 0, 0, 1, 1),), (np.float64(0.25),))
    assert query_of(LOG, through_json(query_entry(0, query))) == Query(1, query.regions, (0.25,))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), np.float32("nan")])
def test_what_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match=r"Column q_loss is nan|Column q_loss is inf"):
        row_entry(Kind.STEP, 0, 1, {"q_loss": value})
    with pytest.raises(ValueError, match="not finite"):
        query_entry(0, Query(1, (Region("a", 0, 0, 1, 1),), (value,)))


def test_a_cell_is_a_number_a_text_or_nothing() -> None:
    with pytest.raises(ValueError, match="Column iou holds list"):
        row_entry(Kind.STEP, 0, 1, {"iou": [0.5]})  # type: ignore[dict-item]


@pytest.mark.parametrize("body", [{}, {"regions": [["a", 1]], "scores": [0.5]}, {"regions": 3, "scores": []}])
def test_a_damaged_query_is_named(body: dict[str, object]) -> None:
    with pytest.raises(ProjectError, match="Record 7 of"):
        query_of(LOG, Record(7, "", Entry(Kind.QUERY, 0, 1, body)))


@pytest.mark.parametrize(
    ("body", "blob"),
    [
        ({"region": ["a", 0, 0, 1, 1], "source": "human"}, None),
        ({"region": ["a", 0, 0, 1, 1], "source": "cat"}, b""),
        ({"region": ["a"], "source": "human"}, b""),
        ({}, b""),
    ],
)
def test_a_damaged_annotation_is_named(body: dict[str, object], blob: bytes | None) -> None:
    with pytest.raises(ProjectError, match="Record 7 of"):
        annotation_of(LOG, Record(7, "", Entry(Kind.ANNOTATION, 0, 1, body, blob)))


@given(SCORED)
def test_the_grounds_of_a_query_come_back_with_it(scored: list[tuple[Region, float]]) -> None:
    regions = tuple(region for region, _ in scored)
    rows = tuple(Ground(place + 1, 0.25, 0.5, 0.75, 1.0, (0.1, 0.9)) for place in range(len(regions)))
    grounds = Grounds("dqn", 160, rows, -0.5, (3.0, 0.0), (("random", regions), ("entropy", regions[::-1])))
    query = Query(1, regions, tuple(score for _, score in scored), grounds)
    assert query_of(LOG, through_json(query_entry(0, query))) == query
    bare = Query(1, regions, query.scores, Grounds("random", 160, tuple(Ground(1) for _ in regions)))
    assert query_of(LOG, through_json(query_entry(0, bare))) == bare


@pytest.mark.parametrize("damage", [{}, {"rule": "dqn"}, {"rule": "dqn", "candidates": 1, "regions": [[1]]}, 7])
def test_damaged_grounds_are_told(damage: object) -> None:
    entry = query_entry(0, Query(1, (Region("a", 0, 0, 8, 8),), (0.5,)))
    entry.body["grounds"] = damage
    with pytest.raises(ProjectError, match=r"log\.sqlite"):
        query_of(LOG, through_json(entry))


def test_who_answered_and_what_the_draft_took_come_back_and_earlier_logs_know_neither() -> None:
    region, labels = Region("img", 0, 0, 2, 3), np.zeros((2, 3), np.uint8)
    annotation = Annotation.from_labels(region, labels, Source.HUMAN, corrections=4)
    for answer in (annotation, Checked(annotation), Skipped(region, "too hard"), TakenBack(region)):
        recorded = answer_of(LOG, through_json(answer_entry(1, 2, answer, "Änne")))
        assert (recorded.answer, recorded.person) == (answer, "Änne")
        before = through_json(answer_entry(1, 2, answer))
        assert "person" not in before.entry.body
        assert answer_of(LOG, before).person == ""
    plain = annotation_entry(1, 2, Annotation.from_labels(region, labels, Source.HUMAN))
    assert set(plain.body) == {"region", "source"}
    assert annotation_of(LOG, through_json(plain)).corrections is None
    # No stroke at all is something else than nobody having counted.
    untouched = Annotation.from_labels(region, labels, Source.HUMAN, corrections=0)
    assert annotation_of(LOG, through_json(annotation_entry(1, 2, untouched))).corrections == 0


def test_an_oracle_s_answers_bear_nobody_s_name() -> None:
    annotation = Annotation.from_labels(Region("img", 0, 0, 2, 3), np.zeros((2, 3), np.uint8))
    assert "person" not in answer_entry(1, 2, annotation, "anna").body


def test_corrections_that_are_no_number_are_damage() -> None:
    annotation = Annotation.from_labels(Region("img", 0, 0, 2, 3), np.zeros((2, 3), np.uint8), corrections=1)
    entry = annotation_entry(1, 2, annotation)
    entry.body["corrections"] = "many"
    with pytest.raises(ProjectError, match="Record 1 of"):
        annotation_of(LOG, through_json(entry))
