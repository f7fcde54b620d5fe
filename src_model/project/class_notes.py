"""Class notes: what a person has said of the classes beyond name and colour; a file of the project, never needed."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from src_model.atomic_file import replacing
from src_model.project.folder import CLASS_NOTES, cannot_write

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ClassNote:
    """What was said of one class.

    Attributes
    ----------
    key:
        The key that was chosen for it; "": none was.
    definition:
        What belongs to it, in one line.
    starred:
        Whether it must be good.
    """

    key: str = ""
    definition: str = ""
    starred: bool = False


def write_class_notes(folder: Path, notes: Mapping[int, ClassNote]) -> None:
    """Keep what was said, by the permanent id of a class; where nothing was said nothing is kept.

    Raises
    ------
    ProjectError
        If it cannot be written.
    """
    body = {str(id): asdict(note) for id, note in notes.items() if note != ClassNote()}
    try:
        with replacing(folder / CLASS_NOTES) as partial:
            partial.write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")
    except OSError as exc:
        raise cannot_write(folder / CLASS_NOTES, exc) from exc


def read_class_notes(folder: Path) -> dict[int, ClassNote]:
    """What was said, by class id; a file that cannot be read is warned of, since labelling does without."""
    path = folder / CLASS_NOTES
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        return {int(id): _note(each) for id, each in body.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as exc:
        logger.warning("%s is left out: %s. Keys, definitions and stars are the usual ones.", path, exc)
        return {}


def _note(body: Mapping[str, object]) -> ClassNote:
    return ClassNote(str(body.get("key", "")), str(body.get("definition", "")), body.get("starred") is True)
