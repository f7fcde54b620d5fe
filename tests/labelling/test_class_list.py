"""Class lists: presets, new rows, and what is wrong with a list."""

from __future__ import annotations

from dataclasses import replace

import pytest

from src_model.data.class_schema import MOST_CLASSES
from src_model.exceptions import DataError
from src_model.labelling.class_list import (
    PRESETS,
    ClassRow,
    class_faults,
    rows_of,
    schema_of,
    spelt_key,
    with_new_row,
)

ROAD, SKY = ClassRow(0, "road", (128, 64, 128)), ClassRow(3, "sky", (70, 130, 180))


def test_the_presets_have_19_11_and_8_classes() -> None:
    assert {name: schema.num_classes for name, schema in PRESETS.items()} == {
        "Cityscapes": 19,
        "CamVid": 11,
        "UAVid": 8,
    }


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_has_no_faults_and_becomes_a_schema_with_its_ids_names_and_colours(preset: str) -> None:
    rows = rows_of(PRESETS[preset])
    assert class_faults(rows) == ()
    assert schema_of(preset, rows).classes == PRESETS[preset].classes


def test_a_new_row_has_an_id_that_no_other_has_and_lacks_a_name() -> None:
    rows = with_new_row((ROAD, SKY))
    assert rows[:2] == (ROAD, SKY)
    assert rows[2].id == 4
    [fault] = class_faults(rows)
    assert fault.row == 2
    assert "no name" in fault.text


def test_a_list_without_classes_says_to_add_one() -> None:
    [fault] = class_faults(())
    assert fault.row is None
    assert "Add one" in fault.text


def test_two_rows_of_one_name_are_both_marked_whatever_the_case() -> None:
    faults = class_faults((ROAD, SKY, ClassRow(7, " Road ", (1, 2, 3))))
    assert [fault.row for fault in faults] == [0, 2]
    assert "Rename one" in faults[0].text


def test_253_classes_are_the_most() -> None:
    rows = tuple(ClassRow(number, f"class {number}", (1, 2, 3)) for number in range(MOST_CLASSES + 1))
    assert class_faults(rows[:-1]) == ()
    [fault] = class_faults(rows)
    assert "254 classes" in fault.text


def test_at_most_three_classes_have_a_star() -> None:
    rows = tuple(replace(ROAD, id=number, name=str(number), starred=True) for number in range(4))
    assert class_faults(rows[:3]) == ()
    assert "3 at most" in class_faults(rows)[0].text


@pytest.mark.parametrize(("typed", "kept"), [("c p", "C P"), ("CP", "C P"), ("7", "7"), ("", ""), ("long", "LONG")])
def test_keys_are_spelt_one_way(typed: str, kept: str) -> None:
    assert spelt_key(typed) == kept


@pytest.mark.parametrize("key", ["B", "A P", "12", "LONG"])
def test_a_key_that_means_something_else_is_a_fault(key: str) -> None:
    [fault] = class_faults((replace(ROAD, key=key), SKY))
    assert fault.row == 0
    assert "no key" in fault.text


def test_one_key_for_two_classes_is_a_fault_of_both() -> None:
    assert [fault.row for fault in class_faults((replace(ROAD, key="1"), replace(SKY, key="1")))] == [0, 1]


def test_no_schema_is_made_of_faults() -> None:
    with pytest.raises(DataError, match="There are no classes"):
        schema_of("own", ())
