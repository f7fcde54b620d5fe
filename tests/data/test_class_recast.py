"""Class recast: whatever is drawn is a class list that the labels can have."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src_model.data.annotation import VOID
from src_model.data.class_recast import ClassRecast, draw_recast
from src_model.data.held_images import HeldImages
from src_model.data.streets.classes import DRONE_CLASSES, STREET_CLASSES
from src_model.exceptions import ConfigurationError

SCHEMAS = st.sampled_from([STREET_CLASSES, DRONE_CLASSES])


# Hypothesis fills the arguments in; its types would say what the strategies above say.
@given(SCHEMAS, st.integers(0, 10**6), st.data())
def test_every_class_of_a_drawn_list_has_pixels_and_none_has_two_places(schema, seed, data) -> None:  # type: ignore[no-untyped-def]
    count = schema.num_classes
    pixels = np.array(data.draw(st.lists(st.integers(0, 1000), min_size=count, max_size=count)))
    if not pixels.any():
        pixels[0] = 1
    labels = np.repeat(np.arange(count), pixels).astype(np.uint8)[None]
    recast = draw_recast(schema, pixels, 4, np.random.default_rng(seed))
    there = int((pixels > 0).sum())
    assert min(4, there) <= recast.schema.num_classes <= there
    members = [index for group in recast.groups for index in group]
    assert len(members) == len(set(members))
    new = recast.labels(labels)
    assert set(np.unique(new).tolist()) - {VOID} == set(range(recast.schema.num_classes))
    assert (new == VOID).sum() <= 0.3 * labels.size


def test_all_numbers_of_classes_are_drawn() -> None:
    pixels = np.ones(19, dtype=np.int64)
    counts = {
        draw_recast(STREET_CLASSES, pixels, 4, np.random.default_rng(seed)).schema.num_classes for seed in range(300)
    }
    assert counts == set(range(4, 20))


def test_a_merged_class_holds_all_its_members_and_what_is_left_out_is_void() -> None:
    labels = np.array([[0, 1, 2, 3, VOID]], dtype=np.uint8)
    schema = draw_recast(DRONE_CLASSES, np.ones(8, dtype=np.int64), 2, np.random.default_rng(0)).schema
    recast = ClassRecast(schema, ((2,), (0, 3)))
    assert recast.labels(labels).tolist() == [[1, VOID, 0, 1, VOID]]


def test_merged_and_ignored_entries_keep_every_name() -> None:
    for seed in range(20):
        schema = draw_recast(STREET_CLASSES, np.ones(19, dtype=np.int64), 4, np.random.default_rng(seed)).schema
        names = [name for entry in (*schema.classes, *schema.ignored) for name in entry.name.split(" + ")]
        assert sorted(names) == sorted(STREET_CLASSES.names)


def test_images_without_a_labelled_pixel_have_no_classes() -> None:
    with pytest.raises(ConfigurationError, match="labelled pixel"):
        draw_recast(DRONE_CLASSES, np.zeros(8, dtype=np.int64), 2, np.random.default_rng(0))


def test_held_images_are_recast_without_touching_the_first_labels() -> None:
    first = np.zeros((4, 4), dtype=np.uint8)
    images = HeldImages(DRONE_CLASSES, {"a": np.zeros((4, 4, 3), np.uint8)}, {"a": first}, {"a": "s"})
    recast = draw_recast(DRONE_CLASSES, images.class_pixels().sum(axis=0), 4, np.random.default_rng(0))
    other = images.recast(recast, ["a"])
    assert other.schema.num_classes == 1
    assert other.class_pixels().tolist() == [[16]]
    assert images.labels("a") is first
    assert images.class_pixels()[0, 0] == 16
