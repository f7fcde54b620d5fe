"""Keys: the table, settings in its place, classes beyond the digits, and the cheat sheet."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from napari.layers import Labels
from napari.utils.key_bindings import KeymapHandler

from napari_ralis.keybindings import Held, Keyboard, Verb, cheat_sheet, class_keys, verb_keys
from src_model.exceptions import ConfigurationError

_STREETS = "road,sidewalk,building,wall,fence,pole,light,sign,vegetation,terrain,sky,person,rider,car,truck,bus"
CITYSCAPES = [*_STREETS.split(","), "train", "motorcycle", "bicycle"]


class Board:
    """A keyboard bound to a layer that napari asks for keys, and what was done."""

    def __init__(self, overrides: dict[str, Any] | None = None) -> None:
        self.done: list[Any] = []
        self.now = 100.0
        actions: dict[Verb, Any] = {verb: self._recorder(verb) for verb in Verb if verb is not Verb.WHOLE_IMAGE}
        actions[Verb.WHOLE_IMAGE] = Held(self._recorder("all"), self._recorder("back"))
        self.keyboard = Keyboard(actions, self.done.append, overrides, clock=lambda: self.now)
        keys = class_keys(list(enumerate(CITYSCAPES)))
        self.keyboard.set_classes({key: index for index, key in keys.items()})
        self.layer = Labels(np.zeros((2, 2), dtype=np.uint8))
        self.keyboard.bind(self.layer)
        self.handler = KeymapHandler()
        self.handler.keymap_providers = [self.layer]

    def press(self, *keys: str) -> list[Any]:
        self.done.clear()
        for key in keys:
            self.handler.press_key(key)
        return self.done

    def _recorder(self, what: Any) -> Any:
        return lambda: self.done.append(what)


def test_every_verb_has_a_key_of_its_own() -> None:
    keys = [key for chosen in verb_keys().values() for key in chosen]
    assert len(verb_keys()) == len(Verb)
    assert len(set(keys)) == len(keys)


def test_a_key_does_what_the_table_says_and_not_what_napari_would_do() -> None:
    board = Board()
    assert board.press("F", "Enter", "Ctrl+Z", "Ctrl+Shift+Z", "Ctrl+Y") == [
        Verb.FILL_REST,
        Verb.ACCEPT,
        Verb.UNDO,
        Verb.REDO,
        Verb.REDO,
    ]
    assert board.layer.mode == "pan_zoom", "F is napari's bucket otherwise"


def test_digits_are_the_first_ten_classes() -> None:
    assert Board().press("1", "9", "0") == [0, 8, 9]


def test_two_letters_are_the_classes_beyond_and_only_then_lose_their_own_meaning() -> None:
    board = Board()
    keys = class_keys(list(enumerate(CITYSCAPES)))
    first, second = keys[CITYSCAPES.index("person")].split()
    assert (first, second) == ("C", "P")
    assert board.press(first, second) == [CITYSCAPES.index("person")]
    assert board.press("P") == [Verb.POLYGON]


def test_waiting_for_the_second_letter_is_told_and_any_other_key_ends_it() -> None:
    board = Board()
    told: list[str] = []
    board.keyboard.pending.connect(told.append)
    assert board.press("C", "Escape") == []
    assert told == ["C", ""]
    assert board.press("B") == [Verb.BRUSH]


def test_a_second_letter_that_comes_late_means_what_it_means_alone() -> None:
    board = Board()
    board.press("C")
    board.now += 5
    assert board.press("F") == [Verb.FILL_REST]


def test_a_second_letter_without_a_class_does_nothing() -> None:
    board = Board()
    assert board.press("C", "Q") == []
    assert board.press("Q") == [Verb.PICK]


def test_what_is_held_ends_with_its_key() -> None:
    board = Board()
    assert board.press("A") == ["all"]
    board.handler.release_key("A")
    assert board.done == ["all", "back"]


def test_settings_take_the_place_of_the_usual_keys() -> None:
    board = Board({"fill rest": ["Ctrl+R"], "redo": [], "undo": "Alt+Z"})
    assert board.press("Ctrl+R", "Alt+Z", "F") == [Verb.FILL_REST, Verb.UNDO]
    assert board.keyboard.keys[Verb.REDO] == ()


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"fill rest": ["B"]}, "brush"),
        ({"fill rest": ["5"]}, "a class"),
        ({"fill rest": ["C"]}, "second letter"),
        ({"fill rest": ["Nonsense"]}, "is no key"),
        ({"fill rest": ["C P"]}, "is no key"),
        ({"fly": ["Ctrl+R"]}, "nothing called 'fly'"),
    ],
)
def test_keys_that_cannot_be_are_refused_with_what_is_wrong(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        verb_keys(overrides)


def test_sixty_six_classes_have_a_key_each() -> None:
    keys = class_keys([(number, f"class {number}") for number in range(66)])
    assert len(set(keys.values())) == 66


def test_a_class_that_is_added_or_deleted_changes_no_other_key() -> None:
    before = class_keys(list(enumerate(CITYSCAPES)))
    added = class_keys([*enumerate(CITYSCAPES), (40, "pram")])
    assert {id: added[id] for id in before} == before
    moved = [(40, "pram"), *reversed(list(enumerate(CITYSCAPES)))]
    fewer = class_keys([entry for entry in moved if entry[0] != 3], kept=before)
    assert {id: fewer[id] for id in fewer if id != 40} == {id: key for id, key in before.items() if id != 3}
    assert fewer[40] != before[3], "a deleted class's key is not given away"


def test_classes_beyond_the_last_key_have_none() -> None:
    assert len(class_keys([(number, "same name") for number in range(120)])) == 88


def test_the_cheat_sheet_names_every_key_that_is_bound() -> None:
    keys = verb_keys({"fill rest": ["Ctrl+R"], "draft": []})
    rows = cheat_sheet(keys, [("1", "road"), ("C P", "person")])
    shown = {row.keys: row.sentence for row in rows}
    assert shown["Ctrl+R"].startswith("Fill what is unpainted")
    assert shown["C P"] == "person"
    assert shown["Ctrl+Shift+Z or Ctrl+Y"] == "Redo"
    assert not any("draft" in row.sentence for row in rows)
    groups = [row.group for row in rows]
    assert [group for number, group in enumerate(groups) if group not in groups[:number]] == [
        "Region",
        "Painting",
        "Tools",
        "Classes",
        "View",
    ]
