"""Episode records: what the engine writes down while it works, and where an episode goes that nobody goes on with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from src_model.data.annotation import Annotation
from src_model.events import Query
from src_model.project.records import Cell


class Records(Protocol):
    """What the engine needs of a project; `Project` keeps it on the disk, `NoRecords` nowhere."""

    @property
    def checkpoint(self) -> Path | None:
        """The checkpoint that counts, if there is one."""

    def resume(self) -> Path | None:
        """Take back what was recorded after the checkpoint that counts."""

    def annotations(self, episode: int) -> Sequence[tuple[int, Annotation]]:
        """Answers recorded for an episode, each with its step."""

    def record_query(self, episode: int, query: Query) -> None:
        """What is asked."""

    def record_annotations(self, episode: int, step: int, annotations: Sequence[Annotation]) -> None:
        """What was answered."""

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

    def resume(self) -> None:
        """Nothing to take back."""

    def annotations(self, episode: int) -> Sequence[tuple[int, Annotation]]:
        """Nothing is known of any episode."""
        return ()

    def record_query(self, episode: int, query: Query) -> None:
        """Forgotten."""

    def record_annotations(self, episode: int, step: int, annotations: Sequence[Annotation]) -> None:
        """Forgotten."""

    def record_step(self, episode: int, step: int, row: Mapping[str, Cell], checkpoint: Path | None = None) -> None:
        """Forgotten."""

    def record_final(self, episode: int, step: int, budget: int, row: Mapping[str, Cell]) -> None:
        """Forgotten."""

    def new_checkpoint_path(self) -> None:
        """No checkpoint is wanted."""
