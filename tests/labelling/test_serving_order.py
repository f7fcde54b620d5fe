"""Within a query the regions of an image come one after another, and images of a sequence together."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from src_model.data.region import Region
from src_model.labelling.serving_order import LONGEST_STAY, serving_order


def region(image: str, column: int) -> Region:
    return Region(image, 0, column, 8, 8)


def drive(image: str) -> str:
    return image[0]


def test_images_and_sequences_stay_together_in_the_order_in_which_they_were_asked_first() -> None:
    asked = [region("a1", 0), region("b1", 0), region("a2", 0), region("a1", 8), region("b1", 8)]
    images = [own.image for own in serving_order(asked, drive)]
    assert images == ["a1", "a1", "a2", "b1", "b1"]


def test_six_regions_of_an_image_come_three_at_a_time_with_its_neighbour_between() -> None:
    asked = [*(region("a1", 8 * column) for column in range(6)), region("a2", 0)]
    served = serving_order(asked, drive)
    assert [own.image for own in served] == ["a1", "a1", "a1", "a2", "a1", "a1", "a1"]
    assert [own.column for own in served if own.image == "a1"] == [0, 8, 16, 24, 32, 40]


@given(st.lists(st.tuples(st.sampled_from(["a1", "a2", "b1", "b2", "c1"]), st.integers(0, 40)), unique=True))
def test_none_is_lost_or_doubled_and_no_stay_is_longer_than_four_where_there_is_elsewhere_to_go(
    places: list[tuple[str, int]],
) -> None:
    asked = [region(image, column) for image, column in places]
    served = serving_order(asked, drive)
    assert sorted(served) == sorted(asked)
    drives = [own.image[0] for own in served]
    assert sum(one != other for one, other in pairwise(drives)) <= max(0, len(set(drives)) - 1)
    counts = {image: sum(own.image == image for own in asked) for image in {own.image for own in asked}}
    for image, count in counts.items():
        if count <= LONGEST_STAY:
            at = [place for place, own in enumerate(served) if own.image == image]
            assert at == list(range(at[0], at[0] + count))
