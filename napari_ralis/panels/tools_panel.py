"""The tools panel: what is in the hand, the draft, and what becomes of the region."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QAction
from qtpy.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)
from superqt.utils import signals_blocked

from napari_ralis.keybindings import TABLE, Verb
from src_model.labelling.skipping import CONSEQUENCES, SkipReason
from src_model.labelling.tools import Tool

_TOOLS = (Tool.BRUSH, Tool.POLYGON, Tool.LINE, Tool.SUPERPIXEL, Tool.PICKER, Tool.ERASER)
_A_ROW = 3


@dataclass(frozen=True, slots=True)
class ToolsState:
    """Everything the panel renders.

    Attributes
    ----------
    tool:
        What is in the hand.
    painting:
        Whether a region is in the hand.
    unpainted:
        Unpainted share of it, 0 … 1.
    draft_offered:
        Whether the region may have a draft; never on check regions.
    threshold:
        How sure the model must be for a pixel of the draft, 0 … 1.
    others_protected:
        Whether all classes but the one in the brush are protected.
    superpixels_ready:
        Whether they are cut.
    can_go_back:
        Whether there is a region before.
    """

    tool: Tool = Tool.BRUSH
    painting: bool = False
    unpainted: float = 1.0
    draft_offered: bool = False
    threshold: float = 0.8
    others_protected: bool = False
    superpixels_ready: bool = False
    can_go_back: bool = False


class ToolsPanel(QWidget):
    """Three rows of buttons. Passive: it asks through signals and shows what it is told."""

    tool_requested = Signal(object)
    """A `Tool`."""
    draft_requested = Signal(float)
    """A draft of what the model is at least this sure of, 0 … 1."""
    fill_rest_requested = Signal()
    protect_others_requested = Signal(bool)
    accept_requested = Signal()
    skip_requested = Signal(object)
    """A `SkipReason`."""
    back_requested = Signal()
    label_here_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.tools = {tool: _tool_button(tool) for tool in _TOOLS}
        self._group = QButtonGroup(self)
        self.draft = QSlider(Qt.Orientation.Horizontal)
        self.draft.setRange(0, 100)
        self.draft.setPageStep(10)
        self.draft.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.draft_label = QLabel()
        self.fill_rest = _button("Fill rest")
        self.protect_others = _button("Protect others")
        self.protect_others.setCheckable(True)
        self.accept, self.skip = _button("Accept ⏎"), _skip_button()
        self.back, self.label_here = _button("Back"), _button("Label here")
        self.unpainted = QLabel()
        self._explain_draft()
        self._lay_out()
        self._connect()
        self.set_keys({verb: entry.keys for verb, entry in TABLE.items()})
        self.set_state(ToolsState())

    def set_state(self, state: ToolsState) -> None:
        """Show this state."""
        with signals_blocked(self._group), signals_blocked(self.draft), signals_blocked(self.protect_others):
            self._group.setExclusive(False)
            for tool, button in self.tools.items():
                button.setChecked(tool is state.tool)
                button.setEnabled(state.painting and (tool is not Tool.SUPERPIXEL or state.superpixels_ready))
            self._group.setExclusive(state.tool in self.tools)
            if not self.draft.isSliderDown():
                self.draft.setValue(round(100 * state.threshold))
            self.protect_others.setChecked(state.others_protected)
        for widget in (self.fill_rest, self.protect_others, self.accept, self.skip):
            widget.setEnabled(state.painting)
        self.back.setEnabled(state.can_go_back)
        self.draft.setEnabled(state.painting and state.draft_offered)
        self._say_threshold(self.draft.value())
        self.unpainted.setText(_unpainted_text(state))

    def set_keys(self, keys: Mapping[Verb, Sequence[str]]) -> None:
        """Say in tooltips, and on the buttons of tools, which key does the same."""
        for tool, button in self.tools.items():
            verb = Verb(tool.value)
            button.setText(" ".join([tool.value.capitalize(), *keys[verb][:1]]))
            button.setToolTip(_with_key(TABLE[verb].sentence, keys[verb]))
        for widget, verb in (
            (self.fill_rest, Verb.FILL_REST),
            (self.protect_others, Verb.PROTECT_OTHERS),
            (self.accept, Verb.ACCEPT),
            (self.skip, Verb.SKIP),
            (self.back, Verb.BACK),
            (self.label_here, Verb.LABEL_HERE),
        ):
            widget.setToolTip(_with_key(TABLE[verb].sentence, keys[verb]))

    def open_skip_menu(self) -> None:
        """Offer the reasons, as if the button had been pressed."""
        self.skip.showMenu()

    def _explain_draft(self) -> None:
        for widget in (self.draft, self.draft_label):
            widget.setToolTip(
                "The model's draft, where it is at least this sure; the rest stays unpainted.\n"
                "Check regions get none: a draft would flatter the model."
            )

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setSpacing(3)
        for position, (tool, button) in enumerate(self.tools.items()):
            self._group.addButton(button, _TOOLS.index(tool))
            grid.addWidget(button, position // _A_ROW, position % _A_ROW)
        draft = QHBoxLayout()
        draft.addWidget(self.draft_label)
        draft.addWidget(self.draft, stretch=1)
        filling = QHBoxLayout()
        filling.setSpacing(3)
        filling.addWidget(self.fill_rest)
        filling.addWidget(self.protect_others)
        filling.addWidget(self.unpainted, stretch=1)
        self.unpainted.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        ends = QHBoxLayout()
        ends.setSpacing(3)
        ends.addWidget(self.accept, stretch=2)
        for widget in (self.skip, self.back, self.label_here):
            ends.addWidget(widget, stretch=1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for row in (grid, draft, filling, ends):
            column.addLayout(row)

    def _connect(self) -> None:
        self._group.idClicked.connect(lambda position: self.tool_requested.emit(_TOOLS[position]))
        self.draft.valueChanged.connect(self._on_threshold_changed)
        self.fill_rest.clicked.connect(self.fill_rest_requested)
        self.protect_others.clicked.connect(self.protect_others_requested)
        self.accept.clicked.connect(self.accept_requested)
        self.back.clicked.connect(self.back_requested)
        self.label_here.clicked.connect(self.label_here_requested)
        menu = self.skip.menu()
        assert menu is not None
        for action, reason in zip(menu.actions(), CONSEQUENCES, strict=True):
            action.triggered.connect(lambda _on, reason=reason: self.skip_requested.emit(reason))

    def _on_threshold_changed(self, percent: int) -> None:
        self._say_threshold(percent)
        self.draft_requested.emit(percent / 100)

    def _say_threshold(self, percent: int) -> None:
        self.draft_label.setText(f"Draft: sure ≥ {percent} %" if self.draft.isEnabled() else "Draft: none here")
        self.draft_label.setMinimumWidth(self.draft_label.fontMetrics().horizontalAdvance("Draft: sure ≥ 100 % "))


def _button(text: str) -> QPushButton:
    button = QPushButton(text)
    # A click leaves the keyboard with the canvas.
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    # Styles ask for 80 pixels, four of which do not fit the column.
    button.setMinimumWidth(button.fontMetrics().horizontalAdvance(text) + 14)
    return button


def _tool_button(tool: Tool) -> QPushButton:
    button = _button(tool.value.capitalize())
    button.setCheckable(True)
    return button


def _skip_button() -> QPushButton:
    button = _button("Skip")
    menu = QMenu(button)
    menu.setToolTipsVisible(True)
    for reason in CONSEQUENCES:
        action = QAction(_capitalised(reason), menu)
        action.setToolTip(CONSEQUENCES[reason].sentence)
        menu.addAction(action)
    button.setMenu(menu)
    return button


def _capitalised(reason: SkipReason) -> str:
    return reason.value[0].upper() + reason.value[1:]


def _unpainted_text(state: ToolsState) -> str:
    if not state.painting:
        return ""
    if state.unpainted == 0:
        return "all painted"
    # Never rounded to nothing, nor to all.
    percent = 100 if state.unpainted == 1 else min(round(100 * state.unpainted), 99)
    return f"{percent} % unpainted" if percent else "< 1 % unpainted"


def _with_key(sentence: str, keys: Sequence[str]) -> str:
    return f"{sentence} ({' or '.join(keys)})" if keys else sentence
