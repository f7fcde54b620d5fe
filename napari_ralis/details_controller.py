"""The details controller: the query in hand, losses and the machine go to the details panel."""

from __future__ import annotations

from collections.abc import Callable

from napari_ralis.labelling_display import Learning
from napari_ralis.panels.labelling_panel import LabellingPanel
from napari_ralis.query_details import machine_text, pictured, query_details
from napari_ralis.sitting import Place, Sitting
from napari_ralis.threads.canvas_lane import CanvasLane
from napari_ralis.threads.run_messages import Happened, Machine, Message, Opened
from napari_ralis.threads.wishes import ThumbnailWish, Wish
from src_model.data.images import Pixels
from src_model.data.region import Region
from src_model.events import Query, StepDone

_TAB = 2


class DetailsController:
    """Shows what the tab shows only while it is open: thumbnails cost the light lane time."""

    def __init__(self, panel: LabellingPanel, light: CanvasLane, take: Callable[[Place], None]) -> None:
        """``take`` takes a region into the hand."""
        self._panel, self._light, self._take = panel, light, take
        panel.details.region_requested.connect(self._on_view_region_requested)
        self._sitting: Sitting | None = None
        self._query: Query | None = None
        self._losses: list[tuple[int, float]] = []
        self._running: tuple[float, ...] = ()
        self._pictures: dict[Region, Pixels] = {}

    def begin(self, opened: Opened, sitting: Sitting) -> None:
        """A project is open."""
        self.end()
        self._sitting, self._losses = sitting, list(opened.losses)
        self.render()

    def end(self) -> None:
        """The project is closed."""
        self._sitting, self._query, self._pictures = None, None, {}
        self._losses, self._running = [], ()

    @property
    def is_open(self) -> bool:
        """Whether somebody looks."""
        return self._panel.tabs.currentIndex() == _TAB

    def hear(self, message: Message, learning: Learning) -> None:
        """Take in what the heavy lane says."""
        if isinstance(message, Machine):
            self._panel.details.set_machine(machine_text(message.device, message.memory, message.gpu_memory))
        elif isinstance(message, Happened):
            if isinstance(message.event, StepDone) and (loss := message.event.row.get("train_loss")) is not None:
                self._losses.append((message.event.step, float(loss)))
            self._running = learning.state.losses
            if self.is_open:
                self._panel.details.set_losses(self._losses, self._running)

    def wishes(self) -> tuple[Wish, ...]:
        """Thumbnails of what is asked here and by others, while somebody looks."""
        return tuple(ThumbnailWish(region) for region in pictured(self._query)) if self.is_open else ()

    def take(self, wish: Wish) -> None:
        """A thumbnail is there."""
        if isinstance(wish, ThumbnailWish):
            self.render()

    def render(self) -> None:
        """Show the query of the region in hand; between two of them, and with a check region, the last one."""
        sitting = self._sitting
        if sitting is None:
            return
        current = sitting.current
        self._query = (None if current is None else sitting.query_of(current.region)) or self._query
        if not self.is_open:
            return
        self._panel.details.set_losses(self._losses, self._running)
        # What is wanted no longer is let go of by the lane.
        shown = pictured(self._query)
        made = {region: self._light.get(ThumbnailWish(region)) for region in shown}
        known = {region: pixels for region, pixels in self._pictures.items() if region in made}
        self._pictures = known | {region: pixels for region, pixels in made.items() if pixels is not None}
        self._panel.details.set_query(query_details(sitting, self._query, self._pictures))

    def _on_view_region_requested(self, index: int) -> None:
        regions = () if self._query is None else self._query.regions
        if index < len(regions):
            # A rule never asks for a check region.
            self._take(Place(regions[index], blind=False))
