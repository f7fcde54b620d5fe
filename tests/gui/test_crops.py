"""Which crops the wall shows, and what it says of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from napari_ralis.crops import Crop, CropFilter, Showing, Since, Whose, chosen, describe, named, people_of
from src_model.data.region import Region

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
BEGAN = NOW - timedelta(hours=1)


def crop(column: int, **known: object) -> Crop:
    plain = Crop(Region("img", 0, column, 8, 8), frozenset({0}), (NOW - timedelta(hours=2 + column),))
    return replace(plain, **known)  # type: ignore[arg-type]


def shown(crops: list[Crop], wanted: CropFilter) -> list[int]:
    return [own.region.column for own in chosen(crops, wanted, NOW, BEGAN)]


def test_the_newest_come_first_and_what_has_no_time_last() -> None:
    corrected = crop(7, times=(NOW - timedelta(days=9), NOW))
    assert shown([crop(3), crop(1), crop(5, times=()), corrected], CropFilter()) == [7, 1, 3, 5]


@pytest.mark.parametrize(
    ("wanted", "own"),
    [
        (CropFilter(index=2), {"classes": frozenset({0, 2})}),
        (CropFilter(showing=Showing.UNSURE), {"doubts": ("car or van",)}),
        (CropFilter(showing=Showing.SEAMS), {"seam": 5}),
        (CropFilter(showing=Showing.NOT_LOOKED_AT), {"not_looked_at": 9}),
        (CropFilter(showing=Showing.IGNORED), {"ignored": 9}),
        (CropFilter(since=Since.SITTING), {"times": (NOW,)}),
        (CropFilter(whose=Whose.OWN_CHOICE), {"own_choice": True}),
        (CropFilter(person="anna"), {"person": "anna"}),
    ],
)
def test_a_filter_lets_through_what_it_names_and_nothing_else(wanted: CropFilter, own: dict[str, object]) -> None:
    others = [crop(1), crop(2, seam=0, not_looked_at=0, ignored=0, differs=0.0)]
    assert shown([*others, crop(4, **own)], wanted) == [4]


def test_time_is_that_of_the_last_labels() -> None:
    crops = [crop(1), crop(2, times=(NOW - timedelta(days=3),)), crop(3, times=(NOW - timedelta(days=30),))]
    assert shown(crops, CropFilter(since=Since.DAY)) == [1]
    assert shown(crops, CropFilter(since=Since.WEEK)) == [1, 2]
    assert shown(crops, CropFilter(since=Since.EVER)) == [1, 2, 3]


def test_where_the_model_disagrees_most_comes_first_and_what_nobody_asked_it_is_left_out() -> None:
    crops = [crop(1, differs=0.1), crop(2, differs=0.7), crop(3), crop(4, differs=0.0)]
    assert shown(crops, CropFilter(showing=Showing.DIFFERS)) == [2, 1]


def test_what_a_filter_goes_through_by_its_key_is_everything_once() -> None:
    wanted, seen = CropFilter(), []
    for _ in Showing:
        seen.append(wanted.showing)
        wanted = wanted.next_showing()
    assert seen == list(Showing)
    assert wanted == CropFilter()
    assert wanted.next_since().since is Since.WEEK
    assert wanted.next_whose().whose is Whose.PROPOSED


def test_a_crop_is_described_with_all_that_is_remarkable() -> None:
    own = crop(4, classes=frozenset({1, 0}), doubts=("car or van",), seam=6, not_looked_at=1200, differs=0.125)
    said = describe(own, ("road", "car"))
    for part in ("img, row 0, column 4", "road, car", "unsure: car or van", "seam of 6", "1,200 pixels", "12 %"):
        assert part in said
    assert "ignored" not in said


def test_people_come_in_the_order_of_the_alphabet_and_whom_nobody_knows_last() -> None:
    crops = [crop(1, person="bert"), crop(2), crop(3, person="Anna"), crop(4, person="bert")]
    assert people_of(crops) == ("Anna", "bert", "")
    assert [named(person) for person in people_of(crops)] == ["Anna", "bert", "unknown"]
    assert shown(crops, CropFilter(person="")) == [2]
    assert "by Anna" in describe(crops[2], ("road",))
    assert "by " not in describe(crops[1], ("road",))


def test_the_next_person_follows_and_after_the_last_one_everybody() -> None:
    people, wanted, seen = ("Anna", "bert", ""), CropFilter(), []
    for _ in range(4):
        wanted = wanted.next_person(people)
        seen.append(wanted.person)
    assert seen == ["Anna", "bert", "", None]
    assert CropFilter(person="gone").next_person(people).person == "Anna"
