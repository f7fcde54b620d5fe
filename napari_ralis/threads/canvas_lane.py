"""The canvas lane: the light one. It fulfils wishes, the most urgent first, and never waits for an epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from threading import Condition, Thread

from qtpy.QtCore import QObject, Signal, Slot

from napari_ralis.threads.engine_worker import known_failure
from napari_ralis.threads.manners import LIGHT, give_way
from napari_ralis.threads.wishes import Made, Overtaken, Sources, Wish

_PATIENCE = 20.0
"""Seconds to wait at the end for a wish in the making; it can do no harm later either."""


class CanvasLane(QObject):
    """Told what is wanted, in the order of urgency; what is no longer wanted is not begun, what is there stays.

    The thread is Python's own for the reasons given in `EngineWorker`. Signals are emitted in the main thread.
    """

    made = Signal(object, object)
    """A wish and what was made."""
    failed = Signal(object, object)
    """A wish and why it could not be fulfilled."""
    _came = Signal(object, object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._changed = Condition()
        self._wanted: tuple[Wish, ...] = ()
        self._done: dict[Wish, Made] = {}
        self._failed: set[Wish] = set()
        self._making: Wish | None = None
        self._sources: Sources | None = None
        self._thread: Thread | None = None
        self._came.connect(self._on_came)

    def open(self, sources: Sources) -> None:
        """Make things from these from now on."""
        self.close()
        self._sources = sources = replace(sources, overtaken=self._overtaken)
        self._thread = Thread(target=self._live, args=(sources,), name="ralis-canvas", daemon=True)
        self._thread.start()

    def want(self, wishes: Sequence[Wish]) -> None:
        """These and no others, the most urgent first; what was made of others is let go of."""
        with self._changed:
            self._wanted = tuple(dict.fromkeys(wishes))
            self._done = {wish: self._done[wish] for wish in self._wanted if wish in self._done}
            self._failed &= set(self._wanted)
            self._changed.notify_all()

    def get(self, wish: Wish) -> Made | None:
        """What was made of a wish that is still wanted; None if it is not there yet."""
        return self._done.get(wish)

    def close(self) -> None:
        """Let go of everything and wait a while for what is in the making; twice is harmless."""
        thread, self._thread = self._thread, None
        with self._changed:
            self._sources, self._wanted, self._done, self._failed = None, (), {}, set()
            self._changed.notify_all()
        if thread is not None:
            thread.join(_PATIENCE)

    def _live(self, sources: Sources) -> None:
        """What happens off the main thread."""
        from src_model.device import compute_alone  # late: it brings torch

        give_way(LIGHT)
        # What is made ahead need not be fast, and the hand needs a core.
        compute_alone()
        while (wish := self._next(sources)) is not None:
            try:
                made = wish.fulfil(sources)
            except Overtaken:
                # Its turn comes again, if it is still wanted then.
                continue
            except Exception as error:  # noqa: BLE001 - the worker boundary: whatever happens becomes a message
                with self._changed:
                    self._failed.add(wish)
                self._came.emit(wish, None, known_failure(error))
            else:
                if self._keep(sources, wish, made):
                    self._came.emit(wish, made, None)

    def _next(self, sources: Sources) -> Wish | None:
        with self._changed:
            while self._sources is sources:
                waiting = (wish for wish in self._wanted if wish not in self._done and wish not in self._failed)
                if (wish := next(waiting, None)) is not None:
                    self._making = wish
                    return wish
                self._changed.wait()
        return None

    def _overtaken(self) -> bool:
        """Whether another wish has become more urgent than the one in the making; asked while it is made."""
        wanted, making = self._wanted, self._making
        waiting = (wish for wish in wanted if wish not in self._done and wish not in self._failed)
        return next(waiting, None) != making

    def _keep(self, sources: Sources, wish: Wish, made: Made) -> bool:
        with self._changed:
            if self._sources is not sources or wish not in self._wanted:
                return False
            self._done[wish] = made
            return True

    @Slot(object, object, object)
    def _on_came(self, wish: Wish, made: Made, error: Exception | None) -> None:
        if self._thread is None or wish not in self._wanted:
            return
        if error is None:
            self.made.emit(wish, made)
        else:
            self.failed.emit(wish, error)
