"""The step count: how many strokes and fills of a person stand in the patch of a region."""

from __future__ import annotations


class StepCount:
    """Follows the history of one region's patch: what is undone does not count, what is laid by others neither."""

    def __init__(self) -> None:
        self._done: list[bool] = []
        self._undone: list[bool] = []

    @property
    def by_hand(self) -> int:
        """Steps of the person that stand."""
        return sum(self._done)

    def begin(self) -> None:
        """Another region: nothing has been done."""
        self._done, self._undone = [], []

    def add(self) -> None:
        """The person has painted something."""
        self._done.append(True)
        self._undone = []

    def forgive(self) -> None:
        """The last step was none of the person's: a draft was laid."""
        if self._done:
            self._done[-1] = False

    def travel(self, way: str) -> None:
        """One step was undone, or redone."""
        start, end = (self._done, self._undone) if way == "undo" else (self._undone, self._done)
        if start:
            end.append(start.pop())
