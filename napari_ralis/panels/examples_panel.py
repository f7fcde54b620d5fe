"""The examples panel: what the showcase of images is for, how often each class was shown, and how to go on."""

from __future__ import annotations

from dataclasses import dataclass

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from napari_ralis.keybindings import TABLE, Verb
from napari_ralis.panels.palette_model import PaletteEntry
from napari_ralis.panels.palette_panel import PalettePanel

_TITLE = "<b>Show me one of each</b>"
_KEY = "ralis_key"


@dataclass(frozen=True, slots=True)
class ExamplesState:
    """Everything the panel renders.

    Attributes
    ----------
    entries:
        Classes with the number of places that were shown.
    armed:
        Class index that the next click shows; None if the key comes after the click.
    remark:
        What to do now.
    pages:
        What lies on the showcase, such as ``Images 1–8 of 64``.
    can_turn:
        Whether there is more than one page.
    can_undo:
        Whether something was shown.
    alike:
        Whether the showcase shows what looks alike.
    """

    entries: tuple[PaletteEntry, ...] = ()
    armed: int | None = None
    remark: str = ""
    pages: str = ""
    can_turn: bool = False
    can_undo: bool = False
    alike: bool = False


class ExamplesPanel(QWidget):
    """Stands in the place of the tabs while the showcase is looked at. Passive."""

    class_requested = Signal(int)
    page_requested = Signal(int)
    """Pages to turn, forward or back."""
    more_like_this_requested = Signal()
    undo_requested = Signal()
    finish_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.title, self.remark, self.pages = QLabel(_TITLE), QLabel(), QLabel()
        self.remark.setWordWrap(True)
        self.remark.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.palette_panel = PalettePanel()
        self.back, self.forward = QPushButton("◀"), QPushButton("▶")
        self.alike, self.undo = QPushButton(), QPushButton()
        self.finish = QPushButton()
        for button, sentence, verb in (
            (self.back, "The images before", Verb.FRAME_BEFORE),
            (self.forward, "The next images", Verb.FRAME_AFTER),
            (self.alike, "Show regions that look like the places you showed of this class", Verb.MORE_LIKE_THIS),
            (self.undo, "Take the last place back", Verb.UNDO),
            (self.finish, "Label these places first; with none, whatever is chosen", Verb.ACCEPT),
        ):
            keys = TABLE[verb].keys
            button.setToolTip(f"{sentence} ({keys[0]})" if keys else sentence)
            button.setProperty(_KEY, keys[0] if keys else "")
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._lay_out()
        self.undo.setText(_with_key(self.undo, "Undo"))
        self.finish.setText(_with_key(self.finish, "Go on and label"))
        self.palette_panel.class_requested.connect(self.class_requested)
        self.back.clicked.connect(lambda: self.page_requested.emit(-1))
        self.forward.clicked.connect(lambda: self.page_requested.emit(1))
        self.alike.clicked.connect(self.more_like_this_requested)
        self.undo.clicked.connect(self.undo_requested)
        self.finish.clicked.connect(self.finish_requested)
        self.set_state(ExamplesState())

    def set_state(self, state: ExamplesState) -> None:
        """Show this."""
        self.remark.setText(state.remark)
        self.pages.setText(state.pages)
        self.palette_panel.set_entries(state.entries)
        self.palette_panel.set_selected(-1 if state.armed is None else state.armed)
        self.back.setEnabled(state.can_turn)
        self.forward.setEnabled(state.can_turn)
        self.undo.setEnabled(state.can_undo)
        self.alike.setEnabled(state.can_undo or state.alike)
        self.alike.setText(_with_key(self.alike, "All images" if state.alike else "More like this"))

    def _lay_out(self) -> None:
        self.remark.setMinimumHeight(3 * self.remark.fontMetrics().lineSpacing())
        turning = QHBoxLayout()
        turning.addWidget(self.back)
        turning.addWidget(self.pages, stretch=1, alignment=Qt.AlignmentFlag.AlignCenter)
        turning.addWidget(self.forward)
        buttons = QGridLayout()
        buttons.addWidget(self.alike, 0, 0)
        buttons.addWidget(self.undo, 0, 1)
        buttons.addWidget(self.finish, 1, 0, 1, 2)
        self.finish.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 6, 4, 4)
        column.setSpacing(8)
        column.addWidget(self.title)
        column.addWidget(self.remark)
        column.addWidget(self.palette_panel)
        column.addLayout(turning)
        column.addLayout(buttons)
        column.addStretch()


def _with_key(button: QPushButton, text: str) -> str:
    key = button.property(_KEY)
    return f"{text}  {key}" if key else text
