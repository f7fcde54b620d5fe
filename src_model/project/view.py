"""A look at a project: settings, readings, queries and annotations, without the right to write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from src_model.config import RunConfig
from src_model.data.annotation import Annotation
from src_model.data.answers import Recorded
from src_model.events import Query
from src_model.exceptions import ProjectError
from src_model.project.checkpoints import CHECKPOINT
from src_model.project.event_log import EventLog, Kind, Record
from src_model.project.folder import LOG, SETTINGS, read_about
from src_model.project.records import Row, annotation_of, answer_of, draw_of, query_of, row_of
from src_model.project.settings_file import read_settings


@dataclass(frozen=True, slots=True)
class Served:
    """Whose drafts a person saw last.

    Attributes
    ----------
    step:
        Of the fit the weights come from; 0: the start weights.
    checkpoint:
        The file that holds them; None for the start weights, or if no file does.
    decided:
        Step that was decided on last; if it is a later one, that was held back.
    text:
        What a person was told then.
    """

    step: int
    checkpoint: Path | None
    decided: int
    text: str


class ProjectView:
    """What a project folder holds. Safe to use while another process writes; nothing is changed.

    Attributes
    ----------
    folder:
        The project folder.
    settings:
        Those the run was last started with.
    """

    def __init__(self, folder: Path, settings: RunConfig, log: EventLog) -> None:
        self.folder = folder
        self.settings = settings
        self._log = log

    @classmethod
    def read(cls, folder: Path) -> ProjectView:
        """Open ``folder`` for reading, with neither lock nor repair; use it in a ``with`` block.

        Raises
        ------
        ProjectError
            If this is no project, or it is damaged or was made by a newer version.
        """
        read_about(folder)
        return ProjectView(folder, read_settings(folder / SETTINGS), EventLog.open_to_read(folder / LOG))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the folder."""
        self._log.close()

    def rows(self) -> list[Row]:
        """A row a step in order: ``episode``, ``step``, then what `Project.record_step` was given."""
        return [row_of(record) for record in self._log.records(Kind.STEP)]

    def finals(self) -> list[Row]:
        """A row a final training in order: ``episode``, ``step``, ``budget``, then what was given."""
        return [row_of(record) for record in self._log.records(Kind.FINAL)]

    def queries(self, episode: int) -> list[Query]:
        """The queries of an episode, a step each, in the order of steps."""
        return [query for _, query in self._queries(episode)]

    def all_queries(self) -> list[tuple[int, Query]]:
        """The queries of all episodes, each with its episode, in order."""
        return self._queries(None)

    def annotations(self, episode: int) -> list[tuple[int, Annotation]]:
        """All annotations of an episode with their steps, in the order in which they were given.

        A region that was corrected occurs again; the later one counts. What was taken back is still there: `answers`
        tells.
        """
        records = self._log.records(Kind.ANNOTATION, episode)
        return [(record.entry.step, annotation_of(self._log_path, record)) for record in records]

    def newest_annotation(self) -> tuple[int, Annotation] | None:
        """The annotation that was given last, with its episode; None before the first one."""
        newest = self._log.newest(Kind.ANNOTATION)
        return None if newest is None else (newest.entry.episode, annotation_of(self._log_path, newest))

    def answers(self, episode: int) -> list[Recorded]:
        """Everything a person or an oracle said to regions of an episode, in the order in which it was said."""
        kinds = (Kind.ANNOTATION, Kind.CHECK, Kind.SKIP, Kind.TAKEN_BACK)
        records = [record for kind in kinds for record in self._log.records(kind, episode)]
        return [answer_of(self._log_path, record) for record in sorted(records, key=lambda record: record.seq)]

    def check_draws(self) -> list[tuple[dict[str, npt.NDArray[np.generic]], str]]:
        """The orders in which check regions are asked, oldest first: arrays of `CheckDraw` and a note for readers."""
        return [draw_of(self._log_path, record) for record in self._log.records(Kind.CHECK_DRAW)]

    def records(self, kinds: Sequence[Kind]) -> list[Record]:
        """All records of these kinds, in the order in which they were made."""
        return sorted((own for kind in kinds for own in self._log.records(kind)), key=lambda record: record.seq)

    def measurements(self, episode: int) -> dict[int, dict[str, Any]]:
        """What check regions said, by step in order; of a step that was made again, what they said last."""
        records = self._log.records(Kind.MEASUREMENT, episode)
        newest = {record.entry.step: record.entry.body for record in records}
        return dict(sorted(newest.items()))

    def last_served(self, episode: int, step: int) -> Served | None:
        """Whose drafts were seen last, of all that was decided up to this step; None if nothing ever was."""
        made = [own.entry for own in self._log.records(Kind.SERVED, episode) if own.entry.step <= step]
        if not made:
            return None
        served = next((own for own in reversed(made) if own.body["served"]), None)
        file = None if served is None else served.body.get(CHECKPOINT)
        path = None if file is None else self.folder / str(file)
        is_there = path is not None and path.is_file()
        return Served(
            step=0 if served is None else served.step,
            checkpoint=path if is_there else None,
            decided=made[-1].step,
            text=str(made[-1].body["text"]),
        )

    def regions_per_query(self, episode: int) -> int | None:
        """K that a person's pace asked for last; None: always that of the settings."""
        made = self._log.records(Kind.PACE, episode)
        return int(made[-1].entry.body["regions_per_query"]) if made else None

    def examples(self) -> dict[str, Any] | None:
        """What was shown to be what, as `Examples.to_json` gave it last; None if nothing ever was."""
        newest = self._log.newest(Kind.EXAMPLES)
        return None if newest is None else newest.entry.body

    @property
    def last(self) -> int:
        """Number of the newest record; later ones are higher."""
        return self._log.last

    @property
    def checkpoint(self) -> Path | None:
        """The checkpoint that counts, for ``src_model.checkpoint.load_tensors``; None before the first one.

        Raises
        ------
        ProjectError
            If the log names a checkpoint that is not there.
        """
        newest = self._log.newest(Kind.CHECKPOINT)
        if newest is None:
            return None
        path = self.folder / str(newest.entry.body["file"])
        if not path.is_file():
            raise ProjectError(
                f"The checkpoint {path} is missing. Take it from a backup of the project folder, or choose another "
                "folder for a new run."
            )
        return path

    @property
    def _log_path(self) -> Path:
        return self.folder / LOG

    def _queries(self, episode: int | None) -> list[tuple[int, Query]]:
        # The last one of a step counts: after a resume the same query may be recorded again.
        newest = {
            (record.entry.episode, record.entry.step): query_of(self._log_path, record)
            for record in self._log.records(Kind.QUERY, episode)
        }
        return [(key[0], newest[key]) for key in sorted(newest)]
