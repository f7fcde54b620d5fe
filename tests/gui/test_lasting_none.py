"""None outlives what PySide6 takes of it."""

from __future__ import annotations

import sys

import pytest
from qtpy import PYSIDE6

from napari_ralis import lasting_none


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal from Python 3.12 on")
def test_none_has_more_references_than_pyside6_can_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lasting_none, "PYSIDE6", True)

    lasting_none.make_none_last()
    lasting_none.make_none_last()

    assert 2**40 < sys.getrefcount(None) < 2**41


@pytest.mark.skipif(not PYSIDE6, reason="only PySide6 gives None away")
def test_it_is_done_before_the_first_widget() -> None:
    assert sys.getrefcount(None) > 2**40 or sys.version_info >= (3, 12)
