"""None, True and False outlive what PySide6 takes of them."""

from __future__ import annotations

import sys

import pytest
from qtpy import PYSIDE6
from qtpy.QtCore import QObject, Signal

from napari_ralis import lasting_constants

CONSTANTS = pytest.mark.parametrize("constant", [None, True, False])
before_immortals = pytest.mark.skipif(sys.version_info >= (3, 12), reason="immortal from Python 3.12 on")


class Bell(QObject):
    """Something that rings."""

    rung = Signal()


@before_immortals
@CONSTANTS
def test_each_has_more_references_than_pyside6_can_take(constant: bool | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lasting_constants, "PYSIDE6", True)

    lasting_constants.make_constants_last()
    lasting_constants.make_constants_last()

    assert 2**40 < sys.getrefcount(constant) < 2**41


@before_immortals
@pytest.mark.skipif(not PYSIDE6, reason="only PySide6 gives them away")
@CONSTANTS
def test_it_is_done_before_the_first_widget(constant: bool | None) -> None:
    assert sys.getrefcount(constant) > 2**40


def test_a_signal_may_be_emitted_more_often_than_true_had_references() -> None:
    bell = Bell()
    for _ in range(50_000):
        bell.rung.emit()
    assert bool(1) is True
