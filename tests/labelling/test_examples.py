"""Examples: counted, kept with permanent ids, and turned into regions in which classes take turns."""

from __future__ import annotations

import json

from src_model.data.class_schema import ClassSchema, SemanticClass
from src_model.data.region import Region, RegionGrid
from src_model.labelling.examples import Example, Examples, Spot, region_at, spread_over_sequences

SCHEMA = ClassSchema(
    "two", (SemanticClass(7, "road", (1, 1, 1)), SemanticClass(3, "car", (2, 2, 2)), SemanticClass(9, "sky", (3, 3, 3)))
)
GRID = RegionGrid((20, 20), (10, 10))


def test_a_spot_lies_in_one_region() -> None:
    assert region_at(Spot("a", 10, 9), GRID) == Region("a", 10, 0, 10, 10)


def test_classes_take_turns_and_a_region_comes_once() -> None:
    shown = tuple(Example(Spot("a", row, column), index) for row, column, index in [
        (0, 0, 0), (0, 15, 0), (5, 5, 1), (15, 0, 1), (15, 15, 0),
    ])  # fmt: skip
    regions = Examples(shown).regions(lambda image: GRID)
    assert [(region.row, region.column) for region in regions] == [(0, 0), (0, 10), (10, 0), (10, 10)]
    assert Examples(shown).counts == {0: 3, 1: 2}


def test_examples_come_back_from_the_disk_though_classes_were_re_ordered() -> None:
    examples = Examples((Example(Spot("a", 1, 2), 0), Example(Spot("b", 3, 4), 1)), finished=True)
    body = json.loads(json.dumps(examples.to_json(SCHEMA)))
    assert Examples.from_json(body, SCHEMA) == examples
    other = ClassSchema("other", (SCHEMA.classes[1], SCHEMA.classes[2]))
    assert Examples.from_json(body, other) == Examples((Example(Spot("b", 3, 4), 0),), finished=True)


def test_the_first_images_are_of_different_sequences_and_lie_far_apart() -> None:
    images = [f"{drive}{number}" for drive in "ab" for number in range(7)]
    order = spread_over_sequences(images, lambda image: image[0])
    assert order[:6] == ("a3", "b3", "a1", "b1", "a5", "b5")
    assert sorted(order) == images
