"""Episode records: what the engine writes down while it works, and where an episode goes that nobody goes on with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from src_model.data.annotation import Source
from src_model.data.answers import Answer, Recorded
from src_model.events import Query
from src_model.project.records import Cell


class Records(Protocol):
    """What the engine needs of a project; `Project` keeps it on the disk, `NoRecords` nowhere."""

    @property
    def checkpoint(self) -> Path | None:
        """The checkpoint that counts, if there is one."""

    def resume(self) -> Path | None:
        """Take back what was recorded after the checkpoint that counts."""

    @property
    def last(self) -> int:
        """Number of the newest record."""

    def queries(self, episode: int) -> Sequence[Query]:
        """Queries recorded for an episode, in the order of steps."""

    def answers(self, episode: int) -> Sequence[Recorded]:
        """Answers recorded for an episode, in order."""

    def record_query(self, episode: int, query: Query, asked: Source = Source.ORACLE) -> None:
        """What is asked of whom."""

    def record_answers(self, episode: int, answers: Sequence[tuple[int, Answer]]) -> None:
        """What was answered, each with its step."""

    def record_step(self, episode: int, step: int, row: Mapping[str, Cell], checkpoint: Path | None = None) -> None:
        """A step is done."""

    def record_final(self, episode: int, step: int, budget: int, row: Mapping[str, Cell]) -> None:
        """The readings of a final training."""

    def new_checkpoint_path(self) -> Path | None:
        """Where the next checkpoint is written; None: none is wanted."""


class NoRecords:
    """Keeps nothing: for episodes of a fraction of a second that are played again rather than gone on with.

    What they were like is told by the engine's events. Five durable commits a step would cost more than the step.
    """

    checkpoint: Path | None = None
    last = 0

    def resume(self) -> None:
        """Nothing to take back."""

    def queries(self, episode: int) -> Sequence[Query]:
        """Nothing is known of any episode."""
        return ()

    def answers(self, episode: int) -> Sequence[Recorded]:
        """Nothing is known of any episode."""
        return ()

    def record_query(self, episode: int, query: Query, asked: Source = Source.ORACLE) -> None:
        """Forgotten."""

    def record_answers(self, episode: int, answers: Sequence[tuple[int, Answer]]) -> None:
        """Forgotten."""

    def record_step(self, episode: int, step: int, row: Mapping[str, Cell], checkpoint: Path | None = None) -> None:
        """Forgotten."""

    def record_final(self, episode: int, step: int, budget: int, row: Mapping[str, Cell]) -> None:
        """Forgotten."""

    def new_checkpoint_path(self) -> None:
        """No checkpoint is wanted."""
