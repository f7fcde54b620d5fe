"""The canvas lane: wishes in the order of urgency, and what takes long gives way."""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import dataclass, field
from threading import Event
from typing import Any
from unittest.mock import MagicMock

import pytest
from pytestqt.qtbot import QtBot

from napari_ralis.threads.canvas_lane import CanvasLane
from napari_ralis.threads.manners import give_way
from napari_ralis.threads.wishes import Overtaken, Sources


@dataclass(frozen=True)
class Quick:
    """A wish that is fulfilled at once."""

    name: str

    def fulfil(self, sources: Sources) -> str:
        return self.name


@dataclass(frozen=True)
class Long:
    """A wish that takes until something else is more urgent, and is then quick."""

    begun: list[int] = field(compare=False)
    waits: Event = field(compare=False)

    def fulfil(self, sources: Sources) -> str:
        self.begun.append(len(self.begun))
        if len(self.begun) == 1:
            self.waits.set()
            while not sources.overtaken():
                pass
            raise Overtaken
        return "long"


def test_what_takes_long_is_left_for_what_is_more_urgent_and_begun_anew(qtbot: QtBot) -> None:
    lane, made = CanvasLane(), list[Any]()
    lane.made.connect(lambda wish, what: made.append(what))
    lane.open(Sources(MagicMock(), MagicMock()))
    long, urgent = Long([], Event()), Quick("urgent")
    lane.want([long])
    assert long.waits.wait(30)
    lane.want([urgent, long])
    qtbot.waitUntil(lambda: made == ["urgent", "long"], timeout=30_000)
    assert len(long.begun) == 2
    assert lane.get(long) == "long"
    lane.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells threads apart")
def test_a_thread_gives_way_and_so_do_those_that_it_starts_but_nobody_else() -> None:
    def own() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    before, seen = own(), list[int]()

    def work() -> None:
        give_way(2)
        seen.append(own())
        child = threading.Thread(target=lambda: seen.append(own()))
        child.start()
        child.join()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [min(19, before + 2)] * 2
    assert own() == before
