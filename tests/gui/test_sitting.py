"""The sitting: what is in hand, what comes next and what was answered, while the engine hears of it later."""

from __future__ import annotations

import numpy as np

from napari_ralis.sitting import Fate, Place, Sitting
from src_model.data.annotation import Annotation
from src_model.data.class_schema import ClassSchema, SemanticClass
from src_model.data.region import Region
from src_model.labelling.skipping import SkipReason

SCHEMA = ClassSchema("two", (SemanticClass(0, "road", (9, 9, 9)), SemanticClass(1, "car", (99, 9, 9))))
PLACES = [Place(Region(f"image {number // 4}", 0, 8 * (number % 4), 8, 8), number == 2) for number in range(8)]


def labelled(place: Place, index: int = 0) -> Annotation:
    return Annotation.from_labels(place.region, np.full((8, 8), index, dtype=np.uint8))


def sitting(*, ahead: int = 6) -> Sitting:
    made = Sitting(SCHEMA, 3)
    made.follow(PLACES[:ahead])
    return made


def test_the_first_of_the_queue_comes_into_the_hand_and_the_next_after_an_answer() -> None:
    now = sitting()
    assert now.current == PLACES[0]
    now.accept(labelled(PLACES[0]), 0.0)
    assert now.current == PLACES[1]
    assert now.annotation(PLACES[0].region) is not None


def test_an_answer_that_the_engine_has_not_heard_is_not_asked_again() -> None:
    now = sitting()
    now.accept(labelled(PLACES[0]), 0.0)
    now.follow(PLACES[:6])
    assert PLACES[0] not in (now.current, *now.ahead)
    now.hear([PLACES[0].region])
    now.follow(PLACES[1:6])
    assert now.current == PLACES[1]


def test_a_refused_answer_comes_back_next_as_it_was_painted() -> None:
    now = sitting()
    now.accept(labelled(PLACES[0], 1), 0.0)
    now.refuse(PLACES[0].region)
    assert now.ahead[0] == PLACES[0]
    assert (now.unfinished(PLACES[0].region) == 1).all()
    assert now.annotation(PLACES[0].region) is None
    assert now.regions_by_class.get(1, 0) == 0


def test_going_back_takes_the_last_answer_up_and_keeps_the_strokes_of_the_one_in_hand() -> None:
    now = sitting()
    now.accept(labelled(PLACES[0]), 0.0)
    strokes = np.full((8, 8), 1, dtype=np.uint8)
    assert now.go_back(strokes) == PLACES[0]
    assert now.current == PLACES[0]
    assert now.ahead[0] == PLACES[1]
    now.accept(labelled(PLACES[0], 1), 0.0)
    assert now.current == PLACES[1]
    assert (now.unfinished(PLACES[1].region) == 1).all()
    assert now.regions_by_class == {0: 0, 1: 1}


def test_a_bad_image_takes_its_other_regions_with_it() -> None:
    now = sitting()
    now.skip(SkipReason.BAD_IMAGE, 0.0)
    assert now.current == PLACES[4]
    assert now.fate(PLACES[0].region) is Fate.SKIPPED


def test_the_strip_holds_a_query_until_each_region_has_its_answer() -> None:
    now = sitting()
    for number in range(3):
        assert [place for place in now.strip] == PLACES[:3], number
        now.accept(labelled(PLACES[number]), 0.0)
    assert list(now.strip) == PLACES[3:6]


def test_the_strip_follows_a_queue_that_was_put_in_another_order() -> None:
    now = sitting()
    now.accept(labelled(PLACES[0]), 0.0)
    now.follow([PLACES[5], PLACES[4], PLACES[1]])
    assert list(now.strip) == [PLACES[0], PLACES[1], PLACES[5]]


def test_a_region_taken_out_of_turn_comes_first_and_the_other_after_it() -> None:
    now = sitting()
    now.take(PLACES[7], None)
    assert now.current == PLACES[7]
    assert now.ahead[0] == PLACES[0]


def test_the_clock_counts_no_coffee() -> None:
    now = sitting()
    now.start_clock(100.0)
    now.accept(labelled(PLACES[0]), 106.0)
    now.start_clock(106.0)
    now.accept(labelled(PLACES[1]), 5000.0)
    assert now.seconds == 66.0


def test_labels_are_counted_by_class_and_in_regions_worth() -> None:
    now = Sitting(SCHEMA, 3, [labelled(PLACES[0], 1)])
    half = np.zeros((8, 8), dtype=np.uint8)
    half[:4] = 1
    now.follow(PLACES[1:])
    now.accept(Annotation.from_labels(PLACES[1].region, half), 0.0)
    assert now.regions_by_class == {0: 1, 1: 2}
    assert now.worth.tolist() == [0.5, 1.5]


def test_strokes_of_an_earlier_sitting_come_first_and_answers_that_arrived_do_not() -> None:
    strokes = np.full((8, 8), 1, dtype=np.uint8)
    made = Sitting(SCHEMA, 3, [labelled(PLACES[6], 1)])
    assert made.restore({PLACES[5]: strokes, PLACES[6]: strokes}) == 1
    made.follow(PLACES[:6])
    assert made.current == PLACES[5]
    assert np.array_equal(made.unfinished(PLACES[5].region), strokes)
    assert made.ahead[0] == PLACES[0]


def test_all_that_is_painted_and_not_on_the_disk_is_known() -> None:
    now, strokes = sitting(), np.full((8, 8), 1, dtype=np.uint8)
    now.accept(labelled(PLACES[0]), 0.0)
    kept = now.all_unfinished(strokes)
    assert set(kept) == {PLACES[0].region, PLACES[1].region}
    assert np.array_equal(kept[PLACES[1].region], strokes)
    now.hear([PLACES[0].region])
    assert set(now.all_unfinished(None)) == set()
    now.take(PLACES[4], strokes)
    assert set(now.all_unfinished(None)) == {PLACES[1].region}


def test_a_neighbour_that_is_put_in_front_comes_next_and_once() -> None:
    now = sitting()
    neighbour = Place(Region("elsewhere", 0, 0, 8, 8), False)
    now.put_in_front(neighbour)
    assert now.current == PLACES[0]
    assert now.ahead[0] == neighbour
    now.put_in_front(PLACES[3])
    now.put_in_front(PLACES[3])
    assert now.ahead[:2] == (PLACES[3], neighbour)
    now.put_in_front(PLACES[0])
    assert now.current == PLACES[0]
    assert PLACES[0] not in now.ahead
    now.accept(labelled(PLACES[0]), 0.0)
    assert now.current == PLACES[3]


def test_what_was_unsure_comes_back_as_it_was_painted() -> None:
    now = sitting()
    patch = np.full((8, 8), now.pairs.value(0, 1), dtype=np.uint8)
    labels, doubts = now.pairs.told_apart(patch)
    now.accept(Annotation.from_labels(PLACES[0].region, labels, doubts=doubts), 0.0)
    np.testing.assert_array_equal(now.painted(PLACES[0].region), patch)
    np.testing.assert_array_equal(now.all_unfinished(None)[PLACES[0].region], patch)
    now.refuse(PLACES[0].region)
    np.testing.assert_array_equal(now.unfinished(PLACES[0].region), patch)


def test_regions_that_nobody_proposed_are_counted_once_they_are_labelled() -> None:
    now = sitting()
    now.own_choice |= {PLACES[0].region, PLACES[1].region}
    now.accept(labelled(PLACES[0]), 0.0)
    assert now.chosen_by_hand == 1


def test_what_is_brought_forward_comes_before_what_is_in_hand_unless_it_was_painted() -> None:
    asked = [Place(Region("a", 0, column, 4, 4), False) for column in (0, 4, 8, 12, 16)]
    sitting = Sitting(SCHEMA, 2)
    sitting.follow(asked[:2])
    assert sitting.current == asked[0]
    sitting.bring_forward([asked[2], asked[1]], None)
    assert sitting.current == asked[2]
    assert sitting.ahead == (asked[1], asked[0])
    sitting.bring_forward([asked[3]], np.zeros((4, 4), dtype=np.uint8))
    assert sitting.current == asked[2]
    assert sitting.ahead == (asked[3], asked[1], asked[0])
