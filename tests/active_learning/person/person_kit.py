"""What tests of a person's run share: it is opened, asked and answered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from src_model.active_learning.person_run import PersonRun
from src_model.config import RunConfig
from src_model.data.annotation import Annotation
from src_model.data.region import Region
from src_model.events import drain
from src_model.project.view import ProjectView

Settings = Callable[..., RunConfig]
Painted = Callable[..., Annotation]


def opened(folder: Path, config: RunConfig | None = None) -> PersonRun:
    run = PersonRun.open(folder, config)
    drain(run.start())
    return run


def proposals(run: PersonRun) -> tuple[Region, ...]:
    drain(run.propose())
    return tuple(asked.region for asked in run.queue(99) if not asked.blind)


def checks(run: PersonRun, count: int) -> list[Region]:
    return [asked.region for asked in run.queue(99) if asked.blind][:count]


def answer_query(run: PersonRun, painted: Painted) -> None:
    """Two regions, which is one query."""
    run.accept([painted(region) for region in proposals(run)[:2]])


def last_row(run: Path) -> dict[str, object]:
    with ProjectView.read(run) as view:
        return dict(view.rows()[-1])
