"""The palette model: the classes as the palette shows them, and which of them match what is searched for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from qtpy.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from src_model.data.annotation import IGNORED
from src_model.data.class_schema import ClassSchema, Colour
from src_model.labelling.unpainted import UNSURE

_Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()


@dataclass(frozen=True, slots=True)
class PaletteEntry:
    """One class as the palette shows it.

    Attributes
    ----------
    index:
        What is painted: a class index, IGNORED or UNSURE.
    name, colour:
        As in the schema.
    key:
        Shown as it is typed; "" if it has none.
    regions:
        Labelled regions that hold it; None where that is not counted.
    starred:
        Whether it must be good.
    locked:
        Whether it is protected from being painted over.
    counted:
        What ``regions`` counts, in the singular.
    definition:
        What belongs to it, in one line.
    """

    index: int
    name: str
    colour: Colour
    key: str = ""
    regions: int | None = None
    starred: bool = False
    locked: bool = False
    counted: str = "labelled region"
    definition: str = ""


def palette_entries(
    schema: ClassSchema,
    keys: Mapping[int, str],
    regions: Mapping[int, int],
    starred: frozenset[int] = frozenset(),
    locked: frozenset[int] = frozenset(),
    special_keys: tuple[str, str] = ("-", "="),
    definitions: Mapping[int, str] = MappingProxyType({}),
) -> tuple[PaletteEntry, ...]:
    """Every class in the order of the schema, then what is ignored and what is unsure; mappings go by class index."""
    classes = [
        PaletteEntry(
            index,
            each.name,
            each.colour,
            keys.get(index, ""),
            regions.get(index, 0),
            index in starred,
            index in locked,
            definition=definitions.get(index, ""),
        )
        for index, each in enumerate(schema.classes)
    ]
    ignored = PaletteEntry(IGNORED, "ignored", (115, 115, 115), special_keys[0])
    unsure = PaletteEntry(UNSURE, "unsure", (179, 102, 255), special_keys[1])
    return (*classes, ignored, unsure)


class PaletteModel(QAbstractListModel):
    """The entries that match what is searched for."""

    def __init__(self) -> None:
        super().__init__()
        self._all: tuple[PaletteEntry, ...] = ()
        self._shown: tuple[PaletteEntry, ...] = ()
        self._filter, self.pending = "", ""
        self.selected = -1

    @property
    def total(self) -> int:
        """Entries, searched for or not."""
        return len(self._all)

    def set_entries(self, entries: tuple[PaletteEntry, ...]) -> None:
        """Show these; where only counts have changed, nothing moves."""
        same = [entry.index for entry in entries] == [entry.index for entry in self._all]
        self._all = entries
        if same and not self._filter:
            self._shown = entries
            self._repaint()
        else:
            self.set_filter(self._filter)

    def set_filter(self, text: str) -> None:
        """Keep the entries whose name holds this; those that begin with it come first."""
        self.beginResetModel()
        self._filter = text.strip().casefold()
        found = [entry for entry in self._all if self._filter in entry.name.casefold()]
        self._shown = tuple(sorted(found, key=self._late) if self._filter else found)
        self.endResetModel()

    def set_selected(self, index: int) -> None:
        """The class in the brush; every pair of classes between which somebody is unsure is one entry here."""
        known = not self._all or any(entry.index == index for entry in self._all)
        self.selected = index if known else UNSURE
        self._repaint()

    def set_pending(self, stroke: str) -> None:
        """The first of two strokes, or ""."""
        self.pending = stroke
        self._repaint()

    def entry(self, index: _Index) -> PaletteEntry:
        """What a row shows."""
        return self._shown[index.row()]

    def row_of(self, index: int) -> int | None:
        """The row of a class, if it is shown."""
        return next((row for row, entry in enumerate(self._shown) if entry.index == index), None)

    def rowCount(self, parent: _Index = _ROOT) -> int:
        """Entries shown; Qt's name."""
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """One entry; Qt's name."""
        entry = self.entry(index)
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.name
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tooltip(entry)
        return None

    def _late(self, entry: PaletteEntry) -> bool:
        return not entry.name.casefold().startswith(self._filter)

    def _repaint(self) -> None:
        if self._shown:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._shown) - 1, 0))


def _tooltip(entry: PaletteEntry) -> str:
    parts = [entry.name] + ([entry.definition] if entry.definition else [])
    if entry.key:
        parts.append(f"key: {', then '.join(entry.key.split())}")
    if entry.regions is not None:
        parts.append(f"in {entry.regions:,} {entry.counted}{'' if entry.regions == 1 else 's'}")
    parts += ["must be good"] if entry.starred else []
    parts += ["protected from being painted over"] if entry.locked else []
    return "\n".join(parts)
