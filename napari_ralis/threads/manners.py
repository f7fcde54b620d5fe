"""Manners of the lanes: who computes beside a person gives way to the hand."""

from __future__ import annotations

import os
import sys
import threading

LIGHT, HEAVY = 3, 10
"""How much nicer than the main thread each lane is (19 at the most): drafts give way to the hand, epochs to drafts."""
_NICEST = 19
_TURN = 0.001
"""Seconds after which Python asks a thread to let another one go on; its own 5 ms are felt as ink that lags."""


def give_way(niceness: int) -> None:
    """Let this thread, and those that torch starts for it, wait for all that are less nice; nothing but time changes.

    Only Linux can tell threads apart; elsewhere nothing happens.
    """
    if sys.platform == "linux":
        own = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, own, min(_NICEST, os.getpriority(os.PRIO_PROCESS, own) + niceness))


def take_short_turns() -> None:
    """Have Python's threads take turns often."""
    sys.setswitchinterval(min(_TURN, sys.getswitchinterval()))
