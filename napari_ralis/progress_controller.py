"""The progress controller: what was reached and spent in earlier sittings, on the panel again and kept for the next."""

from __future__ import annotations

from napari_ralis.labelling_display import minutes_left_text
from napari_ralis.panels.class_balance import balance_of
from napari_ralis.panels.labelling_panel import LabellingPanel
from napari_ralis.sitting import Sitting
from napari_ralis.threads.run_messages import Opened
from napari_ralis.threads.sitting_keeper import SittingKeeper
from src_model.data.answers import labels_of
from src_model.data.region import Region
from src_model.labelling.corrections import corrections_over_time, corrections_text
from src_model.labelling.measurement import Milestone
from src_model.labelling.measurement_record import MeasuredFit
from src_model.project.sitting_file import SittingRecord, kept_sitting


class ProgressController:
    """Minutes, stars, locks and the learning curve of one project at a time.

    Attributes
    ----------
    milestones:
        The learning curve, oldest first.
    """

    def __init__(self, panel: LabellingPanel) -> None:
        self._panel = panel
        self.milestones: list[Milestone] = []
        self._sitting: Sitting | None = None
        self._budget: int | None = None
        self._keeper: SittingKeeper | None = None
        self._minutes: dict[int, float] = {}
        self._order: dict[Region, None] = {}

    def begin(self, opened: Opened, sitting: Sitting) -> MeasuredFit | None:
        """A project is open: what was set and spent in it comes back. Returns what was measured last of what is served.

        A class that is gone loses its star and its lock; a reading whose minutes nobody kept lies at those before it.
        """
        self.end()
        kept, notice = kept_sitting(opened.folder)
        if notice:
            self._panel.add_to_log(notice)
        if kept is not None:
            index_of = {entry.id: index for index, entry in enumerate(sitting.schema.classes)}
            sitting.seconds = kept.seconds
            sitting.starred, sitting.locked = (
                frozenset(index_of[own] for own in ids if own in index_of) for ids in (kept.starred, kept.locked)
            )
        by_step = {} if kept is None else kept.minutes
        self._sitting, self._minutes = sitting, dict(by_step)
        self._order = dict.fromkeys(
            own.region for each in opened.answers if (own := labels_of(each.answer)) is not None
        )
        self._budget = opened.config.acquisition.budget
        self._keeper = SittingKeeper(opened.folder)
        served, minutes = [fit for fit in opened.measured if fit.served], 0.0
        for fit in served:
            minutes = by_step.get(fit.step, minutes)
            self.milestones.append(Milestone(fit.regions, minutes, fit.measurement))
        self._panel.iou.set_milestones(self.milestones)
        self.render()
        return served[-1] if served else None

    def add(self, step: int, milestone: Milestone) -> None:
        """A fit was measured and is served."""
        self.milestones.append(milestone)
        self._minutes[step] = milestone.minutes
        self._panel.iou.set_milestones(self.milestones)
        self.keep()

    def render(self) -> None:
        """Show how labels are spread over the classes, what drafts take, and how long the rest of the budget takes."""
        if self._sitting is not None:
            self._panel.iou.set_balance(
                balance_of(self._sitting.schema, self._sitting.worth, self._sitting.regions_by_class)
            )
            self._panel.iou.set_minutes_left(minutes_left_text(self._sitting, self._budget))
            self._order |= dict.fromkeys(own.region for own in self._sitting.all)
            known = map(self._sitting.annotation, self._order)
            strokes = [own.corrections for own in known if own is not None]
            self._panel.iou.set_corrections(corrections_text(corrections_over_time(strokes)))

    def keep(self) -> None:
        """Have the present state written down."""
        if self._keeper is not None and self._sitting is not None:
            self._keeper.keep(self._record(self._sitting))

    def end(self) -> None:
        """The project is closed: what is known of it is on the disk when this returns."""
        self.keep()
        if self._keeper is not None:
            self._keeper.close()
        self._keeper = self._sitting = self._budget = None
        self.milestones, self._minutes, self._order = [], {}, {}

    def _record(self, sitting: Sitting) -> SittingRecord:
        classes = sitting.schema.classes
        starred, locked = (tuple(sorted(classes[own].id for own in set_)) for set_ in (sitting.starred, sitting.locked))
        return SittingRecord(sitting.seconds, starred, locked, dict(self._minutes))
