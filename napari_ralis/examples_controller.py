"""The examples controller: the first ten minutes. A showcase of images, one of each class, more like this."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from napari_ralis.keybindings import Action, Keyboard, Verb, class_keys
from napari_ralis.labelling_controller import LabellingController
from napari_ralis.layers.showcase import Dot, Showcase, ShowcaseLayout
from napari_ralis.panels.canvas_focus import CanvasFocus
from napari_ralis.panels.examples_panel import ExamplesState
from napari_ralis.panels.labelling_panel import LabellingPanel
from napari_ralis.panels.palette_model import palette_entries
from napari_ralis.session import LabellingSession, Phase
from napari_ralis.settings import read_settings, settings_path
from napari_ralis.sitting import Place
from napari_ralis.threads.canvas_lane import CanvasLane
from napari_ralis.threads.run_lane import RunLane
from napari_ralis.threads.run_messages import Ended, Job, Message, Opened, ShowcaseReady
from napari_ralis.threads.wishes import LikenessWish, TileWish, Wish
from src_model.data.class_schema import ClassSchema
from src_model.data.region import Region, RegionGrid
from src_model.labelling.examples import Example, Examples, Spot, region_at

if TYPE_CHECKING:
    from napari.components import ViewerModel

_IMAGES, _REGIONS = 8, 20
"""Tiles a page: whole images, and regions that look alike."""
_MOST_ALIKE = 60
_AROUND = 0.5
"""Of a region's sides are shown round it on each side."""
_PENDING = (255, 255, 255)


class ExamplesController:
    """The showcase of one viewer: open at the start of a new project, and whenever it is asked for."""

    def __init__(
        self,
        session: LabellingSession,
        panel: LabellingPanel,
        viewer: ViewerModel,
        lanes: tuple[RunLane, CanvasLane],
        labelling: LabellingController,
    ) -> None:
        self._session, self._panel, self._view, self._viewer = session, panel, panel.examples, viewer
        self._run, self._light = lanes
        self._labelling, self._learning = labelling, labelling.learning
        self._focus = CanvasFocus(panel)
        self._keyboard = Keyboard(self._actions(), self.press_class)
        self._showcase = Showcase(viewer, self._keyboard.bind, self._on_click)
        self._opened: Opened | None = None
        self._examples = Examples()
        self._order: tuple[str, ...] = ()
        self._class_keys: dict[int, str] = {}
        self._armed: int | None = None
        self._pending: Spot | None = None
        self._likeness: LikenessWish | None = None
        self._alike: tuple[Region, ...] = ()
        self._page, self._refused = 0, ""
        self._run.said.connect(self._on_engine_said)
        self._light.made.connect(self._on_made)
        self._keyboard.pending.connect(self._view.palette_panel.set_pending)
        panel.one_of_each_requested.connect(self.open)
        panel.more_like_this_requested.connect(self.open_alike)
        self._view.class_requested.connect(self.press_class)
        self._view.page_requested.connect(self.turn_page)
        self._view.more_like_this_requested.connect(self.more_like_this)
        self._view.undo_requested.connect(self.undo)
        self._view.finish_requested.connect(self.finish)
        session.changed.connect(self._on_session_changed)

    @property
    def is_open(self) -> bool:
        """Whether the showcase is looked at."""
        return self._learning.aside is not None

    @property
    def examples(self) -> Examples:
        """What was shown so far."""
        return self._examples

    # --- what a person does -----------------------------------------------------------------------------------

    def open(self) -> None:
        """Put the showcase on the canvas."""
        if self._opened is None or self.is_open or self._learning.reviewing:
            return
        self._learning.look_aside(self._wishes)
        self._run.look()
        self._panel.show_examples(True)
        self._refresh()
        self._focus.give_back()

    def open_alike(self) -> None:
        """Put what looks like the place under the cursor on the showcase."""
        shown, opened = self._labelling.shown, self._opened
        if shown is None or opened is None or self.is_open or self._learning.reviewing:
            return
        height, width = opened.dataset.size(shown.region.image)
        row, column = (round(value) for value in self._viewer.cursor.position[-2:])
        if 0 <= row < height and 0 <= column < width:
            self._armed = None
            self._ask((Spot(shown.region.image, row, column),))
            self.open()

    def press_class(self, index: int) -> None:
        """The class of the place that was clicked last, or of those that are clicked next."""
        if not self.is_open:
            return
        if self._pending is not None:
            spot, self._pending = self._pending, None
            self._add(Example(spot, index))
        else:
            self._armed = None if self._armed == index else index
        self._refresh()
        self._focus.give_back()

    def undo(self) -> None:
        """Take the last place back."""
        if self._pending is not None:
            self._pending = None
        elif self._examples.shown:
            self._keep(replace(self._examples, shown=self._examples.shown[:-1]))
        self._refresh()

    def turn_page(self, step: int) -> None:
        """Other tiles, round and round."""
        if self.is_open:
            self._page = (self._page + step) % self._pages
            self._refresh()

    def more_like_this(self) -> None:
        """Regions that look like what was shown of the class in hand, or all images again."""
        index = self._armed
        if index is None and self._examples.shown:
            index = self._examples.shown[-1].index
        spots = () if self._likeness is not None or index is None else self._examples.spots_of(index)
        self._ask(spots)
        if spots:
            self._armed = index
        self._refresh()

    def leave(self) -> None:
        """One step out: the place without a class, the class in hand, what looks alike, the showcase."""
        if self._pending is not None or self._armed is not None:
            self._pending, self._armed = None, None
        elif self._likeness is not None:
            self._ask(())
        else:
            self.finish()
            return
        self._refresh()

    def finish(self) -> None:
        """Go on and label: the places that were shown come first."""
        if not self.is_open or self._opened is None:
            return
        if not self._examples.finished:
            self._keep(replace(self._examples, finished=True))
        self._opened.served.show(self._examples.shown)
        if self._session.sitting is not None:
            places = [Place(region, False) for region in self._examples.regions(self._cut)]
            self._session.sitting.bring_forward(places, self._labelling.strokes)
        # Drafts are others from now on.
        self._learning.version += 1
        self._close()
        self._learning.look_back()

    # --- what the lanes say -----------------------------------------------------------------------------------

    def _on_engine_said(self, message: Message) -> None:
        if isinstance(message, Opened):
            self._begin(message)
        elif isinstance(message, ShowcaseReady):
            known = self._order[:_IMAGES]
            rest = [image for image in message.images if image not in known]
            later = [image for image in self._order if image not in message.images and image not in known]
            self._order = (*known, *rest, *later)
        elif not (isinstance(message, Ended) and message.job is Job.EMBEDDING):
            return
        if self.is_open:
            if self._likeness is not None and len(self._alike) < _REGIONS:
                # More has been embedded since; a full page stays as it is, for nothing may move under the mouse.
                self._likeness = replace(self._likeness, attempt=self._likeness.attempt + 1)
            self._refresh()

    def _begin(self, opened: Opened) -> None:
        self._close()
        self._forget()
        self._opened, self._examples, self._order = opened, opened.examples, opened.pool
        schema = opened.dataset.schema
        ids = [(entry.id, entry.name) for entry in schema.classes]
        by_id = class_keys(ids)
        self._class_keys = {index: by_id[id] for index, (id, _) in enumerate(ids) if id in by_id}
        self._keyboard.set_classes({key: index for index, key in self._class_keys.items()})
        self._tell_sitting()
        if opened.examples.finished:
            return
        is_new = not opened.annotations and read_settings(settings_path()).first_look
        if is_new or opened.examples.shown:
            self.open()

    def _on_made(self, wish: Wish, made: Any) -> None:
        if not self.is_open or not isinstance(wish, TileWish | LikenessWish):
            return
        if isinstance(wish, LikenessWish) and wish == self._likeness:
            self._alike = tuple(own.region for own in made)
        self._refresh()

    def _on_session_changed(self) -> None:
        if self._session.phase is not Phase.LABELLING and self._opened is not None:
            if self._session.phase is not Phase.STARTING:
                self._opened = None
            self._close()

    # --- what is shown ----------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        """Wish for what the page needs, and show what is there."""
        if not self.is_open or self._opened is None:
            return
        self._learning.renew()
        layout, windows = self._layout()
        self._showcase.show(layout, [self._light.get(own) for own in self._tiles()], self._focus.canvas_size)
        schema = self._opened.dataset.schema
        dots = [
            Dot(row, column, self._class_keys.get(own.index, "").replace(" ", ""), schema.classes[own.index].colour)
            for own in self._examples.shown
            for row, column in layout.place_of(own.spot, windows)
        ]
        if self._pending is not None:
            dots += [Dot(row, column, "?", _PENDING) for row, column in layout.place_of(self._pending, windows)]
        self._showcase.show_dots(dots)
        self._view.set_state(self._state(schema))

    def _state(self, schema: ClassSchema) -> ExamplesState:
        entries = palette_entries(schema, self._class_keys, self._examples.counts)[: schema.num_classes]
        first, windows = self._page * self._on_a_page, len(self._windows())
        what = "Alike" if self._likeness is not None else "Images"
        total = len(self._alike) if self._likeness is not None else len(self._order)
        return ExamplesState(
            entries=tuple(replace(entry, counted="place you showed") for entry in entries),
            armed=self._armed,
            remark=self._remark(schema),
            pages=f"{what} {first + 1}–{first + windows} of {total}" if windows else "Looking for what is alike …",
            can_turn=self._pages > 1,
            can_undo=bool(self._examples.shown) or self._pending is not None,
            alike=self._likeness is not None,
        )

    def _remark(self, schema: ClassSchema) -> str:
        if self._refused:
            return self._refused
        if self._pending is not None:
            return "What is there? Press the key of its class, or Escape."
        if self._armed is not None:
            return f"Click where you see {schema.names[self._armed]}: two or three places. Escape lets go of the class."
        missing = [name for index, name in enumerate(schema.names) if not self._examples.counts.get(index)]
        if self._examples.shown and not missing:
            return "Every class was shown. Press Enter to label these places."
        begin = "Press a class's key, then click where you see it; two or three places a class."
        return begin if not self._examples.shown else f"{begin} Still to be seen: {_some(missing)}."

    @property
    def _on_a_page(self) -> int:
        return _REGIONS if self._likeness is not None else _IMAGES

    @property
    def _pages(self) -> int:
        total = len(self._alike) if self._likeness is not None else len(self._order)
        return max(1, -(-total // self._on_a_page))

    def _windows(self) -> tuple[Region, ...]:
        """What the tiles of the page show."""
        assert self._opened is not None
        size = self._opened.dataset.size
        page = slice(self._page * self._on_a_page, (self._page + 1) * self._on_a_page)
        if self._likeness is not None:
            return tuple(_with_surroundings(region, size(region.image)) for region in self._alike[page])
        return tuple(Region(image, 0, 0, *size(image)) for image in self._order[page])

    def _layout(self) -> tuple[ShowcaseLayout, tuple[Region, ...]]:
        windows = self._windows()
        aspect = windows[0].width / windows[0].height if windows else 1.0
        return ShowcaseLayout.fitting(self._on_a_page, aspect, self._focus.canvas_size), windows

    def _tiles(self) -> list[TileWish]:
        layout, windows = self._layout()
        return [TileWish(window, layout.shape) for window in windows]

    def _wishes(self) -> tuple[Wish, ...]:
        return (*self._tiles(), *(() if self._likeness is None else (self._likeness,)))

    def _ask(self, spots: tuple[Spot, ...]) -> None:
        """Look for what is like these; none: all images. What is shown meanwhile changes nothing of it."""
        self._alike, self._page, self._likeness = (), 0, None
        if spots:
            shown = (*spots, *(own.spot for own in self._examples.shown))
            avoided = frozenset(region_at(spot, self._cut(spot.image)) for spot in shown)
            self._likeness = LikenessWish(spots, avoided, self._order, _MOST_ALIKE)

    # --- small things -----------------------------------------------------------------------------------------

    def _on_click(self, row: float, column: float) -> None:
        layout, windows = self._layout()
        spot = layout.spot_at(row, column, windows)
        self._refused = ""
        if spot is None or self._opened is None:
            return
        if self._opened.blind(region_at(spot, self._cut(spot.image))):
            self._refused = "This place is held out to check models with. Show another one."
        elif self._armed is None:
            self._pending = spot
        else:
            self._add(Example(spot, self._armed))
        self._refresh()

    def _add(self, example: Example) -> None:
        self._keep(replace(self._examples, shown=(*self._examples.shown, example)))

    def _keep(self, examples: Examples) -> None:
        """At once here, and on the disk between two pieces of the heavy lane's work."""
        self._examples = examples
        self._run.show(examples)
        self._tell_sitting()

    def _tell_sitting(self) -> None:
        """What was shown where, for the reasons."""
        if self._session.sitting is not None:
            shown: dict[Region, dict[int, None]] = {}
            for own in self._examples.shown:
                shown.setdefault(region_at(own.spot, self._cut(own.spot.image)), {})[own.index] = None
            self._session.sitting.shown = {region: tuple(indices) for region, indices in shown.items()}

    def _cut(self, image: str) -> RegionGrid:
        assert self._opened is not None
        return RegionGrid(self._opened.dataset.size(image), self._opened.config.data.region)

    def _close(self) -> None:
        if not self.is_open:
            return
        self._learning.aside = None
        self._pending, self._armed, self._refused = None, None, ""
        self._ask(())
        self._panel.show_examples(False)
        self._showcase.clear()

    def _forget(self) -> None:
        self._examples, self._order, self._class_keys = Examples(), (), {}
        self._armed, self._pending, self._likeness, self._alike = None, None, None, ()
        self._page, self._refused = 0, ""

    def _actions(self) -> dict[Verb, Action]:
        return {
            Verb.ACCEPT: self.finish,
            Verb.CANCEL: self.leave,
            Verb.UNDO: self.undo,
            Verb.BACK: self.undo,
            Verb.ONE_OF_EACH: self.finish,
            Verb.MORE_LIKE_THIS: self.more_like_this,
            Verb.FRAME_BEFORE: lambda: self.turn_page(-1),
            Verb.FRAME_AFTER: lambda: self.turn_page(1),
        }


def _with_surroundings(region: Region, size: tuple[int, int]) -> Region:
    """The region with half its sides round it, moved so that it stays in the image and all tiles are alike in shape."""
    height = min(size[0], round((1 + 2 * _AROUND) * region.height))
    width = min(size[1], round((1 + 2 * _AROUND) * region.width))
    row = min(max(0, region.row - (height - region.height) // 2), size[0] - height)
    column = min(max(0, region.column - (width - region.width) // 2), size[1] - width)
    return Region(region.image, row, column, height, width)


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
