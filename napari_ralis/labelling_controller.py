"""The labelling controller: the loop. Region on the canvas, strokes, answer, next region; no waiting."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_ralis.aids import AIDS, Aids
from napari_ralis.class_marks import mark_classes
from napari_ralis.easel import Easel
from napari_ralis.keybindings import Action, Held, Keyboard, Verb, cheat_sheet
from napari_ralis.labelling_view import LabellingView
from napari_ralis.layers.canvas import Canvas
from napari_ralis.layers.iou_layers import IouLayers
from napari_ralis.layers.prediction_layers import PredictionLayers
from napari_ralis.learning_controller import LearningController
from napari_ralis.notifications import show_failure
from napari_ralis.opening import Opening
from napari_ralis.panels.canvas_focus import CanvasFocus
from napari_ralis.panels.cheat_sheet import CheatSheet
from napari_ralis.panels.labelling_panel import LabellingPanel
from napari_ralis.panels.start_panel import StartPanel
from napari_ralis.session import LabellingSession, Phase
from napari_ralis.sitting import Place, Sitting
from napari_ralis.threads.canvas_lane import CanvasLane
from napari_ralis.threads.run_lane import RunLane, Settings
from napari_ralis.threads.run_messages import Heard, Message, Opened, Refused, Standing
from napari_ralis.threads.wishes import DraftWish, PictureWish, PredictionWish, Sources, Wish
from src_model.data.annotation import IGNORED, Annotation, Labels, Source
from src_model.labelling.skipping import SkipReason
from src_model.labelling.tools import Tool
from src_model.project.strokes import kept_pairs

if TYPE_CHECKING:
    from napari.components import ViewerModel


class LabellingController:
    """One sitting at a time. Main-thread work only; whatever takes long is wished for or commanded."""

    def __init__(
        self,
        session: LabellingSession,
        panels: tuple[LabellingPanel, StartPanel],
        viewer: ViewerModel,
        lanes: tuple[RunLane, CanvasLane],
    ) -> None:
        self._session, self._viewer = session, viewer
        self._panel, start = panels
        panel = self._panel
        self._run, self._light = lanes
        self._focus, self._sheet = CanvasFocus(panel), CheatSheet(panel)
        self._keyboard = Keyboard(self._actions(), self._on_class_key)
        canvas = Canvas(viewer, lambda: self._focus.canvas_size, self._keyboard.bind)
        layers = PredictionLayers(viewer), IouLayers(viewer)
        self.learning = LearningController(
            panel, canvas, layers, lanes, lambda: self._easel.show(), lambda: self._easel.want(), self.take
        )
        self._opening = Opening(session, start, self._run, self.learning)
        self._easel = Easel(canvas, self._light, self.learning, self._focus.give_back)
        self._view = LabellingView(panel, self._light, self._easel)
        self.aids = Aids(panel, viewer, self._light, self.learning, self._easel, self._focus, self.take, self._refresh)
        self._opened: Opened | None = None
        self._is_closed = self._hatched = False
        self._class_keys: dict[int, str] = {}
        start.leave_requested.connect(self.leave)
        session.changed.connect(self._on_session_changed)
        self._connect()
        self._on_session_changed()

    @property
    def shown(self) -> Place | None:
        """The region on the canvas."""
        return self._easel.shown

    @property
    def opened(self) -> Opened | None:
        """The open project."""
        return self._opened

    @property
    def strokes(self) -> Labels | None:
        """What was painted of it; None if nobody has touched it."""
        return self._easel.strokes()

    # --- opening and closing ----------------------------------------------------------------------------------

    def start(self, folder: Path, settings: Settings | None) -> None:
        """Open the project in this folder, or make it with these settings."""
        self._opening.start(folder, settings)

    def close(self) -> None:
        """Stop, wait until every answer is on the disk, and let go; the layers stay. Twice is harmless."""
        self._stop()
        if not self._is_closed:
            self._is_closed = True
            self.aids.close()
            self._session.changed.disconnect(self._on_session_changed)

    def leave(self) -> None:
        """Close the project and take its layers off the canvas."""
        self._stop()
        self.learning.end()
        self.aids.end()
        self._easel.canvas.clear()
        self._session.leave_labelling()

    def _stop(self) -> None:
        self._run.close()
        self._light.close()
        self._easel.end()
        self.learning.rest()
        self._opened = None

    # --- what the heavy lane says -----------------------------------------------------------------------------

    def _on_engine_said(self, message: Message) -> None:
        if isinstance(message, Opened):
            self._on_engine_opened(message)
        elif self._sitting is not None:
            if isinstance(message, Standing):
                self._sitting.follow(message.queue, message.queries, message.regions_per_query)
                self._refresh()
            elif isinstance(message, Heard):
                self._sitting.hear(message.regions)
                self._easel.keep_strokes()
                if message.regions:
                    self._panel.set_saved(f"saved {datetime.now():%H:%M:%S}", is_saved=True)
            elif isinstance(message, Refused):
                self._on_engine_refused(message)
        self._opening.hear(message)
        self.learning.hear(message)
        self._opening.follow()

    def _on_engine_opened(self, opened: Opened) -> None:
        self._opened = opened
        schema = opened.dataset.schema
        pairs = kept_pairs(opened.folder)
        sitting = Sitting(schema, opened.config.acquisition.regions_per_query, opened.annotations, pairs)
        self._class_keys = mark_classes(sitting, opened.folder)
        self._keyboard.set_classes({key: index for index, key in self._class_keys.items()})
        self._sheet.set_rows(
            cheat_sheet(self._keyboard.keys, [(key, schema.names[i]) for i, key in self._class_keys.items()])
        )
        self._light.open(Sources(opened.dataset, opened.served))
        restored = self._easel.begin(opened, sitting)
        self.learning.begin(opened, sitting)
        self.aids.begin(opened, sitting, self._class_keys)
        self._panel.set_project(opened.folder.name)
        if restored:
            count = "one region" if restored == 1 else f"{restored} regions"
            self._panel.add_to_log(f"Restored: what was painted of {count} and not accepted yet comes first.")
        self._session.begin_sitting(sitting)

    def _on_session_changed(self) -> None:
        self._panel.setVisible(self._session.phase is Phase.LABELLING)
        self._opening.render()

    def _on_engine_refused(self, message: Refused) -> None:
        assert self._sitting is not None
        for region in message.regions:
            self._sitting.refuse(region)
        show_failure(message.error)
        self._refresh()

    # --- what the light lane made -----------------------------------------------------------------------------

    def _on_made(self, wish: Wish, made: Any) -> None:
        current = None if self._sitting is None else self._sitting.current
        self.learning.take(wish)
        if current is None or self.learning.reviewing:
            return
        if self._easel.shown != current:
            self._easel.show()
        elif isinstance(wish, PictureWish) and wish.region == current.region:
            self._easel.annotation.set_superpixels(made.superpixels)
        elif isinstance(wish, DraftWish) and wish.region == current.region and self._easel.awaits_draft:
            self._easel.lay_draft()
        elif isinstance(wish, PredictionWish):
            self.learning.show_prediction(current.region.image, current.blind)
        if isinstance(wish, PictureWish | DraftWish):
            self._view.render_query(self._session.sitting)
        if isinstance(wish, PictureWish) and wish.region == current.region:
            self._render_tools()

    def _on_not_made(self, wish: Wish, error: Exception) -> None:
        show_failure(error)

    def _render(self) -> None:
        if self._sitting is not None and self._opened is not None:
            self._view.render(self._sitting, self._opened, self._class_keys)
            self.learning.answered()
            self._render_tools()

    def _render_tools(self, _change: object = None) -> None:
        self._view.render_tools(self._sitting)

    # --- region by region -------------------------------------------------------------------------------------

    @property
    def _sitting(self) -> Sitting | None:
        return self._session.sitting

    def _refresh(self) -> None:
        """The queue has changed: wish for what comes, and show what is there."""
        self._easel.want()
        if not self.learning.reviewing:
            self._easel.show()
        self._render()

    # --- answers ----------------------------------------------------------------------------------------------

    def accept(self) -> None:
        """Take the patch as it is painted; an open polygon or line is ended first."""
        sitting = self._sitting
        if sitting is None or self._easel.shown is None or self.learning.reviewing or self._easel.annotation.complete():
            return
        # Who is unsure leaves the pixel without a label, and says beside it between which classes.
        labels, doubts = sitting.pairs.told_apart(self._easel.annotation.patch)
        annotation = Annotation.from_labels(
            self._easel.shown.region, labels, Source.HUMAN, doubts, self._easel.corrections
        )
        self._run.accept(annotation)
        sitting.accept(annotation, time.monotonic())
        self.aids.crops.accepted(annotation)
        self._turn()

    def skip(self, reason: SkipReason) -> None:
        """Pass the region over."""
        sitting = self._sitting
        if sitting is None or self._easel.shown is None or self.learning.reviewing:
            return
        if sitting.annotation(self._easel.shown.region) is not None:
            self._run.take_back(self._easel.shown.region)
            sitting.forget(self._easel.shown.region)
        self._run.skip(self._easel.shown.region, reason)
        sitting.skip(reason, time.monotonic())
        self._turn()

    def go_back(self) -> None:
        """Take the last answer up again."""
        sitting = self._sitting
        if sitting is None or self.learning.reviewing:
            return
        place = sitting.go_back(self._easel.strokes())
        if place is not None:
            if sitting.annotation(place.region) is None:
                self._run.take_back(place.region)
            sitting.reopen(place.region)
            self._turn(answered=False)

    def take(self, place: Place) -> None:
        """Take this region into the hand; the one in hand waits with its strokes."""
        sitting = self._sitting
        if sitting is not None and (sitting.current is None or place.region != sitting.current.region):
            sitting.take(place, self._easel.strokes())
            sitting.reopen(place.region)
            self._turn(answered=False)

    def _turn(self, answered: bool = True) -> None:
        if answered:
            self._panel.set_saved("saving …", is_saved=False)
        self._refresh()
        self._easel.keep_strokes()

    # --- panels and keys --------------------------------------------------------------------------------------

    def _connect(self) -> None:
        self._run.said.connect(self._on_engine_said)
        self._light.made.connect(self._on_made)
        self._light.failed.connect(self._on_not_made)
        panel, tools, palette = self._panel, self._panel.tools, self._panel.palette_panel
        annotation = self._easel.annotation
        tools.tool_requested.connect(self._with_focus(annotation.set_tool))
        tools.draft_requested.connect(self._on_view_draft_requested)
        tools.fill_rest_requested.connect(annotation.fill_rest)
        tools.protect_others_requested.connect(self._protect_others)
        tools.accept_requested.connect(self.accept)
        tools.skip_requested.connect(self.skip)
        tools.back_requested.connect(self.go_back)
        tools.label_here_requested.connect(self._on_view_label_here_requested)
        palette.star_requested.connect(self._on_view_star_requested)
        palette.lock_requested.connect(self._on_view_lock_requested)
        palette.focus_back_requested.connect(self._focus.give_back)
        panel.query.region_requested.connect(self._on_view_region_requested)
        panel.close_requested.connect(self.leave)
        self._focus.keys_changed.connect(palette.set_keys_on)
        self._keyboard.pending.connect(palette.set_pending)
        annotation.class_chosen.connect(palette.set_selected)
        annotation.tool_chosen.connect(self._render_tools)
        annotation.painted.connect(self._render_tools)
        annotation.painted.connect(self._easel.keep_strokes)
        annotation.refused.connect(panel.add_to_log)

    def _actions(self) -> Mapping[Verb, Action]:
        tools = {verb: self._tool_of(Tool(verb.value)) for verb in Verb if verb.value in set(Tool)}
        aids = {verb: self._aid(verb) for verb in AIDS}
        return (
            tools
            | aids
            | {
                Verb.ACCEPT: self.accept,
                Verb.SKIP: lambda: self._panel.tools.open_skip_menu(),
                Verb.BACK: self.go_back,
                Verb.ONE_OF_EACH: self._panel.one_of_each_requested.emit,
                Verb.MORE_LIKE_THIS: self._panel.more_like_this_requested.emit,
                Verb.FILL_REST: lambda: self._easel.annotation.fill_rest(),
                Verb.DRAFT: lambda: self._easel.lay_draft(),
                Verb.UNDO: lambda: self._easel.annotation.undo(),
                Verb.REDO: lambda: self._easel.annotation.redo(),
                Verb.PICK: lambda: self._easel.annotation.pick_under_cursor(),
                Verb.PROTECT_OTHERS: lambda: self._protect_others(not self._easel.others_protected),
                Verb.IGNORE: lambda: self._easel.annotation.press_class(IGNORED),
                Verb.SEARCH_CLASS: self._panel.palette_panel.start_search,
                Verb.SHOW_UNPAINTED: self._hatch,
                Verb.WHOLE_IMAGE: Held(
                    lambda: self._easel.canvas.look_at_all(), lambda: self._easel.canvas.look_back()
                ),
                Verb.FRAME_BEFORE: Held(lambda: self._easel.show_neighbour(-1), lambda: self._easel.show_own()),
                Verb.FRAME_AFTER: Held(lambda: self._easel.show_neighbour(1), lambda: self._easel.show_own()),
                Verb.CHEAT_SHEET: self._sheet.toggle,
            }
        )

    def _aid(self, verb: Verb) -> Action:
        return lambda: self.aids.actions[verb]()

    def _tool_of(self, tool: Tool) -> Action:
        return lambda: self._easel.annotation.set_tool(tool)

    def _with_focus(self, do: Any) -> Any:
        def done(value: Any) -> None:
            do(value)
            self._focus.give_back()

        return done

    def _on_class_key(self, index: int) -> None:
        self._easel.annotation.press_class(index)

    def _on_view_draft_requested(self, threshold: float) -> None:
        self._easel.threshold = threshold
        self._easel.lay_draft()
        self._render_tools()

    def _on_view_label_here_requested(self) -> None:
        key = self._keyboard.keys[Verb.LABEL_HERE][:1]
        self._panel.tools.unpainted.setText(f"point, then press {key[0]}" if key else "")
        self._focus.give_back()

    def _on_view_star_requested(self, index: int, on: bool) -> None:
        if self._sitting is not None:
            self._sitting.starred = self._sitting.starred | {index} if on else self._sitting.starred - {index}
            self.learning.progress.keep()
            self._render()

    def _on_view_lock_requested(self, index: int, on: bool) -> None:
        if self._sitting is not None:
            self._sitting.locked = self._sitting.locked | {index} if on else self._sitting.locked - {index}
            self._easel.annotation.protect(self._sitting.locked, self._easel.others_protected)
            self.learning.progress.keep()
            self._render()

    def _on_view_region_requested(self, place: int) -> None:
        if self._sitting is not None and place < len(self._sitting.strip):
            self.take(self._sitting.strip[place])

    def _protect_others(self, on: bool) -> None:
        self._easel.others_protected = on
        locked = frozenset[int]() if self._sitting is None else self._sitting.locked
        self._easel.annotation.protect(locked, on)
        self._render_tools()

    def _hatch(self) -> None:
        self._hatched = not self._hatched
        self._easel.annotation.show_unpainted(self._hatched)
