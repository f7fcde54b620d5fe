"""The places controller: labelling where the cursor is or where an object goes on, the map, and layers that went."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QTimer

from napari_ralis.easel import Easel
from napari_ralis.keybindings import Verb
from napari_ralis.layers.stack import TAG
from napari_ralis.panels.canvas_focus import CanvasFocus, Spot
from napari_ralis.panels.labelling_panel import LabellingPanel
from napari_ralis.panels.overview import Overview
from napari_ralis.sitting import Place, Sitting
from napari_ralis.threads.canvas_lane import CanvasLane
from napari_ralis.threads.run_messages import Opened
from napari_ralis.threads.wishes import ImageWish
from src_model.data.region import Region, RegionGrid
from src_model.labelling.borders import adjoining, class_at, leaving_sides
from src_model.labelling.painting import Point

if TYPE_CHECKING:
    from napari.components import ViewerModel

_OURS = ("image", "frame", "ghosts", "annotation")
"""Roles of layers that are missed at once when somebody deletes one; the others come back when there is need."""


class PlacesController:
    """Where things are, and where to go from there.

    Parameters
    ----------
    take:
        Takes a region into the hand.
    queue_changed:
        What comes next is not what it was.
    """

    def __init__(
        self,
        panel: LabellingPanel,
        easel: Easel,
        viewer: ViewerModel,
        light: CanvasLane,
        focus: CanvasFocus,
        take: Callable[[Place], None],
        queue_changed: Callable[[], None],
    ) -> None:
        self._panel, self._easel, self._viewer, self._light = panel, easel, viewer, light
        self._focus, self._take, self._queue_changed = focus, take, queue_changed
        self._opened: Opened | None = None
        self._sitting: Sitting | None = None
        self._carried: dict[Region, int] = {}
        self.overview = Overview(panel)
        self._restoring = QTimer(panel)
        self._restoring.setSingleShot(True)
        self._restoring.timeout.connect(self._restore)
        easel.region_shown.connect(self._on_region_shown)
        viewer.layers.events.removed.connect(self._on_layer_removed)

    def begin(self, opened: Opened, sitting: Sitting) -> None:
        """A project is open."""
        self._opened, self._sitting, self._carried = opened, sitting, {}
        sitting.own_choice |= {
            own.region for own in sitting.all if own.region not in opened.proposed and not opened.blind(own.region)
        }

    def end(self) -> None:
        """The project is closed."""
        self._opened = self._sitting = None
        self._restoring.stop()
        self.overview.hide()
        self._panel.aids.set_on(Verb.OVERVIEW, on=False)

    def close(self) -> None:
        """Let go of the viewer."""
        self.end()
        self._viewer.layers.events.removed.disconnect(self._on_layer_removed)

    def label_here(self) -> None:
        """Take the region under the cursor into the hand, asked for or not, labelled or not."""
        opened, sitting, shown = self._opened, self._sitting, self._easel.shown
        if opened is None or sitting is None or shown is None:
            return
        row, column = (round(value) for value in self._viewer.cursor.position[-2:])
        height, width = opened.dataset.size(shown.region.image)
        if not (0 <= row < height and 0 <= column < width):
            return
        grid = self._grid(shown.region.image)
        region = grid.regions(shown.region.image)[grid.index_at(row, column)]
        self._note_choice(region)
        self._take(Place(region, opened.blind(region)))

    def neighbour_next(self) -> None:
        """Put the region where the object under the cursor goes on in front, and carry its class there."""
        opened, sitting, shown = self._opened, self._sitting, self._easel.shown
        if opened is None or sitting is None or shown is None:
            return
        if shown.blind:
            self._say("Check regions are drawn by chance: their neighbours cannot be chosen. Accept or skip this one.")
            return
        annotation, point = self._easel.annotation, self._cursor(shown.region)
        patch, index = annotation.patch, class_at(annotation.patch, point, sitting.schema.num_classes)
        carried = annotation.selected_class if index is None else index
        beyond = (
            adjoining(shown.region, self._grid(shown.region.image), side, patch, carried)
            for side in leaving_sides(patch, carried, point)
        )
        known = {shown.region} | {own.region for own in sitting.labelled_in(shown.region.image)}
        region = next((own for own in beyond if own is not None and own not in known), None)
        if region is None:
            self._say("Every neighbour of this region is labelled. Point at one and press H to correct it.")
            return
        self._carried[region] = carried
        self._note_choice(region)
        sitting.put_in_front(Place(region, opened.blind(region)))
        name = sitting.schema.names[carried] if carried < sitting.schema.num_classes else "the brush"
        self._say(f"Next comes the neighbour at row {region.row}, column {region.column}, with {name} in the brush.")
        self._queue_changed()

    def toggle_overview(self) -> None:
        """Show the map, or put it away."""
        shown = self._easel.shown is not None and not self.overview.isVisible()
        if shown:
            self._draw_overview()
            self._focus.lay(self.overview, Spot.BOTTOM_LEFT)
        else:
            self.overview.hide()
        self._panel.aids.set_on(Verb.OVERVIEW, shown)

    def _draw_overview(self) -> None:
        shown, sitting = self._easel.shown, self._sitting
        pixels = None if shown is None else self._light.get(ImageWish(shown.region.image))
        if shown is not None and sitting is not None and pixels is not None:
            labelled = [own.region for own in sitting.labelled_in(shown.region.image)]
            self.overview.set_place(pixels, shown.region, labelled)

    def _note_choice(self, region: Region) -> None:
        assert self._opened is not None
        assert self._sitting is not None
        waits = {place.region for place in self._sitting.ahead} | self._opened.proposed
        if region not in waits and self._sitting.annotation(region) is None and not self._opened.blind(region):
            self._sitting.own_choice.add(region)

    def _grid(self, image: str) -> RegionGrid:
        assert self._opened is not None
        return RegionGrid(self._opened.dataset.size(image), self._opened.config.data.region)

    def _cursor(self, region: Region) -> Point:
        row, column = self._viewer.cursor.position[-2:]
        return float(row) - region.row, float(column) - region.column

    def _say(self, text: str) -> None:
        self._viewer.status = text
        self._panel.add_to_log(text)

    def _on_region_shown(self) -> None:
        shown = self._easel.shown
        if shown is None:
            return
        if (index := self._carried.pop(shown.region, None)) is not None:
            self._easel.annotation.set_class(index)
        if self.overview.isVisible():
            self._draw_overview()

    # --- layers that somebody deleted -------------------------------------------------------------------------

    def _on_layer_removed(self, event: Any) -> None:
        if self._sitting is not None and event.value.metadata.get(TAG) in _OURS:
            # Not now: napari is still taking it out.
            self._restoring.start(0)

    def _restore(self) -> None:
        if self._sitting is None or self._easel.shown is None:
            return
        self._easel.restore()
        self._say("A layer of the session was deleted and is back: hide it with its eye instead.")
