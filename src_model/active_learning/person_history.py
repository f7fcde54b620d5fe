"""A person's history: what fits were worth, written into the project as they end and read back when it is reopened."""

from __future__ import annotations

from src_model.active_learning.engine import ActiveLearningEngine
from src_model.active_learning.rewarding import LastFit
from src_model.labelling.measurement_record import MeasuredFit, measured_from_json, measured_to_json
from src_model.project.project import Project


class PersonHistory:
    """Of one open project; owned by the thread of its run.

    Parameters
    ----------
    project:
        Where it is kept.
    engine:
        Tells which fits count: those made before a checkpoint that was lost do not.
    num_classes:
        C; what was measured of other classes is not compared with these.
    """

    def __init__(self, project: Project, engine: ActiveLearningEngine, num_classes: int) -> None:
        self._project, self._engine, self._num_classes = project, engine, num_classes

    def record(self, fitted: LastFit, regions: int, *, served: bool) -> None:
        """A fit was read, with so many regions labelled; without check regions there is nothing to keep."""
        if fitted.reading.checked is not None:
            fit = MeasuredFit(fitted.step, regions, fitted.reading.checked.measurement, fitted.change, served)
            self._project.record_measurement(self._engine.episode, fitted.step, measured_to_json(fit))

    @property
    def measured(self) -> tuple[MeasuredFit, ...]:
        """Fits that count, oldest first."""
        kept = self._project.measurements(self._engine.episode).items()
        fits = (measured_from_json(step, body) for step, body in kept if step <= self._engine.fitted_step)
        return tuple(fit for fit in fits if len(fit.measurement.iou) == self._num_classes)

    @property
    def losses(self) -> tuple[tuple[int, float], ...]:
        """Step and mean loss of each fit, oldest first."""
        known = ((int(row["step"] or 0), row.get("train_loss")) for row in self._project.rows())
        return tuple((step, float(loss)) for step, loss in known if loss is not None)
