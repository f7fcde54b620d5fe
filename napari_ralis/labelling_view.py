"""The labelling view: what the sitting has in hand and before it, told to the panels."""

from __future__ import annotations

from collections.abc import Mapping

from napari_ralis.easel import Easel
from napari_ralis.labelling_display import counters, proposals
from napari_ralis.panels.labelling_panel import LabellingPanel
from napari_ralis.panels.palette_model import palette_entries
from napari_ralis.panels.tools_panel import ToolsState
from napari_ralis.sitting import Sitting
from napari_ralis.threads.canvas_lane import CanvasLane
from napari_ralis.threads.run_messages import Opened
from napari_ralis.threads.wishes import PictureWish


class LabellingView:
    """Renders; it changes nothing but panels."""

    def __init__(self, panel: LabellingPanel, light: CanvasLane, easel: Easel) -> None:
        self._panel, self._light, self._easel = panel, light, easel
        self._pixels: tuple[Opened | None, int] = (None, 0)

    def render(self, sitting: Sitting, opened: Opened, class_keys: Mapping[int, str]) -> None:
        """Everything that an answer changes."""
        self.render_query(sitting)
        self._panel.query.set_counters(counters(sitting, self._pixels_in_all(opened)))
        self._panel.query.counters.setToolTip(_choice_text(sitting.chosen_by_hand))
        counts, starred, locked = sitting.regions_by_class, sitting.starred, sitting.locked
        entries = palette_entries(sitting.schema, class_keys, counts, starred, locked, definitions=sitting.definitions)
        self._panel.palette_panel.set_entries(entries)
        self._panel.palette_panel.set_selected(self._easel.annotation.selected_class)

    def render_query(self, sitting: Sitting | None) -> None:
        """The strip of thumbnails and the reason."""
        if sitting is None:
            return
        pictures = {own.region: self._light.get(PictureWish(own.region)) for own in sitting.strip}
        drafts = {own.region: self._easel.draft_of(own.region) for own in sitting.strip}
        known = {region: picture for region, picture in pictures.items() if picture is not None}
        made = {region: each for region, each in drafts.items() if each is not None}
        self._panel.query.set_query(*proposals(sitting, known, made))

    def render_tools(self, sitting: Sitting | None) -> None:
        """What is in the hand, and how much is painted."""
        annotation, place = self._easel.annotation, self._easel.shown
        painting = place is not None and annotation.region is not None
        self._panel.tools.set_state(
            ToolsState(
                tool=annotation.tool,
                painting=painting,
                unpainted=annotation.progress.share if painting else 1.0,
                draft_offered=place is not None and not place.blind,
                threshold=self._easel.threshold,
                others_protected=self._easel.others_protected,
                superpixels_ready=place is not None and self._light.get(PictureWish(place.region)) is not None,
                can_go_back=sitting is not None and sitting.can_go_back,
            )
        )

    def _pixels_in_all(self, opened: Opened) -> int:
        if self._pixels[0] is not opened:
            sizes = map(opened.dataset.size, opened.dataset.ids)
            self._pixels = opened, sum(height * width for height, width in sizes)
        return self._pixels[1]


def _choice_text(count: int) -> str:
    """How many regions nobody had proposed."""
    return f"{count:,} of them you chose yourself: they are learnt from and count like the others."
