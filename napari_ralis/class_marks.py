"""Class marks: what was said of the classes when the project was made, taken up again when it is opened."""

from __future__ import annotations

from pathlib import Path

from napari_ralis.keybindings import class_keys
from napari_ralis.sitting import Sitting
from src_model.project.class_notes import read_class_notes


def mark_classes(sitting: Sitting, folder: Path) -> dict[int, str]:
    """Take up stars and definitions that the project in ``folder`` keeps; the key of each class, by its index."""
    notes, schema = read_class_notes(folder), sitting.schema
    kept = {id: note.key for id, note in notes.items() if note.key}
    keys = class_keys([(entry.id, entry.name) for entry in schema.classes], kept)
    by_index = {index: notes[entry.id] for index, entry in enumerate(schema.classes) if entry.id in notes}
    sitting.starred = frozenset(index for index, note in by_index.items() if note.starred)
    sitting.definitions = {index: note.definition for index, note in by_index.items() if note.definition}
    return {index: keys[entry.id] for index, entry in enumerate(schema.classes) if entry.id in keys}
