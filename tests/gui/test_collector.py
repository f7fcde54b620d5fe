"""The garbage collector is kept from what a session did not make."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator

import pytest

from napari_ralis.threads.collector import release, set_aside, set_aside_more


class Sharer:
    """Somebody with an open session."""


@pytest.fixture(autouse=True)
def nobody_has_set_anything_aside() -> Iterator[None]:
    gc.unfreeze()
    yield
    gc.unfreeze()


def test_what_is_there_is_left_out_until_the_last_sharer_has_gone() -> None:
    first, second = Sharer(), Sharer()
    set_aside(first)
    set_aside(second)
    assert gc.get_freeze_count() > 1_000
    release(first)
    release(first)
    assert gc.get_freeze_count() > 1_000
    release(second)
    assert gc.get_freeze_count() == 0


def test_what_comes_later_is_set_aside_only_while_somebody_asks_for_it() -> None:
    set_aside_more()
    assert gc.get_freeze_count() == 0
    sharer = Sharer()
    set_aside(sharer)
    before, later = gc.get_freeze_count(), [[number] for number in range(5_000)]
    set_aside_more()
    assert gc.get_freeze_count() >= before + len(later)
    release(sharer)


def test_the_engine_is_imported_ahead_once_and_set_aside_and_whoever_needs_it_waits_for_it() -> None:
    script = """
import gc, sys, threading
from napari_ralis.threads.collector import set_aside
from napari_ralis.threads.torch_beside_opengl import import_engine, import_engine_ahead
sharer = type("Sharer", (), {})()
set_aside(sharer)
before = gc.get_freeze_count()
import_engine_ahead()
import_engine_ahead()
threads = [thread for thread in threading.enumerate() if thread.name == "ralis-import"]
import_engine()
assert "src_model.active_learning.person_run" in sys.modules and "torch" in sys.modules
threads[0].join()
print(len(threads), gc.get_freeze_count() - before > 100_000)
"""
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["1", "True"], told.stderr
