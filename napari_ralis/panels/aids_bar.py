"""The aids bar: a row of buttons for what helps beside painting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QWidget

from napari_ralis.keybindings import TABLE, Verb

_WORDS = {
    Verb.WALL: "Wall",
    Verb.CLASS_CARD: "Card",
    Verb.NEIGHBOUR_NEXT: "Neighbour",
    Verb.SHOW_MARKS: "Marks",
    Verb.OVERVIEW: "Map",
}


class AidsBar(QWidget):
    """Each button does what its key does. Passive."""

    requested = Signal(object)
    """A `Verb`."""

    def __init__(self) -> None:
        super().__init__()
        self.buttons = {verb: QPushButton(word) for verb, word in _WORDS.items()}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(3)
        for verb, button in self.buttons.items():
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(lambda _on, verb=verb: self.requested.emit(verb))
            # As high as the words: with nineteen classes every row of pixels counts.
            button.setFixedHeight(button.fontMetrics().height() + 6)
            # napari's own padding would cut them off at the foot.
            button.setStyleSheet("QPushButton { padding: 1px; }")
            row.addWidget(button)
        for verb in (Verb.SHOW_MARKS, Verb.OVERVIEW, Verb.CLASS_CARD):
            self.buttons[verb].setCheckable(True)
        self.set_keys({verb: entry.keys for verb, entry in TABLE.items()})

    def set_keys(self, keys: Mapping[Verb, Sequence[str]]) -> None:
        """Say on the buttons and in their tooltips which key does the same."""
        for verb, button in self.buttons.items():
            button.setText(" ".join([_WORDS[verb], *keys[verb][:1]]))
            button.setToolTip(f"{TABLE[verb].sentence} ({' or '.join(keys[verb])})")
            button.setMinimumWidth(button.fontMetrics().horizontalAdvance(button.text()) + 12)

    def set_on(self, verb: Verb, on: bool) -> None:
        """Whether what a button shows is shown."""
        self.buttons[verb].setChecked(on)
