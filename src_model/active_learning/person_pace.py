"""A person's pace: K grows where a fit takes longer than a query to label, and is kept over reopening."""

from __future__ import annotations

from src_model.active_learning.engine import ActiveLearningEngine
from src_model.config import RunConfig, Schedule
from src_model.events import Notice, Progress
from src_model.labelling.pace import kept_query_size, pace_text, query_size
from src_model.project.project import Project


class PersonPace:
    """Of one open project; owned by the thread of its run. The K that was reached last counts from the beginning.

    Parameters
    ----------
    config:
        Of the run.
    engine:
        Whose K it is.
    project:
        Where it is kept.
    """

    def __init__(self, config: RunConfig, engine: ActiveLearningEngine, project: Project) -> None:
        self._config, self._engine, self._project = config, engine, project
        self.answers = 0
        """Given in this process."""
        if self._adapts and (kept := project.regions_per_query(engine.episode)) is not None:
            engine.regions_per_query = kept_query_size(config.acquisition.regions_per_query, kept)

    def keep(self, step: int, during_fit: int) -> Progress[None]:
        """Ask more at a time where so many answers came during the fit of a step that somebody would have to wait."""
        if not self._adapts:
            return
        before = self._engine.regions_per_query
        now = query_size(self._config.acquisition.regions_per_query, before, during_fit)
        if now != before:
            self._project.record_pace(self._engine.episode, step, now)
            self._engine.regions_per_query = now
            yield Notice(pace_text(before, now, during_fit))

    @property
    def _adapts(self) -> bool:
        return self._config.schedule is not Schedule.SEQUENTIAL
