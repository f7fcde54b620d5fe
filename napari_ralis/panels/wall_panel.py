"""The wall of crops: everything that was labelled, filtered, and one key away from being corrected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum

from qtpy.QtCore import QEvent, QModelIndex, QObject, Qt, Signal
from qtpy.QtGui import QColor, QIcon, QKeyEvent, QPixmap
from qtpy.QtWidgets import QComboBox, QLabel, QPushButton, QVBoxLayout, QWidget
from superqt import QFlowLayout
from superqt.utils import signals_blocked

from napari_ralis.crops import Crop, CropFilter, Showing, Since, Whose, describe, named
from napari_ralis.panels.crop_list import CropList, CropModel
from src_model.data.class_schema import ClassSchema
from src_model.data.images import Pixels
from src_model.data.region import Region

_KEYS = "Enter: correct it   Esc: back to the region in hand   class key: only that class   Backspace: all classes"


class WallPanel(QWidget):
    """A sheet over the canvas. Passive; keys alone suffice."""

    region_requested = Signal(object)
    """A `Region` to take up again."""
    close_requested = Signal()
    filter_changed = Signal(object)
    """A `CropFilter`."""
    pictures_wanted = Signal(object)
    """Regions in sight that have no picture yet."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.filter = CropFilter()
        self._schema: ClassSchema | None = None
        self._keys: dict[str, int] = {}
        self._first = ""
        # napari styles its window, and a styled widget is not filled: the canvas would show through the words.
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.model = CropModel(self)
        self.list = CropList(self.model, self)
        self.heading, self.details, self.empty = QLabel(), QLabel(), QLabel()
        self.details.setWordWrap(True)
        self.classes = _box("Only regions that hold this class: press its key, Backspace for all")
        self.showing = _box("What to look through them for (F)", Showing)
        self.since = _box("When they were labelled (T)", Since)
        self.whose = _box("Who chose them (S)", Whose)
        self.people = _box("Who labelled them last (P)")
        self._people: tuple[str, ...] = ()
        self.back = QPushButton("Back (Esc)")
        self.back.setToolTip("Back to the region in hand, as it was (Escape)")
        self.back.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._lay_out()
        self._connect()
        self.hide()

    def set_classes(self, schema: ClassSchema, keys: Mapping[int, str]) -> None:
        """The classes, and the key of each by its index."""
        self._schema, self._keys = schema, {key: index for index, key in keys.items()}
        with signals_blocked(self.classes):
            self.classes.clear()
            self.classes.addItem("every class")
            for entry in schema.classes:
                swatch = QPixmap(12, 12)
                swatch.fill(QColor(*entry.colour))
                self.classes.addItem(QIcon(swatch), entry.name)
        self.set_filter(CropFilter())

    def set_people(self, people: tuple[str, ...]) -> None:
        """Whose crops there are; with one person alone there is nothing to choose. Who is gone is chosen no more."""
        if people != self._people:
            self._people = people
            with signals_blocked(self.people):
                self.people.clear()
                self.people.addItem("anybody")
                self.people.addItems([named(person) for person in people])
        self.people.setVisible(len(people) > 1)
        is_gone = self.filter.person is not None and (self.filter.person not in people or len(people) < 2)
        self.set_filter(replace(self.filter, person=None) if is_gone else self.filter)

    def set_filter(self, wanted: CropFilter) -> None:
        """Show which crops are let through."""
        self.filter = wanted
        for box, value in ((self.showing, wanted.showing), (self.since, wanted.since), (self.whose, wanted.whose)):
            with signals_blocked(box):
                box.setCurrentText(value)
        with signals_blocked(self.classes):
            self.classes.setCurrentIndex(0 if wanted.index is None else wanted.index + 1)
        with signals_blocked(self.people):
            known = wanted.person in self._people
            self.people.setCurrentIndex(self._people.index(wanted.person) + 1 if known else 0)

    def set_crops(self, crops: Sequence[Crop], total: int, remark: str = "") -> None:
        """Show these crops out of so many; the chosen one stays chosen."""
        chosen = self.list.chosen
        self.model.set_crops(crops, () if self._schema is None else self._schema.names)
        self.list.choose(None if chosen is None else chosen.region)
        shown = f"{len(crops):,} of {total:,}" if len(crops) != total else f"{total:,}"
        self.heading.setText(f"Labelled regions: {shown}" + (f" · {remark}" if remark else ""))
        self.empty.setVisible(not crops)
        self.empty.setText(
            "Nothing labelled yet." if not total else f"None of them. Press Backspace, {self._letters} for more."
        )
        self._describe()

    def set_picture(self, region: Region, pixels: Pixels) -> None:
        """What a region looks like, (h, w, 3) uint8."""
        self.model.set_picture(region, pixels)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Keys of the list; Qt's name."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and self._pressed(event):
            return True
        return bool(super().eventFilter(watched, event))

    def _pressed(self, event: QKeyEvent) -> bool:
        if event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier):
            return False
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open_chosen()
        elif key == Qt.Key.Key_Escape or (key == Qt.Key.Key_W and not self._first):
            self._first = ""
            self.close_requested.emit()
        elif key == Qt.Key.Key_Backspace:
            self._ask(replace(self.filter, index=None))
        else:
            return self._letter(event.text().upper())
        return True

    def _letter(self, letter: str) -> bool:
        """A class's key, of one stroke or two, or a filter's; False if it is none."""
        stroke, self._first = f"{self._first} {letter}".strip(), ""
        if stroke in self._keys:
            self._ask(replace(self.filter, index=self._keys[stroke]))
        elif letter and any(key.startswith(f"{letter} ") for key in self._keys):
            self._first = letter
        elif letter == "F":
            self._ask(self.filter.next_showing())
        elif letter == "T":
            self._ask(self.filter.next_since())
        elif letter == "S":
            self._ask(self.filter.next_whose())
        elif letter == "P" and len(self._people) > 1:
            self._ask(self.filter.next_person(self._people))
        else:
            return bool(letter.strip())
        return True

    @property
    def _letters(self) -> str:
        return "F, T, S or P" if len(self._people) > 1 else "F, T or S"

    def _ask(self, wanted: CropFilter) -> None:
        self.set_filter(wanted)
        self.filter_changed.emit(wanted)

    def _open_chosen(self) -> None:
        if (crop := self.list.chosen) is not None:
            self.region_requested.emit(crop.region)

    def _on_clicked(self, index: QModelIndex) -> None:
        self.region_requested.emit(self.model.crops[index.row()].region)

    def _on_box_changed(self) -> None:
        index = self.classes.currentIndex()
        wanted = CropFilter(
            index - 1 if index > 0 else None,
            Showing(self.showing.currentText()),
            Since(self.since.currentText()),
            Whose(self.whose.currentText()),
            self._people[self.people.currentIndex() - 1] if self.people.currentIndex() > 0 else None,
        )
        self._ask(wanted)
        self.list.setFocus()

    def _describe(self) -> None:
        crop = self.list.chosen
        self.details.setText("" if crop is None or self._schema is None else describe(crop, self._schema.names))

    def _lay_out(self) -> None:
        # On a narrow canvas they go on in another row.
        filters = QFlowLayout()
        filters.setHorizontalSpacing(6)
        filters.setVerticalSpacing(4)
        for box in (self.classes, self.showing, self.since, self.whose, self.people, self.back):
            filters.addWidget(box)
        keys = QLabel(_KEYS)
        keys.setWordWrap(True)
        column = QVBoxLayout(self)
        column.addWidget(self.heading)
        column.addLayout(filters)
        column.addWidget(self.empty)
        column.addWidget(self.list, stretch=1)
        column.addWidget(self.details)
        column.addWidget(keys)
        self.setFocusProxy(self.list)

    def _connect(self) -> None:
        self.list.installEventFilter(self)
        self.list.clicked.connect(self._on_clicked)
        selection = self.list.selectionModel()
        assert selection is not None
        selection.currentChanged.connect(self._describe)
        self.model.pictures_wanted.connect(self.pictures_wanted)
        self.back.clicked.connect(self.close_requested)
        for box in (self.classes, self.showing, self.since, self.whose, self.people):
            box.activated.connect(self._on_box_changed)


def _box(tooltip: str, choices: type[StrEnum] | None = None) -> QComboBox:
    box = QComboBox()
    box.setToolTip(tooltip)
    box.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    box.addItems([] if choices is None else [str(choice) for choice in choices])
    return box
