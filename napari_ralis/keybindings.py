"""Key bindings: one table from what a person can do to the keys that do it, bound to the annotation layer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from string import ascii_uppercase
from typing import Any

from app_model.types import KeyBinding, KeyCode
from psygnal import Signal

from src_model.exceptions import ConfigurationError


class Verb(StrEnum):
    """What a key can do; the value is its name in settings."""

    ACCEPT = "accept"
    CANCEL = "cancel"
    SKIP = "skip"
    BACK = "back"
    LABEL_HERE = "label here"
    ONE_OF_EACH = "one of each"
    MORE_LIKE_THIS = "more like this"
    FILL_REST = "fill rest"
    DRAFT = "draft"
    UNDO = "undo"
    REDO = "redo"
    BRUSH = "brush"
    ERASER = "eraser"
    POLYGON = "polygon"
    LINE = "line"
    SUPERPIXEL = "superpixel"
    BUCKET = "bucket"
    PICKER = "picker"
    PICK = "pick"
    PROTECT_OTHERS = "protect others"
    IGNORE = "ignore"
    UNSURE = "unsure"
    SHOW_UNPAINTED = "show unpainted"
    WHOLE_IMAGE = "whole image"
    FRAME_BEFORE = "frame before"
    FRAME_AFTER = "frame after"
    NEIGHBOUR_NEXT = "neighbour next"
    SHOW_MARKS = "show marks"
    OVERVIEW = "overview"
    WALL = "wall"
    CLASS_CARD = "class card"
    SEARCH_CLASS = "search class"
    CHEAT_SHEET = "cheat sheet"


@dataclass(frozen=True, slots=True)
class _Entry:
    group: str
    keys: tuple[str, ...]
    sentence: str


TABLE: dict[Verb, _Entry] = {
    Verb.ACCEPT: _Entry("Region", ("Enter",), "Accept the region; an open polygon is completed first"),
    Verb.CANCEL: _Entry("Region", ("Escape",), "Leave an open polygon or line"),
    Verb.SKIP: _Entry("Region", ("K",), "Skip the region, with a reason"),
    Verb.BACK: _Entry("Region", ("Backspace",), "Back to the region before"),
    Verb.LABEL_HERE: _Entry("Region", ("H",), "Label the region under the cursor"),
    Verb.ONE_OF_EACH: _Entry("Region", ("T",), "Show one of each class, on many images"),
    Verb.MORE_LIKE_THIS: _Entry("Region", ("R",), "More places like the one under the cursor"),
    Verb.NEIGHBOUR_NEXT: _Entry("Region", ("J",), "Next the region where this object goes on"),
    Verb.WALL: _Entry("Region", ("W",), "All labelled regions as a wall of crops"),
    Verb.FILL_REST: _Entry("Painting", ("F",), "Fill what is unpainted with the class in the brush"),
    Verb.DRAFT: _Entry("Painting", ("D",), "Lay the model's draft into the region"),
    Verb.UNDO: _Entry("Painting", ("Ctrl+Z",), "Undo"),
    Verb.REDO: _Entry("Painting", ("Ctrl+Shift+Z", "Ctrl+Y"), "Redo"),
    Verb.BRUSH: _Entry("Tools", ("B",), "Brush"),
    Verb.ERASER: _Entry("Tools", ("E",), "Eraser: back to unpainted"),
    Verb.POLYGON: _Entry("Tools", ("P",), "Polygon: click the corners, Enter completes"),
    Verb.LINE: _Entry("Tools", ("L",), "Straight line as thick as the brush: two clicks"),
    Verb.SUPERPIXEL: _Entry("Tools", ("S",), "Superpixels: click, drag or press a class's key"),
    Verb.BUCKET: _Entry("Tools", ("G",), "Bucket: fill connected pixels of one class"),
    Verb.PICKER: _Entry("Tools", ("I",), "Picker: click a class to paint with it"),
    Verb.PICK: _Entry("Classes", ("Q",), "Paint with the class under the cursor, whatever the tool"),
    Verb.PROTECT_OTHERS: _Entry("Classes", ("O",), "Protect all classes but the one in the brush"),
    Verb.IGNORE: _Entry("Classes", ("-",), "Paint “ignored by decision”"),
    Verb.UNSURE: _Entry("Classes", ("=",), "Paint “unsure”: one of the two classes used last"),
    Verb.CLASS_CARD: _Entry("Classes", ("V",), "What the class in the brush is, with examples"),
    Verb.SEARCH_CLASS: _Entry("Classes", ("N",), "Find a class by name"),
    Verb.SHOW_UNPAINTED: _Entry("View", ("U",), "Hatch what is unpainted"),
    Verb.SHOW_MARKS: _Entry("View", ("Y",), "Mark the model's doubts and seams of labels"),
    Verb.OVERVIEW: _Entry("View", ("M",), "A small map: where in the image"),
    Verb.WHOLE_IMAGE: _Entry("View", ("A",), "Hold: the whole image"),
    Verb.FRAME_BEFORE: _Entry("View", (",",), "Hold: the frame before"),
    Verb.FRAME_AFTER: _Entry("View", (".",), "Hold: the frame after"),
    Verb.CHEAT_SHEET: _Entry("View", ("F1",), "This sheet; ? opens it too"),
}
"""The keys that each verb has unless settings say otherwise, in the order of the cheat sheet."""

_NAPARIS = (("Tools", "[  ]", "Smaller and larger brush"), ("View", "Space", "Hold: move the view"))
_DIGITS = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "0")
LEADERS = ("C", "X", "Z")
"""First strokes of the classes that have no digit; no verb can have these letters."""
_PATIENCE = 2.0
"""Seconds after which the first stroke of two is forgotten."""


@dataclass(frozen=True, slots=True)
class CheatRow:
    """One line of the cheat sheet."""

    group: str
    keys: str
    sentence: str


def verb_keys(overrides: Mapping[str, Sequence[str]] | None = None) -> dict[Verb, tuple[str, ...]]:
    """The keys of each verb, with those of settings in the place of the usual ones; an empty list takes a key away.

    Raises
    ------
    ConfigurationError
        If a setting names no verb or no key, or a key would have two meanings.
    """
    keys = {verb: entry.keys for verb, entry in TABLE.items()}
    for name, chosen in (overrides or {}).items():
        if name not in set(Verb):
            raise ConfigurationError(f"There is nothing called {name!r} to bind a key to. Choose: {', '.join(Verb)}.")
        keys[Verb(name)] = (chosen,) if isinstance(chosen, str) else tuple(chosen)
    keys = {verb: tuple(_spelt(key, verb) for key in chosen) for verb, chosen in keys.items()}
    _refuse_conflicts(keys)
    return keys


def class_keys(classes: Sequence[tuple[int, str]], kept: Mapping[int, str] | None = None) -> dict[int, str]:
    """The key of each class, by its permanent id: digits for the first ten, two letters ("C P") for the rest.

    The second letter is one of the class's name if one is free. A class that is added later changes no other's key, and
    those in ``kept``, from an earlier call, stay whatever the order is now. Classes beyond the 88 that have room get
    none.

    Parameters
    ----------
    classes:
        Permanent id and name; the most used first.
    kept:
        Keys that people have in their fingers, by class id.
    """
    known = {id for id, _ in classes}
    keys = {id: key for id, key in (kept or {}).items() if id in known}
    # Keys of classes that were deleted stay taken: to give them away would be to re-order.
    taken = set((kept or {}).values())
    for id, name in classes:
        if id not in keys and (key := _free_key(name, taken)) is not None:
            keys[id] = key
            taken.add(key)
    return keys


def cheat_sheet(keys: Mapping[Verb, Sequence[str]], classes: Sequence[tuple[str, str]] = ()) -> tuple[CheatRow, ...]:
    """All keys and what they do, grouped; ``classes`` are key and name of each class."""
    rows = [CheatRow(TABLE[verb].group, " or ".join(keys[verb]), TABLE[verb].sentence) for verb in TABLE if keys[verb]]
    rows += [CheatRow(*row) for row in _NAPARIS]
    rows += [CheatRow("Classes", key, name) for key, name in classes]
    groups = list(dict.fromkeys(entry.group for entry in TABLE.values()))
    return tuple(sorted(rows, key=lambda row: groups.index(row.group)))


@dataclass(frozen=True, slots=True)
class Held:
    """An action that lasts as long as its key is down."""

    press: Callable[[], None]
    release: Callable[[], None]


Action = Callable[[], None] | Held


class Keyboard:
    """What is bound to the annotation layer: verbs, digits and two-stroke classes.

    Keys are the layer's own, so they win over napari's and hold only while it is the active layer.
    """

    pending = Signal(str)
    """The first stroke of two while the second is awaited, "" when it is not any more."""

    def __init__(
        self,
        actions: Mapping[Verb, Action],
        press_class: Callable[[int], None],
        overrides: Mapping[str, Sequence[str]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``press_class`` is called with what `set_classes` gave for the key."""
        self.keys = verb_keys(overrides)
        self._actions = dict(actions)
        self._press_class = press_class
        self._clock = clock
        self._classes: dict[str, int] = {}
        self._first, self._since = "", 0.0
        self._layers: list[Any] = []

    def set_classes(self, keys: Mapping[str, int]) -> None:
        """Which class index each key ("3" or "C P") stands for."""
        self._classes = dict(keys)
        for layer in self._layers:
            self._bind_plain(layer)

    def bind(self, layer: Any) -> None:
        """Bind everything to this layer, in the place of what was bound to the one before."""
        self._layers = [layer]
        self._bind_plain(layer)

    def _bind_plain(self, layer: Any) -> None:
        layer.keymap = {key: _called(do) for key, do in self._plain().items()}

    def _plain(self) -> dict[str, Action]:
        bound: dict[str, Action] = {}
        for verb, action in self._actions.items():
            bound.update(dict.fromkeys(self.keys[verb], action))
        for key, index in self._classes.items():
            first, _, second = key.partition(" ")
            bound[first] = self._leader(first) if second else self._chooser(index)
        return bound

    def _leader(self, first: str) -> Action:
        def wait_for_second() -> None:
            self._first, self._since = first, self._clock()
            for layer in self._layers:
                layer.keymap = {letter: _called(self._second(letter)) for letter in ascii_uppercase}
                # Any other key ends the waiting.
                layer.bind_key(..., _called(self._leave))
            self.pending.emit(first)

        return wait_for_second

    def _second(self, letter: str) -> Action:
        def choose() -> None:
            key, late = f"{self._first} {letter}", self._clock() - self._since > _PATIENCE
            self._leave()
            if late:
                action = self._plain().get(letter)
                if isinstance(action, Held):
                    # Its release is not ours to hear any more.
                    return
                if action is not None:
                    action()
            elif key in self._classes:
                self._press_class(self._classes[key])

        return choose

    def _leave(self) -> None:
        self._first = ""
        for layer in self._layers:
            self._bind_plain(layer)
        self.pending.emit("")

    def _chooser(self, index: int) -> Action:
        return lambda: self._press_class(index)


def _called(action: Action) -> Callable[[Any], Any]:
    """As napari calls it: with the layer; a generator if something happens on release too."""
    if isinstance(action, Held):
        held = action

        def hold(layer: Any) -> Iterator[None]:
            held.press()
            yield
            held.release()

        return hold
    do = action

    def act(layer: Any) -> None:
        do()

    return act


def _spelt(key: str, verb: Verb) -> str:
    """The key as napari spells it."""
    binding = KeyBinding.from_str(key)
    if binding.part0.key is KeyCode.UNKNOWN or len(binding.parts) != 1:
        raise ConfigurationError(f"{key!r} for {verb.value!r} is no key. Write it like B, F1, Enter or Ctrl+Z.")
    return str(binding)


def _refuse_conflicts(keys: Mapping[Verb, Sequence[str]]) -> None:
    meanings = dict.fromkeys(_DIGITS, "a class") | dict.fromkeys(LEADERS, "a class, with a second letter")
    for verb, chosen in keys.items():
        for key in chosen:
            if key in meanings:
                raise ConfigurationError(
                    f"The key {key} would mean both {meanings[key]} and {verb.value!r}. Give one of them another key."
                )
            meanings[key] = repr(verb.value)


def _free_key(name: str, taken: set[str]) -> str | None:
    letters = dict.fromkeys(letter for letter in name.upper() + ascii_uppercase if letter in ascii_uppercase)
    strokes = [f"{leader} {letter}" for leader in LEADERS for letter in letters]
    return next((key for key in (*_DIGITS, *strokes) if key not in taken), None)
