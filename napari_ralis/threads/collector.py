"""Python's garbage collector: kept from what a session did not make, since each look at it stops the canvas.

napari collects garbage whenever a layer goes, and the collector looks at every object there is. Those that the imports
of napari and torch bring make that half a second, in which no thread of Python goes on (0.25 s before torch is there,
0.4 to 0.5 s after it; a second once several layers go).
"""

from __future__ import annotations

import gc
from weakref import WeakSet

_sharers: WeakSet[object] = WeakSet()


def set_aside(sharer: object) -> None:
    """Leave the objects that there are now out of collections until all sharers have called `release`.

    Nothing is lost: what becomes garbage among them is collected after that, and whatever is made later is as always.
    """
    _sharers.add(sharer)
    gc.freeze()


def set_aside_more() -> None:
    """Leave what has come since out of collections too, if anybody still asks for it; from any thread."""
    if _sharers:
        gc.freeze()


def release(sharer: object) -> None:
    """Somebody asks for it no longer; twice is harmless."""
    _sharers.discard(sharer)
    if not _sharers:
        gc.unfreeze()
